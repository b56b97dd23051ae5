"""The works of the benchmark: for each its definition, its institution, and who does what."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine_run import PROJECT, Failure
from plan import Plan
from replay_log import Replay, convert, fill_plan, read_log

Json = dict[str, Any]

TEMPLATES = 1000  # cases with people of their own; they are repeated
PEOPLE = 20       # of a role
VOTERS = 3
BIG_ACTIVITIES, BIG_RULES, BIG_ROLES = 400, 5000, 20
JOB = "bench"
LOGS = Path(os.environ.get("PAWL_LOGS") or PROJECT.parent / "shared/inputs/logs")


@dataclass
class Work:
    definition: Json
    institution: Json
    plan: Plan
    job: str = ""
    replay: Replay | None = None  # whose cases are driven once each


def person(role: str, number: int) -> str:
    return f"{role}-{number:02}"


def institution(*roles: str, people: int = PEOPLE) -> Json:
    return {"roles": [{"role_id": role} for role in roles],
            "staff": [{"staff_id": person(role, number), "roles": [role]} for role in roles for number in range(people)]}


def interaction(act: str, role: str, method: str = "fcfa") -> tuple[Json, Json]:
    """The activity and its assignment."""
    return ({"act_id": act, "act_type": "interaction"},
            {"act": act, "based_on": "role_based", "role": role, "method": method})


def definition(process_id: str, activities: list[Json], routing: list[Json], assignment: list[Json]) -> Json:
    return {"process_id": process_id,
            "activities": [{"act_id": "begin", "act_type": "initial"}, *activities,
                           {"act_id": "end", "act_type": "completion"}],
            "routing": routing, **({"assignment": assignment} if assignment else {})}


def line(*acts: str) -> list[Json]:
    """Routing from each to the next."""
    return [{"from": one, "to": [other]} for one, other in zip(acts, acts[1:])]


def entity(number: int) -> str:
    return f"bench/{number}"


def claim(process_id: str) -> Work:
    """Two tasks, one after the other, each taken by one of the people of a role."""
    one, first = interaction("A", "clerks")
    two, second = interaction("B", "officers")
    plan = Plan(process_id)
    for i in range(TEMPLATES):
        plan.add(entity(i), None, [("A", person("clerks", i % PEOPLE), None),
                                   ("B", person("officers", i * 7 % PEOPLE), None)])
    return Work(definition(process_id, [one, two], line("begin", "A", "B", "end"), [first, second]),
                institution("clerks", "officers"), plan)


def and_merge(process_id: str) -> Work:
    """A and B at the same time, then C."""
    steps = [interaction(act, role) for act, role in (("A", "clerks"), ("B", "officers"), ("C", "clerks"))]
    activities = [step[0] for step in steps] + [{"act_id": "split", "act_type": "and_branch"},
                                                {"act_id": "join", "act_type": "and_merge"}]
    routing = [*line("begin", "split"), {"from": "split", "to": ["A", "B"]}, *line("A", "join"), *line("B", "join"),
               *line("join", "C", "end")]
    plan = Plan(process_id)
    for i in range(TEMPLATES):
        plan.add(entity(i), None, [("A", person("clerks", i % PEOPLE), None),
                                   ("B", person("officers", i * 7 % PEOPLE), None),
                                   ("C", person("clerks", i * 3 % PEOPLE), None)])
    return Work(definition(process_id, activities, routing, [step[1] for step in steps]),
                institution("clerks", "officers"), plan)


def vote(process_id: str) -> Work:
    """Everybody of a role votes, and all votes are needed: so that none is withdrawn under its voter's hands."""
    poll, everybody = interaction("poll", "voters", "all")
    count = {"act_id": "count", "act_type": "vote_merge", "or_merge_flag": "yes", "num_votes_needed": "100%"}
    routing = [*line("begin", "poll", "count"), {"from": "count", "flag": "passed", "to": ["end"]},
               {"from": "count", "flag": "rejected", "to": ["end"]}]
    plan = Plan(process_id)
    for i in range(TEMPLATES):
        plan.add(entity(i), None, [("poll", None, "yes")] * VOTERS)
    return Work(definition(process_id, [poll, count], routing, [everybody]),
                institution("voters", people=VOTERS), plan)


def least_working_list(process_id: str) -> Work:
    """As claim, but the engine chooses the person with the least to do."""
    one, first = interaction("A", "clerks", "least_working_list")
    two, second = interaction("B", "officers", "least_working_list")
    plan = Plan(process_id)
    for i in range(TEMPLATES):
        plan.add(entity(i), None, [("A", None, None), ("B", None, None)])
    return Work(definition(process_id, [one, two], line("begin", "A", "B", "end"), [first, second]),
                institution("clerks", "officers"), plan)


def automation(process_id: str) -> Work:
    """Two jobs, one after the other; the driver is their executor."""
    plan = Plan(process_id, jobs=f"job.{JOB}")
    for i in range(TEMPLATES):
        plan.add(entity(i), None, [("A", None, None), ("B", None, None)])
    activities = [{"act_id": act, "act_type": "automation", "auto_executive": JOB} for act in ("A", "B")]
    return Work(definition(process_id, activities, line("begin", "A", "B", "end"), []), institution("clerks"), plan, JOB)


def big_definition(process_id: str) -> Work:
    """Two tasks as in claim, anywhere in a definition of 400 activities and 5,000 rules."""
    names = [f"activity-{number:03}" for number in range(BIG_ACTIVITIES)]
    steps = [interaction(act, f"role-{number % BIG_ROLES:02}") for number, act in enumerate(names)]
    routing = [{"from": "begin", "flag": f"to:{act}", "to": [act]} for act in names]
    routing += [{"from": act, "flag": "to:end", "to": ["end"]} for act in names]
    for number in range(BIG_RULES - len(routing)):
        at, step = number % BIG_ACTIVITIES, number // BIG_ACTIVITIES
        after = names[(at + 1 + 37 * step) % BIG_ACTIVITIES]
        routing.append({"from": names[at], "flag": f"to:{after}", "to": [after]})
    plan, chance = Plan(process_id, sequence=True), random.Random(1)
    for i in range(TEMPLATES):
        at = chance.randrange(BIG_ACTIVITIES)
        after = (at + 1 + 37 * chance.randrange(10)) % BIG_ACTIVITIES
        rows = [(names[act], person(f"role-{act % BIG_ROLES:02}", i % PEOPLE), flag)
                for act, flag in ((at, f"to:{names[after]}"), (after, "to:end"))]
        plan.add(entity(i), f"to:{names[at]}", rows)
    return Work(definition(process_id, [step[0] for step in steps], routing, [step[1] for step in steps]),
                institution(*(f"role-{number:02}" for number in range(BIG_ROLES))), plan)


def replay(process_id: str, name: str, cases: int) -> Work:
    """What people really did: tests/bench/replay compares it with the log, too."""
    model, rows = LOGS / f"{name}.model.json", LOGS / f"{name}.instances.csv.gz"
    if not model.is_file() or not rows.is_file():
        raise Failure(f"cannot find the log {model} and {rows}")
    converted = convert(read_log(model, rows), process_id=process_id, limit=cases)
    return Work(converted.definition, converted.institution, fill_plan(converted), replay=converted)


WORKS: dict[str, Callable[[str], Work]] = {
    "claim": claim, "and-merge": and_merge, "vote": vote, "least-working-list": least_working_list,
    "automation": automation, "big-definition": big_definition}
