#!/usr/bin/python3
"""What operators and people do to tasks and instances, step by step through Kafka and PostgreSQL."""

from __future__ import annotations

import json
import unittest
from typing import Any

import operator_desk
from engine import Client, Engine, Subscriber, wait_until
from operator_desk import applied, control, history, last_events, open_tasks, refused, rows, started, state, the_open

engine: Engine
client: Client
subscriber: Subscriber


def setUpModule() -> None:
    global engine, client, subscriber
    engine, client, subscriber = operator_desk.open_engine(unittest, "control")


def tearDownModule() -> None:
    operator_desk.close_engine()


class Tasks(unittest.TestCase):
    def test_hang_and_reset(self) -> None:  # TSK-2
        instance_id, [task] = started("single")
        self.assertEqual(refused(control("hang-task", task_id=task, staff_id="cid")), "wrong_state")
        client.get(task, "cid")
        self.assertEqual(refused(control("hang-task", task_id=task, staff_id="ann")), "not_entitled")
        hung = applied("hang-task", task_id=task, staff_id="cid", reason="lunch")
        self.assertEqual((hung["operation"], hung["task"]["state"]), ("hang-task", "pausing"))
        [event] = last_events(hung)
        self.assertEqual((event["state"], event["previous_state"], event["actor"], event["reason"]),
                         ("pausing", "processing", "cid", "lunch"))
        self.assertEqual(rows(task), [["pausing", "cid", "", "department:office"]])
        self.assertEqual(refused(control("hang-task", task_id=task, staff_id="cid")), "wrong_state")
        self.assertEqual(refused(client.call("end-task", {"task_id": task, "staff_id": "cid"})), "wrong_state")
        self.assertEqual(refused(client.call("get-task", {"task_id": task, "staff_id": "ann"})), "task_taken")
        self.assertEqual(refused(control("reset-task", task_id=task, staff_id="ann")), "not_entitled")
        [event] = last_events(applied("reset-task", task_id=task, staff_id="cid"))
        self.assertEqual((event["state"], event["previous_state"]), ("processing", "pausing"))
        self.assertEqual(refused(control("reset-task", task_id=task, staff_id="cid")), "wrong_state")
        client.end(task, "cid")
        paused = engine.value(f"select paused_time > '0' from workflow.history_list where task_id = '{task}'")
        self.assertEqual(paused, "t")

    def test_release(self) -> None:  # TSK-2
        _, [task] = started("single")
        self.assertEqual(refused(control("release-task", task_id=task, actor="desk")), "wrong_state")
        client.get(task, "cid")
        self.assertEqual(refused(control("release-task", task_id=task, staff_id="ann")), "not_entitled")
        released = applied("release-task", task_id=task, staff_id="cid")
        [event] = last_events(released)
        self.assertEqual((event["state"], event["previous_state"], event["candidates"]),
                         ("waiting", "processing", {"department": "office"}))
        self.assertNotIn("staff_id", event)
        self.assertEqual(rows(task), [["waiting", "", "", "department:office"]])
        client.get(task, "ann")
        applied("hang-task", task_id=task, staff_id="ann")
        [event] = last_events(applied("release-task", task_id=task, actor="desk", reason="gone home"))
        self.assertEqual((event["previous_state"], event["actor"], event["reason"]), ("pausing", "desk", "gone home"))
        client.do(task, "bob")

    def test_released_to_the_one_it_was_assigned_to(self) -> None:
        _, [task] = started("lead")
        client.get(task, "eve")
        applied("release-task", task_id=task, staff_id="eve")
        self.assertEqual(rows(task), [["waiting", "eve", "", ""]])

    def test_automation_is_announced_again(self) -> None:  # TSK-6, STA-1
        jobs = engine.reader("job.pay-card")
        instance_id, [task] = started("order", completion_flag="express")
        pay = {"task_id": task, "executor_id": "pay/1"}

        def announced(times: int) -> None:
            wait_until(f"announcement {times} of {task}",
                       lambda: sum(m.json["task_id"] == task for m in list(jobs.messages)) == times)
        announced(1)
        applied("suspend-instance", instance_id=instance_id, actor="desk")
        self.assertEqual(refused(client.call("get-task", pay)), "instance_suspended")
        applied("resume-instance", instance_id=instance_id, actor="desk")
        announced(2)
        client.applied("get-task", pay)
        applied("release-task", task_id=task, actor="desk")
        announced(3)
        client.applied("end-task", {**pay, "executor_id": "pay/2", "completion_flag": "paid"})

    def test_executor_cannot_end_while_suspended(self) -> None:
        instance_id, [task] = started("order", completion_flag="express")
        applied("suspend-instance", instance_id=instance_id, actor="desk")
        self.assertEqual(refused(client.call("end-task", {"task_id": task, "executor_id": "pay/1",
                                                          "completion_flag": "paid"})), "instance_suspended")

    def test_reassign(self) -> None:  # TSK-7
        _, [task] = started("single")
        for code, to in (("unknown_staff", {"to_staff_id": "nobody"}), ("on_leave", {"to_staff_id": "dan"}),
                         ("unknown_group", {"to": {"team": "x"}}),
                         ("invalid_command", {"to_staff_id": "ann", "to": {"role": "clerk"}})):
            self.assertEqual(refused(control("reassign-task", task_id=task, actor="desk", **to)), code)
        [event] = last_events(applied("reassign-task", task_id=task, actor="desk", to_staff_id="zoe", reason="asked"))
        self.assertEqual((event["state"], event["previous_state"], event["staff_id"], event["reason"]),
                         ("waiting", "waiting", "zoe", "asked"))
        self.assertEqual(rows(task), [["waiting", "zoe", "", ""]])
        self.assertEqual(refused(client.call("get-task", {"task_id": task, "staff_id": "cid"})), "not_entitled")
        client.get(task, "zoe")  # in the group or not
        [event] = last_events(applied("reassign-task", task_id=task, actor="desk", to={"role": "clerk"}))
        self.assertEqual((event["previous_state"], event["candidates"]), ("processing", {"role": "clerk"}))
        self.assertEqual(rows(task), [["waiting", "", "", "role:clerk"]])
        self.assertEqual(refused(client.call("end-task", {"task_id": task, "staff_id": "zoe"})), "wrong_state")
        client.get(task, "ann")
        applied("hang-task", task_id=task, staff_id="ann")
        [event] = last_events(applied("reassign-task", task_id=task, actor="desk"))  # by the rule
        self.assertEqual((event["previous_state"], event["candidates"], event["assignment"]["method"]),
                         ("pausing", {"department": "office"}, "fcfa"))
        client.do(task, "cid")

    def test_what_is_over_or_not_yet_work(self) -> None:
        instance_id, [left, right] = started("pair")
        client.do(left, "cid")
        join = the_open(instance_id, "join")
        for operation in ("release-task", "reassign-task"):
            self.assertEqual(refused(control(operation, task_id=join, actor="desk")), "wrong_state")
            self.assertEqual(refused(control(operation, task_id=left, actor="desk")), "wrong_state")
            self.assertEqual(refused(control(operation, task_id=f"{instance_id}:99", actor="desk")), "unknown_task")
        self.assertEqual(refused(control("hang-task", task_id=right, actor="desk")), "invalid_command")
        _, [task] = started("single")
        client.do(task, "cid")
        self.assertEqual(refused(control("release-task", task_id=task, actor="desk")), "instance_ended")


