"""Turns an event log into a process definition, an institution and a plan of commands.

A log is `NAME.model.json` and `NAME.instances.csv.gz`.  What is replayed are the rows of the CSV, those of a
case one after the other in the order of `seq`; the model adds the people and groups that no row names, and
its numbers are compared with those of the rows.

    ~start --to:A--> A --to:B--> B … --to:~end--> ~end        (the first flag is that of init-instance)

Each activity is an interaction of a role of the same id, held by everybody who did it in the log.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plan import Plan

Json = dict[str, Any]

START, END, NOBODY = "~start", "~end", "~unknown"
FLAG = "to:"
NAME_BYTES = 190  # an id has at most 200 bytes, and a flag is an activity id and three more
DEFINITION_BYTES = 700_000  # a larger definition gets short activity ids, so that it fits a message

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Names:
    """Ids for the names of one kind; a name that cannot be an id gets `~<kind>-<n>`, and the table tells which."""

    def __init__(self, kind: str, *, all_short: bool = False) -> None:
        self.kind = kind
        self.all_short = all_short
        self.ids: dict[str, str] = {}
        self.names: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        known = self.ids.get(name)
        if known is None:
            known = name if self._fits(name) else f"~{self.kind}-{len(self.ids) + 1}"
            self.ids[name] = known
            self.names[known] = name
        return known

    def _fits(self, name: str) -> bool:
        if self.all_short or not name or name.startswith("~") or CONTROL.search(name):
            return False
        return len(name.encode()) <= NAME_BYTES

    def mapped(self) -> dict[str, str]:
        return {known: name for known, name in self.names.items() if known != name}


@dataclass
class Row:
    """One task of the log."""

    seq: int
    activity: str
    resource: str
    group: str
    department: str


@dataclass
class Log:
    """What the two files say."""

    name: str
    cases: dict[str, list[Row]]  # in the order of the file, the rows of each in the order of seq
    model: Json = field(default_factory=dict)

    def rows(self) -> int:
        return sum(map(len, self.cases.values()))

    def warnings(self) -> list[str]:
        """Where the model's numbers are not those of the rows."""
        rows = self.rows()
        counted = {"cases": len(self.cases), "instances": rows, "commands": len(self.cases) + 2 * rows}
        said = [f"the model says {self.model[key]} {key}, the rows {number}"
                for key, number in counted.items() if self.model.get(key, number) != number]
        pairs = {(one.activity, other.activity)
                 for case in self.cases.values() for one, other in zip(case, case[1:])}
        modelled = {(rule["cur"], act) for rule in self.model.get("routing", []) for act in rule["next"]}
        if modelled and modelled != pairs:
            said.append(f"routing: {len(pairs - modelled)} steps of the rows are not in the model, "
                        f"{len(modelled - pairs)} of the model not in the rows (left out)")
        return said


