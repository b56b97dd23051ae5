#!/usr/bin/python3
"""Work in somebody's name."""

from __future__ import annotations

import unittest

import desk
import operator_desk
from engine import Client, Engine, Subscriber
from operator_desk import applied, last_events, refused, rows, started

engine: Engine
client: Client
subscriber: Subscriber


def setUpModule() -> None:
    global engine, client, subscriber
    engine, client, subscriber = operator_desk.open_engine(unittest, "delegation")


def tearDownModule() -> None:
    operator_desk.close_engine()


class Delegation(unittest.TestCase):
    """zoe, who belongs to nothing, may do what cid may do in `given`, and what eve may do anywhere."""

    @classmethod
    def setUpClass(cls) -> None:
        engine.deploy(desk.single() | {"process_id": "given"})
        engine.load({"authorizations": [
            {"grantor_id": "cid", "grantee_id": "zoe", "process_id": "given", "act_id": "work"},
            {"grantor_id": "eve", "grantee_id": "zoe", "process_id": "lead"},
            {"grantor_id": "ann", "grantee_id": "zoe", "valid_to": "2020-01-01T00:00:00Z"},
            {"grantor_id": "zoe", "grantee_id": "bob"},
        ]})

    def test_named_task(self) -> None:  # ASG-7
        instance_id, [task] = started("given")
        self.assertIn([task], engine.psql("select task_id from workflow.task_list_of('zoe')"))
        taken = client.applied("get-task", {"task_id": task, "staff_id": "zoe", "grantor_id": "cid"})
        self.assertEqual((taken["task"]["staff_id"], taken["task"]["grantor_id"]), ("zoe", "cid"))
        self.assertEqual(rows(task), [["processing", "zoe", "cid", "department:office"]])
        self.assertEqual(last_events(taken)[0]["grantor_id"], "cid")
        client.end(task, "zoe")
        self.assertEqual(engine.psql(f"select staff_id, grantor_id from workflow.history_list where task_id = '{task}'"),
                         [["zoe", "cid"]])

    def test_next_task(self) -> None:
        _, [task] = started("given")
        taken = client.applied("get-task", {"staff_id": "zoe", "process_id": "given"})
        self.assertEqual((taken["task"]["task_id"], taken["task"]["grantor_id"]), (task, "cid"))
        client.end(task, "zoe")

    def test_only_what_was_granted_is_next(self) -> None:
        for _ in range(5):  # older, and not hers
            started("single")
        _, [task] = started("given")
        taken = client.applied("get-task", {"staff_id": "zoe"})
        self.assertEqual(taken["task"]["task_id"], task)
        client.end(task, "zoe")

    def test_not_granted(self) -> None:
        _, [task] = started("single")
        ask = {"task_id": task, "staff_id": "zoe"}
        self.assertEqual(refused(client.call("get-task", ask)), "not_entitled")
        self.assertEqual(refused(client.call("get-task", ask | {"grantor_id": "ann"})), "not_entitled")  # is over
        _, [task] = started("given")
        self.assertEqual(refused(client.call("get-task", {"task_id": task, "staff_id": "zoe", "grantor_id": "eve"})),
                         "not_entitled")
        client.do(task, "cid")

    def test_next_one_is_another_workers(self) -> None:  # EOS-6
        with Engine("grantees", workers=2) as other:
            asking = other.client()
            other.load(desk.institution())
            other.load({"authorizations": [{"grantor_id": "cid", "grantee_id": "zoe", "process_id": "given"}]})
            other.deploy(desk.single(), desk.single() | {"process_id": "given"})
            for _ in range(8):
                asking.start("single")
            given = [asking.start("given")["tasks"][0] for _ in range(8)]
            sent = [asking.send("get-task", {"staff_id": "zoe"}) for _ in range(9)]
            outcomes = [asking.outcome(command_id) for command_id in sent]
            taken = [o["task"] for o in outcomes if o["result"] == "applied"]
            self.assertEqual(sorted(task["task_id"] for task in taken), sorted(given))
            self.assertEqual({task["grantor_id"] for task in taken}, {"cid"})
            self.assertEqual([o["code"] for o in outcomes if o["result"] == "rejected"], ["no_task_available"])

    def test_released_to_the_grantor(self) -> None:
        _, [task] = started("lead")
        self.assertEqual(refused(client.call("get-task", {"task_id": task, "staff_id": "bob"})), "not_entitled")
        client.applied("get-task", {"task_id": task, "staff_id": "zoe"})
        self.assertEqual(rows(task), [["processing", "zoe", "eve", ""]])
        applied("release-task", task_id=task, staff_id="zoe")
        self.assertEqual(rows(task), [["waiting", "eve", "", ""]])
        client.do(task, "eve")

    def test_released_to_the_group(self) -> None:
        _, [task] = started("given")
        client.applied("get-task", {"task_id": task, "staff_id": "zoe"})
        applied("release-task", task_id=task, actor="desk")
        self.assertEqual(rows(task), [["waiting", "", "", "department:office"]])
        client.do(task, "ann")


if __name__ == "__main__":
    unittest.main(verbosity=2)
