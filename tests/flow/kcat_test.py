#!/usr/bin/python3
"""kcat as a full client: nothing of ours on the side of the client."""

from __future__ import annotations

import json
import unittest
import uuid

import desk
from engine import Engine, Subscriber

engine: Engine
subscriber: Subscriber


def setUpModule() -> None:
    global engine, subscriber
    engine = unittest.enterModuleContext(Engine("kcat", workers=2))
    engine.load(desk.institution())
    engine.deploy(desk.single())
    subscriber = engine.subscriber()


def tearDownModule() -> None:
    engine.check_whole()


class Kcat(unittest.TestCase):
    def setUp(self) -> None:
        self.entity = str(uuid.uuid4())

    def started(self) -> str:
        reader = subscriber.readers[1]
        return reader.wait("the instance", lambda m: m.json.get("entity_id") == self.entity).json["instance_id"]

    def test_bare_json(self) -> None:
        engine.produce("command.init-instance", json.dumps({"process_id": "single", "entity_id": self.entity}).encode())
        instance_id = self.started()
        work = subscriber.task(instance_id, "work", "waiting").json["task_id"]
        for topic in ("command.get-task", "command.end-task"):
            value = json.dumps({"task_id": work, "staff_id": "ann"}).encode()
            engine.produce(topic, value, instance_id.encode())
            subscriber.task(instance_id, "work", "processing")
        subscriber.instance(instance_id, "completed")

    def test_structured_mode(self) -> None:
        event = {"specversion": "1.0", "id": self.entity, "source": "/kcat", "type": "any.prefix.init-instance",
                 "correlationid": "c-1", "datacontenttype": "application/json",
                 "data": {"process_id": "single", "entity_id": self.entity}}
        engine.produce("command.init-instance", json.dumps(event).encode(),
                       headers=[(b"content-type", b"application/cloudevents+json; charset=UTF-8")])
        first = subscriber.task(self.started(), "work", "waiting")
        self.assertEqual((first.header("ce_correlationid"), first.header("ce_causationid")), ("c-1", self.entity))

    def test_binary_mode(self) -> None:
        headers = [(b"ce_specversion", b"1.0"), (b"ce_id", self.entity.encode()), (b"ce_source", b"/kcat"),
                   (b"ce_type", b"workflow.command.init-instance"), (b"content-type", b"application/json"),
                   (b"unknown", b"is ignored")]
        engine.produce("command.init-instance", json.dumps({"process_id": "single", "entity_id": self.entity,
                                                            "unknown_member": [1]}).encode(), headers=headers)
        self.assertEqual(subscriber.task(self.started(), "work", "waiting").header("ce_causationid"), self.entity)

    def test_replyto(self) -> None:
        engine.broker().create_topic(engine.topic("reply.mine"), 2)
        reply = engine.reader("reply.mine")
        engine.produce("command.init-instance", json.dumps({"process_id": "single", "entity_id": self.entity}).encode(),
                       headers=[(b"ce_replyto", engine.topic("reply.mine").encode()), (b"ce_id", self.entity.encode())])
        self.assertEqual(reply.wait("the reply", lambda m: m.json["command_id"] == self.entity).json["result"],
                         "applied")

    def test_replyto_that_does_not_exist(self) -> None:
        engine.produce("command.init-instance", json.dumps({"process_id": "single", "entity_id": self.entity}).encode(),
                       headers=[(b"ce_replyto", engine.topic("reply.nowhere").encode()),
                                (b"ce_id", self.entity.encode())])
        engine.reader("outcome").wait("the outcome", lambda m: m.json["command_id"] == self.entity)

    def test_replyto_that_is_not_allowed(self) -> None:
        engine.produce("command.init-instance", json.dumps({"process_id": "single", "entity_id": self.entity}).encode(),
                       headers=[(b"ce_replyto", engine.topic("state.task").encode()), (b"ce_id", self.entity.encode())])
        found = engine.reader("outcome").wait("the outcome", lambda m: m.json["command_id"] == self.entity).json
        self.assertEqual((found["result"], found["code"]), ("rejected", "invalid_command"))
        self.assertIn("state.task", found["detail"])

    def test_outcome_only_when_rejected(self) -> None:
        outcomes = engine.reader("outcome")
        for process, name in (("single", "good"), ("none-such", "bad"), ("single", "last")):
            headers = [(b"ce_id", f"{name}-{self.entity}".encode())]
            headers += [(b"ce_outcome", b"rejected")] if name != "last" else []
            engine.produce("command.init-instance", json.dumps({"process_id": process}).encode(), headers=headers,
                           partition=0)
        outcomes.wait("the last", lambda m: m.json["command_id"] == f"last-{self.entity}")
        found = [m.json for m in outcomes.messages if self.entity in m.json["command_id"]]
        self.assertEqual([(o["command_id"][:4], o["result"]) for o in found],
                         [("bad-", "rejected"), ("last", "applied")])

    def test_outcome_key_is_that_of_the_command(self) -> None:
        for key in (None, b"my-key"):
            command_id = str(uuid.uuid4())
            engine.produce("command.init-instance", json.dumps({"process_id": "single"}).encode(), key,
                           [(b"ce_id", command_id.encode())])
            found = engine.reader("outcome").wait("the outcome", lambda m: m.json["command_id"] == command_id)
            self.assertEqual(found.key, key or found.json["instance_id"].encode())


if __name__ == "__main__":
    unittest.main(verbosity=2)
