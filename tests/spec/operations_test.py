#!/usr/bin/python3
"""Every operation against every state, by people entitled or not, with members missing, wrong and superfluous, twice,
late, and for things that do not exist: the expected codes are tables (BUS-3, TSK-2, TSK-4 to TSK-7, ASG-7, STA-1)."""

from __future__ import annotations

import json
import sys
import unittest
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from case import read_people, read_process
from core import ROOT, Core

sys.path.insert(0, str(ROOT / "tests/unit"))
import schemas_test  # noqa: E402  (its validators)

Json = dict[str, Any]

PEOPLE = ["role clerk: ann, bob, eve", "role boss: fay", "staff dan", "staff gus", "staff eve leave", "grant bob -> gus"]
PROCESSES = {
    # Task 3 is A, task 4 is B; behind A stands P, pending until B has ended.
    "people": ["initial s -> S", "and_branch S -> A, B", "task A", "A -> P", "A [m] -> M", "task B", "B -> F", "B [m] -> M",
               "dummy F", "or_merge M closes=S -> X", "task X -> e", "task P -> e", "P after A needs B", "completion e"],
    "program": ["initial s -> S", "and_branch S -> A, B", "automation A runs=mailer", "A -> P", "automation B runs=mailer",
                "B -> F", "dummy F", "automation P runs=mailer -> e", "P after A needs B", "completion e"],
}
# ann and bob are of the group, gus is bob's grantee, dan is neither, eve is on leave, nobody does not exist, op is an operator.
ASKERS = {**{name: {"staff_id": name} for name in ("ann", "bob", "gus", "dan", "eve", "nobody")},
          "op": {"actor": "op"}, "bot!": {"executor_id": "bot"}, "tob!": {"executor_id": "tob"}}

ADMIN = ("deploy-process", "load-institution", "set-presence", "authorize", "revoke")