class Together(unittest.TestCase):
    """Many commands to one instance without waiting: most come in one unit of work."""

    def test_one_task(self) -> None:
        instance_id, [task] = started("single")
        client.get(task, "cid")
        asked = [("hang-task", {"staff_id": "cid"}, "applied"),
                 ("hang-task", {"staff_id": "cid"}, "wrong_state"),
                 ("reset-task", {"staff_id": "cid"}, "applied"), ("reset-task", {"staff_id": "ann"}, "wrong_state"),
                 ("reassign-task", {"actor": "desk", "to_staff_id": "ann"}, "applied"),
                 ("reassign-task", {"actor": "desk", "to_staff_id": "dan"}, "on_leave"),
                 ("release-task", {"actor": "desk"}, "wrong_state")]
        sent = [client.send("control", {"operation": operation, "task_id": task, **data})
                for operation, data, _ in asked]
        outcomes = [client.outcome(command_id) for command_id in sent]
        self.assertEqual([refused(outcome) for outcome in outcomes], [wanted for *_, wanted in asked])
        states = [e["state"] for e in subscriber.wait_position(instance_id, outcomes[4]["position"])[-3:]]
        self.assertEqual(states, ["pausing", "processing", "waiting"])
        self.assertEqual(rows(task), [["waiting", "ann", "", ""]])

    def test_one_instance(self) -> None:
        instance_id, [left, _] = started("pair")
        asked = [("suspend-instance", {}, "applied"), ("set-entity", {"entity_id": "x/1"}, "applied"),
                 ("modify-instance", {"start": "sign"}, "instance_suspended"), ("resume-instance", {}, "applied"),
                 ("modify-instance", {"withdraw": left, "start": "nowhere"}, "unknown_activity"),
                 ("modify-instance", {"withdraw": left}, "applied"),
                 ("set-variables", {"variables": {"a": 1}}, "applied"),
                 ("cancel-instance", {}, "applied"), ("resume-instance", {}, "instance_ended")]
        sent = [client.send("control", {"operation": operation, "instance_id": instance_id, "actor": "desk", **data})
                for operation, data, _ in asked]
        outcomes = [client.outcome(command_id) for command_id in sent]
        self.assertEqual([refused(outcome) for outcome in outcomes], [wanted for *_, wanted in asked])
        self.assertEqual((open_tasks(instance_id), state(instance_id)[0]), ({}, "cancelled"))
        self.assertEqual(sorted(how for how in history(instance_id).values() if "withdrawn" in how),
                         ["left withdrawn", "right withdrawn"])

    def test_sent_again(self) -> None:  # BUS-2
        _, [task] = started("single")
        client.get(task, "cid")
        command = {"operation": "hang-task", "task_id": task, "staff_id": "cid"}
        first = client.applied("control", command, id=f"hang {task}")
        applied("reset-task", task_id=task, staff_id="cid")
        again = client.call("control", command, id=f"hang {task}")
        self.assertEqual((again["result"], again["position"]), ("duplicate", first["position"]))
        self.assertEqual(rows(task)[0][0], "processing")
        self.assertEqual(refused(client.call("control", command | {"reason": "x"}, id=f"hang {task}")), "id_reused")


