#!/usr/bin/python3
"""Deadlines, jobs and incidents: what falls due fires once, whichever worker lives."""

from __future__ import annotations

import unittest
from collections import Counter
from typing import Any

import desk
from desk import Json, act, by_role, route
from engine import Client, Engine, Subscriber, instance_in, partition_of, wait_until

engine: Engine
client: Client
subscriber: Subscriber
JOBS = "check-line"


def limited(process_id: str, limits: Json, **more: Any) -> Json:
    """One task with time limits; a flag of its own says that a limit ended it."""
    return {
        "process_id": process_id,
        "activities": [act("start", "initial"), act("work", "interaction", time_limits=limits),
                       act("done", "completion"), act("late", "completion", completion_flag="late")],
        "routing": [route("start", None, "work"), route("work", None, "done"), route("work", "late", "late")],
        "assignment": [by_role("work", "clerk")], **more,
    }


def job(process_id: str, limits: Json) -> Json:
    return {
        "process_id": process_id,
        "activities": [act("start", "initial"), act("job", "automation", auto_executive=JOBS, time_limits=limits),
                       act("done", "completion")],
        "routing": [route("start", None, "job"), route("job", "ok", "done")],
    }


def setUpModule() -> None:
    global engine, client, subscriber
    engine = unittest.enterModuleContext(Engine("timer", workers=2, session_timeout_ms=6000))
    engine.load(desk.institution())
    engine.deploy(
        limited("remind", {"take": {"within": "PT0.2S"}, "end": {"within": "PT0.2S", "then": "release"}}),
        limited("ended", {"take": {"within": "PT0.3S", "then": "end", "flag": "late"}}),
        limited("held", {"take": {"within": "PT10M", "then": "end", "flag": "late"}}),
        limited("wrong", {"take": {"within": "PT0.2S", "then": "escalate", "to": {"role": "nobody"}}}),
        limited("whole", {}, time_limit={"within": "PT0.3S", "then": "cancel"}),
        limited("fast", {"take": {"within": "PT0.1S", "then": "end", "flag": "late"}}),
        limited("rings", {"take": {"within": "PT1S"}}),
        job("job", {"take": {"within": "PT0.2S"}, "end": {"within": "PT0.2S"}, "retries": 1}),
        job("patient", {"end": {"within": "PT1H"}, "retries": 1}),
    )
    engine.topics()  # that of the jobs, too
    client = unittest.enterModuleContext(engine.client())
    subscriber = engine.subscriber()


def tearDownModule() -> None:
    engine.check_whole()


def timers(instance_id: str) -> list[list[str]]:
    return engine.psql(f"select n, kind from workflow.timer where instance_id = '{instance_id}' order by 1")


def control(operation: str, **data: Any) -> Json:
    return client.call("control", {"operation": operation, **data})


def reasons(instance_id: str) -> list[str]:
    return [event.get("reason", "") for event in subscriber.events(instance_id) if event.get("actor") == "~engine"]


