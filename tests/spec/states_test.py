#!/usr/bin/python3
"""The state machine is data: what the cases bring about is in the core's tables, all of the tables is brought about by a case,
and the page of the manual is made from them (TSK-1 to TSK-7)."""

from __future__ import annotations

import json
import unittest
from typing import Any

from case import all_cases
from core import Core, Result
from play import CorePlay
from states import PAGE, page, tables

Json = dict[str, Any]
# An engine that was not there, and is: tests/flow/engines_faults_test.py.
ELSEWHERE = {("retry-incident", "waiting", "processing")}
Change = tuple[str, str, str]  # operation, from, to; from is "" of what is new


class Watched(Core):
    """A core whose events are remembered as changes of state."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: set[Change] = set()
        self.instances: set[Change] = set()

    def command(self, kind: str, data: Json | None, **attributes: Any) -> list[Result]:
        results = super().command(kind, data, **attributes)
        sent = [operation_of(kind, data if data is not None else attributes["value"])]
        for result in results:  # the command's own, of what the engine sent itself, of what it does of its own accord
            self.note(sent.pop(0) if sent else "assign-task", result)
            sent += [operation_of(topic[len("command."):], event) for topic, event in result.events
                     if topic.startswith("command.")]
        return results

    def advance(self, by: str) -> list[Result]:
        results = super().advance(by)
        for result in results:
            self.note("fire-timer", result)
        return results

    def note(self, operation: str, result: Result) -> None:
        for topic, event in result.events:
            if topic in ("state.task", "state.instance"):
                changes = self.tasks if topic == "state.task" else self.instances
                changes.add((operation, event.get("previous_state", ""), event["state"]))


def operation_of(kind: str, data: Json | str) -> str:
    try:
        data = json.loads(data) if isinstance(data, str) else data
    except ValueError:
        return kind
    return data.get("operation", kind) if isinstance(data, dict) else kind


class States(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.tables = tables()
        with Watched() as core:
            for case in all_cases():
                CorePlay(case, core).run()
        cls.seen = core

    def ways(self, kind: str, first: str, operation: str, start: str) -> set[str]:
        """The states that an operation may lead to: its own row, if it has one, and then any moves."""
        steps = {(row["from"], row["to"]) for row in self.tables[f"{kind}_moves"]}
        begun = start or first
        found = {row["to"] for row in self.tables[f"{kind}_operations"] if (row["name"], row["from"]) == (operation, begun)}
        found |= {end for begin, end in steps if begin == begun} | (set() if start else {first})
        while more := {end for begin, end in steps if begin in found} - found:
            found |= more
        return found

    def test_every_change_of_a_task_is_in_the_table(self) -> None:
        for operation, start, end in sorted(self.seen.tasks):
            with self.subTest(operation, start=start, end=end):
                self.assertIn(end, self.ways("task", "pending", operation, start))

    def test_every_change_of_an_instance_is_in_the_table(self) -> None:
        for operation, start, end in sorted(self.seen.instances):
            if start != end:  # else something else of it has changed: entity, variables, incident
                with self.subTest(operation, start=start, end=end):
                    self.assertIn(end, self.ways("instance", "running", operation, start))

    def test_every_row_is_shown_by_a_case(self) -> None:
        for kind, seen in (("task", self.seen.tasks), ("instance", self.seen.instances)):
            for row in self.tables[f"{kind}_operations"]:
                change = (row["name"], row["from"], row["to"])
                if change in ELSEWHERE or (kind == "instance" and row["from"] == row["to"]):
                    continue  # the latter: the operation is possible, and its events are those of tasks
                with self.subTest(kind, change=change):
                    self.assertTrue(change in seen)

    def test_every_move_is_shown_by_a_case(self) -> None:
        """By whatever operation; a state that was only passed through shows in what follows."""
        for kind, seen in (("task", self.seen.tasks), ("instance", self.seen.instances)):
            shown = {(start, end) for _, start, end in seen}
            for row in self.tables[f"{kind}_moves"]:
                if (row["from"], row["to"]) != ("waiting", "processing"):  # within the command that makes it wait
                    with self.subTest(kind, move=row["name"], start=row["from"], end=row["to"]):
                        self.assertTrue((row["from"], row["to"]) in shown)

    def test_the_page_is_made_from_the_tables(self) -> None:
        self.assertEqual(PAGE.read_text(), page(), "call tests/spec/states.py --write")


if __name__ == "__main__":
    unittest.main()
