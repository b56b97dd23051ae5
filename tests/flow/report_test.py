#!/usr/bin/python3
"""Status and quantified work from outside: task lists, who waits for what, process status, reports (LOG-2)."""

from __future__ import annotations

import csv
import io
import json
import unittest
from typing import Any

import desk
import operator_desk
from engine import Client, Engine, Json, Subscriber, wait_until
from operator_desk import applied, started

engine: Engine
client: Client
subscriber: Subscriber


def setUpModule() -> None:
    global engine, client, subscriber
    engine, client, subscriber = operator_desk.open_engine(unittest, "report")


def tearDownModule() -> None:
    operator_desk.close_engine()


def pawl(*arguments: str) -> Any:
    return json.loads(engine.pawl_ok(*arguments, "-o", "json").out)


def limited(process_id: str, within: str, then: str = "remind") -> Json:
    """One task of the office with a limit to its end."""
    definition = desk.single() | {"process_id": process_id}
    return definition | {"activities": [
        activity | ({"time_limits": {"end": {"within": within, "then": then}}} if activity["act_type"] == "interaction" else {})
        for activity in definition["activities"]]}


def report(*arguments: str) -> dict[str, Json]:
    """The rows by what they are of; a row without is under ''."""
    by = arguments[arguments.index("--by") + 1] if "--by" in arguments else "person"
    return {row.get({"activity": "act_id", "process": "process_id"}.get(by, by), ""): row
            for row in pawl("report", "work", *arguments)}


class TaskLists(unittest.TestCase):
    def test_mine_my_groups_and_by_filter(self) -> None:
        engine.deploy(desk.single() | {"process_id": "listed"})
        _, [mine] = started("listed", entity_id="case/1")
        _, [offered] = started("listed", entity_id="case/2")
        client.get(mine, "cid")
        engine.load({"authorizations": [{"grantor_id": "cid", "grantee_id": "zoe", "process_id": "listed"}]})

        def listed(*arguments: str) -> list[str]:
            return [task["task_id"] for task in pawl("task", "list", "--process", "listed", *arguments)]

        self.assertEqual(listed("--staff", "cid"), [mine, offered])
        self.assertEqual(listed("--staff", "ann"), [offered])  # of a department below
        self.assertEqual(listed("--staff", "zoe"), [offered])  # on cid's authorization
        self.assertEqual(listed("--staff", "cid", "--state", "processing"), [mine])
        self.assertEqual((listed("--staff", "cid", "--mine"), listed("--staff", "ann", "--mine")), ([mine], []))
        self.assertEqual(engine.pawl("task", "list", "--mine").code, 2)
        self.assertEqual(listed("--department", "office", "--entity", "case/2"), [offered])
        self.assertEqual(listed("--role", "clerk"), [])
        self.assertEqual(listed("--overdue"), [])
        self.assertEqual(engine.pawl("task", "list", "--role", "x", "--team", "y").code, 2)
        rows = list(csv.DictReader(io.StringIO(engine.pawl_ok("task", "list", "--staff", "ann", "--process", "listed",
                                                              "-o", "csv").out)))
        self.assertEqual([(row["task_id"], row["candidates"], row["staff_id"]) for row in rows],
                         [(offered, "department:office", "")])
        self.assertEqual(engine.pawl("task", "end", mine, "--staff", "cid", "-o", "csv").code, 2)


