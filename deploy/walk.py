"""Walks instances through their processes as the people of an institution would.

One `pawl command send --wait` is the client and one `pawl state watch` the subscriber; both live as long as
the Engine does and serve any number of threads.  Nothing here waits by the clock: a command waits for its
outcome, and what follows from it for the event whose `position` the outcome names.
"""

from __future__ import annotations

import json
import subprocess
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from zlib import crc32

Json = dict[str, Any]

PROCESSES = Path(__file__).resolve().parent / "processes"
OPEN_STATES = ("pending", "waiting", "processing", "pausing")


class WalkError(Exception):
    """The walk cannot go on; the message says why."""


class NoAnswer(Exception):
    """The engine did not answer in time, or one of the programs has ended."""


class Rejected(WalkError):
    """The engine rejected a command."""

    def __init__(self, outcome: Json) -> None:
        super().__init__(f"{outcome.get('operation', 'command')} rejected: "
                         f"{outcome.get('code')}: {outcome.get('detail', '')}")
        self.code: str = outcome.get("code", "")


@dataclass
class Instance:
    """What the state topics have said of one instance so far."""

    instance_id: str
    process_id: str
    state: str = ""
    completion_flag: str | None = None
    tasks: dict[str, Json] = field(default_factory=dict)  # the last event of each task
    path: list[tuple[int, str]] = field(default_factory=list)  # (position, activity) of the tasks that ended
    positions: set[int] = field(default_factory=set)  # events seen beyond `complete`
    complete: int = 0  # every event up to here has been seen

    def apply(self, event: Json) -> None:
        self._count(int(event["position"]))
        if "task_id" in event:
            self.tasks[event["task_id"]] = event
            if event["state"] == "ended":
                self.path.append((int(event["position"]), event["act_id"]))
        else:
            self.state = event.get("state", self.state)
            self.completion_flag = event.get("completion_flag", self.completion_flag)

    def _count(self, position: int) -> None:
        self.positions.add(position)
        while self.complete + 1 in self.positions:
            self.complete += 1
            self.positions.remove(self.complete)

    def open_tasks(self) -> list[Json]:
        tasks = [task for task in self.tasks.values() if task["state"] in OPEN_STATES]
        return sorted(tasks, key=lambda task: int(task["task_id"].rpartition(":")[2]))

    def open_acts(self) -> list[str]:
        return [task["act_id"] for task in self.open_tasks()]

    def task_of(self, act_id: str) -> Json | None:
        """The oldest task of the activity that somebody can take or end."""
        return next((task for task in self.open_tasks()
                     if task["act_id"] == act_id and task["state"] in ("waiting", "processing")), None)

    def path_taken(self) -> list[str]:
        return [act_id for _, act_id in sorted(self.path)]


