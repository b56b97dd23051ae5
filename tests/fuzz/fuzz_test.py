#!/usr/bin/python3
"""Each fuzz target for ten seconds, with another seed each time (PAWL_FUZZ_SEED repeats one)."""

from __future__ import annotations

import os
import random
import unittest
from concurrent.futures import ThreadPoolExecutor

import fuzzing

SECONDS = 10
AT_ONCE = 2


class Fuzz(unittest.TestCase):
    results: dict[str, fuzzing.Result] = {}

    @classmethod
    def setUpClass(cls) -> None:
        seed = int(os.environ.get("PAWL_FUZZ_SEED") or random.randrange(1, 1 << 31))
        print(f"seed {seed}")
        with ThreadPoolExecutor(AT_ONCE) as threads:
            results = threads.map(lambda target: fuzzing.run(target, seed, seconds=SECONDS), fuzzing.TARGETS)
            cls.results = dict(zip(fuzzing.TARGETS, results))

    def check(self, target: str) -> None:
        result = self.results[target]
        print(f"figure {result}")
        self.assertFalse(result.fault, result.fault)
        corpus = len(list((fuzzing.HERE / "corpus" / target).iterdir()))
        self.assertGreater(result.executions, corpus, "it did not get beyond its corpus")

    def test_envelope(self) -> None:
        self.check("envelope")

    def test_payload(self) -> None:
        self.check("payload")

    def test_definition(self) -> None:
        self.check("definition")

    def test_institution(self) -> None:
        self.check("institution")

    def test_configuration(self) -> None:
        self.check("configuration")


if __name__ == "__main__":
    unittest.main(verbosity=2)
