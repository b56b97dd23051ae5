#!/usr/bin/python3
"""The cases are complete: every rule, each with what it allows and what it refuses, and every outcome code."""

from __future__ import annotations

import json
import re
import unittest

from case import HERE, Case, all_cases
from core import ROOT, Core
from play import CorePlay

CONTROL_MODEL = ROOT.parent / "shared/spec/control-model.md"
RULES = (HERE / "rules.txt").read_text().split()


def by_rule() -> dict[str, list[Case]]:
    cases: dict[str, list[Case]] = {}
    for case in all_cases():
        if case.path.parent.name != "rules":
            continue
        cases.setdefault(case.rule, []).append(case)
    return cases


class Complete(unittest.TestCase):
    def test_every_rule_has_a_file_and_every_file_a_rule(self) -> None:
        self.assertEqual(sorted(by_rule()), sorted(RULES))

    def test_every_rule_has_a_case_for_what_it_allows_and_for_what_it_refuses(self) -> None:
        missing = [f"{rule} {kind}" for rule, cases in by_rule().items() for kind in ("allows", "refuses")
                   if not any(case.kind == kind for case in cases)]
        self.assertEqual(missing, [])

    def test_what_does_not_run_in_an_engine_says_why(self) -> None:
        alone = [case for case in all_cases() if case.core_only]
        for case in alone:
            self.assertGreaterEqual(len(case.core_only.split()), 3, case.where)
        print(f"\nfigure {len(alone)} cases run on the core alone: {', '.join(sorted({case.core_only for case in alone}))}")

    def test_the_rules_are_those_of_the_control_model(self) -> None:
        if not CONTROL_MODEL.exists():
            print("skipped the comparison with the control model, which is not here")
            self.skipTest("no control-model.md")
        self.assertEqual(RULES, re.findall(r"^- ([A-Z]{3}-\d+)", CONTROL_MODEL.read_text(), re.M))

    def test_every_outcome_code_has_a_case(self) -> None:
        schema = json.loads((ROOT / "schemas/common.schema.json").read_text())
        codes = set(schema["$defs"]["outcome_code"]["enum"])
        seen: set[str] = set()
        with Core() as core:
            for case in all_cases():
                seen |= CorePlay(case, core).run().codes
        self.assertEqual(codes - seen, set())
        self.assertEqual(seen - codes, set())


if __name__ == "__main__":
    unittest.main()
