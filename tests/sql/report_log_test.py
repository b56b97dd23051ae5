#!/usr/bin/python3
"""`pawl report work` over history rows loaded straight from event logs, against what Python makes of the same rows.

Needs PAWL_TEST_DATABASE (key=value form, a user who may create databases) and the logs beside the project.
Nothing of the engine's SQL is used to expect anything: medians are interpolated here, departments climbed here.
"""
from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import subprocess
import unittest
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
LOGS = ROOT.parent / "shared/inputs/logs"
DATABASE = os.environ.get("PAWL_TEST_DATABASE", "")
PAWL = shutil.which("pawl") or str(ROOT / "build/release/bin/pawl")
ORIGIN = datetime(2012, 1, 1, tzinfo=timezone.utc)
DEPARTMENTS = {"board": None, "sales": "board", "claims": "board", "claims-1": "claims", "claims-2": "claims"}
TEAMS = {"blue": None, "light-blue": "blue", "red": None}


@dataclass(frozen=True)
class Row:
    """A task of the log: when it could be taken, was taken, was ended; milliseconds since ORIGIN."""

    case: str
    activity: str
    person: str
    waits: int
    taken: int
    ended: int
    due: int | None

    @property
    def waiting(self) -> float:
        return (self.taken - self.waits) / 1000

    @property
    def working(self) -> float:
        return (self.ended - self.taken) / 1000

    @property
    def ends_at(self) -> datetime:
        return ORIGIN + timedelta(milliseconds=self.ended)


def read(log: str) -> list[Row]:
    """Each task becomes available when the one before it in its case ends; every third has a limit of an hour.

    What the log saw begin and not end is left out: it is not over."""
    rows: list[Row] = []
    before: dict[str, int] = {}
    with gzip.open(LOGS / f"{log}.instances.csv.gz", "rt", encoding="utf-8", newline="") as file:
        records = sorted(csv.DictReader(file), key=lambda record: (record["case"], int(record["seq"])))
    for record in records:
        if not record["t_end_ms"]:
            continue
        taken, ended = int(record["t_get_ms"]), int(record["t_end_ms"])
        waits = min(before.get(record["case"], taken), taken)
        before[record["case"]] = ended
        due = taken + 3_600_000 if int(record["seq"]) % 3 == 0 else None
        rows.append(Row(record["case"], record["activity"], record["resource"] or "~unknown", waits, taken, ended, due))
    return rows


def people_of(rows: Iterable[Row]) -> list[str]:
    return sorted({row.person for row in rows})


def department_of(number: int) -> str | None:
    return (list(DEPARTMENTS) + [None])[number % (len(DEPARTMENTS) + 1)]


def teams_of(number: int) -> set[str]:
    return {name for at, name in enumerate(TEAMS) if number >> at & 1}


def and_above(tree: dict[str, str | None], node: str | None) -> set[str]:
    """INS-2, from below: a group, and all those that stand for it too."""
    found = set()
    while node is not None:
        found.add(node)
        node = tree[node]
    return found


