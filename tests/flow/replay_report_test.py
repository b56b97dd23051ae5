#!/usr/bin/python3
"""Reports on work after the replay of event logs give the counts that the logs themselves give (LOG-2).

PAWL_TEST_CASES says how many cases of each log (120; 0: all of them).  Times are compared in tests/sql/report_log_test.py:
a replay at full speed has other ones than its log.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
import unittest
from collections import Counter
from typing import Any

from engine import ROOT, Engine

LOGS = ROOT.parent / "shared/inputs/logs"
CASES = int(os.environ.get("PAWL_TEST_CASES", "120"))
LIMIT = 900


def rows_of(log: str) -> list[dict[str, str]]:
    """The rows of the first cases of the log, in the order of the file."""
    cases: dict[str, list[dict[str, str]]] = {}
    with gzip.open(LOGS / f"{log}.instances.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cases.setdefault(row["case"], []).append(row)
    return [row for case in list(cases.values())[:CASES or None] for row in case]


class Counts(unittest.TestCase):
    engine: Engine

    @classmethod
    def setUpClass(cls) -> None:
        if not LOGS.exists():
            print("skipped: no event logs beside the project")
            raise unittest.SkipTest("no event logs beside the project")
        cls.engine = cls.enterClassContext(Engine("replay-report", workers=0))

    def replay(self, log: str) -> str:
        """The process that the log has become."""
        before = {row[0] for row in self.engine.psql("select process_id from workflow.process_list")}
        done = subprocess.run([sys.executable, str(ROOT / "tests/bench/replay"), str(LOGS / f"{log}.model.json"),
                               str(LOGS / f"{log}.instances.csv.gz"), "--cases", str(CASES), "--partitions",
                               str(self.engine.partitions)], env=self.engine.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        [process_id] = {row[0] for row in self.engine.psql("select process_id from workflow.process_list")} - before
        return process_id

    def report(self, process_id: str, by: str) -> list[dict[str, Any]]:
        return json.loads(self.engine.pawl_ok("report", "work", "--process", process_id, "--by", by, "-o", "json").out)

    def check(self, log: str) -> None:
        rows, process_id = rows_of(log), self.replay(log)
        person = [row["resource"] or "~unknown" for row in rows]
        activity = [row["activity"] for row in rows]
        self.assertEqual({row["person"]: row["done"] for row in self.report(process_id, "person")}, Counter(person))
        self.assertEqual({row["act_id"]: row["done"] for row in self.report(process_id, "activity")}, Counter(activity))
        self.assertEqual({row["role"]: row["done"] for row in self.report(process_id, "role")}, Counter(activity))
        self.assertEqual({(row["person"], row["act_id"]): row["done"] for row in self.report(process_id, "person,activity")},
                         Counter(zip(person, activity)))
        [all_of_it] = self.report(process_id, "process")
        self.assertEqual((all_of_it["done"], all_of_it["handed_on"], all_of_it["open_load"]), (len(rows), 0, 0))
        status = json.loads(self.engine.pawl_ok("process", "status", process_id, "-o", "json").out)
        [process] = status["processes"]
        self.assertEqual((process["completed"], process["running"], process["open_tasks"]),
                         (len({row["case"] for row in rows}), 0, 0))
        self.assertEqual(status["activities"], [])
        print(f"\nfigure {log}: {len(rows)} tasks of {process['completed']} cases counted alike")

    def test_loan_applications(self) -> None:
        self.check("bpic2012_W")

    def test_international_declarations(self) -> None:
        self.check("bpic2020_international")


if __name__ == "__main__":
    unittest.main(verbosity=2)
