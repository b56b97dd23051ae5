#!/usr/bin/python3
"""A short storm, as ./tests/storm makes long ones; PAWL_SEED repeats one, PAWL_STORM_SECONDS makes it longer."""

from __future__ import annotations

import json
import os
import random
import subprocess
import unittest
from pathlib import Path

STORM = Path(__file__).resolve().parents[1] / "storm"


class Storm(unittest.TestCase):
    def test_short_one(self) -> None:
        seed = os.environ.get("PAWL_SEED", str(random.randrange(1 << 30)))
        print(f"\nseed {seed}", flush=True)
        done = subprocess.run([str(STORM), "--seconds", os.environ.get("PAWL_STORM_SECONDS", "45"), "--seed", seed],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        line = (done.stdout.splitlines() or ["{}"])[-1]
        print(f"figure storm {line}", flush=True)
        self.assertEqual(done.returncode, 0, done.stderr[-6000:])
        found = json.loads(line)
        self.assertEqual([found[name] for name in ("lost", "doubled", "out_of_order", "differences")], [0, 0, 0, 0])
        self.assertGreater(sum(found["faults"].values()), 5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
