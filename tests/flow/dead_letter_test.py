#!/usr/bin/python3
"""`pawl dead-letter`: what came wrong is listed, shown as it came, and can be sent again when it can be understood."""

from __future__ import annotations

import json
import unittest
import uuid

import desk
from engine import Engine, wait_until


class DeadLetter(unittest.TestCase):
    def setUp(self) -> None:
        self.engine = self.enterContext(Engine("letters"))
        self.engine.load(desk.institution())
        self.engine.deploy(desk.steps())

    def letters(self, count: int, *flags: str) -> list[dict[str, str]]:
        def come() -> list[dict[str, str]] | None:
            found = json.loads(self.engine.pawl_ok("dead-letter", "list", "-o", "json", *flags).out)
            return found if len(found) >= count else None
        return wait_until("dead letters", come)

    def test_list_and_show(self) -> None:
        self.engine.produce("command.end-task", b"no json \xff", b"key", [(b"ce_id", b"one"), (b"odd\"name", b"x")])
        self.engine.produce("command.control", b'{"operation":"dance"}', str(uuid.uuid4()).encode())
        self.assertEqual(sorted(letter["code"] for letter in self.letters(2)), ["invalid_command", "unknown_operation"])
        [letter] = self.letters(1, "--topic", "end-task")
        self.assertEqual(self.letters(1, "--code", "invalid_command"), [letter])
        shown = json.loads(self.engine.pawl_ok("dead-letter", "show", letter["letter"]).out)
        self.assertEqual(bytes.fromhex(shown["value"]["hex"]), b"no json \xff")
        self.assertEqual((shown["key"], shown["code"]), ("key", "invalid_command"))
        self.assertIn({"name": "odd\"name", "value": "x"}, shown["headers"])
        self.assertEqual(f'{shown["topic"]}/{shown["partition"]}/{shown["offset"]}', letter["from"])

    def test_replay_takes_effect_once(self) -> None:
        """A command that was too large for a worker of narrow limits: a wider one takes it, once."""
        self.assertEqual(self.engine.workers[0].terminate(), 0)
        narrow = self.engine.start_worker(command_max_bytes=1024)
        instance_id = str(uuid.uuid4())
        data = {"process_id": "steps", "instance_id": instance_id, "variables": {"long": "x" * 2000}}
        self.engine.produce("command.init-instance", json.dumps(data).encode(), instance_id.encode())
        [letter] = self.letters(1)
        self.assertEqual(letter["code"], "too_large")
        self.assertEqual(narrow.terminate(), 0)
        self.engine.start_worker()
        reader = self.engine.reader("outcome")
        for result in ("applied", "duplicate"):
            done = self.engine.pawl_ok("dead-letter", "replay", letter["letter"], "-o", "json")
            self.assertEqual(json.loads(done.out), {"sent": 1, "failed": 0})
            reader.wait(result, lambda m, result=result: (m.json["result"], m.json.get("instance_id")) ==
                        (result, instance_id))

    def test_replay_of_what_stays_wrong(self) -> None:
        self.engine.produce("command.init-instance", b'{"process_id": 7}', b"k", [(b"ce_id", b"start")])
        [letter] = self.letters(1)
        self.engine.pawl_ok("dead-letter", "replay", "--code", "invalid_command")
        again = next(found for found in self.letters(2) if found["letter"] != letter["letter"])
        shown = json.loads(self.engine.pawl_ok("dead-letter", "show", again["letter"]).out)
        self.assertIn({"name": "ce_id", "value": "start"}, shown["headers"])

    def test_bad_use(self) -> None:
        for arguments, code in ((["show", "nowhere"], 2), (["show", "0:99999"], 7), (["replay"], 2),
                                (["list", "--since", "yesterday"], 2), (["replay", "1:"], 2)):
            with self.subTest(arguments=arguments):
                done = self.engine.pawl("dead-letter", *arguments)
                self.assertEqual(done.code, code, done.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
