#!/usr/bin/python3
"""What operators and people do to tasks and instances, merges that count, and work in somebody's name: each step
through Kafka and PostgreSQL, and across the death of a worker, so that nothing lives in its memory alone."""

from __future__ import annotations

import json
import unittest
from typing import Any

import desk
from desk import act, by_department, by_role, route
from engine import Client, Engine, Json, Subscriber, wait_until

engine: Engine
client: Client
subscriber: Subscriber


def setUpModule() -> None:
    global engine, client, subscriber
    engine = unittest.enterModuleContext(Engine("control", session_timeout_ms=6000))
    client = engine.client()
    engine.load(desk.institution())
    engine.deploy(desk.single(), desk.order(), desk.stuck(), pair(), race(), heats(), vote(), lead())
    subscriber = engine.subscriber()


def tearDownModule() -> None:
    """What every test of this file relies on, over all their events (BUS-1)."""
    code = engine.workers[-1].terminate()
    fresh = engine.subscriber(follow=False)
    for reader in fresh.readers:
        reader.wait_end()
    problems = fresh.problems()
    engine.check_settled()
    if problems or code:
        raise AssertionError(f"the worker ended with {code}; the subscriber saw: {problems[:10]}")


# --- processes -------------------------------------------------------------------------------------------------


def pair(process_id: str = "pair") -> Json:
    """Two branches that meet, and a signature."""
    return {
        "process_id": process_id,
        "activities": [act("start", "initial"), act("split", "and_branch"), act("left", "interaction"),
                       act("right", "interaction"), act("join", "and_merge"), act("sign", "interaction"),
                       act("done", "completion", completion_flag="signed")],
        "routing": [route("start", None, "split"), route("split", None, "left", "right"), route("left", None, "join"),
                    route("right", None, "join"), route("join", None, "sign"), route("sign", None, "done")],
        "assignment": [by_department(a, "office") for a in ("left", "right", "sign")],
    }


def race() -> Json:
    """Whoever comes first goes on; the merge closes the batch."""
    return {
        "process_id": "race",
        "activities": [act("start", "initial"), act("split", "and_branch"), act("a", "interaction"),
                       act("b", "interaction"), act("first", "or_merge", or_merge_flag="any"),
                       act("after", "interaction"), act("done", "completion")],
        "routing": [route("start", None, "split"), route("split", None, "a", "b"), route("a", None, "first"),
                    route("b", None, "first"), route("first", None, "after"), route("after", None, "done")],
        "assignment": [by_department("a", "office"), by_department("b", "office"), by_department("after", "office")],
    }


def heats() -> Json:
    """The first of a and b meets c: the or_merge closes no batch, so that the winner has to be known (DEP-5)."""
    return {
        "process_id": "heats",
        "activities": [act("start", "initial"), act("split", "and_branch"), act("a", "interaction"),
                       act("b", "interaction"), act("c", "interaction"), act("first", "or_merge", or_merge_flag="any"),
                       act("semi", "interaction"), act("join", "and_merge"), act("done", "completion")],
        "routing": [route("start", None, "split"), route("split", None, "a", "b", "c"), route("a", None, "first"),
                    route("b", None, "first"), route("first", None, "semi"), route("semi", None, "join"),
                    route("c", None, "join"), route("join", None, "done")],
        "assignment": [by_department(a, "office") for a in ("a", "b", "c", "semi")],
    }


def vote() -> Json:
    """Everybody of the office is asked; three of its four people have to say yes."""
    return {
        "process_id": "vote",
        "activities": [act("start", "initial"), act("poll", "interaction"),
                       act("count", "vote_merge", num_votes_needed="60%", or_merge_flag="yes"),
                       act("taken", "completion", completion_flag="accepted"),
                       act("dropped", "completion", completion_flag="refused")],
        "routing": [route("start", None, "poll"), route("poll", None, "count"), route("count", "passed", "taken"),
                    route("count", "failed", "dropped")],
        "assignment": [{"act": "poll", "based_on": "dept_based", "department": "office", "method": "all"}],
    }


def lead() -> Json:
    """One task, given by name to the manager who is there: eve."""
    return {
        "process_id": "lead",
        "activities": [act("start", "initial"), act("work", "interaction"), act("done", "completion")],
        "routing": [route("start", None, "work"), route("work", None, "done")],
        "assignment": [by_role("work", "manager", "priority")],
    }


# --- what the tests say and look at ----------------------------------------------------------------------------


def control(operation: str, **data: Any) -> Json:
    return client.call("control", {"operation": operation, **data})


def applied(operation: str, **data: Any) -> Json:
    return client.applied("control", {"operation": operation, **data})


def refused(outcome: Json) -> str:
    """The code of a rejection."""
    return outcome.get("code", outcome["result"])


def rows(task_id: str) -> list[list[str]]:
    return engine.psql(f"""
        select state, staff_id, grantor_id, candidates from workflow.task_list where task_id = '{task_id}'""")


def history(instance_id: str) -> dict[str, str]:
    """How each task that is over ended, by number."""
    return dict(engine.psql(f"""
        select n, act_id || ' ' || how from workflow.history_list where instance_id = '{instance_id}'"""))


def open_tasks(instance_id: str) -> dict[str, str]:
    """The state of open tasks, by activity."""
    return dict(engine.psql(f"select act_id, state from workflow.task_list where instance_id = '{instance_id}'"))


