#!/usr/bin/python3
"""The members of every operation: missing, of another type, without sense, superfluous; bytes that are no command (BUS-3)."""

from __future__ import annotations

import json
import re
import sys
import unittest
from collections.abc import Iterator
from typing import Any

from core import ROOT
from situations import Desk, told, topic_of

sys.path.insert(0, str(ROOT / "tests/unit"))
import schemas_test  # noqa: E402  (its validators)

Json = dict[str, Any]

WRONG = [None, True, 7, -1, 1.5, "", "x\u0001", "x" * 201, "~", [], [7], ["x"], {}, {"a": []}]  # for any member
# On both sides of a limit.
TASK = "0193f2c4-8a1e-7b60-9c35-2f4e6d8a1b07"  # of the examples' instance
IDS = ["x\u007f", "x\u0080", "x\u009f", "x\u00a0", "x" * 200, ["x\u0085"], {"role": "x\u0085"}]
NUMBERS = [0, 1.0, -2**31, -2**31 - 1, 2**31 - 1, 2**31, 2**63, 1e300]
TASKS = [f"{TASK}:{n}" for n in (0, 1, "01", 999999999, 2**31 - 1, 2**31, 2**31 + 10, 9999999999, 2**32 + 1)]
TIMES = [*(f"{day}T00:00:00Z" for day in ("1969-12-31", "1970-01-01", "0001-01-01", "9999-12-31", "2026-13-01", "2026-00-01",
                                          "2026-01-00", "2026-01-32")),
         *(f"2026-01-01T{time}Z" for time in ("24:00:00", "23:59:59", "12:60:00", "12:00:60", "12:00:61", "12:00:00.123456789",
                                              "12:00:00.1234567890")),
         *(f"2026-01-01 12:00:00{offset}" for offset in ("+23:59", "+24:00", "-01:60", ""))]
DURATIONS = ["PT0.5S", "PT0.5M", "PT1.0M", "PT1S1M", "PT1H1H", "P1D1W", "P1W1DT1H1M1S", "PT999999999S", "PT9999999999S",
             "PT0.1234567890S", "P", "PT", "P1DT"]
FILES = {"definition": ("deploy-process", "definition_invalid"), "institution": ("load-institution", "institution_invalid")}
FORM = {"unknown_member", "missing_member", "invalid_value"}  # faults that a schema can find, too


def places(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Of all members and elements, however deep."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in below:
        yield (*above, key)
        yield from places(child, (*above, key))


def at(value: Any, place: tuple[str | int, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


def limits_of(value: Any) -> list[Any]:
    """The limits of what a right value is."""
    if not isinstance(value, str):
        return NUMBERS if isinstance(value, int) else []
    return DURATIONS if re.match(r"PT?\d", value) else TIMES if re.match(r"\d{4}-", value) else IDS


def with_value(value: Any, place: tuple[str | int, ...], instead: Any) -> Any:
    """A copy that has another value at the place."""
    if not place:
        return instead
    copy = value.copy()
    copy[place[0]] = with_value(value[place[0]], place[1:], instead)
    return copy


class Members(unittest.TestCase):
    """What the schemas of the commands refuse the engine refuses, and nothing else: the examples, made wrong."""

    def setUp(self) -> None:
        self.desk = Desk()
        self.addCleanup(self.desk.core.__exit__)

    def examples(self) -> Iterator[tuple[str, str, Json, Any]]:
        """Operation, topic, data and validator."""
        for path in sorted((ROOT / "schemas/commands").glob("*.schema.json")):
            operation = path.name.removesuffix(".schema.json")
            data = json.loads(min((ROOT / "schemas/examples" / operation).glob("*.json")).read_text())
            if "notifyto" in data:
                data["notifyto"] = "workflow.reply.me"  # which topics may be named is a setting
            yield operation, topic_of(operation), data, schemas_test.validator(operation)

    def judged(self, topic: str, data: Any) -> str:
        return told(self.desk.send(topic, data))

    def test_missing(self) -> None:
        for operation, topic, data, validator in self.examples():
            for member in data:
                less = {name: value for name, value in data.items() if name != member}
                with self.subTest(operation, missing=member):
                    self.assertEqual(self.judged(topic, less) == "invalid_command", not validator.is_valid(less))

    def test_superfluous(self) -> None:
        for operation, topic, data, _ in self.examples():
            with self.subTest(operation):
                self.assertEqual(self.judged(topic, data | {"unheard_of": [1]}), self.judged(topic, data))
                self.assertNotEqual(self.judged(topic, data), "invalid_command")

    def test_wrong(self) -> None:
        """Each member of each operation with each wrong value; as many thousands of commands."""
        for operation, topic, data, validator in self.examples():
            for member in set(validator.schema["properties"]) - {"operation", "definition", "institution", "notifyto"}:
                for value in [*WRONG, *IDS, *NUMBERS, *TASKS, *TIMES, *DURATIONS]:
                    wrong = data | {member: value}
                    with self.subTest(operation, member=member, value=value):
                        self.assertEqual(self.judged(topic, wrong) == "invalid_command", not validator.is_valid(wrong))

    def test_files(self) -> None:
        """Each member of a file with each wrong value; what the schema takes has at most faults of sense."""
        for name, (operation, code) in FILES.items():
            validator = schemas_test.validator(name)
            file = json.loads(max((ROOT / "schemas/examples" / name).glob("*.json"), key=lambda path: path.stat().st_size).read_text())
            for place in {tuple(key for key in place if isinstance(key, str)): place for place in places(file)}.values():
                for value in [*WRONG, *limits_of(at(file, place))]:
                    wrong = with_value(file, place, value)
                    with self.subTest(name, place=place, value=value):
                        self.check_file(operation, code, name, wrong, validator.is_valid(wrong))

    def check_file(self, operation: str, code: str, name: str, file: Any, valid: bool) -> None:
        outcome = self.desk.send("admin", {"operation": operation, name: file, "actor": "op"})
        found = {fault["code"] for fault in outcome.get("faults", [])}
        if valid:
            self.assertEqual(found & FORM, set())
        else:
            self.assertIn(told(outcome), (code, "invalid_command"))

    def test_another_topic(self) -> None:
        for operation, topic, data, _ in self.examples():
            other = "admin" if topic == "control" else "control"
            with self.subTest(operation):
                self.assertIn(self.judged(other, data), ("unknown_operation", "invalid_command"))

    def test_nobody_sends_what_the_engine_tells_itself(self) -> None:
        own = re.findall(r'X\(\w+, +"([a-z-]+)", +ENGINE\)', (ROOT / "worker/core/model.h").read_text())
        self.assertIn("fire-timer", own)
        for operation in own:
            for topic in ("control", "admin"):
                data = {"operation": operation, "instance_id": "99999999-9999-4999-8999-999999999999", "actor": "op"}
                self.assertEqual(self.judged(topic, data), "unknown_operation")

    def test_no_object(self) -> None:
        for topic in ("init-instance", "get-task", "end-task", "control", "admin"):
            for value in ("", " ", "null", "[]", "7", '"x"', "{", '{"a":1,"a":2}', '{"a":"\\u0000"}', "\u00e4", "[" * 100):
                with self.subTest(topic, value=value):
                    [result] = self.desk.core.command(topic, None, value=value)
                    self.assertEqual(told(result.outcome or {}), "invalid_command")
                    self.assertEqual([topic for topic, _ in result.events], ["dead-letter"])


if __name__ == "__main__":
    unittest.main()