class Needs(unittest.TestCase):
    def needs(self, instance_id: str) -> list[tuple[str, ...]]:
        found = pawl("instance", "show", instance_id)["needs"]
        return [tuple(need.get(name, "") for name in ("act_id", "need", "need_act_id", "need_flag", "need_state",
                                                      "need_staff_id")) for need in found]

    def test_a_merge_waits_for_a_branch(self) -> None:  # DEP-3
        instance_id, [left, right] = started("pair")
        self.assertEqual(self.needs(instance_id), [])
        client.do(left, "ann")
        self.assertEqual(self.needs(instance_id), [("join", "arrival", "right", "", "waiting", "department:office")])
        client.get(right, "cid")
        self.assertEqual(self.needs(instance_id), [("join", "arrival", "right", "", "processing", "cid")])
        applied("suspend-instance", instance_id=instance_id, actor="desk")
        self.assertIn(("join", "resume", "", "", "", ""), self.needs(instance_id))
        told = engine.pawl_ok("instance", "show", instance_id).out
        self.assertIn("who waits for what:", told)
        self.assertIn("path so far:", told)

    def test_a_rule_that_can_never_hold(self) -> None:  # FWD-7, DEP-2
        instance_id, [left, right] = started("stuck")
        client.do(left, "ann")
        self.assertEqual(self.needs(instance_id), [("join", "end", "right", "yes", "waiting", "department:office")])
        client.do(right, "ann", "no")
        shown = pawl("instance", "show", instance_id)
        self.assertEqual((shown["instance"]["state"], self.needs(instance_id)),
                         ("stalled", [("join", "end", "right", "yes", "", "")]))

    def test_votes(self) -> None:  # DEP-6
        instance_id, [ann, *_] = started("vote")
        client.do(ann, "ann", "yes")
        needs = self.needs(instance_id)
        self.assertEqual([need for need in needs if need[1] == "votes"], [("count", "votes", "", "1 of 60%", "", "")])
        self.assertEqual([need[5] for need in needs if need[1] == "arrival"], ["bob", "cid", "eve"])


class Status(unittest.TestCase):
    def test_process_status(self) -> None:
        engine.deploy(desk.stuck() | {"process_id": "seen"})
        stalled, [left, right] = started("seen")
        client.do(left, "ann")
        client.do(right, "ann", "no")
        running, [_, held] = started("seen")
        client.get(held, "bob")
        suspended, _ = started("seen")
        applied("suspend-instance", instance_id=suspended, actor="desk")
        cancelled, _ = started("seen")
        applied("cancel-instance", instance_id=cancelled, actor="desk")
        status = pawl("process", "status", "seen")
        [process] = status["processes"]
        self.assertEqual({name: process[name] for name in ("running", "stalled", "suspended", "completed", "cancelled")},
                         {"running": 1, "stalled": 1, "suspended": 1, "completed": 0, "cancelled": 1})
        self.assertEqual((process["open_tasks"], process["overdue"], process["incidents"]), (5, 0, 0))
        activities = {row["act_id"]: row for row in status["activities"]}
        self.assertEqual({act: (row["pending"], row["waiting"], row["processing"]) for act, row in activities.items()},
                         {"left": (0, 2, 0), "right": (0, 1, 1), "join": (1, 0, 0)})
        self.assertGreater(activities["left"]["mean_waiting_time"], 0)
        self.assertNotIn("mean_waiting_time", activities["join"])
        self.assertIn("MEAN_WAITING", engine.pawl_ok("process", "status", "seen").out)
        self.assertIn("seen", engine.pawl_ok("process", "status").out)
        self.assertEqual(engine.pawl("process", "status", "unheard-of").code, 7)