# --- instances -------------------------------------------------------------------------------------------------


class Instances(unittest.TestCase):
    def test_entity_and_variables(self) -> None:
        instance_id, [task] = started("single", entity_id="order/1", variables={"a": 1, "b": {"c": 2}})
        changed = applied("set-entity", instance_id=instance_id, entity_id="order/2", actor="desk", reason="typo")
        [event] = last_events(changed)
        self.assertEqual((event["entity_id"], event["state"], event["previous_state"], event["actor"], event["reason"]),
                         ("order/2", "running", "running", "desk", "typo"))
        again = applied("set-entity", instance_id=instance_id, entity_id="order/2", actor="desk")
        self.assertEqual(again["position"], changed["position"])  # nothing changed
        [event] = last_events(applied("set-variables", instance_id=instance_id, variables={"b": 3, "d": "x"},
                                      staff_id="cid"))
        self.assertEqual(event["variables"], {"a": 1, "b": 3, "d": "x"})
        [row] = engine.psql(f"select entity_id, variables from workflow.instance where instance_id = '{instance_id}'")
        self.assertEqual((row[0], json.loads(row[1])), ("order/2", {"a": 1, "b": 3, "d": "x"}))
        self.assertEqual(client.get(task, "cid")["task"]["entity_id"], "order/2")
        self.assertEqual(refused(control("set-variables", instance_id=instance_id, variables=[1], actor="desk")),
                         "invalid_command")

    def test_suspended_while_one_branch_waits(self) -> None:  # TSK-6
        engine.deploy(operator_desk.pair("apart"))
        instance_id, [left, right] = started("apart")
        self.assertEqual(refused(control("resume-instance", instance_id=instance_id, actor="desk")), "wrong_state")
        client.get(left, "cid")
        suspended = applied("suspend-instance", instance_id=instance_id, actor="desk", reason="audit")
        self.assertEqual(suspended["instance_state"], "suspended")
        [event] = last_events(suspended)
        self.assertEqual((event["state"], event["previous_state"], event["reason"]), ("suspended", "running", "audit"))
        self.assertEqual(refused(control("suspend-instance", instance_id=instance_id, actor="desk")), "wrong_state")
        self.assertEqual(refused(client.call("get-task", {"task_id": right, "staff_id": "ann"})), "instance_suspended")
        self.assertEqual(refused(client.call("get-task", {"staff_id": "ann", "process_id": "apart"})),
                         "no_task_available")
        applied("hang-task", task_id=left, staff_id="cid")  # work in hand goes on
        applied("reset-task", task_id=left, staff_id="cid")
        client.end(left, "cid")
        self.assertEqual((open_tasks(instance_id), state(instance_id)[0]),
                         ({"right": "waiting", "join": "pending"}, "suspended"))
        resumed = applied("resume-instance", instance_id=instance_id, actor="desk")
        self.assertEqual(resumed["instance_state"], "running")
        taken = client.applied("get-task", {"staff_id": "ann", "process_id": "apart"})
        self.assertEqual(taken["task"]["task_id"], right)
        client.do(client.end(right, "ann")["tasks"][0], "bob")
        self.assertEqual(state(instance_id), ["completed", "signed"])

    def test_suspended_while_all_arrives(self) -> None:
        instance_id, [left, right] = started("pair")
        client.get(left, "cid")
        client.get(right, "ann")
        applied("suspend-instance", instance_id=instance_id, actor="desk")
        client.end(left, "cid")
        client.end(right, "ann")
        self.assertEqual(open_tasks(instance_id), {"join": "pending"})
        resumed = applied("resume-instance", instance_id=instance_id, actor="desk")
        self.assertEqual(open_tasks(instance_id), {"sign": "waiting"})
        self.assertEqual(resumed["tasks"], [the_open(instance_id, "sign")])
        states = [(e.get("act_id"), e["state"]) for e in last_events(resumed, 3)]
        self.assertEqual(sorted(states, key=str), [("join", "ended"), ("sign", "waiting"), (None, "running")])

    def test_cancel(self) -> None:  # TSK-5
        instance_id, [left, right] = started("pair")
        client.get(left, "cid")
        cancelled = applied("cancel-instance", instance_id=instance_id, actor="desk", reason="withdrawn")
        self.assertEqual(cancelled["instance_state"], "cancelled")
        events = last_events(cancelled, 3)
        self.assertEqual([(e.get("act_id"), e["state"], e["previous_state"]) for e in events],
                         [("left", "withdrawn", "processing"), ("right", "withdrawn", "waiting"),
                          (None, "cancelled", "running")])
        self.assertEqual((open_tasks(instance_id), state(instance_id)[0]), ({}, "cancelled"))
        self.assertEqual([how for how in history(instance_id).values() if "withdrawn" in how],
                         ["left withdrawn", "right withdrawn"])
        ended = engine.value(f"select date_completed is not null from workflow.instance_list "
                             f"where instance_id = '{instance_id}'")
        self.assertEqual(ended, "t")
        for operation in ("cancel-instance", "resume-instance", "suspend-instance"):
            self.assertEqual(refused(control(operation, instance_id=instance_id, actor="desk")), "instance_ended")
        self.assertEqual(refused(client.call("end-task", {"task_id": left, "staff_id": "cid"})), "instance_ended")

    def test_cancel_a_suspended_one(self) -> None:
        instance_id, _ = started("single")
        applied("suspend-instance", instance_id=instance_id, actor="desk")
        applied("cancel-instance", instance_id=instance_id, actor="desk")
        self.assertEqual(state(instance_id)[0], "cancelled")

    def test_unknown_instance(self) -> None:
        unknown = "00000000-0000-4000-8000-000000000000"
        for operation, more in (("suspend-instance", {}), ("cancel-instance", {}), ("modify-instance", {"check": True}),
                                ("set-entity", {"entity_id": "x"})):
            self.assertEqual(refused(control(operation, instance_id=unknown, actor="desk", **more)), "unknown_instance")

    def test_nobody_asks(self) -> None:
        instance_id, _ = started("single")
        self.assertEqual(refused(control("cancel-instance", instance_id=instance_id)), "invalid_command")


