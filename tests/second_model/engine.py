"""The engine as the specification reads: a command goes in, an outcome and events come out."""
from __future__ import annotations

import datetime
import functools

from assignment import KIND_NAMES, Assignment, Ledger
from definition import Definition
from institution import Institution, Invalid
from rejection import Rejected
from run import Run
from state import Arrival, Instance, OVER, Task

KINDS = {"department": "dept_based", "team": "team_based", "role": "role_based"}

EPOCH = datetime.datetime(2026, 1, 1)  # when the driver's clock starts; `now` counts microseconds from there


class Engine:
    def __init__(self) -> None:
        self.institution = Institution()
        self.definitions: dict[str, list[Definition]] = {}
        self.instances: dict[str, Instance] = {}
        self.seen: dict[tuple, tuple] = {}   # applied commands that may be repeated (BUS-2)
        self.tokens: dict[str, str] = {}     # role -> who was last (ASG-6)
        self.last_assigned: dict[str, int] = {}  # person -> when (ASG-4)
        self.answers: dict = {}              # of user-defined functions
        self.now = 0

    # -- one command

    def apply(self, command: dict, now: int) -> tuple[dict, list[dict]]:
        """The outcome and the events of a command: a topic, its data, an id or none."""
        self.now = now
        topic, data = command["topic"], command["data"]
        operation = data.get("operation", topic)
        scope = self.scope(topic, data, command.get("key"))
        identity = (scope, command.get("source"), command["id"]) if "id" in command else None
        if identity in self.seen:
            return self.repeat(identity, operation, command)
        try:
            outcome, events = getattr(self, operation.replace("-", "_"))(data)
        except Rejected as why:
            outcome = {"result": "rejected", "code": why.code}
            if why.flags is not None:
                outcome["flags"] = why.flags
            if why.code == "invalid_command":
                return outcome | present({"instance_id": self.instance_id(data)}), []
            return outcome | self.named(data), []
        if identity and operation != "show-instance":
            self.seen[identity] = (command["topic"], data, outcome)
        return outcome, events

    @staticmethod
    def instance_id(data: dict) -> str | None:
        return data.get("instance_id") or data.get("task_id", "").partition(":")[0] or None

    def named(self, data: dict) -> dict:
        """What an outcome says of the instance that a command names."""
        instance_id = self.instance_id(data)
        known = self.instances.get(instance_id)
        return present({"instance_id": instance_id, "instance_state": known and known.state})

    def scope(self, topic: str, data: dict, key: str | None) -> str | None:
        return self.instance_id(data) or key

    def repeat(self, identity: tuple, operation: str, command: dict) -> tuple[dict, list]:
        topic, data, outcome = self.seen[identity]
        known = self.instances.get(outcome.get("instance_id"))
        answer = {"result": "duplicate"}
        if (topic, data) != (command["topic"], command["data"]):
            answer = {"result": "rejected", "code": "id_reused"}
            return answer | present({"instance_id": self.instance_id(command["data"])}), []
        answer |= present({name: outcome.get(name) for name in ("position", "version")})
        if known:
            answer |= {"instance_id": known.instance_id, "instance_state": known.state}
            task_id = outcome.get("task", {}).get("task_id")
            if task_id and answer["result"] == "duplicate":
                answer["task"] = {"task_id": task_id, "state": self.task_state(known, task_id)}
        return answer, []

    @staticmethod
    def task_state(instance: Instance, task_id: str) -> str:
        n = int(task_id.partition(":")[2])
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

    def finish(self, run: Run, data: dict, task: Task | None = None, judged: bool = True) -> tuple[dict, list[dict]]:
        instance = run.instance
        run.move_all()
        if judged:
            run.judge()
        actor = data.get("actor") or data.get("staff_id") or data.get("executor_id")
        events = Events(run, actor, data.get("reason")).all()
        self.instances[instance.instance_id] = instance
        self.tokens, self.last_assigned = run.assignment.ledger.tokens, run.assignment.ledger.last
        outcome = {"result": "applied", "instance_id": instance.instance_id, "instance_state": instance.state,
                   "position": instance.position}
        if task is not None:
            outcome["task"] = next(e["data"] for e in events if e["data"].get("task_id") == task_id(instance, task.n))
        if run.started:
            open_now = [n for n in run.started if n in instance.open]
            if open_now:
                outcome |= {"tasks": [task_id(instance, n) for n in open_now[:100]], "tasks_started": len(open_now)}
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

    # -- init-instance, get-task, end-task

    def init_instance(self, data: dict) -> tuple:
        versions = self.definitions.get(data["process_id"], [])
        version = data.get("version", len(versions))
        if data["instance_id"] in self.instances:
            raise Rejected("instance_exists")
        if "staff_id" in data:
            self.person(data["staff_id"])
        if not 1 <= version <= len(versions):
            raise Rejected("unknown_process")
        instance = Instance(data["instance_id"], versions[version - 1], self.now)
        instance.entity, instance.variables = data.get("entity_id"), data.get("variables")
        instance.requester = data.get("requester")
        run = self.begin(instance)
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
        if "executor_id" in data:
            run = self.begin(instance)
            self.take_as_executor(run, run.instance.open[task.n], data["executor_id"])
            return self.finish(run, data, task)
        if task.state in ("processing", "pausing"):
            raise Rejected("wrong_state" if task.staff == data["staff_id"] else "task_taken")
        if task.state != "waiting":
            raise Rejected("wrong_state")
        person = self.person(data["staff_id"])
        if instance.definition.activities[task.act_id].type != "interaction":
            raise Rejected("not_entitled")
        run = self.begin(instance)
        task = run.instance.open[task.n]
        grantor = run.assignment.entitled(task, person, data.get("grantor_id"))
        run.touch(task)
        if task.staff != person.staff_id:
            run.assignment.ledger.given(person.staff_id)
        task.state, task.staff, task.grantor = "processing", person.staff_id, grantor
        return self.finish(run, data, task)

    def take_as_executor(self, run: Run, task: Task, executor: str) -> None:
        """STA-1."""
        if task.state in ("processing", "pausing") and task.executor != executor:
            raise Rejected("task_taken")
        if task.state != "waiting":
            raise Rejected("wrong_state")
        if run.definition.activities[task.act_id].type != "automation":
            raise Rejected("not_entitled")
        run.touch(task)
        task.state, task.executor = "processing", executor

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
        task = self.open_task(instance, data)
        run = self.begin(instance)
        task = run.instance.open[task.n]
        activity = run.definition.activities[task.act_id]
        if "entity_id" in data and data["entity_id"] != run.instance.entity:
            run.touch_instance()
            run.instance.entity = data["entity_id"]
            run.ask_again = True
        if "variables" in data:
            self.merge_variables(run, data["variables"])
        if "executor_id" in data:
            self.may_end_as_executor(run, task, data["executor_id"])
        else:
            self.person(data["staff_id"])
            if activity.type != "interaction":
                raise Rejected("not_entitled")
            if task.state != "processing":
                raise Rejected("wrong_state")
            if task.staff != data["staff_id"]:
                raise Rejected("not_entitled")
        run.touch(task)
        run.end(task, data.get("completion_flag"))
        return self.finish(run, data, task)

    def may_end_as_executor(self, run: Run, task: Task, executor: str) -> None:
        """STA-1: `end task` on a waiting one takes and ends it."""
        if run.definition.activities[task.act_id].type != "automation":
            raise Rejected("not_entitled")
        if task.state == "waiting":
            if run.instance.state == "suspended":
                raise Rejected("instance_suspended")
            self.take_as_executor(run, task, executor)
        elif task.executor != executor:
            raise Rejected("task_taken" if task.executor else "wrong_state")
        elif task.state != "processing":
            raise Rejected("wrong_state")

    @staticmethod
    def merge_variables(run: Run, variables: dict) -> None:
        run.touch_instance().variables = True
        run.ask_again = True
        run.instance.variables = (run.instance.variables or {}) | variables

    # -- control: tasks (TSK-2, TSK-7)

    def held(self, data: dict, states: tuple, operator: bool) -> tuple[Run, Task]:
        """A task in one of the states, of a person (or executor) who holds it, or asked for by an operator."""
        instance = self.live(data)
        self.open_task(instance, data)
        run = self.begin(instance)
        task = self.open_task(run.instance, data)
        if task.state not in states:
            raise Rejected("wrong_state")
        holds = (("staff_id" in data and task.staff == data["staff_id"])
                 or ("executor_id" in data and task.executor == data["executor_id"]))
        if not holds and not (operator and "actor" in data and "staff_id" not in data):
            raise Rejected("not_entitled")
        return run, task

    def hang_task(self, data: dict) -> tuple:
        if "staff_id" not in data:
            raise Rejected("invalid_command")
        run, task = self.held(data, ("processing",), False)
        run.touch(task)
        task.state = "pausing"
        return self.finish(run, data, task)

    def reset_task(self, data: dict) -> tuple:
        if "staff_id" not in data:
            raise Rejected("invalid_command")
        run, task = self.held(data, ("pausing",), False)
        run.touch(task)
        task.state = "processing"
        return self.finish(run, data, task)

    def release_task(self, data: dict) -> tuple:
        run, task = self.held(data, ("processing", "pausing"), True)
        run.touch(task)
        task.state, task.grantor, task.executor = "waiting", None, None
        task.staff, task.group = task.assigned
        if run.definition.activities[task.act_id].type == "automation":
            task.attempt += 1  # the id of a job is task and attempt
            if run.instance.state != "suspended":
                run.announce(task)
        return self.finish(run, data, task)

    def reassign_task(self, data: dict) -> tuple:
        instance = self.live(data)
        self.open_task(instance, data)
        run = self.begin(instance)
        task = self.open_task(run.instance, data)
        activity = run.definition.activities[task.act_id]
        if activity.type != "interaction" or task.state == "pending":
            raise Rejected("wrong_state")
        run.touch(task)
        task.state = "waiting"
        if "to_staff_id" in data:
            self.reassign_to_person(run, task, data["to_staff_id"])
        elif "to" in data:
            (kind, group), = data["to"].items()
            self.reassign_to_group(run, task, KINDS[kind], group)
        else:
            task.staff = task.group = task.grantor = None
            run.assign_by_rule(task)
        return self.finish(run, data, task)

    def reassign_to_person(self, run: Run, task: Task, staff_id: str) -> None:
        person = self.person(staff_id)
        if person.on_leave:
            raise Rejected("on_leave")
        if run.assignment.bound(task, staff_id, None):
            raise Rejected("constraint")
        run.give(task, staff_id, None)

    def reassign_to_group(self, run: Run, task: Task, kind: str, group: str) -> None:
        if not self.institution.group_exists(kind, group):
            raise Rejected("unknown_group")
        people = run.assignment.eligible(task, (kind, group), "ignore")
        rule = {"based_on": kind, {"dept_based": "department", "team_based": "team", "role_based": "role"}[kind]: group,
                "method": "fcfa"}
        run.say_assigned(task, rule, len(people))
        run.give(task, None, (kind, group))

    # -- control: instances (TSK-5, TSK-6, INF-1)

    def set_entity(self, data: dict) -> tuple:
        run = self.begin(self.live(data))
        if run.instance.entity != data["entity_id"]:
            run.touch_instance()
            run.instance.entity = data["entity_id"]
            run.ask_again = True
        return self.finish(run, data)

    def set_variables(self, data: dict) -> tuple:
        run = self.begin(self.live(data))
        self.merge_variables(run, data["variables"])
        return self.finish(run, data)

    def suspend_instance(self, data: dict) -> tuple:
        instance = self.live(data)
        if instance.state == "suspended":
            raise Rejected("wrong_state")
        run = self.begin(instance)
        run.set_state("suspended")
        return self.finish(run, data)

    def resume_instance(self, data: dict) -> tuple:
        instance = self.live(data)
        if instance.state != "suspended":
            raise Rejected("wrong_state")
        run = self.begin(instance)
        run.ask_again = True
        run.set_state("running")
        for task in list(run.instance.open.values()):
            if task.state == "waiting" and run.definition.activities[task.act_id].type == "automation":
                run.touch(task).announced = True
        return self.finish(run, data)

    def cancel_instance(self, data: dict) -> tuple:
        run = self.begin(self.live(data))
        run.withdraw_all()
        run.set_state("cancelled")
        return self.finish(run, data)

    def modify_instance(self, data: dict) -> tuple:
        instance = self.live(data)
        if instance.state == "suspended":
            raise Rejected("instance_suspended")
        run = self.begin(instance)
        run.ask_again = True
        if "withdraw" in data:
            n = int(data["withdraw"].partition(":")[2])
            if n not in run.instance.open:
                raise Rejected("wrong_state" if n in run.instance.done else "unknown_task")
            run.withdraw(run.instance.open[n])
        if "start" in data:
            activity = run.definition.activities.get(data["start"])
            if activity is None or activity.type == "initial":
                raise Rejected("unknown_activity")
            run.create(data["start"], Arrival(None, 1, 1, None))
        return self.finish(run, data)

    def show_instance(self, data: dict) -> tuple:
        instance = self.instances.get(data["instance_id"])
        if instance is None:
            raise Rejected("unknown_instance")
        outcome = {"result": "applied", "instance_id": instance.instance_id, "instance_state": instance.state,
                   "position": instance.position}
        if instance.open:
            outcome |= {"tasks": [task_id(instance, n) for n in list(instance.open)[:100]],
                        "tasks_started": len(instance.open)}
        return outcome, []

    # -- admin

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

    def load_institution(self, data: dict) -> tuple:
        try:
            self.institution = self.institution.after_load(data["institution"])
        except Invalid:
            raise Rejected("institution_invalid") from None
        return {"result": "applied"}, []


