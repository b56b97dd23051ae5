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
                for value in WRONG:
                    wrong = data | {member: value}
                    with self.subTest(operation, member=member, value=value):
                        self.assertEqual(self.judged(topic, wrong) == "invalid_command", not validator.is_valid(wrong))

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
