#!/usr/bin/python3
"""Each work of tests/bench/run, small: so that the benchmark goes on measuring, and whole work."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest
from typing import Any

from engine import ROOT, Engine

sys.path.insert(0, str(ROOT / "tests/bench"))
from works import WORKS  # noqa: E402

INSTANCES = 40
COMMANDS = {"claim": 5, "and-merge": 7, "vote": 7, "least-working-list": 5, "automation": 5, "big-definition": 5}
LIMIT = 120


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.engine = cls.enterClassContext(Engine("bench", workers=1))

    def run_bench(self, *arguments: str, engine: Engine | None = None, workers: int = 0) -> dict[str, Any]:
        engine = engine or self.engine
        command = [sys.executable, str(ROOT / "tests/bench/run"), *arguments, "--use-env", "--workers", str(workers),
                   "--warm-up", "0", "--outcomes", "always", "--partitions", str(engine.partitions)]
        done = subprocess.run(command, env=engine.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr[-3000:])
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def test_all_works_have_their_commands(self) -> None:
        self.assertEqual(set(WORKS), set(COMMANDS))
        for work, commands in COMMANDS.items():
            with self.subTest(work):
                found = self.run_bench(work, "--instances", str(INSTANCES), "--window", "20")
                self.assertEqual((found["completed"], found["commands"], found["measured_commands"], found["outcomes"]),
                                 (INSTANCES, *[commands * INSTANCES] * 3))
                self.assertEqual((found["verified"], found["complete"], found["verify"]["differences"]), (True, True, 0))
                self.assertGreater(found["event_ms"]["p50"], 0)
                self.assertGreaterEqual(found["outcome_ms"]["p99"], found["outcome_ms"]["p50"])

    def test_for_a_time_at_a_rate(self) -> None:
        found = self.run_bench("claim", "--seconds", "2", "--rate", "50")
        self.assertEqual((found["completed"], found["instances_open"]), (found["cases"], 0))
        self.assertGreater(found["seconds"], 1.9)
        self.assertLessEqual(found["cases"], 20 * found["seconds"])  # 10 begin in a second; a machine that is late begins fewer
        self.assertGreater(found["measured_commands"], 0)

    def test_two_databases(self) -> None:
        with Engine("bench-two", workers=0, install=False) as engine:
            found = self.run_bench("claim", "--instances", str(INSTANCES), "--databases", "2", engine=engine, workers=2)
        self.assertEqual((found["completed"], found["outcomes"]), (INSTANCES, 5 * INSTANCES))
        self.assertEqual((found["verified"], found["verify"]["instances"]), (True, INSTANCES))


if __name__ == "__main__":
    unittest.main()
