"""One round: an institution, some definitions, commands; the model and the core must agree on all of it."""
from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass, field

import generator
from driver import Driver
from engine import Engine, TooMany
from fold import Violation
from player import Player
from properties import Properties

IGNORED = {"reason", "detail", "waits"}
SILENT = {"state.definition", "state.institution", "dead-letter"}  # not of instances
COMPARED = ("result", "code", "instance_id", "instance_state", "position", "tasks", "tasks_started", "flags", "version")


@dataclass
class Trouble:
    kind: str   # difference, violation, died
    at: int     # which line
    what: str
    model: object = None
    core: object = None


@dataclass
class Round:
    lines: list[dict] = field(default_factory=list)
    results: list = field(default_factory=list)  # the model's
    commands: int = 0  # of the lines; the others answer for functions, or move the clock
    definitions: int = 0


def make(seed: str, commands: int, features: set[str]) -> Round:
    """Lets the model play; what it answers is kept."""
    while True:
        try:
            return make_once(seed, commands, features)
        except TooMany:
            seed += "'"


def make_once(seed: str, commands: int, features: set[str]) -> Round:
    rng = random.Random(seed)
    done, engine = Round(), Engine()
    player = Player(rng, engine, features)
    begin = [{"topic": "admin", "key": "institution",
              "data": {"operation": "load-institution", "institution": generator.institution(rng)}}]
    for process_id in ("p1", "p2")[:2 if "sub_process" in features and rng.random() < 0.85 else 1]:
        begin.append(deployment(generator.definition(rng, process_id, features)))
    if "user_rules" in features:
        begin.append({"answers": generator.answers(rng, [line["data"]["definition"] for line in begin[1:]], engine.institution)})
    while done.commands < commands:
        line = begin.pop(0) if begin else player.line()
        if not begin and not engine.definitions and done.commands > 1:
            begin = [deployment(generator.definition(rng, "p1", features))]
        done.commands += "topic" in line
        done.lines.append(line)
        done.results.append(engine.tell(line))
    done.definitions = sum(len(versions) for versions in engine.definitions.values())
    return done


def deployment(definition: dict) -> dict:
    return {"topic": "admin", "key": definition["process_id"],
            "data": {"operation": "deploy-process", "definition": definition}}


def replay(lines: list[dict]) -> Round:
    """The model's answers to lines that were made before."""
    engine = Engine()
    return Round(lines, [engine.tell(line) for line in lines])


def check(done: Round, driver: Driver) -> Trouble | None:
    """Compares the core's answers with the model's, and both with what must hold."""
    answers = driver.tell([{"reset": True}, *done.lines])[1:]
    properties = Properties()
    for number, (line, answer) in enumerate(zip(done.lines, answers)):
        trouble = check_line(done, number, line, answer, properties)
        if trouble:
            return trouble
    return None


def check_line(done: Round, number: int, line: dict, answer: dict | list, properties: Properties) -> Trouble | None:
    if "died" in answer or "error" in answer:
        return Trouble("died", number, str(answer))
    if "answers" in line:
        return None
    mine = done.results[number] if isinstance(answer, list) else [done.results[number]]
    for model, core in pairs(mine, answer if isinstance(answer, list) else [answer]):
        try:
            properties.after(core, model.get("choices", ()))
        except Violation as why:
            return Trouble("violation", number, str(why), model, core)
        what = results_differ(model, core)
        if what:
            return Trouble("difference", number, what, model, core)
    return None


def pairs(mine: list, others: list):
    """Each result with what followed from it, the model's beside the core's; nothing where one of them has none."""
    for model, core in itertools.zip_longest(mine, others, fillvalue={"events": []}):
        yield model, core
        yield from pairs(model.get("then", []), core.get("then", []))


def results_differ(model: dict, core: dict) -> str | None:
    return outcomes_differ(model.get("outcome"), core.get("outcome")) or events_differ(model["events"], core["events"])


def outcomes_differ(model: dict | None, core: dict | None) -> str | None:
    if model is None or core is None:
        return None if model == core else f"an outcome: {model} by the model, {core} by the core"
    if model["result"] != "applied":
        core = core | {"version": model.get("version")}
    for name in COMPARED:
        if model.get(name) != core.get(name):
            return f"outcome {name} of {core.get('operation')}: {model.get(name)!r} by the model, {core.get(name)!r} by the core"
    if model["result"] == "applied":
        for name in ("task_id", "state"):
            mine, other = model.get("task", {}).get(name), core.get("task", {}).get(name)
            if mine != other:
                return f"outcome task {name}: {mine!r} by the model, {other!r} by the core"
    return None


def told_alike(messages: list[dict]) -> list[dict]:
    """What several subscribers are told of one event comes in no order: by topic, then."""
    groups = itertools.groupby(messages, lambda m: (m["topic"].startswith("state."), json.dumps(plain(m["data"]), sort_keys=True)))
    return [m for (state, _), group in groups for m in (group if state else sorted(group, key=lambda m: m["topic"]))]


def events_differ(model: list[dict], core: list[dict]) -> str | None:
    model, core = told_alike(model), told_alike(events_of(core))
    for mine, other in zip(model, core):
        one, two = plain(mine["data"]), plain(other["data"])
        if mine["topic"] != other["topic"] or one != two:
            names = sorted(k for k in one.keys() | two.keys() if one.get(k) != two.get(k))
            return f"event {two.get('position')}: {' '.join(names) if mine['topic'] == other['topic'] else 'topic'}"
    if len(model) != len(core):
        return f"{len(model)} events by the model, {len(core)} by the core"
    return None


def plain(data: dict) -> dict:
    """Without what is said in words."""
    data = {name: value for name, value in data.items() if name not in IGNORED}
    if "incident" in data:
        data["incident"] = {name: value for name, value in data["incident"].items() if name != "detail"}
    return data


def events_of(core: list[dict]) -> list[dict]:
    """The events, then the jobs, then what goes to others."""
    state = [e for e in core if e["topic"] in ("state.task", "state.instance")]
    jobs = [e for e in core if e["topic"].startswith("job.")]
    return state + jobs + [e for e in core if not e["topic"].startswith(("state.", "job.")) and e["topic"] not in SILENT]