def read_log(model_path: Path, csv_path: Path) -> Log:
    csv.field_size_limit(1 << 30)
    with open(model_path, encoding="utf-8-sig", errors="surrogateescape") as file:
        model = json.load(file)
    cases: dict[str, list[Row]] = {}
    # Names are kept as they are, even where they are not UTF-8: Names maps those.
    with gzip.open(csv_path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        for record in csv.DictReader(file):
            row = Row(int(record["seq"]), record["activity"] or "", record.get("resource") or "",
                      record.get("group") or "", record.get("department") or "")
            cases.setdefault(record["case"] or "", []).append(row)
    for rows in cases.values():
        rows.sort(key=lambda row: row.seq)
    return Log(csv_path.name.removesuffix(".gz").removesuffix(".csv").removesuffix(".instances"), cases, model)


@dataclass
class Replay:
    """What the engine is given, and what its history must say afterwards."""

    process_id: str
    definition: Json
    institution: Json
    cases: list[tuple[str, list[tuple[str, str]]]]  # entity id, (activity id, staff id) of each row
    names: dict[str, Names]

    def commands(self) -> int:
        return sum(1 + 2 * len(rows) for _, rows in self.cases)

    def history(self) -> Counter[tuple[str, str, str, str]]:
        """How many tasks of each (entity, activity, person, flag) end."""
        expected: Counter[tuple[str, str, str, str]] = Counter()
        for entity, rows in self.cases:
            following = [act for act, _ in rows[1:]] + [END]
            expected.update((entity, act, staff, FLAG + after)
                            for (act, staff), after in zip(rows, following))
        return expected


def convert(log: Log, *, process_id: str, limit: int = 0, longest_first: bool = True) -> Replay:
    """The definition and the institution are those of the whole log, also when only `limit` cases are replayed."""
    names = {kind: Names(kind) for kind in ("activity", "staff", "team", "department", "case")}
    definition = make_definition(log, process_id, names["activity"])
    if len(compact(definition).encode()) > DEFINITION_BYTES:
        names["activity"] = Names("activity", all_short=True)
        definition = make_definition(log, process_id, names["activity"])
    institution = make_institution(log, names)

    cases = []
    for case, rows in list(log.cases.items())[:limit or None]:
        cases.append((names["case"](case), [(names["activity"](row.activity), staff_of(row, names["staff"]))
                                            for row in rows]))
    if longest_first:
        cases.sort(key=lambda case: -len(case[1]))
    return Replay(process_id, definition, institution, cases, names)


def staff_of(row: Row, names: Names) -> str:
    return names(row.resource) if row.resource else NOBODY


def make_definition(log: Log, process_id: str, names: Names) -> Json:
    steps: dict[tuple[str, str], None] = {}  # a set in the order of arrival
    for rows in log.cases.values():
        acts = [START, *(names(row.activity) for row in rows), END]
        steps.update(dict.fromkeys(zip(acts, acts[1:])))
    interactions = list(names.names)
    return {
        "process_id": process_id,
        "activities": [{"act_id": START, "act_type": "initial"},
                       *({"act_id": act, "act_type": "interaction"} for act in interactions),
                       {"act_id": END, "act_type": "completion"}],
        "routing": [{"from": one, "flag": FLAG + other, "to": [other]} for one, other in steps],
        "assignment": [{"act": act, "based_on": "role_based", "role": act, "method": "fcfa"}
                       for act in interactions],
    }


@dataclass
class Person:
    """What the log says of one person."""

    roles: dict[str, None] = field(default_factory=dict)
    teams: dict[str, None] = field(default_factory=dict)
    departments: Counter[str] = field(default_factory=Counter)


def make_institution(log: Log, names: dict[str, Names]) -> Json:
    team, department, activity = names["team"], names["department"], names["activity"]
    people: dict[str, Person] = defaultdict(Person)
    for rows in log.cases.values():
        for row in rows:
            person = people[staff_of(row, names["staff"])]
            person.roles[activity(row.activity)] = None
            # Nobody is in no group: it stands for everybody whom the log does not name.
            if row.group and (team(row.group) and row.resource):
                person.teams[team(row.group)] = None
            if row.department and (department(row.department) and row.resource):
                person.departments[department(row.department)] += 1
    add_modelled(log.model.get("institution", {}), people, names)
    return {
        "departments": [{"dept_id": known} for known in department.names],
        "teams": [{"team_id": known} for known in team.names],
        "roles": [{"role_id": known} for known in activity.names],
        "staff": [staff_record(known, person) for known, person in people.items()],
    }


def add_modelled(institution: Json, people: dict[str, Person], names: dict[str, Names]) -> None:
    """People and groups that no row names."""
    for group in institution.get("groups", []):
        if group["id"]:
            names["team"](group["id"])
    for department in institution.get("departments", []):
        if department:
            names["department"](department)
    for member in institution.get("staff", []):
        if member["id"]:
            teams = (names["team"](group) for group in member.get("groups", {}) if group)
            people[names["staff"](member["id"])].teams.update(dict.fromkeys(teams))


def staff_record(staff_id: str, person: Person) -> Json:
    record: Json = {"staff_id": staff_id, "teams": list(person.teams), "roles": list(person.roles)}
    if person.departments:  # a person is in one department: the one most often named
        record["dept_id"] = person.departments.most_common(1)[0][0]
    return record


def compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_replay(replay: Replay, folder: Path) -> None:
    """Writes definition.json, institution.json, names.json and the driver's plan.txt."""
    (folder / "definition.json").write_text(compact(replay.definition), encoding="utf-8")
    (folder / "institution.json").write_text(compact(replay.institution), encoding="utf-8")
    tables = {kind: names.mapped() for kind, names in replay.names.items()}
    (folder / "names.json").write_text(json.dumps(tables, indent=1), encoding="utf-8")
    with open(folder / "plan.txt", "w", encoding="utf-8", newline="\n") as file:
        fill_plan(replay).write(file)


def fill_plan(replay: Replay) -> Plan:
    plan = Plan(replay.process_id, sequence=True)
    for member in replay.institution["staff"]:
        plan.staff(member["staff_id"])
    for entity, done in replay.cases:
        following = [act for act, _ in done[1:]] + [END]
        rows = [(act, member, FLAG + after) for (act, member), after in zip(done, following)]
        plan.add(entity, FLAG + done[0][0], rows)
    return plan
