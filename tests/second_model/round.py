"""One round: an institution, some definitions, commands; the model and the core must agree on all of it."""
from __future__ import annotations

import random
from dataclasses import dataclass, field

import generator
from driver import Driver
from engine import Engine
from fold import Violation, differs
from player import Player
from properties import Properties

IGNORED = {"reason", "detail", "waits"}
COMPARED = ("result", "code", "instance_id", "instance_state", "position", "tasks", "tasks_started", "flags", "version")
TICK = 1000  # microseconds a command


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
    definitions: int = 0


def make(seed: str, commands: int, features: set[str]) -> Round:
    """Lets the model play; what it answers is kept."""
    rng = random.Random(seed)
    done, engine = Round(), Engine()
    player = Player(rng, engine, features)
    now = 0
    begin = [{"topic": "admin", "key": "institution",
              "data": {"operation": "load-institution", "institution": generator.institution(rng)}}]
    for process_id in ("p1", "p2")[:rng.choice((1, 1, 2))]:
        begin.append(deployment(generator.definition(rng, process_id, features)))
    if "user_rules" in features:
        begin.append({"answers": generator.answers(rng, [c["data"]["definition"] for c in begin[1:]])})
    for number in range(commands):
        command = begin.pop(0) if begin else player.command()
        if not begin and not engine.definitions and number > 1:
            begin = [deployment(generator.definition(rng, "p1", features))]
        done.lines.append(command)
        now += TICK if "topic" in command else 0
        done.results.append(answer_to(engine, command, now))
    done.definitions = sum(len(versions) for versions in engine.definitions.values())
    done.lines += [{"dump": instance_id} for instance_id in engine.instances]
    return done


def deployment(definition: dict) -> dict:
    return {"topic": "admin", "key": definition["process_id"],
            "data": {"operation": "deploy-process", "definition": definition}}


def replay(lines: list[dict]) -> Round:
    """The model's answers to lines that were made before."""
    done, engine, now = Round(lines=lines), Engine(), 0
    for line in lines:
        if "topic" in line:
            now += TICK
        if "dump" not in line:
            done.results.append(answer_to(engine, line, now))
    return done


def answer_to(engine: Engine, line: dict, now: int) -> tuple | None:
    if "answers" in line:
        engine.answers |= line["answers"]
        return None
    return engine.apply(line, now)


def check(done: Round, driver: Driver) -> Trouble | None:
    """Compares the core's answers with the model's, and both with what must hold."""
    answers = driver.tell([{"reset": True}, *done.lines])[1:]
    properties = Properties()
    for number, (line, answer) in enumerate(zip(done.lines, answers)):
        try:
            trouble = check_line(done, number, line, answer, properties)
        except Violation as why:
            trouble = Trouble("violation", number, str(why), None, answer)
        if trouble:
            return trouble
    return None


def check_line(done: Round, number: int, line: dict, answer: dict, properties: Properties) -> Trouble | None:
    if "died" in answer or "error" in answer:
        return Trouble("died", number, str(answer))
    if "dump" in line:
        folded = properties.fold.instances.get(line["dump"])
        what = folded and differs(folded, answer)
        return Trouble("violation", number, what, None, answer) if what else None
    if "answers" in line:
        return None
    outcome, events = done.results[number]
    what = outcomes_differ(outcome, answer["outcome"]) or events_differ(events, answer["events"])
    if what:
        return Trouble("difference", number, what, (outcome, events), answer)
    properties.after(answer)
    return None


def outcomes_differ(model: dict, core: dict) -> str | None:
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


def events_differ(model: list[dict], core: list[dict]) -> str | None:
    core = events_of(core)
    for mine, other in zip(model, core):
        data = {name: value for name, value in other["data"].items() if name not in IGNORED}
        if mine["topic"] != other["topic"] or mine["data"] != data:
            names = sorted(k for k in mine["data"].keys() | data.keys() if mine["data"].get(k) != data.get(k))
            return f"event {other['data'].get('position')}: {' '.join(names) or 'topic'}"
    if len(model) != len(core):
        return f"{len(model)} events by the model, {len(core)} by the core"
    return None


def events_of(core: list[dict]) -> list[dict]:
    """The events, then the jobs."""
    return [e for e in core if e["topic"] in ("state.task", "state.instance")] + [
        e for e in core if e["topic"].startswith("job.")]
