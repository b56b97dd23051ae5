"""Random commands, valid and invalid, chosen by looking at the model."""
from __future__ import annotations

import random

import generator
from engine import Engine, task_id
from state import Instance, OVER, Task

NOBODY, NOWHERE = "zoe", "00000000-0000-4000-8000-0000000000ff"


class Player:
    def __init__(self, rng: random.Random, engine: Engine, features: set[str]) -> None:
        self.rng, self.engine, self.features = rng, engine, features
        self.sent: list[dict] = []
        self.made = 0
        self.moves = self.weighted()

    def weighted(self) -> list:
        moves = [(self.start, 7), (self.take, 26), (self.finish, 34), (self.take_next, 5), (self.hold, 7),
                 (self.reassign, 4), (self.set, 2), (self.show, 1), (self.cancel, 0.6), (self.again, 2),
                 (self.nonsense, 2)]
        if "suspend" in self.features:
            moves += [(self.suspend, 2.5), (self.resume, 4)]
        if "modify" in self.features:
            moves += [(self.modify, 2.5)]
        if "user_rules" in self.features:
            moves += [(self.answers, 3)]
        if "presence" in self.features:
            moves += [(self.load, 1)]
        return moves

    def command(self) -> dict:
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
                 for t in i.open.values() if t.state in states]
        awake = [(i, t) for i, t in right if i.state != "suspended"]
        return self.rng.choice(awake if awake and self.chance(0.85) else right) if right else None

    def anybody(self) -> str:
        return NOBODY if self.chance(0.02) else self.rng.choice(sorted(self.engine.institution.staff) or [NOBODY])

    def somebody_of(self, instance: Instance, task: Task) -> str:
        """Somebody who probably may."""
        if self.chance(0.1):
            return self.anybody()
        if task.staff:
            return task.staff
        if task.group:
            people = self.engine.institution.members(*task.group)
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
        if self.chance(0.05):
            data["version"] = self.rng.randint(1, 2)
        return {"topic": "init-instance", "data": data}

    def take(self) -> dict | None:
        found = self.task("waiting")
        if found is None:
            return None
        instance, task = found
        data = {"task_id": task_id(instance, task.n)}
        if (instance.definition.activities[task.act_id].type == "automation") != self.chance(0.02):
            data["executor_id"] = self.rng.choice(("x1", "x2"))
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
        data = {"task_id": task_id(instance, task.n)} | self.flag(instance, task)
        if (instance.definition.activities[task.act_id].type == "automation") != self.chance(0.02):
            data["executor_id"] = task.executor if task.executor and self.chance(0.9) else "x2"
        else:
            data["staff_id"] = task.staff if task.staff and self.chance(0.97) else self.anybody()
        if self.chance(0.04):
            data["entity_id"] = self.rng.choice(("e1", "e2"))
        if self.chance(0.2 if "conditions" in self.features else 0.02):
            data["variables"] = {self.rng.choice("xyz"): self.rng.randint(0, 3)}
        return {"topic": "end-task", "data": data}

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
        if self.chance(0.3 if operation == "release-task" else 0.05):
            who = {"actor": "op"}
        return self.control(operation, task_id=task_id(instance, task.n), **who)

    def reassign(self) -> dict | None:
        found = self.task("waiting", "processing", "pausing")
        if found is None:
            return None
        instance, task = found
        data: dict = {"task_id": task_id(instance, task.n)} | self.who()
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
        return self.control(operation, instance_id=instance.instance_id, **self.who())

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
            data["withdraw"] = task_id(instance, self.rng.choice(sorted(instance.open)))
        if len(data) == 2 or self.chance(0.1):
            data["check"] = True
        return self.control("modify-instance", **data)

    def answers(self) -> dict:
        files = [versions[-1].document for versions in self.engine.definitions.values()]
        return {"answers": generator.answers(self.rng, files)}

    # -- admin, repetition, nonsense

    def load(self) -> dict:
        person: dict = {"staff_id": self.rng.choice(generator.STAFF)}
        if self.chance(0.7):
            person["logging_on"] = self.chance(0.6)
        if self.chance(0.5):
            person["on_leave"] = self.chance(0.3)
        if self.chance(0.2):
            person["roles"] = self.rng.sample(("q", "r", "s"), self.rng.randint(0, 3))
        return {"topic": "admin", "key": "institution", "data": {"operation": "load-institution",
                                                                 "institution": {"staff": [person]}}}

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
