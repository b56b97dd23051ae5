#!/usr/bin/python3
"""The operations as verbs of `pawl`."""

from __future__ import annotations

import json
import unittest

import operator_desk
from engine import Client, Engine, Subscriber
from operator_desk import rows, started, the_open

engine: Engine
client: Client
subscriber: Subscriber


def setUpModule() -> None:
    global engine, client, subscriber
    engine, client, subscriber = operator_desk.open_engine(unittest, "control-cli")


def tearDownModule() -> None:
    operator_desk.close_engine()


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

    def test_subscriptions(self) -> None:
        """ENG-1: what subscribes by hand is told of what was asked for, until it is unsubscribed."""
        topic = f"{engine.prefix}.reply.watch"
        engine.broker().create_topic(topic, 2)
        reader = engine.reader("reply.watch")
        instance_id, _ = started("single")
        wanted = ("--filter", '{"events": ["instance"], "states": ["suspended"]}', "--actor", "desk")
        self.assertIn(instance_id, engine.pawl_ok("instance", "subscribe", instance_id, topic, *wanted).out)
        engine.pawl_ok("instance", "suspend", instance_id, "--actor", "desk")
        told = reader.wait("the suspension", lambda m: m.key == instance_id.encode()).json
        self.assertEqual((told["state"], told["instance_id"]), ("suspended", instance_id))
        engine.pawl_ok("instance", "unsubscribe", instance_id, topic, "--staff", "eve")
        self.assertEqual(engine.psql(f"select from workflow.subscription where instance_id = '{instance_id}'"), [])
        missing = engine.pawl("instance", "subscribe", instance_id, f"{engine.prefix}.reply.missing", "--actor", "desk")
        self.assertEqual(missing.code, 3)
        engine.pawl_ok("instance", "cancel", instance_id, "--actor", "desk")

    def test_notify(self) -> None:
        """ENG-2: word of another instance is an event; a task that does not wait for it is not touched."""
        instance_id, [task] = started("single")
        word = ("--engine", "elsewhere", "--of", "x-1", "--state", "completed")
        told = engine.pawl_ok("instance", "notify", instance_id, *word, "--flag", "fine", "--position", "3", "--incident",
                              '{"id": "x", "code": "late"}', "--actor", "desk", "--reason", "by telephone", "-o", "json").json
        [event] = operator_desk.last_events(told)
        self.assertEqual((event["state"], event["actor"], event["reason"]), ("running", "desk", "by telephone"))
        self.assertEqual(engine.pawl("instance", "notify", task, *word).code, 3)
        engine.pawl_ok("instance", "cancel", instance_id, "--actor", "desk")

    def test_usage(self) -> None:
        instance_id, task = "00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000000:2"
        for arguments in (("task", "hang", task), ("task", "hang", task, "--actor", "desk"), ("task", "release", task),
                          ("task", "release", "7", "--actor", "desk"), ("task", "reassign", task),
                          ("task", "extend", task), ("task", "extend", "7", "--actor", "desk"), ("task", "fail", task),
                          ("task", "fail", task, "--executor", "x", "--attempt", "0"),
                          ("incident", "retry", f"{task}/4"), ("incident", "retry", "7", "--actor", "desk"),
                          ("incident", "list", "--limit", "x"),
                          ("task", "reassign", task, "--actor", "x", "--to-staff", "ann", "--to-role", "clerk"),
                          ("instance", "suspend", instance_id), ("instance", "suspend", "7", "--actor", "desk"),
                          ("instance", "set-entity", instance_id, "--actor", "desk"),
                          ("instance", "modify", instance_id, "--actor", "desk"),
                          ("instance", "modify", instance_id, "--actor", "desk", "--withdraw", "7"),
                          ("instance", "subscribe", instance_id, "a.topic"), ("instance", "subscribe", instance_id),
                          ("instance", "subscribe", "7", "a.topic", "--actor", "desk"),
                          ("instance", "subscribe", instance_id, "a.topic", "--actor", "desk", "--filter", "["),
                          ("instance", "unsubscribe", instance_id, "a.topic", "--requester", "7"),
                          ("instance", "notify", instance_id, "--engine", "x", "--of", "y"),
                          ("instance", "notify", "7", "--engine", "x", "--of", "y", "--state", "running"),
                          ("instance", "notify", task, "--engine", "x", "--of", "y", "--state", "running", "--position", "0")):
            with self.subTest(arguments):
                done = engine.pawl(*arguments)
                self.assertEqual((done.code, done.out), (2, ""))
                self.assertTrue(done.err)
        invalid = engine.pawl("instance", "set-variables", instance_id, "{", "--actor", "desk")
        self.assertEqual(invalid.code, 2)

    def test_help(self) -> None:
        for noun, verb in (("task", "hang"), ("task", "reset"), ("task", "release"), ("task", "reassign"),
                           ("task", "extend"), ("task", "fail"), ("incident", "retry"), ("instance", "set-entity"),
                           ("instance", "set-variables"), ("instance", "suspend"), ("instance", "resume"),
                           ("instance", "cancel"), ("instance", "modify"), ("instance", "subscribe"),
                           ("instance", "unsubscribe"), ("instance", "notify")):
            told = engine.pawl_ok(noun, verb, "--help").out
            self.assertIn(f"usage: pawl {noun} {verb}", told)
            self.assertIn("--reason", told)


if __name__ == "__main__":
    unittest.main(verbosity=2)
