#!/usr/bin/python3
"""Short storms, as ./tests/storm makes long ones; PAWL_SEED repeats them, PAWL_STORM_SECONDS (60) makes them longer."""

from __future__ import annotations

import json
import os
import random
import subprocess
import unittest
from pathlib import Path

STORM = Path(__file__).resolve().parents[1] / "storm"
SECONDS = float(os.environ.get("PAWL_STORM_SECONDS", "60"))


class Storm(unittest.TestCase):
    def storm(self, seconds: float, *options: str) -> dict[str, int]:
        """What happened in it, by kind; nothing is lost, doubled, out of order or different."""
        seed = os.environ.get("PAWL_SEED", str(random.randrange(1 << 30)))
        print(f"\nseed {seed} {' '.join(options)}", flush=True)
        done = subprocess.run([str(STORM), "--seconds", str(seconds), "--seed", seed, *options],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        line = (done.stdout.splitlines() or ["{}"])[-1]
        print(f"figure storm {line}", flush=True)
        self.assertEqual(done.returncode, 0, done.stderr[-6000:])
        found = json.loads(line)
        self.assertEqual([found[name] for name in ("lost", "doubled", "out_of_order", "differences")], [0, 0, 0, 0])
        return found["faults"]

    def test_short_one(self) -> None:
        self.assertGreater(sum(self.storm(SECONDS).values()), 5)

    def test_three_brokers_and_a_standby(self) -> None:
        """The standby takes over for good in the middle."""
        faults = self.storm(SECONDS / 2, "--brokers", "3", "--standby")
        self.assertEqual(faults["standby-promoted"], 1)
        self.assertGreater(sum(faults.values()), 2)

    def test_two_databases(self) -> None:
        self.assertGreater(sum(self.storm(SECONDS / 2, "--databases", "2").values()), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
