"""Random commands, valid and invalid, chosen by looking at the model."""
from __future__ import annotations

import random

import generator
from administrator import NOBODY, Administrator
from engine import Engine
from events import task_id
from state import Instance, OVER, Task

NOWHERE = "00000000-0000-4000-8000-0000000000ff"


class Player(Administrator):
    def __init__(self, rng: random.Random, engine: Engine, features: set[str]) -> None:
        self.rng, self.engine, self.features = rng, engine, features
        self.sent: list[dict] = []
        self.made = 0
        self.moves = self.weighted()

    def weighted(self) -> list:
        moves = [(self.start, 7), (self.take, 26), (self.finish, 34), (self.take_next, 4), (self.deploy, 0.15), (self.hold, 7),
                 (self.reassign, 4), (self.set, 2), (self.show, 1), (self.cancel, 0.6), (self.again, 2),
                 (self.nonsense, 2)]
        if "suspend" in self.features:
            moves += [(self.suspend, 2), (self.resume, 8)]
        if "modify" in self.features:
            moves += [(self.modify, 2.5)]
        if "user_rules" in self.features:
            moves += [(self.answers, 3)]
        if "presence" in self.features:
            moves += [(self.load, 1)]
        if "authorize" in self.features:
            moves += [(self.presence, 2), (self.authorize, 1), (self.revoke, 0.6), (self.replace, 0.2)]
        if "timers" in self.features:
            moves += [(self.advance, 4), (self.extend, 1.5)]
        if "incidents" in self.features:
            moves += [(self.fail, 7), (self.retry_incident, 4)]
        if "sub_process" in self.features:
            moves += [(self.notify, 1)]
        if "subscriptions" in self.features:
            moves += [(self.subscribe, 0.6), (self.unsubscribe, 0.3)]
        return moves

    def line(self) -> dict:
        moves, weights = zip(*self.moves)
        while True:
            command = self.rng.choices(moves, weights)[0]()
            if command is not None:
                break
        if self.rng.random() < 0.15 and "id" not in command and "topic" in command:
            command["id"] = f"c{len(self.sent)}"
        self.sent.append(command)
        return command

    # -- what there is

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def instance(self) -> Instance | None:
        known = list(self.engine.instances.values())
        alive = [i for i in known if i.state not in OVER]
        if alive and self.chance(0.96):
            return self.rng.choice(alive)
        return self.rng.choice(known) if known else None

    def task(self, *states: str) -> tuple[Instance, Task] | None:
        instance = self.instance()
        if instance is None:
            return None
        if self.chance(0.04):
            tasks = list(instance.done.values() if self.chance(0.3) else instance.open.values())
            return (instance, self.rng.choice(tasks)) if tasks else None
        right = [(i, t) for i in self.engine.instances.values() if i.state not in OVER
                 for t in i.open.values() if t.state in states and not i.definition.activities[t.act_id].sub_process]
        awake = [(i, t) for i, t in right if i.state != "suspended"]
        return self.rng.choice(awake if awake and self.chance(0.9) else right) if right else None

    def anybody(self) -> str:
        people = self.engine.institution.staff
        here = sorted(name for name in people if not people[name].on_leave)
        if self.chance(0.02) or not people:
            return NOBODY
        return self.rng.choice(here if here and self.chance(0.9) else sorted(people))

    def somebody_of(self, instance: Instance, task: Task) -> str:
        """Somebody who probably may."""
        if self.chance(0.1):
            return self.anybody()
        if task.staff:
            return task.staff
        if task.group:
            people = ([p for p in map(self.engine.institution.staff.get, task.candidates) if p]
                      if task.group[0] == "user_defined" else self.engine.institution.members(*task.group))
            people = [p for p in people if not p.on_leave] or people
            if people:
                return self.rng.choice(people).staff_id
        return self.anybody()

    def who(self) -> dict:
        return {"actor": "op"} if self.chance(0.8) else {"staff_id": self.anybody()}

    def flag(self, instance: Instance, task: Task) -> dict:
        accepted = instance.definition.flags(task.act_id, task.pre)
        if accepted and self.chance(0.96):
            return {"completion_flag": self.rng.choice(accepted)}
        return {"completion_flag": self.rng.choice(generator.FLAGS)} if self.chance(0.5) else {}

    # -- init-instance, get-task, end-task

    def start(self) -> dict | None:
        if not self.engine.definitions or sum(i.state not in OVER for i in self.engine.instances.values()) >= 6:
            return None
        self.made += 1
        number = self.made if self.chance(0.98) else self.rng.randint(1, self.made)
        process_id = self.rng.choice(sorted(self.engine.definitions)) if self.chance(0.99) else "p9"
        data: dict = {"process_id": process_id, "instance_id": f"00000000-0000-4000-8000-{number:012d}"}
        if process_id != "p9":
            initial = self.engine.definitions[process_id][-1].initial.act_id
            accepted = self.engine.definitions[process_id][-1].flags(initial, None)
            if accepted and self.chance(0.95):
                data["completion_flag"] = self.rng.choice(accepted)
            elif self.chance(0.2):
                data["completion_flag"] = self.rng.choice(generator.FLAGS)
        if self.chance(0.3):
            data["entity_id"] = "e1"
        if self.chance(0.3):
            data["staff_id"] = self.anybody()
        if self.chance(0.7 if "conditions" in self.features else 0.05):
            data["variables"] = {name: self.rng.randint(0, 3) for name in "xyz" if self.chance(0.85)}
        if "subscriptions" in self.features and self.chance(0.05):
            data["notifyto"] = "workflow.reply.a"
        if "sub_process" in self.features and self.chance(0.05):
            data["requester"] = self.rng.choice((
                {"engine": "other"}, {"engine": "other", "instance_id": NOWHERE},
                {"engine": "other", "instance_id": NOWHERE, "task_id": f"{NOWHERE}:3"}))
            data["hops"] = self.rng.choice((1, 15, 16, 17))
        if self.chance(0.05):
            data["version"] = self.rng.randint(1, 2)
        return {"topic": "init-instance", "data": data}

    def take(self) -> dict | None:
        found = self.task("waiting")
        if found is None:
            return None
        instance, task = found
        data = {"task_id": task_id(instance, task)}
        if (instance.definition.activities[task.act_id].type == "automation") != self.chance(0.02):
            data["executor_id"] = self.rng.choice(("x1", "x2"))
            data |= self.attempt(task)
        else:
            data["staff_id"] = self.somebody_of(instance, task)
            if self.chance(0.05):
                data["grantor_id"] = self.anybody()
        return {"topic": "get-task", "data": data}

    def take_next(self) -> dict:
        data = {"staff_id": self.anybody()}
        if self.chance(0.3):
            data["process_id"] = self.rng.choice(("p1", "p2"))
            if self.chance(0.5):
                data["act_id"] = self.rng.choice(("T1", "T2", "T3"))
        return {"topic": "get-task", "data": data, "key": data["staff_id"]}

    def finish(self) -> dict | None:
        found = self.task("processing")
        if found is None:
            return None
        instance, task = found
        data = {"task_id": task_id(instance, task)} | self.flag(instance, task)
        if (instance.definition.activities[task.act_id].type == "automation") != self.chance(0.02):
            data |= self.executor(task)
        else:
            data["staff_id"] = task.staff if task.staff and self.chance(0.97) else self.anybody()
        if self.chance(0.04):
            data["entity_id"] = self.rng.choice(("e1", "e2"))
        if self.chance(0.2 if "conditions" in self.features else 0.02):
            data["variables"] = {self.rng.choice("xyz"): self.rng.randint(0, 3)}
        return {"topic": "end-task", "data": data}

    def executor(self, task: Task) -> dict:
        return {"executor_id": task.executor if task.executor and self.chance(0.9) else "x2"} | self.attempt(task)

    def attempt(self, task: Task) -> dict:
        if "incidents" not in self.features or self.chance(0.6):
            return {}
        return {"attempt": task.attempt if task.attempt and self.chance(0.9) else self.rng.randint(1, 3)}

    # -- control

    def control(self, operation: str, **data) -> dict:
        if self.chance(0.1):
            data["reason"] = "why not"
        return {"topic": "control", "data": {"operation": operation, **data}}

    def hold(self) -> dict | None:
        operation, states = self.rng.choice((("hang-task", ("processing",)), ("reset-task", ("pausing",)),
                                             ("release-task", ("processing", "pausing"))))
        found = self.task(*states)
        if found is None:
            return None
        instance, task = found
        who = {"staff_id": task.staff if task.staff and self.chance(0.9) else self.anybody()}
        if task.executor and operation == "release-task":
            who = {"executor_id": task.executor if self.chance(0.9) else "x2"}
        if self.chance(0.3 if operation == "release-task" else 0.05):
            who = {"actor": "op"}
        return self.control(operation, task_id=task_id(instance, task), **who)

    def reassign(self) -> dict | None:
        found = self.task("waiting", "processing", "pausing")
        if found is None:
            return None
        instance, task = found
        data: dict = {"task_id": task_id(instance, task)} | self.who()
        kind = self.rng.random()
        if kind < 0.4:
            data["to_staff_id"] = self.anybody()
        elif kind < 0.7:
            data["to"] = self.rng.choice(({"role": "r"}, {"role": "s"}, {"team": "t"}, {"department": "d"}, {"role": "no"}))
        return self.control("reassign-task", **data)

    def set(self) -> dict | None:
        instance = self.instance()
        if instance is None:
            return None
        if self.chance(0.5):
            return self.control("set-entity", instance_id=instance.instance_id,
                                entity_id=self.rng.choice(("e1", "e2")), **self.who())
        variables = {self.rng.choice("xyz"): self.rng.randint(0, 3)}
        return self.control("set-variables", instance_id=instance.instance_id, variables=variables, **self.who())

    def show(self) -> dict | None:
        instance = self.instance()
        return self.control("show-instance", instance_id=instance.instance_id) if instance else None

    def on_instance(self, operation: str, *states: str) -> dict | None:
        instance = self.instance()
        if instance is None or (instance.state not in states and self.chance(0.9)):
            return None
        more = {"include_sub_processes": True} if operation != "cancel-instance" and self.chance(0.4) else {}
        return self.control(operation, instance_id=instance.instance_id, **self.who(), **more)

    def suspend(self) -> dict | None:
        return self.on_instance("suspend-instance", "running", "stalled")

    def resume(self) -> dict | None:
        return self.on_instance("resume-instance", "suspended")

    def cancel(self) -> dict | None:
        return self.on_instance("cancel-instance", "running", "stalled", "suspended")

    def modify(self) -> dict | None:
        instance = self.instance()
        if instance is None or (instance.state != "stalled" and self.chance(0.6)):
            return None
        data: dict = {"instance_id": instance.instance_id} | self.who()
        if self.chance(0.5):
            data["start"] = self.rng.choice(sorted(instance.definition.activities)) if self.chance(0.98) else "no"
        if instance.open and self.chance(0.4):
            data["withdraw"] = task_id(instance, self.rng.choice(list(instance.open.values())))
        if len(data) == 2 or self.chance(0.1):
            data["check"] = True
        return self.control("modify-instance", **data)

    def answers(self) -> dict:
        files = [versions[-1].document for versions in self.engine.definitions.values()]
        return {"answers": generator.answers(self.rng, files, self.engine.institution)}

    # -- time, jobs, incidents

    def advance(self) -> dict:
        return {"advance": self.rng.choice(("PT1S", "PT1M", "PT10M", "PT30M", "PT1H", "PT2H"))}

    def extend(self) -> dict | None:
        found = self.task("processing", "pausing", "waiting")
        if found is None:
            return None
        instance, task = found
        who = self.who()
        if task.executor or self.chance(0.1):
            who = self.executor(task)
        elif task.staff and self.chance(0.6):
            who = {"staff_id": task.staff}
        within = {"within": self.rng.choice(("PT1M", "PT30M", "PT3H"))} if self.chance(0.6) else {}
        return self.control("extend-task", task_id=task_id(instance, task), **who, **within)

    def fail(self) -> dict | None:
        jobs = [(i, t) for i in self.engine.instances.values() for t in i.open.values() if t.executor]
        found = self.rng.choice(jobs) if jobs else self.task("processing", "waiting") if self.chance(0.05) else None
        if found is None:
            return None
        instance, task = found
        more = {"code": self.rng.choice(("smtp", "disk"))} if self.chance(0.7) else {}
        return self.control("fail-task", task_id=task_id(instance, task), **self.executor(task), **more)

    def retry_incident(self) -> dict | None:
        found = [(i, t.incident.incident_id) for i in self.engine.instances.values()
                 for t in i.open.values() if t.incident]
        if not found:
            return None
        instance, incident_id = self.rng.choice(found)
        if self.chance(0.03):
            incident_id = "none"
        return self.control("retry-incident", instance_id=instance.instance_id, incident_id=incident_id, **self.who())

    # -- interaction

    def notify(self) -> dict | None:
        """From another engine, or a forgery."""
        found = [(i, r) for i in self.engine.instances.values() for r in i.remotes]
        if not found:
            return None
        away = [(i, r) for i, r in found if r.engine == "other" and not r.over]
        instance, remote = self.rng.choice(away if away and self.chance(0.8) else found)
        there = {"engine": remote.engine, "instance_id": remote.instance_id if self.chance(0.95) else NOWHERE,
                 "state": self.rng.choice(("running", "running", "suspended", "stalled", "completed", "cancelled"))}
        data: dict = {"remote": there, "actor": "/other"}
        data |= {"task_id": f"{instance.instance_id}:{remote.n}"} if self.chance(0.9) else {"instance_id": instance.instance_id}
        if there["state"] == "completed" and self.chance(0.7):
            data["completion_flag"] = self.rng.choice(generator.FLAGS)
        if there["state"] == "cancelled" and self.chance(0.5):
            return self.control("notify", **data, incident={"id": "n", "code": "unknown_process"})
        if self.chance(0.8):
            data["position"] = max(1, remote.position + self.rng.choice((0, 1, 1, 1, 2)))
        return self.control("notify", **data)

    def subscribe(self) -> dict | None:
        instance = self.instance()
        if instance is None:
            return None
        filters = {name: self.rng.sample(values, 1) for name, values in (
            ("events", ("task", "instance")), ("states", ("waiting", "ended", "completed")), ("acts", ("T1", "J1")))
            if self.chance(0.3)}
        more = {"filter": filters} if self.chance(0.5) else {}
        return self.control("subscribe", instance_id=instance.instance_id, **self.who(), **more,
                            notifyto=self.rng.choice(("workflow.reply.a", "workflow.reply.b")))

    def unsubscribe(self) -> dict | None:
        instance = self.instance()
        return instance and self.control("unsubscribe", instance_id=instance.instance_id, **self.who(),
                                         notifyto="workflow.reply.a")

    # -- repetition, nonsense

    def again(self) -> dict | None:
        """A command that was sent before, with its id; now and then the id with other data."""
        with_id = [c for c in self.sent[-60:] if "id" in c]
        if not with_id:
            return None
        command = dict(self.rng.choice(with_id))
        if self.chance(0.1):
            command["data"] = command["data"] | {"reason": "another"}
        return command

    def nonsense(self) -> dict:
        kind = self.rng.random()
        if kind < 0.3:
            return {"topic": "end-task", "data": {"task_id": f"{NOWHERE}:1", "staff_id": self.anybody()}}
        if kind < 0.5:
            return self.control("suspend-instance", instance_id=NOWHERE, actor="op")
        instance = self.instance()
        n = self.rng.randint(1, 99)
        where = instance.instance_id if instance else NOWHERE
        return {"topic": self.rng.choice(("get-task", "end-task")),
                "data": {"task_id": f"{where}:{n}", "staff_id": self.anybody()}}
