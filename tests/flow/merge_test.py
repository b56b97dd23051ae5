#!/usr/bin/python3
"""Merges that count, and what a worker that dies in between leaves: nothing lives in its memory alone."""

from __future__ import annotations

import unittest

import operator_desk
from engine import Client, Engine, Subscriber
from operator_desk import applied, history, kill_worker, open_tasks, refused, rows, started, state, the_open

engine: Engine
client: Client
subscriber: Subscriber


def setUpModule() -> None:
    global engine, client, subscriber
    engine, client, subscriber = operator_desk.open_engine(unittest, "merge")


def tearDownModule() -> None:
    operator_desk.close_engine()


class Merges(unittest.TestCase):
    def test_race(self) -> None:  # DEP-5, BAT-5
        instance_id, [a, b] = started("race")
        after = client.do(b, "cid")["tasks"]
        self.assertEqual(after, [the_open(instance_id, "after")])
        self.assertNotIn("tasks", client.do(a, "ann"))
        self.assertEqual(client.do(after[0], "cid")["instance_state"], "completed")
        self.assertEqual(sorted(how for how in history(instance_id).values() if how.startswith("first")),
                         ["first absorbed", "first ended"])

    def test_everybody_is_asked(self) -> None:  # ASG-3
        instance_id, polls = started("vote")
        people = engine.psql(f"""
            select staff_id, serial_no, branch_no from workflow.to_do_task_list
             where instance_id = '{instance_id}' order by branch_no""")
        self.assertEqual([(row[0], row[2]) for row in people], [("ann", "1"), ("bob", "2"), ("cid", "3"), ("eve", "4")])
        self.assertEqual({row[1] for row in people}, {"2"})
        self.assertEqual(refused(client.call("get-task", {"task_id": polls[0], "staff_id": "bob"})), "not_entitled")
        applied("cancel-instance", instance_id=instance_id, actor="desk")

    def test_passed(self) -> None:  # DEP-6
        instance_id, [ann, bob, cid, eve] = started("vote")
        client.do(ann, "ann", "yes")
        client.do(bob, "bob", "no")
        client.do(cid, "cid", "yes")
        self.assertEqual(client.do(eve, "eve", "yes")["instance_state"], "completed")
        self.assertEqual(state(instance_id), ["completed", "accepted"])

    def test_passed_before_all_have_voted(self) -> None:
        instance_id, [ann, bob, cid, eve] = started("vote")
        client.do(ann, "ann", "yes")
        client.do(bob, "bob", "yes")
        client.get(eve, "eve")
        over = client.do(cid, "cid", "yes")
        self.assertEqual(over["instance_state"], "completed")
        self.assertIn("poll withdrawn", history(instance_id).values())
        withdrawn = subscriber.wait(instance_id, "task withdrawn", lambda e: e["state"] == "withdrawn").json
        self.assertEqual((withdrawn["task_id"], withdrawn["previous_state"]), (eve, "processing"))

    def test_failed_before_all_have_voted(self) -> None:
        instance_id, [ann, bob, *_] = started("vote")
        client.do(ann, "ann", "no")
        self.assertEqual(client.do(bob, "bob")["instance_state"], "completed")
        self.assertEqual(state(instance_id), ["completed", "refused"])
        self.assertEqual(sorted(history(instance_id).values()).count("poll withdrawn"), 2)


