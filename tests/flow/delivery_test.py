#!/usr/bin/env python3
"""delivery=at-least-once: nothing is lost while workers die, and what repeats bears the same id and content."""

from __future__ import annotations

import unittest

import desk
from engine import SHORT_SESSION, Engine, Load, Message, SequenceCheck



class AtLeastOnce(unittest.TestCase):
    def setUp(self) -> None:
        self.engine = self.enterContext(Engine("least", workers=2, delivery="at-least-once", **SHORT_SESSION))
        self.engine.load(desk.institution())
        self.engine.deploy(desk.steps())
        self.load = Load(self.engine.client(timeout_ms=8000), "steps", desk.STEPS, 120, 40)

    def check_first_of_each(self, messages: list[Message]) -> None:
        check, first = SequenceCheck(self.engine), dict[str, Message]()
        for message in messages:
            before = first.setdefault(str(message.header("ce_id")), message)
            if before is message:
                check.see(message)
            self.assertEqual(message.json, before.json, "a repeat that says something else")
        self.assertEqual(check.finish(), [])
        self.assertEqual(len(first), int(self.engine.value("select sum(position) from workflow.instance")))

    def test_in_peace(self) -> None:
        self.load.wait()
        for worker in self.engine.workers:
            self.assertEqual(worker.terminate(), 0)
        messages = self.engine.subscriber(follow=False).all()
        self.assertEqual(len({m.header("ce_id") for m in messages}), len(messages), "repeated without need")
        self.check_first_of_each(messages)
        for topic in ("state.task", "state.instance"):
            for partition in range(self.engine.partitions):
                offsets = [m.offset for m in messages if m.topic.endswith(topic) and m.partition == partition]
                self.assertEqual(offsets, list(range(len(offsets))), "there are marks of transactions")

    def test_while_workers_die(self) -> None:
        for share in (60, 120):
            self.load.wait_commands(share)
            self.engine.workers[-1].kill()
            self.engine.start_worker()
        self.load.wait()
        for worker in self.engine.workers:
            if worker.running():
                self.assertEqual(worker.terminate(), 0)
        self.check_first_of_each(self.engine.subscriber(follow=False).all())
        self.assertEqual(self.engine.psql("select state, count(*) from workflow.instance group by 1"),
                         [["completed", str(self.load.count)]])


if __name__ == "__main__":
    unittest.main(verbosity=2)
