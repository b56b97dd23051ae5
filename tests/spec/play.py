"""Plays a case on the pure core: each command, and what it does, line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from case import Case, Step, read_people, read_process
from command import Command, Reader
from core import Core, Result
from tell import Seen, Teller, duration, normal, row_line, rows_of

Json = dict[str, Any]


@dataclass
class Difference:
    step: Step
    actual: list[str]


@dataclass
class Played:
    """What became of a case."""

    case: Case
    differences: list[Difference] = field(default_factory=list)
    actuals: list[tuple[Step, list[str]]] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)  # of outcomes

    def told(self) -> str:
        lines = [f"{self.case.where} {self.case.kind}: {self.case.title}"]
        for difference in self.differences:
            lines += [f"  {self.case.path.name}:{difference.step.line} > {difference.step.command}",
                      *(f"    expected  {line}" for line in difference.step.expected),
                      *(f"    actual    {line}" for line in difference.actual)]
        return "\n".join(lines)


class Play:
    """The part that is the same wherever a case runs."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.files = {name: read_process(name.split()[0], lines) for name, lines in case.processes.items()}
        self.definitions: dict[str, dict[int, Json]] = {}
        self.instances: dict[str, str] = {}  # name -> id
        self.reader = Reader(self.instances)
        self.teller = Teller(self.definitions)
        self.reader.incidents = self.teller.incidents
        self.played = Played(case)

    def institution(self) -> Json:
        return read_people(self.case.people)

    def deployed_first(self) -> list[Json]:
        return [self.files[name] for name in self.case.processes if not name.endswith("not deployed")]

    def read(self, step: Step) -> Command:
        command = self.reader.read(step.command)
        if command.data.get("operation") == "deploy-process":
            name = command.data["definition"]
            command.data["definition"] = self.files.get(f"{name} not deployed") or self.files[name]
        return command

    def deployed(self, file: Json, version: int) -> None:
        self.definitions.setdefault(file["process_id"], {})[version] = file

    def note(self, command: Command, result: Result) -> None:
        """What an outcome tells the case: the id of a new instance, a new version, a code."""
        outcome = result.outcome or {}
        if outcome.get("result") == "rejected":
            self.played.codes.add(outcome["code"])
        if outcome.get("result") != "applied":
            return
        if command.kind == "init-instance" and outcome["instance_id"] not in self.teller.seen:
            self.instances.setdefault(command.instance, outcome["instance_id"])
            self.teller.instance(outcome["instance_id"], command.instance)
        if command.data.get("operation") == "deploy-process":
            self.deployed(command.data["definition"], outcome["version"])

    def lines(self, command: Command, results: list[Result]) -> list[str]:
        """All that happened, the first result being the command's own."""
        data = command.data
        author = data.get("actor") or data.get("staff_id") or data.get("executor_id") or command.author
        lines: list[str] = []
        self.teller.begin()
        for at, result in enumerate(results):
            own = at == 0 and command.kind != "advance"
            self.note(command, result) if own else None
            who, why = (author, data.get("reason")) if own else ("~engine", None)
            jobs: list[str] = []
            told = []
            for topic, event in result.events:
                (jobs if topic.startswith("job.") else told).extend(self.teller.event(topic, event, who, why))
            for instance_id, seen in self.teller.seen.items():
                self.instances.setdefault(seen.name, instance_id)
            lines += told + jobs
            if own:
                lines += self.teller.outcome(result.outcome, self.instances.get(command.instance))
        return [normal(line) for line in lines]

    def compare(self, step: Step, actual: list[str]) -> None:
        self.played.actuals.append((step, actual))
        if [normal(line) for line in step.expected] != actual:
            self.played.differences.append(Difference(step, actual))


class CorePlay(Play):
    """A case on the pure core."""

    def __init__(self, case: Case, core: Core) -> None:
        super().__init__(case)
        self.core = core

    def run(self) -> Played:
        self.core.reset()
        for file in self.deployed_first():
            self.must(self.core.command("admin", {"operation": "deploy-process", "definition": file}))
            self.deployed(file, 1)
        self.must(self.core.command("admin", {"operation": "load-institution", "institution": self.institution()}))
        for step in self.case.steps:
            self.step(step)
        self.check_rows()
        return self.played

    def must(self, results: list[Result]) -> None:
        outcome = results[0].outcome or {}
        if outcome.get("result") != "applied":
            raise AssertionError(f"{self.case.where}: {outcome.get('detail')}")

    def step(self, step: Step) -> None:
        if step.command.startswith("do "):
            self.compare(step, self.take_and_end(step))
            return
        command = self.read(step)
        if command.kind == "answers":
            self.core.answers(command.value)
        elif command.kind == "rows":
            rows = self.core.rows(self.instances[command.instance])
            self.compare(step, [row_line(n, row) for n, row in sorted(rows.items())])
        elif command.kind == "work":
            self.compare(step, [work_line(*one) for one in self.core.work(self.instances[command.instance])])
        elif command.kind == "advance":
            self.compare(step, self.lines(command, self.core.advance(command.value)))
        elif command.value is not None:
            self.compare(step, self.lines(command, self.core.command(command.kind, None, value=command.value)))
        else:
            self.compare(step, self.send(command))

    def send(self, command: Command) -> list[str]:
        attributes = {"id": command.id} if command.id else {}
        return self.lines(command, self.core.command(command.kind, command.data, **attributes))

    def take_and_end(self, step: Step) -> list[str]:
        """What the end did; the get must have done what a get does, and nothing else."""
        taken, ended = self.reader.read_do(step.command)
        who = taken.data.get("staff_id") or "!" + taken.data["executor_id"]
        lines = self.send(taken)
        got = [line for line in lines if not plain_take(line, taken.data["task_id"].rpartition(":")[2], who)]
        return got + self.send(ended) if not got else lines

    def check_rows(self) -> None:
        """The tables hold what the events rebuild (LOG-1)."""
        for instance_id, seen in self.teller.seen.items():
            if seen.last:
                compare_rows(self.played, seen, self.core.rows(instance_id))


def work_line(n: int, row: Json) -> str:
    """What a person did, and how long it took."""
    times = [f"{name} {duration(timedelta(seconds=round(row[name].total_seconds())))}"
             for name in ("waiting", "working", "paused")]
    return " ".join([str(n), row["act_id"], row["staff_id"], *times])


def plain_take(line: str, n: str, who: str) -> bool:
    """`3 A processing @ann`"""
    words = line.rpartition(":")[2].split()
    return words[0] == n and words[2] == "processing" and words[3:] in ([], [f"@{who}"], [who])


def compare_rows(played: Played, seen: Seen, rows: dict[int, Json]) -> None:
    rebuilt = rows_of(seen)
    if rows == rebuilt:
        return
    expected = [row_line(n, row) for n, row in sorted(rebuilt.items())]
    actual = [row_line(n, row) for n, row in sorted(rows.items())]
    step = Step(played.case.line, f"the rows of {seen.name} are those of its events", expected)
    played.differences.append(Difference(step, actual))
