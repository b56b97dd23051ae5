"""Tasks and instances in every state, and commands to them, for the tables of operations_test.py."""

from __future__ import annotations

import uuid
from typing import Any

from case import PRESENCE, read_people, read_process
from core import Core, Result

Json = dict[str, Any]

PEOPLE = ["role clerk: ann, bob, eve", "role boss: fay", "staff dan", "staff gus", "staff eve leave", "grant bob -> gus"]
PROCESSES = {
    # Task 3 is A, task 4 is B; behind A stands P, pending until B has ended.
    "people": ["initial s -> S", "and_branch S -> A, B", "task A take=PT1H:remind end=PT1H:remind", "A -> P", "A [m] -> M",
               "task B", "B -> F", "B [m] -> M", "dummy F", "or_merge M closes=S -> X", "task X -> e", "task P -> e",
               "P after A needs B", "completion e"],
    "program": ["initial s -> S", "and_branch S -> A, B", "automation A runs=mailer take=PT1H:release end=PT1H:release",
                "A -> P", "automation B runs=mailer", "B -> F", "dummy F", "automation P runs=mailer -> e",
                "P after A needs B", "completion e"],
    # Task 3 is handed to an instance of `inner`.
    "partner": ["initial s -> S", "and_branch S -> A, B", "automation A sub=inner", "A -> P", "automation B runs=mailer",
                "B -> F", "dummy F", "automation P sub=inner -> e", "P after A needs B", "completion e"],
    "inner": ["initial s -> A", "task A -> e", "completion e"],
}
# ann and bob are of the group, gus is bob's grantee, dan is neither, eve is on leave, nobody does not exist, op is an operator.
ASKERS = {**{name: {"staff_id": name} for name in ("ann", "bob", "gus", "dan", "eve", "nobody")},
          "op": {"actor": "op"}, "bot!": {"executor_id": "bot"}, "tob!": {"executor_id": "tob"}}
OF_TOPIC = ("init-instance", "get-task", "end-task")  # the others are operations of control and admin
ADMIN = ("deploy-process", "load-institution", "set-presence", "authorize", "revoke")


def topic_of(operation: str) -> str:
    return operation if operation in OF_TOPIC else "admin" if operation in ADMIN else "control"


def told(outcome: Json) -> str:
    return "ok" if outcome["result"] == "applied" else outcome.get("code", outcome["result"])


class Desk:
    """One core with the people and processes; each situation is a new instance."""

    def __init__(self) -> None:
        self.core = Core()
        self.events: dict[str, Json] = {}  # the last one of each task
        self.must("admin", {"operation": "load-institution", "institution": read_people(PEOPLE)})
        for name, lines in PROCESSES.items():
            self.must("admin", {"operation": "deploy-process", "definition": read_process(name, lines)})

    def send(self, topic: str, data: Json, **attributes: Any) -> Json:
        """The outcome."""
        results = self.core.command(topic, data, **attributes)
        self.note(results)
        outcome = results[0].outcome
        assert outcome is not None
        return outcome

    def note(self, results: list[Result]) -> None:
        for result in results:
            for topic, event in result.events:
                if topic == "state.task":
                    self.events[event["task_id"]] = event

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
        task_id = f"{instance_id}:{n}"
        if process_id == "partner":
            self.must("control", notification(self, task_id, "completed"))
            return
        if process_id == "people":
            self.take(instance_id, n, process_id)
        who = {"staff_id": "ann"} if process_id == "people" else {"executor_id": "bot"}
        self.must("end-task", {"task_id": task_id, **who, **({"completion_flag": flag} if flag else {})})


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
    elif state == "incident":
        fail(desk, instance_id, process_id)
    elif state == "pausing":
        desk.take(instance_id, 3, process_id)
        desk.must("control", {"operation": "hang-task", "task_id": f"{instance_id}:3", "staff_id": "ann"})
    elif state == "processing" and process_id != "partner":
        desk.take(instance_id, 3, process_id)
    return instance_id, n


def fail(desk: Desk, instance_id: str, process_id: str) -> None:
    """The work of task 3 fails, until it is an incident."""
    if process_id == "partner":
        desk.must("control", notification(desk, f"{instance_id}:3", "cancelled"))
        return
    desk.take(instance_id, 3, process_id)
    desk.must("control", {"operation": "fail-task", "task_id": f"{instance_id}:3", "executor_id": "bot", "detail": "x"})


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


