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
        cases = [case for case in all_cases() if not case.pending]
        began = time.monotonic()
        with Core() as core:
            for case in cases:
                with self.subTest(case.where, title=case.title):
                    played = CorePlay(case, core).run()
                    if played.differences:
                        self.fail("\n" + played.told())
        print(f"\nfigure {len(cases)} cases, {sum(len(case.steps) for case in cases)} commands on the core "
              f"in {time.monotonic() - began:.2f} s")


if __name__ == "__main__":
    unittest.main()
