#!/usr/bin/python3
"""A whole event log through two workers, in peace and with workers killed; needs the logs beside the project."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import unittest
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from engine import ROOT, Engine

LOGS = ROOT.parent / "shared/inputs/logs"
LOG, COMMANDS = "receipt", 18588
KILLS = 10
LIMIT = 300


def replay(engine: Engine, *options: str) -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "tests/bench/replay"), str(LOGS / f"{LOG}.model.json"),
               str(LOGS / f"{LOG}.instances.csv.gz"), "--workers", "2",
               "--partitions", str(engine.partitions), *options]
    done = subprocess.run(command, env=engine.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=LIMIT)
    (engine.folder / "replay.log").write_text(done.stderr)
    if not done.stdout.strip():
        raise AssertionError(f"exit code {done.returncode}:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1]) | {"exit": done.returncode, "said": done.stderr[-4000:]}


class Replay(unittest.TestCase):
    """Both side by side: they share the servers, as engines do."""

    runs: dict[str, Future[dict[str, Any]]]

    @classmethod
    def setUpClass(cls) -> None:
        if not (LOGS / f"{LOG}.model.json").exists():
            print("skipped: no event logs beside the project")
            raise unittest.SkipTest("no event logs beside the project")
        seed = random.randrange(1_000_000)
        print(f"seed {seed} of the kills", flush=True)
        threads = cls.enterClassContext(ThreadPoolExecutor(2))
        cls.runs = {}
        for name, options in (("peace", ()), ("kills", ("--kill", str(KILLS), "--seed", str(seed)))):
            engine = cls.enterClassContext(Engine(f"replay-{name}", workers=0, session_timeout_ms=6000))
            cls.runs[name] = threads.submit(replay, engine, *options)

    def check(self, found: dict[str, Any]) -> None:
        self.assertEqual(found["exit"], 0, found)
        self.assertEqual((found["completed"], found["commands"]), (found["cases"], COMMANDS))
        for what in ("differences", "gaps", "repeats", "disordered", "outcomes_rejected"):
            self.assertEqual(found[what], 0, what)

    def test_in_peace(self) -> None:
        found = self.runs["peace"].result()
        self.check(found)
        self.assertEqual(found["workers_ended_alone"], 0, found["said"])
        print(f"\nfigure {LOG}: {found['commands_per_s']:.0f} commands/s beside the run with kills, "
              f"{found['worker_rss_mb']} MB a worker")

    def test_with_kills(self) -> None:
        found = self.runs["kills"].result()
        self.check(found)
        self.assertEqual(found["kills"], KILLS)
        self.assertEqual(found["workers_ended_alone"], 0, found["said"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