def task_id(instance: Instance, n: int) -> str:
    return f"{instance.instance_id}:{n}"


class Events:
    """The events of a command, one for each task changed and one for the instance (LOG-1)."""

    def __init__(self, run: Run, actor: str | None, reason: str | None) -> None:
        self.run, self.instance, self.actor, self.reason = run, run.instance, actor, reason

    def all(self) -> list[dict]:
        events = []
        if self.instance.state != "running" and "instance" in self.run.changes:
            # What the instance became is told after what its tasks became.
            self.run.changes["instance"] = self.run.changes.pop("instance")
        for what, change in self.run.changes.items():
            self.instance.position += 1
            if what == "instance":
                self.instance.instance_sequence += 1
                event = self.of_instance(change) | {"position": self.instance.position}
                events.append({"topic": "state.instance", "sequence": self.instance.instance_sequence,
                               "data": present(event)})
            else:
                self.instance.task_sequence += 1
                task = self.instance.open.get(what) or self.instance.done[what]
                event = self.of_task(task, change) | {"position": self.instance.position}
                events.append({"topic": "state.task", "sequence": self.instance.task_sequence,
                               "data": present(event)})
        return events + self.jobs()

    def jobs(self) -> list[dict]:
        """STA-1: what is announced, in the order of the events."""
        found = []
        for what, change in self.run.changes.items():
            task = self.instance.open.get(what)
            if task and change.announced and task.state == "waiting":
                activity = self.instance.definition.activities[task.act_id]
                found.append({"topic": f"job.{activity.auto_executive}", "data": present({
                    "task_id": task_id(self.instance, task.n), "instance_id": self.instance.instance_id,
                    "process_id": self.instance.definition.process_id, "version": self.instance.definition.version,
                    "act_id": task.act_id, "entity_id": self.instance.entity, "variables": self.instance.variables,
                    "auto_executive": activity.auto_executive, "attempt": task.attempt,
                    "flags": self.instance.definition.flags(task.act_id, task.pre)})})
        return found

    def of_instance(self, change) -> dict:
        instance = self.instance
        return {
            "instance_id": instance.instance_id, "process_id": instance.definition.process_id,
            "version": instance.definition.version, "entity_id": instance.entity, "state": instance.state,
            "previous_state": change.previous, "completion_flag": instance.completion_flag,
            "variables": instance.variables if change.variables else None, "actor": self.actor,
            "requester": instance.requester, "occurred_at": timestamp(instance.now),
        }

    def of_task(self, task: Task, change) -> dict:
        instance = self.instance
        activity = instance.definition.activities[task.act_id]
        parent = instance.batches[task.serial].parent or (None, None)
        return {
            "instance_id": instance.instance_id, "process_id": instance.definition.process_id,
            "version": instance.definition.version, "entity_id": instance.entity,
            "task_id": task_id(instance, task.n), "act_id": task.act_id, "act_type": activity.type,
            "name": activity.name, "pre_act_id": task.pre,
            "opened": change.opened, "closed": change.closed,
            "joined": [present({"pre_act_id": a.pre, "branch_no": a.branch}) for a in change.joined],
            "serial_no": task.serial, "branch_no": task.branch,
            "parent_serial_no": parent[0], "parent_branch_no": parent[1],
            "state": task.state, "previous_state": change.previous,
            "staff_id": task.staff, "grantor_id": task.grantor, "executor_id": task.executor, "actor": self.actor,
            "attempt": task.attempt or None, "assignment": change.assignment, "completion_flag": task.flag,
            "candidates": {KIND_NAMES[task.group[0]]: task.group[1]}
            if task.state == "waiting" and task.group and not task.staff else None,
            "date_created": timestamp(task.created), "occurred_at": timestamp(instance.now),
        } | ({"flags": instance.definition.flags(task.act_id, task.pre)}
             if task.state in ("waiting", "processing", "pausing") else {})


def present(fields: dict) -> dict:
    """Absent means absent; of the lists only that of the flags may be empty (any flag)."""
    return {name: value for name, value in fields.items() if value is not None and (value != [] or name == "flags")}


@functools.lru_cache(4096)
def timestamp(now: int) -> str:
    return (EPOCH + datetime.timedelta(microseconds=now)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
