#!/usr/bin/python3
"""Every case of the specification in one engine, many at a time: Kafka, PostgreSQL, two workers."""

from __future__ import annotations

import json
import os
import subprocess
import time
import unittest
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from case import Case, all_cases, read_process
from engine_play import FUNCTIONS, HOUR, Bus, EnginePlay, functions_sql, read_rows

from engine import Engine, wait_until  # on the path by now

Json = dict[str, Any]
SIDE_BY_SIDE = 48
PATIENT = 5  # times as long
CHOSEN = os.environ.get("PAWL_SPEC_RULES", "").split()  # by hand: the cases of some rules alone


def merged(files: list[Json]) -> Json:
    whole: Json = defaultdict(list)
    for file in files:
        for name, items in file.items():
            whole[name] += items
    return whole


def partitions_of(engine: Engine, topic: str) -> int:
    """Those that have a leader: a reader that comes earlier would read nothing, ever."""
    told = subprocess.run(["kcat", "-L", "-J", "-b", engine.brokers, "-t", engine.topic(topic)], stdout=subprocess.PIPE)
    found = json.loads(told.stdout or "{}").get("topics", [{}])[0]
    return sum(partition.get("leader", -1) >= 0 for partition in found.get("partitions", []))


class Company:
    """Plays cases in one engine, many at a time."""

    def __init__(self, engine: Engine, client: Any, cases: list[Case]) -> None:
        self.engine, self.client, self.played = engine, client, 0
        self.executives = {a["auto_executive"] for case in cases for name, lines in case.processes.items()
                           for a in read_process(name, lines)["activities"] if "auto_executive" in a}
        self.bus: Bus | None = None
        engine.broker().create_topic(engine.topic("reply.me"), engine.partitions)
        engine.psql(FUNCTIONS)

    def play(self, cases: list[Case], hour: float) -> list[EnginePlay]:
        plays = [EnginePlay(case, number, self.engine, self.client, hour) for number, case in enumerate(cases, self.played)]
        self.played += len(plays)
        self.prepare(plays)
        plays.sort(key=lambda play: not play.timed())  # what has to wait for a time begins first
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(EnginePlay.run, plays))
        self.bus.poll()
        rows = read_rows(self.engine, [one for play in plays for one in play.teller.seen])
        for play in plays:
            play.finish(rows)
        return plays

    def prepare(self, plays: list[EnginePlay]) -> None:
        self.engine.psql(functions_sql([function for play in plays for function in play.functions()]))
        setups = [play.setup() for play in plays]
        self.engine.load(merged([institution for _, institution in setups]))
        sent = [self.client.send("admin", {"operation": "deploy-process", "definition": file})
                for files, _ in setups for file in files]
        for command_id in sent:
            outcome = self.client.outcome(command_id)
            if outcome["result"] != "applied":
                raise AssertionError(outcome)
        self.bus = self.bus or self.open_bus()
        for play in plays:
            play.bus = self.bus

    def open_bus(self) -> Bus:
        self.engine.topics()  # the job topics of the executives
        for name in ["reply.me", *(f"job.{one}" for one in self.executives)]:
            wait_until(f"the broker knows {name}", lambda: partitions_of(self.engine, name) == self.engine.partitions)
        return Bus(self.engine, self.executives)


class Cases(unittest.TestCase):
    def test_all(self) -> None:
        everything = [case for case in all_cases() if not CHOSEN or case.rule in CHOSEN]
        cases = [case for case in everything if not case.core_only]
        with Engine("spec", workers=2) as engine, engine.client() as client:
            company, began = Company(engine, client, cases), time.monotonic()
            plays = company.play(cases, HOUR)
            late = [play for play in plays if play.failed() and play.timed()]
            if late:  # on a busy machine an hour of six seconds may be over before the next command: once more, with more time
                again = company.play([play.case for play in late], PATIENT * HOUR)
                plays = [play for play in plays if play not in late] + again
            took = time.monotonic() - began
            for play in plays:
                with self.subTest(play.case.where, title=play.case.title):
                    if play.failed():
                        self.fail(f"{play.trouble or ''}\n{play.played.told()}")
            engine.check_settled()
        print(f"\nfigure {len(cases)} cases, {sum(len(case.steps) for case in cases)} commands in an engine in {took:.1f} s"
              f"{f', {len(late)} of them again with more time' if late else ''}; "
              f"{len(everything) - len(cases)} run on the core alone")


if __name__ == "__main__":
    unittest.main()