class Deadlines(unittest.TestCase):
    def test_remind_and_release(self) -> None:  # STA-3
        begun = client.start("remind")
        instance_id, [task] = begun["instance_id"], begun["tasks"]
        message = subscriber.wait(instance_id, "task reminder", lambda e: e.get("actor") == "~engine")
        event = message.json
        self.assertEqual((event["state"], event["previous_state"], event["reason"]),
                         ("waiting", "waiting", "not taken within its time limit"))
        self.assertLess(event["due_at"], event["occurred_at"])
        self.assertEqual(message.header("ce_causationid"), f"timer:{task}/take")
        self.assertEqual(timers(instance_id), [])
        due = client.get(task, "ann")["task"]["due_at"]
        self.assertEqual(engine.psql(f"select due_at is not null from workflow.task_list where task_id = '{task}'"), [["t"]])
        subscriber.wait(instance_id, "task released", lambda e: e.get("reason") == "not ended within its time limit")
        [event] = [e for e in subscriber.events(instance_id) if e.get("reason") == "not ended within its time limit"]
        self.assertEqual((event["state"], event["candidates"]), ("waiting", {"role": "clerk"}))
        self.assertGreater(event["due_at"], due)
        client.applied("control", {"operation": "cancel-instance", "instance_id": instance_id, "actor": "desk"})
        self.assertEqual(timers(instance_id), [])

    def test_end(self) -> None:  # TSK-7
        instance_id = client.start("ended")["instance_id"]
        event = subscriber.instance(instance_id, "completed").json
        self.assertEqual(event["completion_flag"], "late")
        self.assertEqual(engine.psql("select how, completion_flag, coalesce(staff_id, '') from workflow.history_list"
                                     f" where instance_id = '{instance_id}' and act_id = 'work'"), [["ended", "late", ""]])

    def test_what_a_deadline_cannot_do_is_an_incident(self) -> None:  # FWD-3
        begun = client.start("wrong")
        instance_id, [task] = begun["instance_id"], begun["tasks"]
        event = subscriber.wait(instance_id, "task incident", lambda e: "incident" in e).json
        self.assertEqual((event["state"], event["incident"]["code"]), ("waiting", "unknown_group"))
        incident = event["incident"]["id"]
        listed = engine.pawl_ok("incident", "list", "--process", "wrong", "-o", "json").json
        self.assertEqual([(i["incident_id"], i["task_id"], i["code"]) for i in listed], [(incident, task, "unknown_group")])
        self.assertIn(incident, engine.pawl_ok("instance", "show", instance_id).out)
        refused = engine.pawl("incident", "retry", incident, "--actor", "desk")
        self.assertEqual(refused.code, 3)
        self.assertIn("unknown_group", refused.err)
        client.do(task, "ann")
        self.assertEqual(engine.value(f"select date_resolved is not null from workflow.incident_list"
                                      f" where incident_id = '{incident}'"), "t")
        refused = control("retry-incident", instance_id=instance_id, incident_id=incident, actor="desk")
        self.assertEqual(refused["code"], "instance_ended")

    def test_of_an_instance(self) -> None:  # STA-3
        instance_id = client.start("whole")["instance_id"]
        event = subscriber.instance(instance_id, "cancelled").json
        self.assertEqual((event["actor"], event["reason"]), ("~engine", "not completed within its time limit"))
        self.assertEqual(timers(instance_id), [])

    def test_suspended(self) -> None:  # TSK-6
        begun = client.start("held")
        instance_id, [task] = begun["instance_id"], begun["tasks"]
        client.applied("control", {"operation": "suspend-instance", "instance_id": instance_id, "actor": "desk"})
        client.applied("control", {"operation": "extend-task", "task_id": task, "within": "PT0.1S", "actor": "desk"})
        beside = instance_in(partition_of(instance_id, engine.partitions), engine.partitions)
        client.start("ended", instance_id=beside)
        subscriber.instance(beside, "completed")  # due later, so the first one is overdue by now
        self.assertEqual(reasons(instance_id), [])
        client.applied("control", {"operation": "resume-instance", "instance_id": instance_id, "actor": "desk"})
        subscriber.instance(instance_id, "completed")

    def test_extended(self) -> None:  # STA-1
        [task] = client.start("held")["tasks"]
        done = engine.pawl_ok("task", "extend", task, "--within", "PT1H", "--actor", "desk", "-o", "json").json
        self.assertEqual(done["task"]["state"], "waiting")
        self.assertEqual(engine.value("select due_at > now() + interval '30 minutes' from workflow.task_list"
                                      f" where task_id = '{task}'"), "t")
        client.do(task, "ann")


