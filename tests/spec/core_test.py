#!/usr/bin/python3
"""Every case of the specification on the pure core."""

from __future__ import annotations

import time
import unittest

from case import all_cases
from core import Core
from play import CorePlay


class Cases(unittest.TestCase):
    def test_all(self) -> None:
        cases = all_cases()
        began = time.monotonic()
        with Core() as core:
            for case in cases:
                with self.subTest(case.where, title=case.title):
                    played = CorePlay(case, core).run()
                    if played.differences:
                        self.fail("\n" + played.told())
        print(f"\nfigure {len(cases)} cases, {sum(len(case.steps) for case in cases)} commands on the core "
              f"in {time.monotonic() - began:.2f} s")

    def test_a_line_too_few_is_noticed(self) -> None:
        """Of each case another line: a runner that compares nothing would pass everything."""
        cases = [case for case in all_cases() if any(step.expected for step in case.steps)]
        with Core() as core:
            for number, case in enumerate(cases):
                steps = [step for step in case.steps if step.expected]
                expected = steps[number % len(steps)].expected
                expected.pop(number % len(expected))
                with self.subTest(case.where):
                    self.assertEqual(len(CorePlay(case, core).run().differences), 1)


if __name__ == "__main__":
    unittest.main()
