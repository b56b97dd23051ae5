"""The pure core as what runs a case: core-driver, by pipe."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tell import when

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Result:
    """What one command did."""

    outcome: Json | None
    events: list[tuple[str, Json]] = field(default_factory=list)  # topic, data
    asked: list[Json] = field(default_factory=list)


def driver_program() -> str:
    return os.environ.get("PAWL_CORE_DRIVER") or str(ROOT / "build/release/bin/core-driver")


class Core:
    """One core-driver."""

    def __init__(self) -> None:
        self._driver = subprocess.Popen([driver_program()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Core:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._driver.stdin and self._driver.stdout
        self._driver.stdin.close()
        if self._driver.wait(30) != 0:
            raise AssertionError(f"core-driver ended with {self._driver.returncode}")
        self._driver.stdout.close()

    def line(self, request: Json) -> Any:
        assert self._driver.stdin and self._driver.stdout
        self._driver.stdin.write(json.dumps(request, separators=(",", ":"), ensure_ascii=False) + "\n")
        self._driver.stdin.flush()
        answer = self._driver.stdout.readline()
        if not answer:
            raise AssertionError(f"core-driver died of {request}")
        found = json.loads(answer)
        if isinstance(found, dict) and "error" in found:
            raise AssertionError(f"{request}: {found['error']}")
        return found

    def reset(self) -> None:
        self.line({"reset": True})

    def command(self, kind: str, data: Json | None, **attributes: Any) -> list[Result]:
        """What the command did, and what that brought about."""
        request = {"topic": kind, **attributes} | ({} if data is None else {"data": data})
        return results_of(self.line(request))

    def advance(self, by: str) -> list[Result]:
        return [result for found in self.line({"advance": by}) for result in results_of(found)]

    def answers(self, answers: Json) -> None:
        self.line({"answers": answers})

    def rows(self, instance_id: str) -> dict[int, Json]:
        """The rows of to_do_task_list and have_done_tasks, by number of the task."""
        dump = self.line({"dump": instance_id})
        rows = dump["to_do_task_list"] + dump["have_done_tasks"]
        if len({row["n"] for row in rows}) != len(rows):
            raise AssertionError(f"a task is in both lists: {rows}")
        members = ("act_id", "state", "pre_act_id", "serial_no", "branch_no", "staff_id", "grantor_id", "executor_id",
                   "completion_flag")
        return {row["n"]: {name: row.get(name) for name in members} for row in rows}


    def work(self, instance_id: str) -> list[tuple[int, Json]]:
        """Who did what, and how long it waited, was worked at and paused: of tasks that were ended (LOG-2)."""
        work = []
        for row in sorted(self.line({"dump": instance_id})["have_done_tasks"], key=lambda row: row["n"]):
            if row["state"] == "ended" and "staff_id" in row:
                waiting, paused = (timedelta(microseconds=row[name]) for name in ("waiting_time", "paused_time"))
                whole = when(row["date_ended"]) - when(row["date_created"])
                work.append((row["n"], {**row, "waiting": waiting, "paused": paused, "working": whole - waiting - paused}))
        return work


def results_of(found: Json) -> list[Result]:
    events = [(event["topic"], event.get("data")) for event in found["events"]]
    first = Result(found.get("outcome"), events, found.get("asked", []))
    return [first, *(result for then in found.get("then", []) for result in results_of(then))]