# Columns: the state of the task.  ann (bot) holds what is processing or pausing.
TASK_OF_PEOPLE = """
                pending       waiting       processing    pausing       ended         withdrawn     absorbed      none
get ann         wrong_state   ok            wrong_state   wrong_state   wrong_state   wrong_state   wrong_state   unknown_task
get bob         wrong_state   ok            task_taken    task_taken    wrong_state   wrong_state   wrong_state   unknown_task
get gus         wrong_state   ok            task_taken    task_taken    wrong_state   wrong_state   wrong_state   unknown_task
get dan         wrong_state   not_entitled  task_taken    task_taken    wrong_state   wrong_state   wrong_state   unknown_task
get eve         wrong_state   on_leave      task_taken    task_taken    wrong_state   wrong_state   wrong_state   unknown_task
get nobody      wrong_state   unknown_staff task_taken    task_taken    wrong_state   wrong_state   wrong_state   unknown_task
get bot!        wrong_state   not_entitled  task_taken    task_taken    wrong_state   wrong_state   wrong_state   unknown_task
end ann         wrong_state   wrong_state   ok            wrong_state   wrong_state   wrong_state   wrong_state   unknown_task
end bob         wrong_state   wrong_state   not_entitled  wrong_state   wrong_state   wrong_state   wrong_state   unknown_task
end gus         wrong_state   wrong_state   not_entitled  wrong_state   wrong_state   wrong_state   wrong_state   unknown_task
end nobody      unknown_staff unknown_staff unknown_staff unknown_staff wrong_state   wrong_state   wrong_state   unknown_task
end bot!        not_entitled  not_entitled  not_entitled  not_entitled  wrong_state   wrong_state   wrong_state   unknown_task
hang ann        wrong_state   wrong_state   ok            wrong_state   wrong_state   wrong_state   wrong_state   unknown_task
hang bob        wrong_state   wrong_state   not_entitled  wrong_state   wrong_state   wrong_state   wrong_state   unknown_task
hang nobody     wrong_state   wrong_state   not_entitled  wrong_state   wrong_state   wrong_state   wrong_state   unknown_task
reset ann       wrong_state   wrong_state   wrong_state   ok            wrong_state   wrong_state   wrong_state   unknown_task
reset bob       wrong_state   wrong_state   wrong_state   not_entitled  wrong_state   wrong_state   wrong_state   unknown_task
reset nobody    wrong_state   wrong_state   wrong_state   not_entitled  wrong_state   wrong_state   wrong_state   unknown_task
release ann     wrong_state   wrong_state   ok            ok            wrong_state   wrong_state   wrong_state   unknown_task
release bob     wrong_state   wrong_state   not_entitled  not_entitled  wrong_state   wrong_state   wrong_state   unknown_task
release nobody  wrong_state   wrong_state   not_entitled  not_entitled  wrong_state   wrong_state   wrong_state   unknown_task
release op      wrong_state   wrong_state   ok            ok            wrong_state   wrong_state   wrong_state   unknown_task
reassign op     wrong_state   ok            ok            ok            wrong_state   wrong_state   wrong_state   unknown_task
reassign dan    wrong_state   ok            ok            ok            wrong_state   wrong_state   wrong_state   unknown_task
"""
TASK_OF_PROGRAMS = """
                pending       waiting       processing    ended         withdrawn     none
get bot!        wrong_state   ok            wrong_state   wrong_state   wrong_state   unknown_task
get tob!        wrong_state   ok            task_taken    wrong_state   wrong_state   unknown_task
get ann         wrong_state   not_entitled  task_taken    wrong_state   wrong_state   unknown_task
get nobody      wrong_state   unknown_staff task_taken    wrong_state   wrong_state   unknown_task
end bot!        wrong_state   ok            ok            wrong_state   wrong_state   unknown_task
end tob!        wrong_state   ok            task_taken    wrong_state   wrong_state   unknown_task
end ann         not_entitled  not_entitled  not_entitled  wrong_state   wrong_state   unknown_task
end nobody      unknown_staff unknown_staff unknown_staff wrong_state   wrong_state   unknown_task
hang ann        wrong_state   wrong_state   not_entitled  wrong_state   wrong_state   unknown_task
reset ann       wrong_state   wrong_state   wrong_state   wrong_state   wrong_state   unknown_task
release ann     wrong_state   wrong_state   not_entitled  wrong_state   wrong_state   unknown_task
release op      wrong_state   wrong_state   ok            wrong_state   wrong_state   unknown_task
reassign op     wrong_state   wrong_state   wrong_state   wrong_state   wrong_state   unknown_task
"""
# Columns: the state of the instance.  Task 3 is held by ann, except where the instance is over; task 4 is waiting.
INSTANCE = """
                 running             stalled             suspended           cancelled           completed           none
init             instance_exists     instance_exists     instance_exists     instance_exists     instance_exists     ok
get free         ok                  wrong_state         instance_suspended  instance_ended      instance_ended      unknown_instance
end held         ok                  wrong_state         ok                  instance_ended      instance_ended      unknown_instance
hang held        ok                  wrong_state         ok                  instance_ended      instance_ended      unknown_instance
reset held       wrong_state         wrong_state         wrong_state         instance_ended      instance_ended      unknown_instance
release held     ok                  wrong_state         ok                  instance_ended      instance_ended      unknown_instance
reassign held    ok                  wrong_state         ok                  instance_ended      instance_ended      unknown_instance
set-entity       ok                  ok                  ok                  instance_ended      instance_ended      unknown_instance
set-variables    ok                  ok                  ok                  instance_ended      instance_ended      unknown_instance
suspend          ok                  ok                  wrong_state         instance_ended      instance_ended      unknown_instance
resume           wrong_state         wrong_state         ok                  instance_ended      instance_ended      unknown_instance
cancel           ok                  ok                  ok                  instance_ended      instance_ended      unknown_instance
modify start     ok                  ok                  instance_suspended  instance_ended      instance_ended      unknown_instance
modify withdraw  ok                  wrong_state         instance_suspended  instance_ended      instance_ended      unknown_instance
modify check     ok                  ok                  instance_suspended  instance_ended      instance_ended      unknown_instance
show             ok                  ok                  ok                  ok                  ok                  unknown_instance
"""