class Work(unittest.TestCase):
    """What was done in a process of its own, counted by all there is to count by."""

    @classmethod
    def setUpClass(cls) -> None:
        engine.deploy(operator_desk.pair("counted"), operator_desk.lead() | {"process_id": "counted-lead"})
        for person in ("ann", "ann", "cid"):
            _, [left, right] = started("counted")
            [sign] = (client.do(left, person), client.do(right, person))[1]["tasks"]
            client.do(sign, "eve")
        instance_id, [left, right] = started("counted")  # eve gives one back, and loses another
        client.get(left, "eve")
        applied("release-task", task_id=left, staff_id="eve")
        client.get(right, "eve")
        applied("reassign-task", task_id=right, to_staff_id="bob", actor="desk")
        client.get(left, "ann")
        withdrawn, _ = started("counted")
        applied("cancel-instance", instance_id=withdrawn, actor="desk")

    def counted(self, *arguments: str) -> dict[str, Json]:
        return report("--process", "counted", *arguments)

    def test_by_person(self) -> None:
        rows = self.counted()
        self.assertEqual({person: (row["done"], row["handed_on"], row["open_load"]) for person, row in rows.items()},
                         {"ann": (4, 0, 1), "bob": (0, 0, 1), "cid": (2, 0, 0), "eve": (3, 2, 0)})
        self.assertEqual((rows["ann"]["on_time"], rows["ann"]["late"], rows["ann"]["paused_time"]), (0, 0, 0))
        self.assertGreater(rows["ann"]["waiting_median"], 0)
        self.assertGreaterEqual(rows["ann"]["working_p90"], rows["ann"]["working_median"])
        self.assertNotIn("waiting_median", rows["bob"])

    def test_departments_include_those_below(self) -> None:  # INS-2
        rows = self.counted("--by", "department")
        self.assertEqual({name: (row["done"], row["handed_on"], row["open_load"]) for name, row in rows.items()},
                         {"front": (4, 0, 2), "office": (9, 2, 2)})

    def test_teams_include_those_below(self) -> None:
        rows = self.counted("--by", "team")
        self.assertEqual({name: row["done"] for name, row in rows.items()}, {"night": 4, "crew": 6, "": 3})

    def test_by_activity(self) -> None:
        rows = self.counted("--by", "activity")
        self.assertEqual({name: (row["done"], row["handed_on"], row["open_load"]) for name, row in rows.items()},
                         {"left": (3, 1, 1), "right": (3, 1, 1), "sign": (3, 0, 0)})

    def test_by_role_of_the_assignment(self) -> None:
        _, [task] = started("counted-lead")
        client.do(task, "eve")
        self.assertEqual(report("--process", "counted-lead", "--by", "role")["manager"]["done"], 1)
        self.assertEqual(self.counted("--by", "role")[""]["done"], 9)

    def test_on_time_and_late(self) -> None:
        """A limit that has passed shows at once; who ends the task later is late; what it took away was handed on."""
        engine.deploy(limited("hourly", "PT1H"), limited("hasty", "PT1S"), limited("taken", "PT1S", "release"))
        tasks = {process_id: started(process_id)[1][0] for process_id in ("hourly", "hasty", "taken")}
        for task_id in tasks.values():
            client.get(task_id, "ann")
        client.end(tasks["hourly"], "ann")
        wait_until("it is given back", lambda: pawl("task", "list", "--process", "taken", "--state", "waiting"))
        wait_until("it is overdue", lambda: pawl("task", "list", "--process", "hasty", "--overdue"))
        [status] = pawl("process", "status", "hasty")["processes"]
        self.assertEqual((status["overdue"], status["running"]), (1, 1))
        self.assertEqual(pawl("process", "status", "hasty")["activities"][0]["overdue"], 1)
        client.end(tasks["hasty"], "ann")
        self.assertEqual({process_id: tuple(report("--process", process_id)["ann"][name]
                                            for name in ("done", "on_time", "late", "handed_on")) for process_id in tasks},
                         {"hourly": (1, 1, 0, 0), "hasty": (1, 0, 1, 0), "taken": (0, 0, 0, 1)})

    def test_periods_and_formats(self) -> None:
        rows = pawl("report", "work", "--process", "counted", "--by", "person,activity", "--period", "month")
        self.assertEqual(sum(row["done"] for row in rows), 9)
        self.assertEqual({row["period"][8:] for row in rows}, {"01T00:00:00+00:00"})
        self.assertNotIn("open_load", rows[0])
        before = self.counted("--from", "2020-01-01", "--to", "2020-02-01T00:00:00Z")  # nothing done, the load is today's
        self.assertEqual({person: (row["done"], row["open_load"]) for person, row in before.items()},
                         {"ann": (0, 1), "bob": (0, 1)})
        self.assertEqual(self.counted("--by", "")[""]["done"], 9)
        text = engine.pawl_ok("report", "work", "--process", "counted").out
        self.assertIn("WORKED_P90", text)
        [eve] = [row for row in csv.DictReader(io.StringIO(engine.pawl_ok("report", "work", "--process", "counted", "-o",
                                                                          "csv").out)) if row["person"] == "eve"]
        self.assertEqual((eve["done"], eve["handed_on"], eve["late"]), ("3", "2", "0"))

    def test_usage(self) -> None:
        for arguments in (("--by", "shoe"), ("--by", "person,person"), ("--by", "person,"), ("--period", "year"),
                          ("--from", "yesterday"), ("--to", "2026-13-01"),
                          ("--from", "2026-02-01", "--to", "2026-01-01")):
            with self.subTest(arguments):
                self.assertEqual(engine.pawl("report", "work", *arguments).code, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
