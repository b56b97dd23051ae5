#!/usr/bin/python3
"""The two real processes: seven public records of trademark applications, and the scenarios beside them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

from engine import LIMIT, ROOT, Done, Engine, Subscriber, program

PROCESSES = ROOT / "deploy/processes"
RECORDS = 7
LIKE, OTHER = "sn87881347", "other"  # a record, and one made of it


class Trademark(unittest.TestCase):
    engine: Engine
    subscriber: Subscriber

    @classmethod
    def setUpClass(cls) -> None:
        cls.engine = cls.enterClassContext(Engine("trademark", workers=2))
        for process in ("trademark", "fault-repair"):
            cls.engine.pawl_ok("institution", "load", PROCESSES / f"{process}.institution.json")
            cls.engine.pawl_ok("process", "deploy", PROCESSES / f"{process}.process.json")
        cls.subscriber = cls.engine.subscriber()

    def script(self, *arguments: str) -> Done:
        path = f"{program('pawl').rpartition('/')[0]}:{self.engine.environment['PATH']}"
        done = subprocess.run([sys.executable, *arguments], env=self.engine.environment | {"PATH": path}, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=4 * LIMIT)
        return Done(done.returncode, done.stdout, done.stderr)

    def test_records_and_scenarios(self) -> None:
        scripts = ([str(ROOT / "deploy/replay-histories"), "-o", "json"], [str(ROOT / "tests/flow/scenarios.py")])
        with ThreadPoolExecutor(3) as threads:
            others = threads.submit(self.replay_others)
            histories, scenarios = threads.map(lambda script: self.script(*script), scripts)
        with self.subTest("other histories"):
            self.check_others(others.result())
        with self.subTest("scenarios"):
            self.assertEqual(scenarios.code, 0, scenarios.out + scenarios.err)
        with self.subTest("histories"):
            self.assertEqual(histories.code, 0, histories.out + histories.err)
            self.check_ends([json.loads(line) for line in histories.out.splitlines()])
        with self.subTest("events"):
            self.check_events()

    def replay_others(self) -> Done:
        """A record with codes that nobody knows, and one of nothing else, of which no end is known."""
        with (PROCESSES / "trademark.histories.csv").open(newline="") as file:
            rows = [row | {"case": OTHER, "seq": 2 * int(row["seq"])} for row in csv.DictReader(file) if row["case"] == LIKE]
        odd = [rows[0] | {"seq": 5, "code": "ZZZZ"}, rows[0] | {"case": "odd", "code": "QQQQ"}]
        path = self.engine.folder / "others.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows([*odd, *rows])
        return self.script(str(ROOT / "deploy/replay-histories"), "-o", "json", "--file", str(path))

    def check_others(self, done: Done) -> None:
        self.assertEqual(done.code, 0, done.out + done.err)
        reports = {report["case"]: report for report in map(json.loads, done.out.splitlines())}
        unknown = {case: [entry["code"] for entry in report["left_out"] if entry["why"] == "not in the mapping"]
                   for case, report in reports.items()}
        self.assertEqual(unknown, {OTHER: ["ZZZZ"], "odd": ["QQQQ"]})
        self.assertEqual(reports[OTHER]["open"], ["publication_review"])  # as the record it is made of

    def test_what_is_no_file_of_histories(self) -> None:
        path = self.engine.folder / "none.csv"
        for text in ("", "a,b\n1,2\n", "case,schema,seq,date,code\nx,ST.66,one,,\n", "case,schema,seq,date,code\nx,ST.67,1,,A\n"):
            with self.subTest(text):
                path.write_text(text)
                done = self.script(str(ROOT / "deploy/replay-histories"), "--file", str(path))
                self.assertEqual((done.code, done.out, len(done.err.splitlines())), (2, "", 1), done.err)

    def check_ends(self, reports: list[dict]) -> None:
        """Each ends where it really ended, by the database as well."""
        really = json.loads((PROCESSES / "trademark.codes.json").read_text())["ends"]
        self.assertEqual(sorted(report["case"] for report in reports), sorted(really))
        self.assertEqual(len(reports), RECORDS)
        for report in reports:
            end = really[report["case"]]
            self.assertEqual({"state": report["state"], "open": report["open"]}, end, report["case"])
            rows = self.engine.psql(f"""
                select i.state, coalesce(string_agg(t.act_id, ' ' order by t.n), '')
                  from workflow.instance i left join workflow.to_do_task_list t using (instance_id)
                 where i.instance_id = '{report["instance_id"]}' group by i.state""")
            self.assertEqual(rows, [[end["state"], " ".join(end["open"])]], report["case"])

    def check_events(self) -> None:
        """The subscriber saw all that the database counts, once and in order."""
        for instance_id, position in self.engine.psql("select instance_id, position from workflow.instance"):
            self.subscriber.wait_position(instance_id, int(position))
        self.engine.check_whole()


if __name__ == "__main__":
    unittest.main(verbosity=2)