class Desk:
    """One core with the people and processes; each situation is a new instance."""

    def __init__(self) -> None:
        self.core = Core()
        self.must("admin", {"operation": "load-institution", "institution": read_people(PEOPLE)})
        for name, lines in PROCESSES.items():
            self.must("admin", {"operation": "deploy-process", "definition": read_process(name, lines)})
        self.ids = 0

    def send(self, topic: str, data: Json, **attributes: Any) -> Json:
        """The outcome."""
        outcome = self.core.command(topic, data, **attributes)[0].outcome
        assert outcome is not None
        return outcome

    def must(self, topic: str, data: Json) -> Json:
        outcome = self.send(topic, data)
        if outcome["result"] != "applied":
            raise AssertionError(f"{data}: {outcome}")
        return outcome

    def control(self, operation: str, instance_id: str, **data: Any) -> Json:
        return self.must("control", {"operation": operation, "instance_id": instance_id, "actor": "op", **data})

    def begin(self, process_id: str) -> str:
        return self.must("init-instance", {"process_id": process_id})["instance_id"]

    def take(self, instance_id: str, n: int, process_id: str) -> None:
        who = {"staff_id": "ann"} if process_id == "people" else {"executor_id": "bot"}
        self.must("get-task", {"task_id": f"{instance_id}:{n}", **who})

    def end(self, instance_id: str, n: int, process_id: str, flag: str | None = None) -> None:
        if process_id == "people":
            self.take(instance_id, n, process_id)
        who = {"staff_id": "ann"} if process_id == "people" else {"executor_id": "bot"}
        self.must("end-task", {"task_id": f"{instance_id}:{n}", **who, **({"completion_flag": flag} if flag else {})})


def task_in(desk: Desk, process_id: str, state: str) -> tuple[str, int]:
    """An instance, and the number of a task of it in this state."""
    instance_id, n = desk.begin(process_id), 3
    if state == "none":
        n = 99
    elif state == "pending":
        desk.end(instance_id, 3, process_id)
        n = 5
    elif state == "ended":
        desk.end(instance_id, 3, process_id)
    elif state == "withdrawn":
        desk.control("modify-instance", instance_id, withdraw=f"{instance_id}:3")
    elif state == "absorbed":
        desk.end(instance_id, 3, process_id, "m")
        desk.end(instance_id, 4, process_id, "m")
        n = 7
    elif state != "waiting":
        desk.take(instance_id, 3, process_id)
        if state == "pausing":
            desk.must("control", {"operation": "hang-task", "task_id": f"{instance_id}:3", "staff_id": "ann"})
    return instance_id, n


def instance_in(desk: Desk, state: str) -> str:
    """An instance in this state."""
    if state == "none":
        return str(uuid.uuid4())
    instance_id = desk.begin("people")
    if state == "stalled":
        desk.end(instance_id, 3, "people")
        desk.control("modify-instance", instance_id, withdraw=f"{instance_id}:4")
        return instance_id
    if state == "completed":
        desk.end(instance_id, 3, "people", "m")
        desk.control("modify-instance", instance_id, withdraw=f"{instance_id}:4")
        desk.end(instance_id, 6, "people")
        return instance_id
    desk.take(instance_id, 3, "people")
    if state != "running":
        desk.control({"suspended": "suspend-instance", "cancelled": "cancel-instance"}[state], instance_id)
    return instance_id


def words(line: str) -> tuple[str, list[str]]:
    """The name of a row, up to two blanks, and its cells."""
    name, _, rest = line.strip().partition("  ")
    return name, rest.split()


def table(text: str) -> tuple[list[str], dict[str, list[str]]]:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0].split(), dict(words(line) for line in lines[1:])


def told(outcome: Json) -> str:
    return "ok" if outcome["result"] == "applied" else outcome.get("code", outcome["result"])


def task_command(row: str, task_id: str) -> tuple[str, Json]:
    """`get bob` of a task: the topic and the data."""
    word, _, asker = row.partition(" ")
    data: Json = {"task_id": task_id, **ASKERS[asker]}
    if word in ("get", "end"):
        return f"{word}-task", data
    return "control", {"operation": f"{word}-task", **data, **({"to_staff_id": "bob"} if word == "reassign" else {})}


