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

from case import all_cases, read_process
from engine_play import Bus, EnginePlay, functions_sql, read_rows

from engine import Engine, wait_until  # on the path by now

Json = dict[str, Any]
SIDE_BY_SIDE = 48
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


class Cases(unittest.TestCase):
    def test_all(self) -> None:
        everything = [case for case in all_cases() if not CHOSEN or case.rule in CHOSEN]
        cases = [case for case in everything if not case.core_only]
        with Engine("spec", workers=2) as engine, engine.client() as client:
            executives = {a["auto_executive"] for case in cases for a in self.activities(case) if "auto_executive" in a}
            plays = [EnginePlay(case, number, engine, None, client)  # type: ignore[arg-type]
                     for number, case in enumerate(cases)]
            self.prepare(engine, client, plays, executives)
            bus = Bus(engine, executives)
            for play in plays:
                play.bus = bus
            began = time.monotonic()
            with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
                plays.sort(key=lambda play: not play.timed())  # what has to wait for a time begins first
                outcomes = list(pool.map(self.outcome_of, plays))
            took = time.monotonic() - began
            bus.poll()
            rows = read_rows(engine, [one for play in plays for one in play.teller.seen])
            for play, trouble in zip(plays, outcomes):
                play.finish(rows)
                with self.subTest(play.case.where, title=play.case.title):
                    if trouble or play.played.differences:
                        self.fail(f"{trouble or ''}\n{play.played.told()}")
            engine.check_settled()
        print(f"\nfigure {len(cases)} cases, {sum(len(case.steps) for case in cases)} commands in an engine in {took:.1f} s; "
              f"{len(everything) - len(cases)} run on the core alone")

    @staticmethod
    def activities(case: Any) -> list[Json]:
        return [a for name, lines in case.processes.items() for a in read_process(name, lines)["activities"]]

    @staticmethod
    def outcome_of(play: EnginePlay) -> str | None:
        try:
            play.run()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return None

    def prepare(self, engine: Engine, client: Any, plays: list[EnginePlay], executives: set[str]) -> None:
        engine.broker().create_topic(engine.topic("reply.me"), engine.partitions)
        engine.psql(functions_sql([function for play in plays for function in play.functions()]))
        setups = [play.setup() for play in plays]
        engine.load(merged([institution for _, institution in setups]))
        sent = [client.send("admin", {"operation": "deploy-process", "definition": file})
                for files, _ in setups for file in files]
        for command_id in sent:
            outcome = client.outcome(command_id)
            self.assertEqual(outcome["result"], "applied", outcome)
        engine.topics()  # the job topics of the executives
        for name in ["reply.me", *(f"job.{one}" for one in executives)]:
            wait_until(f"the broker knows {name}", lambda: partitions_of(engine, name) == engine.partitions)


if __name__ == "__main__":
    unittest.main()
