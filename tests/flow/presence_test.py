#!/usr/bin/python3
"""People come and go: presence, authorizations, groups that get members, people who are removed (ASG-2, ASG-7, ASG-8)."""

from __future__ import annotations

import unittest
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

from assignment_test import one
from engine import Client, Engine, Json, wait_until

engine: Engine
client: Client


def person(staff_id: str, *roles: str, **more: Any) -> Json:
    return {"staff_id": staff_id, "roles": list(roles), **more}


def institution(*staff: Json, **more: Any) -> Json:
    return {"roles": [{"role_id": "desk"}, {"role_id": "empty"}], "staff": list(staff), **more}


def setUpModule() -> None:
    global engine, client
    engine = unittest.enterModuleContext(  # small batches, so that tasks are looked through in several steps
        Engine("presence", workers=2, session_timeout_ms=6000, batch_commands=24))
    client = engine.client()
    engine.load(institution(*(person(s, "desk") for s in ("ann", "bob", "cid"))))
    lonely = one("lonely", "priority")
    lonely["assignment"][0]["role"] = "empty"
    engine.deploy(one("turn", "round_robin"), one("least", "least_working_list"), one("free", "fcfa"), lonely)


def tearDownModule() -> None:
    engine.check_whole()


def start_many(process_id: str, count: int) -> list[str]:
    """The task of each."""
    ids = [client.send("init-instance", {"process_id": process_id}) for _ in range(count)]
    return [client.outcome(i)["tasks"][0] for i in ids]


def executors(tasks: list[str]) -> Counter[str]:
    found = engine.psql("select coalesce(staff_id, '-'), count(*) from workflow.task_list where task_id ="
                        f" any ('{{{','.join(tasks)}}}') group by 1")
    return Counter({staff: int(count) for staff, count in found})


def presence(staff_id: str, **what: bool) -> Json:
    return client.applied("admin", {"operation": "set-presence", "staff_id": staff_id, **what})


class Presence(unittest.TestCase):
    def setUp(self) -> None:
        engine.load(institution(*(person(s, "desk", logging_on=True, on_leave=False) for s in ("ann", "bob", "cid")),
                                replace=True))

    def test_turns_pass_who_is_away(self) -> None:  # ASG-2, ASG-6
        engine.pawl_ok("person", "set-presence", "bob", "--on-leave")
        self.assertEqual(set(executors(start_many("turn", 20))), {"ann", "cid"})
        engine.pawl_ok("person", "set-presence", "bob", "--back", "--logged-off")
        self.assertEqual(set(executors(start_many("turn", 20))), {"ann", "cid"})
        presence("bob", logging_on=True)
        self.assertEqual(set(executors(start_many("turn", 20))), {"ann", "bob", "cid"})

    def test_delegation_by_command(self) -> None:  # ASG-7
        [task] = start_many("turn", 1)
        [holder] = executors([task])
        other = "cid" if holder != "cid" else "ann"
        self.assertEqual(client.call("get-task", {"task_id": task, "staff_id": other})["code"], "not_entitled")
        engine.pawl_ok("person", "authorize", holder, other, "--process", "turn")
        self.assertEqual(client.get(task, other)["task"]["grantor_id"], holder)
        for wrong in ((), ("--process", "turn", "--act", "wrok")):
            done = engine.pawl("person", "revoke", holder, other, *wrong)
            self.assertEqual((done.code, done.out, "nothing was revoked" in done.err), (7, "", True), done.err)
        engine.pawl_ok("person", "revoke", holder, other, "--process", "turn")
        client.end(task, other)
        self.assertEqual(engine.psql("select * from workflow.authorization_grant"), [])

    def test_who_does_not_exist(self) -> None:
        done = engine.pawl("person", "set-presence", "nobody", "--on-leave")
        self.assertEqual((done.code, "unknown_staff" in done.err), (3, True), done.err)
        done = engine.pawl("person", "authorize", "ann", "nobody")
        self.assertEqual((done.code, "unknown_staff" in done.err), (3, True), done.err)


class Stranded(unittest.TestCase):
    def setUp(self) -> None:
        Presence.setUp(self)  # type: ignore[arg-type]

    def wait_for(self, tasks: list[str], expected: set[str]) -> None:
        wait_until(f"all of {len(tasks)} tasks are with {expected}", lambda: set(executors(tasks)) == expected)

    def test_a_group_gets_its_first_member(self) -> None:  # ASG-8
        tasks = start_many("lonely", 300)
        self.assertEqual(executors(tasks), Counter({"-": 300}))
        engine.load(institution(person("eve", "empty")))
        self.wait_for(tasks, {"eve"})
        self.assertEqual(engine.value("select count(*) from workflow.to_do_task_list where unassigned"), "0")

    def test_an_authorization_begins(self) -> None:  # ASG-2, ASG-8
        engine.load(institution(person("fay", "empty", on_leave=True)))
        tasks = start_many("lonely", 3)
        self.assertEqual(executors(tasks), Counter({"-": 3}))
        soon = (datetime.now(timezone.utc) + timedelta(seconds=2)).isoformat()
        client.applied("admin", {"operation": "authorize", "grantor_id": "fay", "grantee_id": "ann", "valid_from": soon})
        self.wait_for(tasks, {"fay"})
        client.do(tasks[0], "ann")

    def test_who_is_removed_leaves_no_task_behind(self) -> None:
        tasks = start_many("least", 60)
        self.assertEqual(set(executors(tasks)), {"ann", "bob", "cid"})
        mine = [t for [t] in engine.psql("select task_id from workflow.task_list where staff_id = 'bob'") if t in tasks]
        client.get(mine[0], "bob")
        client.get(mine[1], "bob")
        client.applied("control", {"operation": "hang-task", "task_id": mine[1], "staff_id": "bob"})
        free = start_many("free", 2)
        client.get(free[0], "bob")
        engine.load(institution(person("ann", "desk"), person("cid", "desk"), replace=True))
        self.wait_for(tasks, {"ann", "cid"})
        self.wait_for(free, {"-"})  # the group's again (TSK-7)
        states = engine.psql("select distinct state from workflow.task_list where task_id ="
                             f" any ('{{{','.join(tasks + free)}}}')")
        self.assertEqual(states, [["waiting"]])
        self.assertEqual(client.call("end-task", {"task_id": mine[0], "staff_id": "bob"})["code"], "unknown_staff")
        self.check_loads()
        client.do(free[0], "ann")

    def check_loads(self) -> None:
        """What is counted is what there is."""
        wrong = engine.psql("""
            select l.staff_id
              from workflow.staff_load l
              left join (select staff_id, sum(change) as n from workflow.staff_load_change group by 1) c using (staff_id)
              left join (select staff_id, count(*) as n from workflow.to_do_task_list group by 1) t using (staff_id)
             where l.open_tasks + coalesce(c.n, 0) <> coalesce(t.n, 0)""")
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