def instance_command(row: str, instance_id: str) -> tuple[str, Json]:
    held, free = f"{instance_id}:3", f"{instance_id}:4"
    of_tasks = {"get free": ("get-task", {"task_id": free, "staff_id": "bob"}),
                "get next": ("get-task", {"staff_id": "bob", "process_id": "nothing"}),
                "end held": ("end-task", {"task_id": held, "staff_id": "ann"}),
                "init": ("init-instance", {"process_id": "people", "instance_id": instance_id})}
    if row in of_tasks:
        return of_tasks[row]
    word, _, what = row.partition(" ")
    if what == "held":
        return "control", {"operation": f"{word}-task", "task_id": held, "staff_id": "ann"}
    more: Json = {"set-entity": {"entity_id": "x"}, "set-variables": {"variables": {"a": 1}},
                  "modify start": {"start": "B"}, "modify withdraw": {"withdraw": free}, "modify check": {"check": True},
                  "retry-incident": {"incident_id": "nothing"}, "subscribe": {"notifyto": "workflow.reply.me"},
                  "unsubscribe": {"notifyto": "workflow.reply.me"}}.get(row, {})
    operation = word if "-" in word or word in ("subscribe", "unsubscribe") else f"{word}-instance"
    return "control", {"operation": operation, "instance_id": instance_id, "actor": "op", **more}


WRONG = [None, True, 7, -1, 1.5, "", "x\u0001", "x" * 201, "~", [], [7], ["x"], {}, {"a": []}]  # for any member


class Members(unittest.TestCase):
    """What the schemas of the commands refuse the engine refuses, and nothing else: the examples, made wrong."""

    def setUp(self) -> None:
        self.desk = Desk()
        self.addCleanup(self.desk.core.__exit__)

    def examples(self) -> Iterator[tuple[str, str, Json, Any]]:
        """Operation, topic, data and validator."""
        for path in sorted((ROOT / "schemas/commands").glob("*.schema.json")):
            operation = path.name.removesuffix(".schema.json")
            data = json.loads(min((ROOT / "schemas/examples" / operation).glob("*.json")).read_text())
            if "notifyto" in data:
                data["notifyto"] = "workflow.reply.me"  # which topics may be named is a setting
            topic = operation if operation in ("init-instance", "get-task", "end-task") else \
                "admin" if operation in ADMIN else "control"
            yield operation, topic, data, schemas_test.validator(operation)

    def judged(self, topic: str, data: Any) -> str:
        return told(self.desk.send(topic, data))

    def test_missing(self) -> None:
        for operation, topic, data, validator in self.examples():
            for member in data:
                less = {name: value for name, value in data.items() if name != member}
                with self.subTest(operation, missing=member):
                    self.assertEqual(self.judged(topic, less) == "invalid_command", not validator.is_valid(less))

    def test_superfluous(self) -> None:
        for operation, topic, data, _ in self.examples():
            with self.subTest(operation):
                self.assertEqual(self.judged(topic, data | {"unheard_of": [1]}), self.judged(topic, data))
                self.assertNotEqual(self.judged(topic, data), "invalid_command")

    def test_wrong(self) -> None:
        """Each member of each operation with each wrong value; as many thousands of commands."""
        for operation, topic, data, validator in self.examples():
            for member in set(validator.schema["properties"]) - {"operation", "definition", "institution", "notifyto"}:
                for value in WRONG:
                    wrong = data | {member: value}
                    with self.subTest(operation, member=member, value=value):
                        self.assertEqual(self.judged(topic, wrong) == "invalid_command", not validator.is_valid(wrong))

    def test_another_topic(self) -> None:
        for operation, topic, data, _ in self.examples():
            other = "admin" if topic == "control" else "control"
            with self.subTest(operation):
                self.assertIn(self.judged(other, data), ("unknown_operation", "invalid_command"))

    def test_no_object(self) -> None:
        for topic in ("init-instance", "get-task", "end-task", "control", "admin"):
            for value in ("", " ", "null", "[]", "7", '"x"', "{", '{"a":1,"a":2}', '{"a":"\\u0000"}', "\u00e4", "[" * 100):
                with self.subTest(topic, value=value):
                    [result] = self.desk.core.command(topic, None, value=value)
                    self.assertEqual(told(result.outcome or {}), "invalid_command")
                    self.assertEqual([topic for topic, _ in result.events], ["dead-letter"])


