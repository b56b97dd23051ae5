#!/usr/bin/env python3
"""`pawl db prune` and the upkeep that workers do: what is old goes, what is not stays, and the engine goes on."""

from __future__ import annotations

import unittest

import desk
from engine import Engine, Json, Load, wait_until

OLD = "timestamptz '2020-03-15 12:00Z'"


class Prune(unittest.TestCase):
    def setUp(self) -> None:
        self.engine = self.enterContext(Engine("prune"))
        self.engine.load(desk.institution())
        self.engine.deploy(desk.steps())
        Load(self.engine.client(), "steps", desk.STEPS, 6).wait()
        self.ids = [row[0] for row in self.engine.psql("select instance_id from workflow.instance order by 1")]

    def asked(self, *arguments: str) -> Json:
        return self.engine.pawl_ok(*arguments, "-o", "json").json

    def make_old(self, instance_id: str) -> None:
        self.engine.psql("""
            create table if not exists workflow.have_done_tasks_2020_03 partition of workflow.have_done_tasks
            for values from ('2020-03-01Z') to ('2020-04-01Z')""")
        self.engine.psql(f"update workflow.have_done_tasks set date_ended = {OLD} where instance_id = '{instance_id}'")
        self.engine.psql(f"update workflow.instance set date_completed = {OLD} where instance_id = '{instance_id}'")

    def left(self, table: str, column: str = "instance_id") -> set[str]:
        return {row[0] for row in self.engine.psql(f"select distinct {column} from workflow.{table}")}

    def test_months(self) -> None:
        for instance_id in self.ids[:2]:
            self.make_old(instance_id)
        would = self.asked("db", "prune", "--before", "2020-04", "--dry-run")
        self.assertEqual((would["partitions"], would["instances"]), (["have_done_tasks_2020_03"], 2))
        self.assertEqual(self.left("instance"), set(self.ids))
        gone = self.asked("db", "prune", "--before", "2020-04")
        self.assertEqual(gone, would | {"dry_run": False})
        self.assertEqual(self.left("instance"), set(self.ids[2:]))
        self.assertEqual(self.left("have_done_tasks"), set(self.ids[2:]))
        self.assertEqual(self.left("command_id", "scope") & set(self.ids), set(self.ids[2:]))
        self.assertEqual(self.asked("db", "prune", "--before", "2020-04")["instances"], 0)
        self.assertEqual(self.engine.client().start("steps")["result"], "applied")

    def test_open_instances_stay(self) -> None:
        started = self.engine.client().start("steps")["instance_id"]
        self.engine.psql(f"update workflow.instance set date_created = {OLD} where instance_id = '{started}'")
        self.asked("db", "prune", "--before", "2020-04")
        self.assertIn(started, self.left("instance"))

    def test_verify_does_not_miss_it(self) -> None:
        first = self.ids[0]
        self.engine.psql(f"delete from workflow.instance where instance_id = '{first}'")
        self.engine.psql(f"delete from workflow.have_done_tasks where instance_id in ('{first}', '{self.ids[1]}')")
        self.assertEqual(self.engine.pawl("verify").code, 9)
        self.engine.psql("update workflow.catalog set pruned_before = now() + interval '1 hour'")
        total = self.asked("verify")
        self.assertEqual(total["differences"], 0)
        self.assertEqual(total["pruned"], 1 + 2 + len(desk.STEPS))  # an instance; of another its tasks

    def test_wrong_months(self) -> None:
        for month, said in (("2020-13", '"2020-13"'), ("2020-1", '"2020-1"'), ("last", '"last"'), ("2999-01", "not begun")):
            done = self.engine.pawl("db", "prune", "--before", month)
            self.assertEqual(done.code, 2, month)
            self.assertIn(said, done.err)
        self.assertEqual(self.engine.pawl("db", "prune").code, 2)


class Upkeep(unittest.TestCase):
    def test_a_worker_does_it(self) -> None:
        engine = self.enterContext(Engine("upkeep", workers=0))
        next_month = engine.value("select to_char(now() at time zone 'UTC' + interval '1 month', '_YYYY_MM')")
        engine.psql(f"drop table workflow.have_done_tasks{next_month}")
        engine.psql("""
            insert into workflow.command_id (scope, id_hash, data_hash, position, date_created)
            select gen_random_uuid(), gen_random_uuid(), 1, 1, now() - age
              from unnest(array[interval '8 days', interval '8 days', interval '6 days', null]) as u (age)""")
        engine.start_workers(1)
        wait_until("old ids are forgotten", lambda: engine.value("select count(*) from workflow.command_id") == "2")
        self.assertEqual(engine.value(f"select to_regclass('workflow.have_done_tasks{next_month}') is not null"), "t")


if __name__ == "__main__":
    unittest.main(verbosity=2)
