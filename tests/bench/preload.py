"""Fills the database with what it would hold after a year of use, before anything is measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine_run import run, say
from works import person

Json = dict[str, Any]

PROCESS = "bench.preload"
STAFF = {"A": person("clerks", 0), "B": person("officers", 0)}


def preload(pawl: Callable[..., str], folder: Path, definition: Json, env: dict[str, str], open_: int, done: int) -> None:
    """The engine makes one instance that is open and one that is done, of another process of the same kind; SQL copies them."""
    path = folder / "preload.json"
    path.write_text(json.dumps({**definition, "process_id": PROCESS}), encoding="utf-8")
    pawl("process", "deploy", path)
    finished = _start(pawl)
    for act, staff in STAFF.items():
        taken = json.loads(pawl("task", "get", "--staff", staff, "--process", PROCESS, "--act", act, "-o", "json"))
        pawl("task", "end", taken["task"]["task_id"], "--staff", staff)
    variables = {"open_id": _start(pawl), "done_id": finished, "open": open_, "done": done}
    say(f"copying {open_} open and {done} finished instances")
    psql = ["psql", "-X", "-q", "-d", env.get("PAWL_DATABASE", "dbname=pawl")]
    settings = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
    run([*psql, *settings, "-f", str(Path(__file__).with_name("preload.sql"))], "preload.sql", env)
    # As it is in use: autovacuum has been there, and the checkpoint is over.
    run([*psql, "-c", "vacuum analyze"], "vacuum", env)


def _start(pawl: Callable[..., str]) -> str:
    return str(json.loads(pawl("instance", "start", PROCESS, "-o", "json"))["instance_id"])