class Modify(unittest.TestCase):
    def stall(self) -> str:
        instance_id, [left, right] = started("stuck")
        client.do(left, "cid")
        self.assertEqual(client.do(right, "eve", "no")["instance_state"], "stalled")
        return instance_id

    def test_start_makes_it_run(self) -> None:
        instance_id = self.stall()
        begun = applied("modify-instance", instance_id=instance_id, start="left", actor="desk", reason="once more")
        self.assertEqual((begun["instance_state"], begun["tasks"]), ("running", [the_open(instance_id, "left")]))
        event = subscriber.wait(instance_id, "task started by hand",
                                lambda e: e["task_id"] == begun["tasks"][0] and e["state"] == "waiting").json
        self.assertEqual((event["actor"], event["reason"]), ("desk", "once more"))
        self.assertNotIn("pre_act_id", event)

    def test_withdraw_and_start(self) -> None:
        instance_id = self.stall()
        done = applied("modify-instance", instance_id=instance_id, start="done", withdraw=the_open(instance_id, "join"),
                       actor="desk")
        self.assertEqual(done["instance_state"], "completed")
        self.assertIn("join withdrawn", history(instance_id).values())

    def test_withdrawing_a_branch_lets_the_merge_go_on(self) -> None:  # DEP-3
        instance_id, [left, right] = started("pair")
        client.do(left, "cid")
        applied("modify-instance", instance_id=instance_id, withdraw=right, actor="desk")
        self.assertEqual(open_tasks(instance_id), {"sign": "waiting"})

    def test_check(self) -> None:
        instance_id = self.stall()
        before = control("show-instance", instance_id=instance_id)["position"]
        checked = applied("modify-instance", instance_id=instance_id, check=True, actor="desk")
        self.assertEqual((checked["instance_state"], checked["position"]), ("stalled", before))

    def test_rejections(self) -> None:
        instance_id, [left, right] = started("pair")
        other, _ = started("pair")

        def modify(**data: Any) -> str:
            return refused(control("modify-instance", instance_id=instance_id, actor="desk", **data))
        self.assertEqual(modify(start="nowhere"), "unknown_activity")
        self.assertEqual(modify(start="start"), "unknown_activity")
        self.assertEqual(modify(withdraw=f"{instance_id}:99"), "unknown_task")
        self.assertEqual(modify(withdraw=f"{other}:3"), "invalid_command")
        self.assertEqual(modify(), "invalid_command")
        self.assertEqual(modify(withdraw=left, start="nowhere"), "unknown_activity")  # all of it or nothing
        self.assertEqual(open_tasks(instance_id), {"left": "waiting", "right": "waiting"})
        applied("suspend-instance", instance_id=instance_id, actor="desk")
        self.assertEqual(modify(withdraw=left), "instance_suspended")


if __name__ == "__main__":
    unittest.main(verbosity=2)
