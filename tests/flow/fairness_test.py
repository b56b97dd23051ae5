#!/usr/bin/python3
"""Four workers assign tasks of one role while people come and go: fair, once, without deadlocks (ASG-4, ASG-5, ASG-6).

The program is tests/bench/assignment, here with few assignments; and what it judges by notices what is not fair.
"""

from __future__ import annotations

import json
import subprocess
import sys
import unittest
from typing import Any

from engine import ROOT

sys.path.append(str(ROOT / "tests/bench"))
from crowd import Wave  # noqa: E402
from fairness import Tally, judge  # noqa: E402

Json = dict[str, Any]
ASSIGNMENTS = 2000


class Crowd(unittest.TestCase):
    def test_four_workers(self) -> None:
        done = subprocess.run([ROOT / "tests/bench/assignment", "--assignments", str(ASSIGNMENTS)], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
        print(f"\nfigure {done.stdout}", end="")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["assignments"], result["lost"], result["workers"]), (ASSIGNMENTS, 0, 4))
        for name in ("runs_compared", "pairs_compared", "taken"):  # there was something to judge
            self.assertGreater(sum(part.get(name, 0) for part in result.values() if isinstance(part, dict)), 20, name)
        self.assertGreater(min(result["presence_changes"], result["authorizations"], result["delegated"]), 0)


def given(wave: int, task: int, staff: str | None, method: str, **more: Any) -> Json:
    return {"cause": f"{wave}.{task}", "task_id": f"i{task}:2", "act_type": "interaction", "state": "waiting",
            "process_id": "p", "assignment": {"method": method, "considered": 3}, **({"staff_id": staff} if staff else {}),
            **more}


def taken(wave: int, task: int, staff: str) -> Json:
    return {"cause": f"{wave}.9{task}", "task_id": f"i{task}:2", "act_type": "interaction", "state": "processing",
            "process_id": "free", "staff_id": staff}


class Judge(unittest.TestCase):
    """What is wrong is seen."""

    def judge(self, *events: Json, waves: int = 1) -> Json:
        people = {"a", "b", "c"}
        return judge([Wave(n + 1, [], set(people), set(people), {"z"}) for n in range(waves)], Tally(events))

    def test_turns(self) -> None:
        fair = [given(1, n, who, "round_robin") for n, who in enumerate("abcab")]
        self.assertEqual(self.judge(*fair)["round_robin"]["unfair"], 0)
        self.assertEqual(self.judge(*fair, given(1, 9, "a", "round_robin"))["round_robin"]["unfair"], 1)

    def test_turns_over_several_waves(self) -> None:
        events = [given(1, 1, "a", "round_robin"), given(2, 2, "a", "round_robin")]
        found = self.judge(*events, waves=2)["round_robin"]
        self.assertEqual((found["runs_compared"], found["unfair"]), (3, 1))  # each wave alone is fair

    def test_lists(self) -> None:
        fair = [given(1, n, who, "least_working_list") for n, who in enumerate("abcb")]
        self.assertEqual(self.judge(*fair)["least_working_list"]["unfair"], 0)
        found = self.judge(*fair, given(1, 9, "b", "least_working_list"))["least_working_list"]
        self.assertEqual(found["unfair"], 2)

    def test_lists_count_what_there_was(self) -> None:
        events = [given(1, 1, "a", "round_robin"), given(2, 2, "a", "least_working_list")]
        self.assertEqual(self.judge(*events, waves=2)["least_working_list"]["unfair"], 2)
        over = given(1, 1, "a", "round_robin") | {"state": "ended"}
        self.assertEqual(self.judge(events[0], over, events[1], waves=2)["least_working_list"]["unfair"], 0)

    def test_a_task_taken_twice(self) -> None:
        offered = given(1, 1, None, "fcfa")
        self.assertEqual(self.judge(offered, taken(1, 1, "a"))["fcfa"]["taken_twice"], 0)
        self.assertEqual(self.judge(offered, taken(1, 1, "a"), taken(1, 1, "b"))["fcfa"]["taken_twice"], 1)

    def test_who_is_away(self) -> None:
        self.assertEqual(self.judge(given(1, 1, "z", "least_working_list"))["given_to_absent"], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