def interpolated(values: list[float], share: float) -> float:
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def expected(rows: list[Row], keys: Callable[[Row], Iterable[Any]]) -> dict[Any, dict[str, float]]:
    """What a report has to say of each key; a row may be of several."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        for key in keys(row):
            groups[key].append(row)
    told = {}
    for key, members in groups.items():
        waiting, working = [row.waiting for row in members], [row.working for row in members]
        limited = Counter(row.ended <= row.due for row in members if row.due is not None)
        told[key] = {"done": len(members), "on_time": limited[True], "late": limited[False], "handed_on": 0,
                     "waiting_time": sum(waiting), "waiting_median": interpolated(waiting, 0.5),
                     "waiting_p90": interpolated(waiting, 0.9), "working_time": sum(working),
                     "working_median": interpolated(working, 0.5), "working_p90": interpolated(working, 0.9),
                     "paused_time": 0, "paused_median": 0, "paused_p90": 0}
    return told


class Scratch:
    """A database with the rows of a log as history, written by this test alone."""

    def __init__(self, rows: list[Row]) -> None:
        self.name = f"pawl_report_test_{uuid.uuid4().hex[:8]}"
        self.conninfo = f"{DATABASE} dbname={self.name}"
        self.people = {person: number for number, person in enumerate(people_of(rows))}
        self.psql(f"create database {self.name}", DATABASE)
        self.psql(f"\\i {ROOT}/sql/install.sql\n")
        self.psql(self.institution() + self.definition(rows))
        self.copy(rows)

    def psql(self, sql: str, conninfo: str | None = None) -> str:
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", conninfo or self.conninfo],
                              input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr[-2000:])
        return done.stdout

    def institution(self) -> str:
        document = {
            "departments": [{"dept_id": name} | ({"super_dept_id": above} if above else {})
                            for name, above in DEPARTMENTS.items()],
            "teams": [{"team_id": name} | ({"super_team_id": above} if above else {}) for name, above in TEAMS.items()],
            "staff": [{"staff_id": person, "teams": sorted(teams_of(number))}
                      | ({"dept_id": department_of(number)} if department_of(number) else {})
                      for person, number in self.people.items()]}
        return f"select workflow.institution_store($json${json.dumps(document)}$json$, 1);\n"

    @staticmethod
    def definition(rows: list[Row]) -> str:
        document = {"process_id": "log", "activities": [
            {"act_id": activity, "act_type": "interaction"} for activity in sorted({row.activity for row in rows})],
            "routing": [], "assignment": [{"act": activity, "based_on": "role_based", "role": activity[:5], "method": "fcfa"}
                                          for activity in sorted({row.activity for row in rows})]}
        return f"select workflow.definition_store('log', 1, $json${json.dumps(document)}$json$);\n"

    def copy(self, rows: list[Row]) -> None:
        cases = {case: uuid.uuid4() for case in sorted({row.case for row in rows})}
        numbers: Counter[str] = Counter()
        lines = ["copy workflow.instance (instance_id, date_created, date_changed, version, partition, next_n, next_serial, ends,"
                 " position, task_sequence, state, process_id) from stdin;"]
        lines += [f"{case}\t{ORIGIN}\t{ORIGIN}\t1\t0\t1\t2\t0\t1\t1\tcompleted\tlog" for case in cases.values()]
        lines += ["\\.", "copy workflow.have_done_tasks (instance_id, n, serial_no, branch_no, how, act_id, staff_id, date_created,"
                  " date_waiting, date_processing, date_ended, waiting_time, due_at) from stdin;"]
        for row in rows:
            numbers[row.case] += 1
            waits, taken, ended = (ORIGIN + timedelta(milliseconds=ms) for ms in (row.waits, row.taken, row.ended))
            due = "\\N" if row.due is None else str(ORIGIN + timedelta(milliseconds=row.due))
            lines.append(f"{cases[row.case]}\t{numbers[row.case]}\t1\t1\tended\t{row.activity}\t{row.person}\t{waits}\t{waits}\t{taken}"
                         f"\t{ended}\t{(row.taken - row.waits) * 1000}\t{due}")
        lines += ["\\.", "analyze;"]
        self.psql("set client_min_messages = error;\n" + "\n".join(lines) + "\n")

    def report(self, *arguments: str) -> list[dict[str, Any]]:
        done = subprocess.run([PAWL, "report", "work", "--database", self.conninfo, "--from", "2000-01-01", "--to", "2100-01-01",
                               "-o", "json", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return json.loads(done.stdout)

    def drop(self) -> None:
        self.psql(f"drop database if exists {self.name} with (force)", DATABASE)


class Log:
    """The comparisons, for each log."""

    log: str
    rows: list[Row]
    scratch: Scratch

    @classmethod
    def setUpClass(cls) -> None:
        if not DATABASE:
            raise unittest.SkipTest("PAWL_TEST_DATABASE is not set")
        if not (LOGS / f"{cls.log}.instances.csv.gz").exists():
            print("skipped: no event logs beside the project")
            raise unittest.SkipTest("no event logs beside the project")
        cls.rows = read(cls.log)
        cls.scratch = Scratch(cls.rows)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.scratch.drop()

    def compare(self, by: str, column: Callable[[dict[str, Any]], Any], keys: Callable[[Row], Iterable[Any]],
                *arguments: str) -> None:
        reported = {column(row): row for row in self.scratch.report("--by", by, *arguments)}
        wanted = expected(self.rows, keys)
        self.assertEqual(set(reported), set(wanted))
        for key, values in wanted.items():
            for name, value in values.items():
                self.assertAlmostEqual(reported[key][name], value, delta=1e-6 * max(1, abs(value)), msg=f"{key} {name}")

    def test_in_all(self) -> None:
        self.compare("", lambda row: "", lambda row: [""])

    def test_by_person(self) -> None:
        self.compare("person", lambda row: row["person"], lambda row: [row.person])

    def test_by_activity(self) -> None:
        self.compare("activity", lambda row: row["act_id"], lambda row: [row.activity])

    def test_by_person_and_activity_and_month(self) -> None:
        self.compare("person,activity", lambda row: (row["person"], row["act_id"], row["period"][:10]),
                     lambda row: [(row.person, row.activity, row.ends_at.strftime("%Y-%m-01"))], "--period", "month")

    def test_by_week(self) -> None:
        monday: Callable[[datetime], str] = lambda time: (time - timedelta(days=time.weekday())).strftime("%Y-%m-%d")
        self.compare("", lambda row: row["period"][:10], lambda row: [monday(row.ends_at)], "--period", "week")

    def test_by_department(self) -> None:
        self.compare("department", lambda row: row.get("department"),
                     lambda row: and_above(DEPARTMENTS, department_of(self.scratch.people[row.person])) or [None])

    def test_by_team(self) -> None:
        self.compare("team", lambda row: row.get("team"), lambda row: set().union(
            *(and_above(TEAMS, team) for team in teams_of(self.scratch.people[row.person]))) or [None])

    def test_by_role(self) -> None:
        self.compare("role", lambda row: row["role"], lambda row: [row.activity[:5]])


class LoanApplications(Log, unittest.TestCase):
    log = "bpic2012_W"


class InternationalDeclarations(Log, unittest.TestCase):
    log = "bpic2020_international"


if __name__ == "__main__":
    unittest.main(verbosity=2)