def state(instance_id: str) -> list[str]:
    return engine.psql(f"""
        select state, completion_flag from workflow.instance_list where instance_id = '{instance_id}'""")[0]


def last_events(outcome: Json, count: int = 1) -> list[Json]:
    return subscriber.wait_position(outcome["instance_id"], outcome["position"])[-count:]


def started(process_id: str, **data: Any) -> tuple[str, list[str]]:
    outcome = client.start(process_id, **data)
    return outcome["instance_id"], outcome["tasks"]


def the_open(instance_id: str, act_id: str) -> str:
    return engine.value(f"""
        select task_id from workflow.task_list where instance_id = '{instance_id}' and act_id = '{act_id}'""")


def kill_worker() -> None:
    """What is known then is what the database knows."""
    engine.workers[-1].kill()
    engine.start_worker()


# --- tasks -----------------------------------------------------------------------------------------------------


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
        engine.deploy(pair("apart"))
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


# --- merges, and a worker that dies in between -----------------------------------------------------------------


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


# --- in somebody's name ----------------------------------------------------------------------------------------


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


# --- the command line ------------------------------------------------------------------------------------------


class CommandLine(unittest.TestCase):
    def test_task_verbs(self) -> None:
        _, [task] = started("single")
        client.get(task, "cid")
        done = engine.pawl_ok("task", "hang", task, "--staff", "cid", "--reason", "lunch")
        self.assertIn("pausing", done.out)
        self.assertEqual(engine.pawl_ok("task", "reset", task, "--staff", "cid", "-o", "json").json["task"]["state"],
                         "processing")
        self.assertEqual(engine.pawl("task", "reset", task, "--staff", "cid").code, 3)
        engine.pawl_ok("task", "release", task, "--staff", "cid")
        for flag, group in (("--to-department", "front"), ("--to-team", "crew"), ("--to-role", "clerk")):
            told = engine.pawl_ok("task", "reassign", task, flag, group, "--actor", "desk", "-o", "json").json
            self.assertEqual(list(told["task"]["candidates"].values()), [group])
        self.assertIn("eve", engine.pawl_ok("task", "reassign", task, "--to-staff", "eve", "--actor", "desk").out)
        self.assertEqual(engine.pawl("task", "get", task, "--staff", "cid").code, 3)
        engine.pawl_ok("task", "reassign", task, "--actor", "desk", "--reason", "by the rule")
        self.assertEqual(rows(task), [["waiting", "", "", "department:office"]])

    def test_instance_verbs(self) -> None:
        instance_id, [task] = started("single")
        operator = ("--actor", "desk", "--reason", "test")
        engine.pawl_ok("instance", "set-entity", instance_id, "order/7", *operator)
        engine.pawl_ok("instance", "set-variables", instance_id, '{"n": 1}', *operator)
        [row] = engine.psql(f"select entity_id, variables from workflow.instance where instance_id = '{instance_id}'")
        self.assertEqual((row[0], json.loads(row[1])), ("order/7", {"n": 1}))
        self.assertIn("suspended", engine.pawl_ok("instance", "suspend", instance_id, *operator).out)
        refusal = engine.pawl("task", "get", task, "--staff", "cid")
        self.assertEqual(refusal.code, 3)
        self.assertIn("pawl instance resume", refusal.err)
        told = engine.pawl_ok("instance", "resume", instance_id, *operator, "-o", "json")
        self.assertEqual(told.json["instance_state"], "running")
        told = engine.pawl_ok("instance", "modify", instance_id, "--start", "work", "--withdraw", task, *operator)
        self.assertIn(the_open(instance_id, "work"), told.out)
        engine.pawl_ok("instance", "modify", instance_id, "--check", *operator)
        self.assertIn("cancelled", engine.pawl_ok("instance", "cancel", instance_id, "--staff", "eve").out)
        self.assertEqual(engine.pawl("instance", "cancel", instance_id, "--actor", "desk").code, 3)

    def test_usage(self) -> None:
        instance_id, task = "00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000000:2"
        for arguments in (("task", "hang", task), ("task", "hang", task, "--actor", "desk"), ("task", "release", task),
                          ("task", "release", "7", "--actor", "desk"), ("task", "reassign", task),
                          ("task", "reassign", task, "--actor", "x", "--to-staff", "ann", "--to-role", "clerk"),
                          ("instance", "suspend", instance_id), ("instance", "suspend", "7", "--actor", "desk"),
                          ("instance", "set-entity", instance_id, "--actor", "desk"),
                          ("instance", "modify", instance_id, "--actor", "desk"),
                          ("instance", "modify", instance_id, "--actor", "desk", "--withdraw", "7")):
            with self.subTest(arguments):
                done = engine.pawl(*arguments)
                self.assertEqual((done.code, done.out), (2, ""))
                self.assertTrue(done.err)
        invalid = engine.pawl("instance", "set-variables", instance_id, "{", "--actor", "desk")
        self.assertEqual(invalid.code, 2)

    def test_help(self) -> None:
        for noun, verb in (("task", "hang"), ("task", "reset"), ("task", "release"), ("task", "reassign"),
                           ("instance", "set-entity"), ("instance", "set-variables"), ("instance", "suspend"),
                           ("instance", "resume"), ("instance", "cancel"), ("instance", "modify")):
            told = engine.pawl_ok(noun, verb, "--help").out
            self.assertIn(f"usage: pawl {noun} {verb}", told)
            self.assertIn("--reason", told)


if __name__ == "__main__":
    unittest.main(verbosity=2)