class Engine:
    """The engine as its clients see it.  Use as a context manager."""

    def __init__(self, timeout: float = 30.0, pawl: str = "pawl") -> None:
        self.timeout = timeout
        self._pawl = pawl
        self._changed = threading.Condition()
        self._sending = threading.Lock()  # one line at a time
        self._outcomes: dict[str, Json] = {}
        self._instances: dict[str, Instance] = {}
        self._ended: str | None = None  # the program that ended too early

    def __enter__(self) -> Engine:
        self._closing = False
        self._watch = self._run("state", "watch", "-o", "json", "--from", "end", "--announce")
        assert self._watch.stdout
        if not self._watch.stdout.readline():  # {"watching":true}: every event from here on will be seen
            raise NoAnswer("pawl state watch has ended")
        self._client = self._run("command", "send", "--wait")
        self._follow(self._watch, self._on_event)
        self._follow(self._client, self._on_outcome)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        for program in (self._client, self._watch):
            assert program.stdin
            program.stdin.close()
        self._watch.terminate()
        for program in (self._client, self._watch):
            try:
                program.wait(timeout=5)
            except subprocess.TimeoutExpired:
                program.kill()

    def start(self, process_id: str, entity_id: str, flag: str | None = None) -> Instance:
        """Begins an instance and follows it from its first event."""
        instance = Instance(str(uuid.uuid4()), process_id)
        with self._changed:
            self._instances[instance.instance_id] = instance
        outcome = self._command("init-instance", instance,
                                {"process_id": process_id, "instance_id": instance.instance_id,
                                 "entity_id": entity_id, "completion_flag": flag})
        self._settle(instance, outcome)
        return instance

    def perform(self, instance: Instance, act_id: str, who: Json, flag: str | None = None) -> None:
        """Takes the oldest task of the activity, unless it is in hand already, and ends it.

        `who` is {"staff_id": …} or {"executor_id": …}.
        """
        task = instance.task_of(act_id)
        if task is None:
            raise WalkError(f"no task of {act_id} can be taken; open: {', '.join(instance.open_acts()) or 'none'}")
        command = {"task_id": task["task_id"], **who}
        if task["state"] == "waiting":
            self._settle(instance, self._command("get-task", instance, command))
        self._settle(instance, self._command("end-task", instance, {**command, "completion_flag": flag}))

    def _command(self, kind: str, instance: Instance, data: Json) -> Json:
        command_id = str(uuid.uuid4())
        given = {name: value for name, value in data.items() if value is not None}
        line = json.dumps({"command": kind, "id": command_id, "key": instance.instance_id, "data": given})
        with self._sending:
            assert self._client.stdin
            try:
                self._client.stdin.write(line + "\n")
                self._client.stdin.flush()
            except BrokenPipeError:
                raise NoAnswer("pawl command has ended") from None
        if not self._wait(lambda: command_id in self._outcomes, self.timeout):
            raise NoAnswer(f"no outcome of {kind} in {self.timeout:g} s")
        outcome = self._outcomes.pop(command_id)
        if outcome.get("result") == "rejected":
            raise Rejected(outcome)
        return outcome

    def _settle(self, instance: Instance, outcome: Json) -> None:
        position = int(outcome.get("position", 0))
        if not self._wait(lambda: instance.complete >= position, self.timeout):
            raise NoAnswer(f"event {instance.complete + 1} of instance {instance.instance_id} was not seen "
                           f"in {self.timeout:g} s, though the outcome names event {position}")

    def _wait(self, holds: Callable[[], bool], seconds: float) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: holds() or self._ended is not None, seconds)
            if not holds() and self._ended:
                raise NoAnswer(f"{self._ended} has ended")
            return holds()

    def _run(self, *arguments: str) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen([self._pawl, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    text=True, encoding="utf-8")
        except OSError as error:
            raise NoAnswer(f"could not run {self._pawl}: {error.strerror}") from error

    def _follow(self, program: subprocess.Popen[str], handle: Callable[[Json], None]) -> None:
        assert program.stdout
        name = " ".join(str(argument) for argument in program.args[:2])  # type: ignore[index]
        threading.Thread(target=self._read, args=(program.stdout, handle, name), daemon=True).start()

    def _read(self, lines: TextIO, handle: Callable[[Json], None], name: str) -> None:
        for line in lines:
            with self._changed:
                handle(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            if not self._closing:
                self._ended = name
            self._changed.notify_all()

    def _on_outcome(self, line: Json) -> None:
        self._outcomes[line["id"]] = line["outcome"]

    def _on_event(self, line: Json) -> None:
        event = line["data"]
        instance = self._instances.get(event.get("instance_id", ""))
        if instance is not None:
            instance.apply(event)


class People:
    """Who may do the tasks of a process, by its definition and institution files."""

    def __init__(self, process_id: str, folder: Path = PROCESSES) -> None:
        definition = read_json(folder / f"{process_id}.process.json")
        institution = read_json(folder / f"{process_id}.institution.json")
        self._rules = {rule["act"]: rule for rule in definition["assignment"]}
        self._staff = [person for person in institution["staff"] if not person.get("on_leave")]
        self._above = {unit[kind]: unit.get(f"super_{kind}") for kind in ("dept_id", "team_id")
                       for unit in institution[f"{kind.removesuffix('_id').replace('dept', 'department')}s"]}

    def choose(self, task: Json, entity_id: str) -> str:
        """The person assigned to the task, else one of the group: for one entity always the same one."""
        if task.get("staff_id"):
            return str(task["staff_id"])
        group = self.group(task["act_id"])
        return group[crc32(entity_id.encode()) % len(group)]

    def group(self, act_id: str) -> list[str]:
        rule = self._rules[act_id]
        return sorted(person["staff_id"] for person in self._staff if self._belongs(person, rule))

    def _belongs(self, person: Json, rule: Json) -> bool:
        if "role" in rule:
            roles = (role["role_id"] if isinstance(role, dict) else role for role in person.get("roles", []))
            return rule["role"] in roles
        units = [person.get("dept_id")] if "department" in rule else person.get("teams", [])
        wanted = rule.get("department") or rule.get("team")
        return any(self._is_below(unit, wanted) for unit in units)

    def _is_below(self, unit: str | None, wanted: str) -> bool:
        while unit is not None and unit != wanted:
            unit = self._above.get(unit)
        return unit == wanted


def read_json(path: Path) -> Json:
    with path.open(encoding="utf-8") as file:
        return json.load(file)
