#!/usr/bin/python3
"""More than can be done: a slow database gets smaller bites, what waits stays in Kafka, and starts can be paused while work goes on."""

from __future__ import annotations

import re
import signal
import unittest
import uuid
from pathlib import Path

import desk
from engine import LIMIT, Engine, Worker, wait_until

BACKLOG_MB = 40
HELD_MB = 24  # most that a worker grows by while they wait: its queues have 1 MB a partition of each of five topics


def resident_mb(worker: Worker) -> float:
    return int(Path(f"/proc/{worker.pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


class Case(unittest.TestCase):
    def open(self, name: str, **settings: str | int) -> None:
        self.engine = self.enterContext(Engine(name, partitions=2, queue_kbytes=1024, log_level="debug", **settings))
        self.client = self.engine.client()
        self.engine.load(desk.institution())
        self.engine.deploy(desk.single())

    def started(self) -> int:
        return int(self.engine.value("select count(*) from workflow.instance"))


class SlowDatabase(Case):
    def slow(self, milliseconds: int) -> None:
        """So long the database takes for each instance."""
        self.engine.psql(f"""
            create or replace function slow() returns trigger language plpgsql as $$
            begin perform pg_sleep({milliseconds / 1000}); return new; end $$;
            create or replace trigger slow before insert on workflow.instance for each row execute function slow()""")

    def send_at_once(self, worker: Worker, count: int) -> list[str]:
        """So many commands wait when the worker looks."""
        worker.signal(signal.SIGSTOP)
        commands = self.send(count)
        worker.signal(signal.SIGCONT)
        return commands

    def send(self, count: int) -> list[str]:
        commands = [self.client.send("init-instance", {"process_id": "single"}) for _ in range(count)]
        wait_until("they are in Kafka", lambda: self.engine.records("command.init-instance") >= count + self.started())
        return commands

    def check(self, worker: Worker, commands: list[str]) -> list[int]:
        """All took effect; the sizes of all batches so far."""
        for command in commands:
            self.assertEqual(self.client.outcome(command)["result"], "applied")
        self.assertTrue(worker.running())
        return [int(count) for count in re.findall(r": batch +commands=(\d+)", worker.text())]

    def test_smaller_bites_and_larger_again(self) -> None:
        self.open("slow", batch_ms=1000, batch_commands=400, watchdog_ms=int(4 * LIMIT * 1000))  # which goes on while it sleeps
        self.slow(20)
        fits = 1000 // 20
        worker = self.engine.workers[0]
        sizes = self.check(worker, self.send_at_once(worker, 800))
        print(f"figure a database of 20 ms an instance and batch_ms=1000: batches of {sizes[-24:]}")
        self.assertIn("smaller batches", worker.text())
        self.assertLess(max(sizes[-6:]), 3 * fits, sizes)

        self.engine.psql("drop trigger slow on workflow.instance")
        before = len(sizes)
        sizes = self.check(worker, self.send_at_once(worker, 3000))[before:]
        self.assertGreater(max(sizes), 4 * fits, sizes)
        self.assertEqual(self.started(), 3800)
        self.assertEqual(worker.terminate(), 0)
        self.engine.check_settled()

    def test_statement_that_takes_too_long(self) -> None:
        """A batch that would outlast the watchdog is cancelled, and cut: the worker lives."""
        self.open("toolong")
        self.slow(30)
        self.assertEqual(self.engine.workers[0].terminate(), 0)
        commands = self.send(500)
        worker = self.engine.start_worker(watchdog_ms=12000, batch_ms=60000)
        self.check(worker, commands)
        self.assertIn("statement timeout", worker.text())
        self.assertEqual(self.started(), 500)
        self.assertEqual(worker.terminate(), 0)
        self.engine.check_settled()


class PausedStarts(Case):
    def test_pause(self) -> None:
        self.open("pause")
        tasks = [self.client.start("single")["tasks"][0] for _ in range(5)]
        worker = self.engine.workers[0]
        self.assertIn("paused", self.engine.pawl_ok("instance", "pause-starts").out)
        worker.wait_log("starts are paused")
        before = resident_mb(worker)
        size = 50_000
        waiting = [self.client.send("init-instance", {"process_id": "single", "entity_id": f"waiting/{n}",
                                                      "variables": {"x": "y" * size}})
                   for n in range(BACKLOG_MB * 1_000_000 // size)]
        for task in tasks[:3]:
            self.client.do(task, "ann")
        self.assertEqual(self.started(), len(tasks))

        # A worker that comes meanwhile begins none either, and work goes on.
        self.assertEqual(worker.terminate(), 0)
        worker = self.engine.start_worker()
        worker.wait_log("starts are paused")
        for task in tasks[3:]:
            self.client.do(task, "ann")
        self.assertEqual(self.started(), len(tasks))
        held = resident_mb(worker) - before
        print(f"figure {len(waiting)} starts of {size // 1000} KB wait ({BACKLOG_MB} MB): the worker holds {held:.0f} MB more")
        self.assertLess(held, HELD_MB)

        self.assertIn("going on", self.engine.pawl_ok("instance", "resume-starts").out)
        self.assertIn("already", self.engine.pawl_ok("instance", "resume-starts").out)
        for command in waiting:
            self.assertEqual(self.client.outcome(command)["result"], "applied")
        self.assertEqual(self.started(), len(tasks) + len(waiting))
        self.assertEqual(worker.terminate(), 0)
        self.engine.check_settled()

    def test_one_topic(self) -> None:
        """Where all commands come on one topic nothing can be passed over, and pausing says so."""
        topic = f"one-{uuid.uuid4().hex[:8]}.commands"
        with Engine("onetopic", partitions=2, workers=0, command_topic=topic) as engine:
            done = engine.pawl("instance", "pause-starts")
            self.assertEqual(done.code, 2, done.err)
            self.assertIn(topic, done.err)


class LargeCommands(Case):
    def test_memory(self) -> None:
        """Commands near the limit, many at once: what is fetched and taken is bounded by bytes, not by number."""
        self.open("large")
        worker = self.engine.workers[0]
        self.client.start("single", variables={"x": "y" * 800_000})
        early = resident_mb(worker)
        commands = [self.client.send("init-instance", {"process_id": "single", "variables": {"x": "y" * 800_000}})
                    for _ in range(BACKLOG_MB)]
        most = early

        def answered() -> bool:
            nonlocal most
            most = max(most, resident_mb(worker))
            return self.started() == 1 + len(commands)
        wait_until("all are begun", answered, 4 * LIMIT)
        print(f"figure {len(commands)} starts of 800 KB: the worker holds {most - early:.0f} MB more at most")
        self.assertLess(most - early, 100)
        for command in commands:
            self.assertEqual(self.client.outcome(command)["result"], "applied")
        self.assertEqual(worker.terminate(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