class Restarted(unittest.TestCase):
    """Each test begins before the first death of the worker, goes on after it, and ends after the second."""

    began: dict[str, tuple[str, list[str]]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.began = {name: started(process_id) for name, process_id in (
            ("race", "race"), ("heats", "heats"), ("passed", "vote"), ("failed", "vote"), ("pair", "pair"),
            ("held", "single"), ("resumed", "pair"), ("stuck", "stuck"))}
        client.do(cls.began["race"][1][0], "cid")
        client.do(cls.began["heats"][1][0], "cid")
        client.do(cls.began["passed"][1][0], "ann", "yes")
        client.do(cls.began["failed"][1][3], "eve", "no")
        client.do(cls.began["pair"][1][1], "ann")
        client.do(cls.began["stuck"][1][1], "ann", "yes")
        client.get(cls.began["held"][1][0], "ann")
        applied("hang-task", task_id=cls.began["held"][1][0], staff_id="ann")
        for task in cls.began["resumed"][1]:
            client.get(task, "bob")
        applied("suspend-instance", instance_id=cls.began["resumed"][0], actor="desk")
        client.end(cls.began["resumed"][1][0], "bob")
        kill_worker()
        client.do(cls.began["heats"][1][2], "bob")
        client.do(cls.began["heats"][1][1], "bob")  # has lost
        client.do(cls.began["passed"][1][1], "bob", "yes")
        client.end(cls.began["resumed"][1][1], "bob")
        kill_worker()

    def test_closed_batch(self) -> None:
        instance_id, [a, b] = self.began["race"]
        client.do(b, "ann")
        self.assertEqual(open_tasks(instance_id), {"after": "waiting"})
        self.assertIn("first absorbed", history(instance_id).values())
        client.do(the_open(instance_id, "after"), "bob")
        self.assertEqual(state(instance_id)[0], "completed")

    def test_winner(self) -> None:
        instance_id, _ = self.began["heats"]
        self.assertEqual(open_tasks(instance_id), {"semi": "waiting", "join": "pending"})
        self.assertIn("first absorbed", history(instance_id).values())
        self.assertEqual(engine.psql(f"""
            select act_id, serial_no, branch_no from workflow.batch_winner where instance_id = '{instance_id}'"""),
                         [["first", "2", "1"]])
        client.do(the_open(instance_id, "semi"), "cid")
        self.assertEqual(state(instance_id)[0], "completed")
        left = engine.psql(f"select from workflow.batch_winner where instance_id = '{instance_id}'")
        self.assertEqual(left, [])

    def test_votes(self) -> None:
        instance_id, [_, _, cid, eve] = self.began["passed"]
        self.assertEqual(open_tasks(instance_id), {"poll": "waiting", "count": "pending"})
        self.assertEqual(client.do(eve, "eve", "yes")["instance_state"], "completed")
        self.assertEqual((state(instance_id), history(instance_id)[cid.partition(":")[2]]),
                         (["completed", "accepted"], "poll withdrawn"))

    def test_votes_that_are_not_enough(self) -> None:
        instance_id, [ann, *_] = self.began["failed"]
        self.assertEqual(client.do(ann, "ann", "no")["instance_state"], "completed")
        self.assertEqual(state(instance_id), ["completed", "refused"])

    def test_arrivals(self) -> None:
        instance_id, [left, _] = self.began["pair"]
        [sign] = client.do(left, "cid")["tasks"]
        self.assertEqual(rows(sign)[0][0], "waiting")

    def test_summaries(self) -> None:
        _, [left, _] = self.began["stuck"]
        self.assertEqual(client.do(left, "cid")["instance_state"], "completed")

    def test_pausing(self) -> None:
        _, [task] = self.began["held"]
        applied("reset-task", task_id=task, staff_id="ann")
        self.assertEqual(client.end(task, "ann")["instance_state"], "completed")
        waited = engine.value(f"select paused_time > '1 s' from workflow.history_list where task_id = '{task}'")
        self.assertEqual(waited, "t")  # the worker was away so long at least

    def test_suspended(self) -> None:
        instance_id, _ = self.began["resumed"]
        self.assertEqual(open_tasks(instance_id), {"join": "pending"})
        resumed = applied("resume-instance", instance_id=instance_id, actor="desk")
        self.assertEqual(len(resumed["tasks"]), 1)
        self.assertEqual(client.do(resumed["tasks"][0], "eve")["instance_state"], "completed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