class Jobs(unittest.TestCase):
    def job(self, instance_id: str, attempt: int) -> Json:
        return engine.reader(f"job.{JOBS}").wait(f"job {attempt} of {instance_id}",
                           lambda m: m.json["instance_id"] == instance_id and m.json["attempt"] == attempt).json

    def test_overdue(self) -> None:  # STA-2
        begun = client.start("job")
        instance_id, [task] = begun["instance_id"], begun["tasks"]
        self.assertIn("due_at", self.job(instance_id, 2))
        event = subscriber.wait(instance_id, "task incident", lambda e: "incident" in e).json
        self.assertEqual((event["state"], event["attempt"], event["incident"]["code"]), ("waiting", 2, "timeout"))
        refused = client.call("get-task", {"task_id": task, "executor_id": "x"})
        self.assertEqual(refused["code"], "wrong_state")
        status = engine.pawl_ok("process", "status", "job", "-o", "json").json
        self.assertEqual((status["processes"][0]["incidents"], [i["incident_id"] for i in status["incidents"]]),
                         (1, [event["incident"]["id"]]))
        self.assertIn(event["incident"]["id"], engine.pawl_ok("process", "status", "job").out)
        engine.pawl_ok("incident", "retry", event["incident"]["id"], "--actor", "desk")
        self.job(instance_id, 3)
        refused = client.call("end-task", {"task_id": task, "executor_id": "x", "attempt": 2, "completion_flag": "ok"})
        self.assertEqual(refused["code"], "wrong_state")
        client.applied("control", {"operation": "cancel-instance", "instance_id": instance_id, "actor": "desk"})

    def test_failed(self) -> None:  # STA-1, STA-2
        begun = client.start("patient")
        instance_id, [task] = begun["instance_id"], begun["tasks"]
        self.assertEqual(self.job(instance_id, 1)["flags"], ["ok"])
        client.applied("get-task", {"task_id": task, "executor_id": "x"})
        extended = engine.pawl_ok("task", "extend", task, "--executor", "x", "-o", "json").json
        self.assertIn("due_at", extended["task"])
        engine.pawl_ok("task", "fail", task, "--executor", "x", "--code", "no_disk", "--detail", "it is full")
        self.job(instance_id, 2)
        client.applied("get-task", {"task_id": task, "executor_id": "y", "attempt": 2})
        failed = engine.pawl_ok("task", "fail", task, "--executor", "y", "-o", "json").json
        self.assertEqual(failed["task"]["attempt"], 2)
        event = subscriber.wait(instance_id, "task incident", lambda e: "incident" in e).json
        self.assertEqual(event["incident"]["code"], "failed")
        client.applied("control", {"operation": "cancel-instance", "instance_id": instance_id, "actor": "desk"})
        self.assertEqual(engine.value("select count(*) from workflow.incident_list where date_resolved is null"
                                      f" and instance_id = '{instance_id}'"), "0")


class Killed(unittest.TestCase):
    COUNT = 200

    def kill_one(self) -> None:
        """At once; it owned half of the partitions, with their timers."""
        engine.workers[0].kill()
        engine.start_worker()
        engine.workers.pop(0)

    def begin(self, process_id: str) -> list[str]:
        return [client.send("init-instance", {"process_id": process_id}) for _ in range(self.COUNT)]

    def begun(self, commands: list[str]) -> list[str]:
        """Their instances, also if another worker than they were sent to has begun them."""
        outcomes = [client.outcome(command) for command in commands]
        self.assertEqual([outcome for outcome in outcomes if outcome["result"] != "applied"], [])
        return [outcome["instance_id"] for outcome in outcomes]

    def none_left(self, process_id: str) -> None:
        wait_until("no timer is left", lambda: engine.value("select count(*) from workflow.timer t join workflow.instance i"
                                                            f" using (instance_id) where i.process_id = '{process_id}'") == "0")

    def fired(self, process_id: str, state: str) -> Counter[str]:
        return Counter(event["instance_id"] for message in subscriber.messages()
                       if (event := message.json).get("actor") == "~engine" and event["state"] == state
                       and event.get("act_id") == "work" and event["process_id"] == process_id)

    def test_each_fires_once_whichever_worker_lives(self) -> None:  # STA-3
        begun = []
        for round_ in range(3):
            ids = self.begin("fast")
            self.kill_one()
            begun += self.begun(ids)
        for instance_id in begun:
            subscriber.instance(instance_id, "completed")
        wait_until("all are seen", lambda: self.fired("fast", "ended").total() >= len(begun))  # the other topic's reader may be behind
        self.assertEqual(self.fired("fast", "ended"), Counter(begun))
        self.none_left("fast")

    def test_reminders_once(self) -> None:  # STA-3: nothing but the engine keeps a reminder from coming twice
        """The owner is killed while they fire."""
        begun = []
        for round_ in range(2):
            begun += self.begun(self.begin("rings"))
            wait_until("the first one", lambda: len(self.fired("rings", "waiting")) > round_ * self.COUNT)
            self.kill_one()
            wait_until("all of them", lambda: set(self.fired("rings", "waiting")) >= set(begun))
        self.none_left("rings")
        for instance_id in begun:  # what comes after all that may have come
            client.applied("control", {"operation": "cancel-instance", "instance_id": instance_id, "actor": "desk"})
            subscriber.instance(instance_id, "cancelled")
        self.assertEqual(self.fired("rings", "waiting"), Counter(begun))


if __name__ == "__main__":
    unittest.main(verbosity=2)
