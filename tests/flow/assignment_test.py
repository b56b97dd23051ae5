#!/usr/bin/python3
"""Who gets a task: turns, loads and constraints, with two workers that share them (ASG-4, ASG-6, ASG-10)."""

from __future__ import annotations

import unittest
from collections import Counter
from typing import Any

from desk import act, by_role, route
from engine import Client, Engine, Json

PEOPLE = ["ann", "bob", "cid", "eve"]

engine: Engine
client: Client


def one(process_id: str, method: str, **rule: Any) -> Json:
    """One task, assigned by a method."""
    return {
        "process_id": process_id,
        "activities": [act("start", "initial"), act("work", "interaction"), act("done", "completion")],
        "routing": [route("start", None, "work"), route("work", "again", "work"), route("work", None, "done")],
        "assignment": [by_role("work", "desk", method) | rule],
    }


def two(process_id: str, method: str, **rule: Any) -> Json:
    """A second task, bound by who did the first."""
    return {
        "process_id": process_id,
        "activities": [act("start", "initial"), act("first", "interaction"), act("second", "interaction"),
                       act("done", "completion")],
        "routing": [route("start", None, "first"), route("first", None, "second"), route("second", None, "done")],
        "assignment": [by_role("first", "desk"), by_role("second", "desk", method) | rule],
    }


def institution() -> Json:
    return {"roles": [{"role_id": "desk"}],
            "staff": [{"staff_id": s, "roles": ["desk"]} for s in PEOPLE]}


def setUpModule() -> None:
    global engine, client
    engine = unittest.enterModuleContext(Engine("assignment", workers=2, session_timeout_ms=6000))
    client = engine.client()
    engine.load(institution())
    engine.deploy(one("turn", "round_robin"), one("least", "least_working_list"), one("free", "fcfa"),
                  two("four-eyes", "fcfa", not_by=["first"]), two("familiar", "priority", same_as="first"),
                  two("fresh", "least_working_list", not_by=["first"]))


def tearDownModule() -> None:
    engine.check_whole()


def start_many(process_id: str, count: int) -> list[Json]:
    ids = [client.send("init-instance", {"process_id": process_id}) for _ in range(count)]
    return [client.outcome(i) for i in ids]


def assigned(process_id: str) -> Counter[str]:
    rows = engine.psql("select t.staff_id, count(*) from workflow.to_do_task_list t join workflow.instance i"
                       f" using (instance_id) where i.process_id = '{process_id}' group by 1")
    return Counter({staff: int(count) for staff, count in rows})


def check_loads() -> None:
    """What is counted is what there is."""
    wrong = engine.psql("""
        select l.staff_id, l.open_tasks, c.change, t.open
          from workflow.staff_load l
          left join lateral (select coalesce(sum(change), 0) as change from workflow.staff_load_change c
                              where c.staff_id = l.staff_id) c on true
          left join lateral (select count(*) as open from workflow.to_do_task_list t where t.staff_id = l.staff_id) t on true
         where l.open_tasks + c.change <> t.open""")
    if wrong:
        raise AssertionError(f"loads are wrong: {wrong}")


class Methods(unittest.TestCase):
    def test_round_robin(self) -> None:  # ASG-6
        outcomes = start_many("turn", 202)
        self.assertEqual({o["result"] for o in outcomes}, {"applied"})
        counts = assigned("turn")
        self.assertEqual(set(counts), set(PEOPLE))
        self.assertLessEqual(max(counts.values()) - min(counts.values()), 1)
        self.assertEqual(engine.value("select count(*) from workflow.role_token where staff_id is not null"), "1")

    def test_least_working_list(self) -> None:  # ASG-4
        tasks = [client.start("free")["tasks"][0] for _ in range(3)]
        for task in tasks:
            client.get(task, "ann")
        start_many("least", 100)
        total = Counter({staff: int(n) for staff, n in engine.psql(
            "select staff_id, count(*) from workflow.to_do_task_list where staff_id is not null group by 1")})
        totals = [total[p] for p in PEOPLE]
        self.assertLessEqual(max(totals) - min(totals), 1)
        check_loads()
        for task in tasks:
            client.end(task, "ann")
        before = assigned("least")
        start_many("least", 2)
        self.assertEqual(assigned("least") - before, Counter(ann=2))
        check_loads()

    def test_what_cancels_counts(self) -> None:
        outcomes = start_many("least", 40)
        for outcome in outcomes:
            client.send("control", {"operation": "cancel-instance", "instance_id": outcome["instance_id"], "actor": "op"})
        client.applied("control", {"operation": "cancel-instance", "actor": "op",
                                   "instance_id": client.start("least")["instance_id"]})
        start_many("least", 8)
        check_loads()


class Constraints(unittest.TestCase):
    def test_not_by(self) -> None:  # ASG-10
        instance = client.start("four-eyes")
        client.do(instance["tasks"][0], "ann")
        second = f"{instance['instance_id']}:3"
        self.assertEqual(client.call("get-task", {"task_id": second, "staff_id": "ann"})["code"], "constraint")
        self.assertEqual(engine.psql("select people from workflow.task_summary where act_id = 'first' and instance_id ="
                                     f" '{instance['instance_id']}'"), [["{ann}"]])
        self.assertEqual(engine.psql("select barred from workflow.to_do_task_list where instance_id ="
                                     f" '{instance['instance_id']}'"), [["{ann}"]])
        client.do(second, "bob")

    def test_same_as(self) -> None:  # ASG-10
        instance = client.start("familiar")
        ended = client.do(instance["tasks"][0], "eve")
        second = f"{instance['instance_id']}:3"
        self.assertEqual(engine.psql(f"select staff_id from workflow.task_list where task_id = '{second}'"), [["eve"]])
        refused = client.call("control", {"operation": "reassign-task", "task_id": second, "to_staff_id": "bob",
                                          "actor": "op"})
        self.assertEqual(refused["code"], "constraint", ended)
        client.do(second, "eve")

    def test_least_among_the_others(self) -> None:
        instances = start_many("fresh", 20)
        for instance in instances:
            client.do(instance["tasks"][0], "bob")
        got = assigned("fresh")
        self.assertEqual(sum(got.values()), 20)
        self.assertNotIn("bob", got)
        check_loads()


if __name__ == "__main__":
    unittest.main(verbosity=2)
