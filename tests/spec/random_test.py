#!/usr/bin/python3
"""Some seconds of the random comparison with the second model: one seed that is always the same, one that is not."""
from __future__ import annotations

import json
import secrets
import subprocess
import sys
import unittest
from pathlib import Path

RANDOM = Path(__file__).resolve().parents[1] / "random"
COMMANDS = 12_000


class Random(unittest.TestCase):
    def play(self, seed: str) -> None:
        done = subprocess.run([sys.executable, str(RANDOM), "--commands", str(COMMANDS), "--seed", seed],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=600)
        for line in done.stdout.splitlines():
            if line.startswith(("seed", "figure")):
                print(line)
        tally = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual((tally["differences"], tally["violations"], done.returncode), (0, 0, 0), done.stdout)
        self.assertGreaterEqual(tally["commands"], COMMANDS)

    def test_fixed_seed(self) -> None:
        self.play("pawl")

    def test_random_seed(self) -> None:
        self.play(secrets.token_hex(4))


if __name__ == "__main__":
    unittest.main(verbosity=0)
