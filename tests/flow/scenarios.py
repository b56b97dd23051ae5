#!/usr/bin/env python3
"""Walks the scenarios of scenarios/*.json through the engine, side by side, and compares how they end.

A scenario: {"title", "process", "start_flag"?, "steps": [{"act", "staff" | "executor", "flag", "rejected"?}],
"expect": {"state", "completion_flag"?, "open"?: [act…], "path": [act…]}}.  A step takes the oldest task of the
activity and ends it; with "rejected" the engine must refuse it with that code.  "path" lists every activity
that ended, those without work too, in order.

Exit codes: 0 all as expected, 1 one is not, 2 usage, 4 no answer from the engine.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy"))
from walk import Engine, Instance, Json, NoAnswer, Rejected, WalkError, read_json  # noqa: E402

SCENARIOS = Path(__file__).resolve().parent / "scenarios"


def run(engine: Engine, name: str, scenario: Json) -> str | None:
    """What was not as expected."""
    try:
        instance = engine.start(scenario["process"], f"scenario/{name}", scenario.get("start_flag"))
        for number, step in enumerate(scenario["steps"], start=1):
            problem = walk_step(engine, instance, step)
            if problem:
                return f"step {number} ({step['act']}): {problem}"
        return compare(instance, scenario["expect"])
    except WalkError as error:
        return str(error)


def walk_step(engine: Engine, instance: Instance, step: Json) -> str | None:
    who = {"executor_id": step["executor"]} if "executor" in step else {"staff_id": step["staff"]}
    expected = step.get("rejected")
    try:
        engine.perform(instance, step["act"], who, step.get("flag"))
    except Rejected as error:
        return None if error.code == expected else str(error)
    except WalkError as error:
        return str(error)
    return f"was applied, should be rejected: {expected}" if expected else None


def compare(instance: Instance, expect: Json) -> str | None:
    found: Json = {"state": instance.state, "completion_flag": instance.completion_flag,
                   "open": instance.open_acts(), "path": instance.path_taken()}
    wanted: Json = {"completion_flag": None, "open": [], **expect}
    for what, value in wanted.items():
        if found[what] != value:
            return f"{what} is {shown(found[what])}, expected {shown(value)}"
    return None


def shown(value: object) -> str:
    return " ".join(value) or "nothing" if isinstance(value, list) else str(value)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios to run (default: all)")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS",
                        help="how long to wait for one answer of the engine (default 30)")
    chosen = parser.parse_args()
    files = {file.stem: file for file in sorted(SCENARIOS.glob("*.json"))}
    unknown = set(chosen.names) - set(files)
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(files)}")
    scenarios = {name: read_json(file) for name, file in files.items() if not chosen.names or name in chosen.names}
    try:
        with Engine(chosen.timeout) as engine, ThreadPoolExecutor(max_workers=len(scenarios)) as threads:
            problems = list(threads.map(lambda item: run(engine, *item), scenarios.items()))
    except NoAnswer as error:
        print(f"scenarios: {error}", file=sys.stderr)
        return 4
    for name, problem in zip(scenarios, problems):
        print(f"{'ok  ' if problem is None else 'FAIL'} {name}: {problem or scenarios[name]['title']}")
    return 1 if any(problems) else 0


if __name__ == "__main__":
    sys.exit(main())
