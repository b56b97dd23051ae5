#!/usr/bin/python3
"""Every crash point, and a third of the hangs and disconnects by seed: nothing is lost, nothing doubled.

PAWL_FAULTS=all tries everything; PAWL_SEED repeats a run.  tests/fault/run tries single ones.
"""

from __future__ import annotations

import os
import random
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "flow")]
os.environ["PATH"] = f"{ROOT / 'build/fault/bin'}:{os.environ['PATH']}"

import faults  # noqa: E402
import jobs  # noqa: E402
import loop  # noqa: E402


class Points(unittest.TestCase):
    def test_all(self) -> None:
        seed, everything = int(os.environ.get("PAWL_SEED", random.randrange(1 << 30))), os.environ.get("PAWL_FAULTS") == "all"
        plan = loop.plan(seed, everything)
        report = faults.run(plan, seed, of_executor=tuple(jobs.plan(seed, everything)))
        print(f"\nseed {seed}")
        print(report.text(), flush=True)
        self.assertTrue(report.clean())
        self.assertEqual({fault.point for fault in plan if fault.kind == "crash"}, set(loop.points()))

    def test_releases_have_none(self) -> None:
        for program in ("pawl-worker", "pawl-executor", "pawl"):
            self.assertNotIn(b"PAWL_FAULT", (ROOT / "build/release/bin" / program).read_bytes())


if __name__ == "__main__":
    unittest.main(verbosity=2)
