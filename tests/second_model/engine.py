"""The engine as the specification reads: a command goes in, an outcome and events come out."""
from __future__ import annotations

import json

import crossing
from assignment import Assignment, Ledger
from control import Control
from definition import Definition, duration
from events import Events, present, task_id
from institution import Institution, Invalid
from people import People
from rejection import Rejected
from run import Run
from state import OVER, Arrival, Instance, Task

TICK = 1000  # microseconds a command
MOST_INSTANCES = 200
MOST_FIRED = 500  # timers, when the clock moves


class TooMany(Exception):
    """Right, and of no use to a comparison: processes that start one another on several branches, and a loop in which nobody
    does anything, but time limits end one task after the other."""


class Engine(Control, People):
    def __init__(self) -> None:
        self.institution = Institution()
        self.definitions: dict[str, list[Definition]] = {}
        self.instances: dict[str, Instance] = {}
        self.seen: dict[tuple, tuple] = {}   # applied commands that may be repeated (BUS-2)
        self.tokens: dict[str, str] = {}     # role -> who was last (ASG-6)
        self.last_assigned: dict[str, int] = {}  # person -> when (ASG-4)
        self.answers: dict = {}              # of user-defined functions
        self.loop: list[dict] = []           # commands of the engine to itself
        self.people_changed = False          # assignment is to be tried again (ASG-8)
        self.choices: list[tuple] = []       # of the result at hand: who was picked, among whom (for the properties)
        self.now = 0

    # -- a line as the driver takes it, and what it answers

    def tell(self, line: dict) -> dict | list | None:
        if "topic" in line:
            self.now += TICK
            return self.with_consequences(self.apply(line))
        if "answers" in line:
            self.answers |= line["answers"]
        if "advance" in line:
            return self.advance(duration(line["advance"]))
        return None

    def with_consequences(self, answer: dict) -> dict:
        """What the engine has sent itself, first in first out; then what can be assigned now."""
        then = []
        while self.loop:
            if len(self.instances) > MOST_INSTANCES:
                raise TooMany
            self.now += TICK
            result = self.apply(self.loop.pop(0))
            if result["outcome"]["result"] != "rejected":
                del result["outcome"]
            then.append(result)
        if self.people_changed:
            self.people_changed = False
            then += self.assign_all_again()
        return answer | {"then": then} if then else answer

    def advance(self, by: int) -> list[dict]:
        """The clock moves, and what falls due fires, the earliest first."""
        until, fired = self.now + by, []
        while True:
            due = self.first_due()
            if due is None or due[0] > until:
                break
            if len(fired) == MOST_FIRED:
                raise TooMany
            at, instance, n, timer = due
            self.now = max(self.now, at)
            fired.append(self.with_consequences(self.result(self.fire(instance, n, timer))))
        self.now = until
        return fired

    def first_due(self) -> tuple | None:
        """When, of which instance, task and kind; timers of suspended instances are kept (TSK-6)."""
        found = []
        for instance in self.instances.values():
            if instance.state in ("running", "stalled"):
                found += [(instance.timer, instance, 0, None)] if instance.timer is not None else []
                found += [(t.timer[1], instance, t.n, t.timer[0]) for t in instance.open.values() if t.timer]
        return min(found, key=lambda due: due[0], default=None)

    # -- one command

    def apply(self, command: dict) -> dict:
        """The outcome and the events of a command: a topic, its data, an id or none."""
        topic, data = command["topic"].removeprefix("command."), command["data"]
        operation = data.get("operation", topic)
        scope = self.instance_id(data) or command.get("key")
        identity = (scope, command.get("source"), command["id"]) if "id" in command else None
        if identity in self.seen:
            return self.repeat(identity, operation, topic, data)
        try:
            outcome, events = getattr(self, operation.replace("-", "_"))(data)
        except Rejected as why:
            return self.rejected(operation, data, why)
        if identity and operation != "show-instance":
            self.seen[identity] = (topic, data, outcome)
        return self.result(events) | {"outcome": outcome}

    def result(self, events: list[dict]) -> dict:
        choices, self.choices = self.choices, []
        return {"events": events, "choices": choices}

    def rejected(self, operation: str, data: dict, why: Rejected) -> dict:
        outcome = {"result": "rejected", "code": why.code}
        if why.flags is not None:
            outcome["flags"] = why.flags
        if not why.named:
            return {"outcome": outcome | present({"instance_id": self.instance_id(data)}), "events": []}
        return {"outcome": outcome | self.named(data), "events": self.refused(operation, data, why.code)}

    def refused(self, operation: str, data: dict, code: str) -> list[dict]:
        """Who asked for an instance learns why it was not started; or, if it was started before, how it stands (ENG-2)."""
        requester = data.get("requester")
        if operation != "init-instance" or not requester:
            return []
        known = self.instances.get(data["instance_id"])
        if (known and known.definition.process_id == data["process_id"]
                and crossing.same_task(known.requester, requester)):
            return self.sent([crossing.report(known, "again")])
        return self.sent([crossing.refusal(data, code)])

    def sent(self, messages: list[dict | None]) -> list[dict]:
        """What goes to this engine comes back to it."""
        messages = [m for m in messages if m]
        self.loop += [m for m in messages if m["topic"].startswith("command.")]
        return messages

    @staticmethod
    def instance_id(data: dict) -> str | None:
        return data.get("instance_id") or data.get("task_id", "").partition(":")[0] or None

    def named(self, data: dict) -> dict:
        """What an outcome says of the instance that a command names."""
        instance_id = self.instance_id(data)
        known = self.instances.get(instance_id)
        return present({"instance_id": instance_id, "instance_state": known and known.state})

    def repeat(self, identity: tuple, operation: str, topic: str, data: dict) -> dict:
        old_topic, old_data, outcome = self.seen[identity]
        known = self.instances.get(outcome.get("instance_id"))
        if old_topic != topic or json.dumps(old_data) != json.dumps(data):  # byte for byte
            answer = {"result": "rejected", "code": "id_reused"} | present({"instance_id": self.instance_id(data)})
            return {"outcome": answer, "events": self.refused(operation, data, "id_reused")}
        answer = {"result": "duplicate"} | present({name: outcome.get(name) for name in ("position", "version")})
        messages = []
        if known:
            answer |= {"instance_id": known.instance_id, "instance_state": known.state}
            name = outcome.get("task", {}).get("task_id")
            if name:
                answer["task"] = {"task_id": name, "state": self.task_state(known, name)}
            if operation == "init-instance":
                messages = [crossing.report(known, "again")]
        return {"outcome": answer, "events": self.sent(messages)}

    @staticmethod
    def task_state(instance: Instance, name: str) -> str:
        n = int(name.partition(":")[2])
        return (instance.open.get(n) or instance.done[n]).state

    # -- what every command on an instance goes through

    def live(self, data: dict) -> Instance:
        instance = self.instances.get(self.instance_id(data))
        if instance is None:
            raise Rejected("unknown_instance")
        if instance.state in OVER:
            raise Rejected("instance_ended")
        return instance

    def begin(self, instance: Instance) -> Run:
        """Works on a copy: a rejected command leaves nothing behind (TSK-4)."""
        copy = instance.copy()
        copy.now = max(copy.now, self.now)
        others = [i for i in self.instances.values() if i.instance_id != copy.instance_id]
        ledger = Ledger(self.tokens, self.last_assigned, others)
        return Run(copy, Assignment(self.institution, copy, copy.now, ledger), copy.now, self.answers)

    def keep(self, run: Run, actor: str | None, heard: dict | None = None) -> list[dict]:
        """The tasks move, the instance is judged, the events are numbered; it takes effect."""
        instance = run.instance
        run.move_all()
        if run.changes:
            run.judge()
        events = Events(run, actor, heard)
        changed = events.all()
        messages = run.messages(changed)
        self.instances[instance.instance_id] = instance
        self.tokens, self.last_assigned = run.assignment.ledger.tokens, run.assignment.ledger.last
        self.choices += [(f"{instance.instance_id}:{n}", *how) for n, *how in run.choices]
        return changed + events.jobs() + self.sent(messages)

    def finish(self, run: Run, data: dict, task: Task | None = None, heard: dict | None = None) -> tuple[dict, list]:
        instance = run.instance
        actor = data.get("actor") or data.get("staff_id") or data.get("executor_id")
        events = self.keep(run, actor, heard)
        outcome = {"result": "applied", "instance_id": instance.instance_id, "instance_state": instance.state,
                   "position": instance.position}
        if task is not None:
            outcome["task"] = {"task_id": task_id(instance, task), "state": task.state}
        open_now = [n for n in run.started if n in instance.open]
        if open_now:
            outcome |= {"tasks": [f"{instance.instance_id}:{n}" for n in open_now[:100]], "tasks_started": len(open_now)}
        return outcome, events

    def open_task(self, instance: Instance, data: dict) -> Task:
        n = int(data["task_id"].partition(":")[2])
        if n in instance.open:
            return instance.open[n]
        raise Rejected("wrong_state" if n in instance.done else "unknown_task")

    def person(self, staff_id: str):
        if staff_id not in self.institution.staff:
            raise Rejected("unknown_staff")
        return self.institution.staff[staff_id]

    # -- the engine's own commands: a rejection is an incident (FWD-3)

    def fire(self, instance: Instance, n: int, timer: str | None) -> list[dict]:
        run = self.begin(instance)
        run.firing = timer
        try:
            if n:
                run.fire(run.instance.open[n], timer)
            else:
                run.pass_instance_limit()
            return self.keep(run, "~engine")
        except Rejected as why:
            run = self.begin(instance)
            run.firing = timer
            task = run.instance.open[n]
            run.raise_incident(task, why.code)
            task.timer = None
            return self.keep_incident(run)

    def keep_incident(self, run: Run) -> list[dict]:
        """Nothing moves: the command was rejected."""
        run.move_all = lambda: None
        return self.keep(run, "~engine")

    def assign_all_again(self) -> list[dict]:
        """ASG-8: in order of creation."""
        waiting = [(i.instance_id, t.n) for i in self.instances.values() for t in i.open.values()
                   if t.unassigned and t.staff is None or (t.staff is not None and t.staff not in self.institution.staff)]
        done = []
        for instance_id, n in waiting:
            events = self.assign_one_again(self.instances[instance_id], n)
            done += [self.result(events)] if events else []
        return done

    def assign_one_again(self, instance: Instance, n: int) -> list[dict]:
        run = self.begin(instance)
        try:
            run.assign_again(run.instance.open[n])
            return self.keep(run, "~engine") if run.changes else []
        except Rejected as why:
            known = instance.open[n].incident
            if known and known.code == why.code:
                return []  # it is tried again and again: once is enough
            run = self.begin(instance)
            task = run.instance.open[n]
            if task.incident and task.incident.code == why.code:
                return []  # once is enough
            run.raise_incident(task, why.code)
            return self.keep_incident(run)

    # -- definitions

    def deploy_process(self, data: dict) -> tuple:
        document = data["definition"]
        versions = list(self.definitions.get(document["process_id"], []))
        if not versions or versions[-1].document != document:
            try:
                definition = Definition(document, len(versions) + 1)
            except (KeyError, StopIteration):  # a rule names no activity, or there is no initial
                raise Rejected("definition_invalid") from None
            if definition.faults():
                raise Rejected("definition_invalid")
            versions.append(definition)
            self.definitions[document["process_id"]] = versions
        return {"result": "applied", "process_id": document["process_id"], "version": len(versions)}, []

    # -- init-instance, get-task, end-task

    def init_instance(self, data: dict) -> tuple:
        versions = self.definitions.get(data["process_id"], [])
        version = data.get("version", len(versions))
        if data["instance_id"] in self.instances:
            raise Rejected("instance_exists")
        if "staff_id" in data:
            self.person(data["staff_id"])
        if data.get("hops", 0) > crossing.MOST_HOPS:
            raise Rejected("limit_exceeded")
        if not 1 <= version <= len(versions):
            raise Rejected("unknown_process")
        instance = Instance(data["instance_id"], versions[version - 1], self.now)
        instance.entity, instance.variables = data.get("entity_id"), data.get("variables")
        instance.requester, instance.hops = data.get("requester"), data.get("hops", 0)
        if "notifyto" in data:
            instance.subscriptions[data["notifyto"]] = {"requester": instance.requester}
        run = self.begin(instance)
        run.begin_limit()
        change = run.touch_instance()
        change.previous, change.variables = None, instance.variables is not None
        run.create(instance.definition.initial.act_id, Arrival(None, 1, 1, data.get("completion_flag")))
        outcome, events = self.finish(run, data)
        return outcome | {"version": instance.definition.version}, events

    def get_task(self, data: dict) -> tuple:
        if "task_id" not in data:
            return self.get_next(data)
        instance = self.live(data)
        task = self.open_task(instance, data)
        return self.take(instance, task, data)

    def take(self, instance: Instance, task: Task, data: dict) -> tuple:
        if instance.state == "suspended":
            raise Rejected("instance_suspended")
        if task.state != "waiting":
            holder = task.executor or task.staff
            asker = data.get("executor_id") or data["staff_id"]
            raise Rejected("task_taken" if task.state != "pending" and holder not in (None, asker) else "wrong_state")
        if "executor_id" not in data:
            return self.take_as_person(instance, task, data, self.person(data["staff_id"]))
        run = self.begin(instance)
        task = run.instance.open[task.n]
        run.may_work(task, data)
        run.move_to(task, "processing")
        task.executor = data["executor_id"]
        return self.finish(run, data, task)

    def take_as_person(self, instance: Instance, task: Task, data: dict, person) -> tuple:
        if instance.definition.activities[task.act_id].type != "interaction":
            raise Rejected("not_entitled")
        run = self.begin(instance)
        task = run.instance.open[task.n]
        grantor = run.assignment.entitled(task, person, data.get("grantor_id"))
        run.move_to(task, "processing")
        if task.staff != person.staff_id:
            run.assignment.ledger.given(person.staff_id)
        task.staff, task.grantor = person.staff_id, grantor
        return self.finish(run, data, task)

    def get_next(self, data: dict) -> tuple:
        """ASG-9: the oldest that the person may do."""
        person = self.person(data["staff_id"])
        if person.on_leave:
            raise Rejected("on_leave")
        waiting = sorted(((t.created, i.instance_id, t.n) for i in self.instances.values()
                          for t in i.open.values() if i.state in ("running", "stalled") and t.state == "waiting"
                          and data.get("process_id", i.definition.process_id) == i.definition.process_id
                          and data.get("act_id", t.act_id) == t.act_id))
        for _, instance_id, n in waiting:
            instance = self.instances[instance_id]
            if instance.definition.activities[instance.open[n].act_id].type != "interaction":
                continue
            try:
                return self.take(instance, instance.open[n], data)
            except Rejected:
                continue
        raise Rejected("no_task_available")

    def end_task(self, data: dict) -> tuple:
        instance = self.live(data)
        self.open_task(instance, data)
        run = self.begin(instance)
        task = self.open_task(run.instance, data)
        if "executor_id" in data:
            self.may_end_as_executor(run, task, data)
        else:
            self.may_end_as_person(run, task, data["staff_id"])
        self.set_entity_of(run, data)
        self.merge_variables(run, data)
        run.end(task, data.get("completion_flag"))
        return self.finish(run, data, task)

    def may_end_as_person(self, run: Run, task: Task, staff_id: str) -> None:
        self.person(staff_id)
        if run.activity(task).type != "interaction":
            raise Rejected("not_entitled")
        if task.state != "processing":
            raise Rejected("wrong_state")
        if task.staff != staff_id:
            raise Rejected("not_entitled")
        if any(name is not None and run.assignment.excluded(task, name) for name in (staff_id, task.grantor)):
            raise Rejected("constraint")  # ASG-10: they had a part elsewhere while this was in hand

    @staticmethod
    def may_end_as_executor(run: Run, task: Task, data: dict) -> None:
        """STA-1: `end task` on a waiting one takes and ends it."""
        run.may_work(task, data)
        if task.state == "waiting":
            if run.instance.state == "suspended":
                raise Rejected("instance_suspended")
            task.executor = data["executor_id"]
        elif task.state != "processing":
            raise Rejected("wrong_state")