# Commands, by the names of the tables' rows.


def notification(desk: Desk, task_id: str, state: str) -> Json:
    """What the instance that works for the task would say, or somebody else ("other")."""
    remote = desk.events.get(task_id, {}).get("remote", {"engine": "workflow"})
    own = remote.get("instance_id", str(uuid.uuid4()))
    told = {"engine": remote["engine"], "instance_id": str(uuid.uuid4()) if state == "other" else own,
            "state": "completed" if state == "other" else state}
    return {"operation": "notify", "task_id": task_id, "remote": told}


def task_command(desk: Desk, row: str, task_id: str) -> tuple[str, Json]:
    """`get bob` of a task: the topic and the data."""
    word, _, asker = row.partition(" ")
    if word == "notify":
        return "control", notification(desk, task_id, asker)
    if word == "retry":
        incident = desk.events.get(task_id, {}).get("incident", {"id": f"{task_id}/1"})
        return "control", {"operation": "retry-incident", "instance_id": task_id.rpartition(":")[0],
                           "incident_id": incident["id"], **ASKERS[asker]}
    data: Json = {"task_id": task_id, **ASKERS[asker]}
    if word in ("get", "end"):
        return f"{word}-task", data
    return "control", {"operation": f"{word}-task", **data, **({"to_staff_id": "bob"} if word == "reassign" else {})}


def instance_command(row: str, instance_id: str) -> tuple[str, Json]:
    held, free = f"{instance_id}:3", f"{instance_id}:4"
    of_tasks = {"get free": ("get-task", {"task_id": free, "staff_id": "bob"}),
                "get next": ("get-task", {"staff_id": "bob", "process_id": "nothing"}),
                "end held": ("end-task", {"task_id": held, "staff_id": "ann"}),
                "fail held": ("control", {"operation": "fail-task", "task_id": held, "executor_id": "bot"}),
                "init": ("init-instance", {"process_id": "people", "instance_id": instance_id})}
    if row in of_tasks:
        return of_tasks[row]
    word, _, what = row.partition(" ")
    if what == "held":
        return "control", {"operation": f"{word}-task", "task_id": held, "staff_id": "ann"}
    more: Json = {"set-entity": {"entity_id": "x"}, "set-variables": {"variables": {"a": 1}},
                  "modify start": {"start": "B"}, "modify withdraw": {"withdraw": free}, "modify check": {"check": True},
                  "retry-incident": {"incident_id": "nothing"}, "subscribe": {"notifyto": "workflow.reply.me"},
                  "unsubscribe": {"notifyto": "workflow.reply.me"},
                  "notify": {"remote": {"engine": "other", "instance_id": "7", "state": "completed"}}}.get(row, {})
    operation = word if "-" in word or word in ("subscribe", "unsubscribe", "notify") else f"{word}-instance"
    return "control", {"operation": operation, "instance_id": instance_id, "actor": "op", **more}


def admin_command(row: str, who: str) -> Json:
    """`authorize ann` and `bob`: ann's tasks, to bob."""
    word, _, rest = row.partition(" ")
    if word == "presence":
        members: Json = {}
        for state in rest.split():
            members |= PRESENCE[state]
        return {"operation": "set-presence", "staff_id": who, **members}
    if word in ("authorize", "revoke"):
        grantor, *limits = rest.split()
        return {"operation": word, "grantor_id": grantor, "grantee_id": who,
                **{name: value for name, value in (limit.split("=") for limit in limits)}}
    if word == "load":
        return {"operation": "load-institution", "institution": {"staff": [{"staff_id": who, "roles": [rest]}]}}
    return {"operation": "deploy-process", "definition": read_process(who, [
        "initial s -> A", f"task A {rest} -> e", "completion e"])}


# The tables themselves.


def table(text: str) -> tuple[list[str], dict[str, list[str]]]:
    """The columns, and the cells of each row; the name of a row ends with two blanks."""
    lines = [line for line in text.splitlines() if line.strip()]
    rows = [line.strip().partition("  ") for line in lines[1:]]
    return lines[0].split(), {name: cells.split() for name, _, cells in rows}