class Twice(unittest.TestCase):
    """Each operation that was applied, sent again: under its id, under its id with other data, and without one."""

    def setUp(self) -> None:
        self.desk = Desk()
        self.addCleanup(self.desk.core.__exit__)

    AGAIN = {"get ann": "wrong_state", "end ann": "wrong_state", "hang ann": "wrong_state", "reset ann": "wrong_state",
             "release ann": "wrong_state", "release op": "wrong_state", "reassign op": "ok"}
    STATE = {"get": "waiting", "end": "processing", "hang": "processing", "reset": "pausing", "release": "processing",
             "reassign": "processing"}

    def test_tasks(self) -> None:
        for row, again in self.AGAIN.items():
            instance_id, n = task_in(self.desk, "people", self.STATE[row.split()[0]])
            topic, data = task_command(row, f"{instance_id}:{n}")
            with self.subTest(row):
                sent = [self.desk.send(topic, data, id="one"), self.desk.send(topic, data, id="one"),
                        self.desk.send(topic, data | {"reason": "x", "entity_id": "y"}, id="one"),
                        self.desk.send(topic, data)]
                self.assertEqual([told(outcome) for outcome in sent], ["ok", "duplicate", "id_reused", again])
                self.assertEqual(sent[1]["position"], sent[0]["position"])

    def test_instances(self) -> None:
        again = {"suspend": "wrong_state", "cancel": "instance_ended", "set-entity": "ok", "set-variables": "ok",
                 "modify check": "ok", "modify start": "ok", "modify withdraw": "wrong_state"}
        for row, code in again.items():
            topic, data = instance_command(row, instance_in(self.desk, "running"))
            with self.subTest(row):
                sent = [self.desk.send(topic, data, id="one"), self.desk.send(topic, data, id="one"),
                        self.desk.send(topic, data | {"reason": "x"}, id="one"), self.desk.send(topic, data)]
                self.assertEqual([told(outcome) for outcome in sent], ["ok", "duplicate", "id_reused", code])

    def test_what_was_rejected_is_tried_again(self) -> None:
        instance_id, n = task_in(self.desk, "people", "waiting")
        topic, data = task_command("end ann", f"{instance_id}:{n}")
        self.assertEqual(told(self.desk.send(topic, data, id="one")), "wrong_state")
        self.desk.take(instance_id, n, "people")
        self.assertEqual(told(self.desk.send(topic, data, id="one")), "ok")


class States(unittest.TestCase):
    """The tables."""

    def setUp(self) -> None:
        self.desk = Desk()
        self.addCleanup(self.desk.core.__exit__)

    def check(self, text: str, cell: Callable[[str, str], Json]) -> None:
        states, rows = table(text)
        for row, expected in rows.items():
            actual = [told(cell(row, state)) for state in states]
            with self.subTest(row):
                self.assertEqual(dict(zip(states, actual)), dict(zip(states, expected)))

    def of_task(self, process_id: str) -> Callable[[str, str], Json]:
        def cell(row: str, state: str) -> Json:
            instance_id, n = task_in(self.desk, process_id, state)
            return self.desk.send(*task_command(row, f"{instance_id}:{n}"))
        return cell

    def test_tasks_of_people(self) -> None:
        self.check(TASK_OF_PEOPLE, self.of_task("people"))

    def test_tasks_of_programs(self) -> None:
        self.check(TASK_OF_PROGRAMS, self.of_task("program"))

    def test_instances(self) -> None:
        self.check(INSTANCE, lambda row, state: self.desk.send(*instance_command(row, instance_in(self.desk, state))))


if __name__ == "__main__":
    unittest.main()
