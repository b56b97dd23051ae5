#!/usr/bin/python3
"""Work that is handed to another engine, and comes back (ENG-1, ENG-2)."""

from __future__ import annotations

import unittest
import uuid

from engine import wait_until
from two_engines import Pair, hand_on, process


class Crossing(Pair):
    def test_there_and_back_twice(self) -> None:
        """ENG-2: entity, variables and correlation go along; states come home; nothing is repeated."""
        order = self.start("order", entity_id="o-1", variables={"amount": 7})
        self.work_until("the order", lambda: self.state(order) == "completed")
        supply = self.sub(order)[0]
        bill = self.sub(supply, self.south)[0]
        for instance_id, engine, hops in ((supply, self.south, "1"), (bill, self.north, "2")):
            row = engine.psql("select entity_id, variables->>'amount', hops, correlation_id, requester->>'instance_id'"
                              f" from workflow.instance where instance_id = '{instance_id}'")[0]
            self.assertEqual(row, ["o-1", "7", hops, order, order if engine is self.south else supply])
        events = [m.json for m in self.north.read("state.task") if m.key == order.encode()]
        remotes = [e["remote"] for e in events if e["act_id"] == "supply"]
        self.assertEqual([r.get("state") for r in remotes], [None, "running", "completed"])
        self.assertEqual({(r["engine"], r["instance_id"]) for r in remotes}, {(self.south.prefix, supply)})
        [shown] = self.north.pawl_ok("instance", "show", order, "-o", "json").json["sub_processes"]
        self.assertEqual((shown["engine"], shown["remote_instance_id"], shown["state"]),
                         (self.south.prefix, supply, "completed"))
        before = self.image()
        self.assertGreater(self.repeat_everything(), 0)
        self.assertEqual(self.image(), before)
        for engine in (self.north, self.south):
            engine.pawl_ok("verify")

    def test_same_engine(self) -> None:
        """A sub-process of one's own engine goes the same way."""
        self.north.deploy(process("own", hand_on("bill", "invoice"), "after"))
        order = self.start("own")
        self.work_until("it", lambda: self.state(order) == "completed")

    def test_cancel(self) -> None:
        """TSK-5: at once, also when the other instance has not been heard of; down to the last one."""
        order = self.start("order")
        self.work_until("the bill", lambda: bool(self.sub(order)[0] and self.sub(self.sub(order)[0], self.south)[1]))
        supply = self.wait_sub(order, "running")
        bill = self.wait_sub(supply, "running", self.south)
        self.control("cancel-instance", order)
        self.wait_state(supply, "cancelled", self.south)
        self.wait_state(bill, "cancelled")
        order = self.start("order")
        self.work_until("the supply", lambda: bool(self.sub(order)[0]))
        self.control("cancel-instance", order)
        supply = self.sub(order)[0]
        self.wait_state(supply, "cancelled", self.south)
        self.wait_sub(order, "cancelled")

    def test_suspend_and_resume(self) -> None:
        """TSK-6: with the sub-processes; what ends meanwhile is kept."""
        order = self.start("order")
        self.work_until("the supply", lambda: bool(self.sub(order)[0]))
        supply = self.wait_sub(order, "running")
        self.control("suspend-instance", order, include_sub_processes=True)
        self.wait_sub(order, "suspended")
        self.assertEqual(self.state(supply, self.south), "suspended")
        self.control("resume-instance", order, include_sub_processes=True)
        self.wait_sub(order, "running")
        self.control("suspend-instance", order)
        self.work_until("the supply's end", lambda: self.sub(order)[1] == "completed")
        self.assertEqual(self.north.psql(f"select act_id, state from workflow.task_list where instance_id = '{order}'"),
                         [["deliver", "pending"]])
        self.control("resume-instance", order)
        self.work_until("the order", lambda: self.state(order) == "completed")

    def test_cancelled_there(self) -> None:
        """What is cancelled there is an incident at home."""
        order = self.start("order")
        self.work_until("the supply", lambda: bool(self.sub(order)[0]))
        supply = self.wait_sub(order, "running")
        self.control("cancel-instance", supply, self.people[1].client)
        self.wait_sub(order, "cancelled")
        self.assertEqual(self.incidents(order), ["sub_process_cancelled"])
        self.control("cancel-instance", order)

    def test_circle(self) -> None:
        """Engines that call one another in a circle are stopped by the hop count; cancelling withdraws them all."""
        self.north.deploy(process("ping", hand_on("call", "pong", self.south)))
        self.south.deploy(process("pong", hand_on("call", "ping", self.north)))
        first = self.start("ping")
        wait_until("the last hop", lambda: self.north.value(
            "select count(*) from workflow.instance where hops = 16") == "1")
        last = self.north.value("select instance_id from workflow.instance where hops = 16")
        wait_until("its incident", lambda: self.incidents(last) == ["limit_exceeded"])
        self.control("cancel-instance", first)
        for engine, process_id in ((self.north, "ping"), (self.south, "pong")):
            wait_until(f"no {process_id}", lambda e=engine, p=process_id: e.value(
                f"select count(*) from workflow.instance where process_id = '{p}' and state <> 'cancelled'") == "0")

    def test_not_started(self) -> None:
        """What the other engine does not know, and an engine that is not there, are incidents."""
        self.north.deploy(process("lost", hand_on("call", "nowhere", self.south)),
                          process("alone", hand_on("call", "supply", "nobody-" + uuid.uuid4().hex)))
        lost, alone = self.start("lost"), self.start("alone")
        wait_until("the incident", lambda: self.sub(lost)[2] == "unknown_process")
        self.assertEqual(self.incidents(lost), ["unknown_process"])
        self.assertEqual(self.incidents(alone), ["unknown_engine"])
        self.control("cancel-instance", lost)
        self.control("cancel-instance", alone)

    def test_flag_without_rule(self) -> None:
        """FWD-3: a flag that no rule takes is an incident, and what was heard is kept."""
        self.north.deploy(process("fussy", hand_on("supply", "flagged", self.south), ends={"fine": "done"}))
        self.south.deploy(process("flagged", "say"))
        self.people[1].flags["say"] = "odd"
        order = self.start("fussy")
        self.work_until("the end there", lambda: self.sub(order)[1] == "completed")
        self.assertEqual(self.incidents(order), ["no_route"])
        self.control("cancel-instance", order)

    def test_subscription(self) -> None:
        """ENG-1: notifications of an instance, from the start or from now on, until unsubscribed."""
        topic = f"{self.north.prefix}.reply.watch"
        self.north.broker().create_topic(topic, 2)
        reader = self.north.reader("reply.watch")
        watched = self.start("invoice", notifyto=topic)
        other = self.start("invoice")
        self.control("subscribe", other, notifyto=topic, filter={"events": ["instance"], "states": ["completed"]})
        self.work_until("both", lambda: self.state(watched) == self.state(other) == "completed")
        last = reader.wait("the end", lambda m: m.key == other.encode() and m.json["state"] == "completed")
        self.assertEqual(last.header("ce_id"), f"{other}/{last.json['position']}")
        reader.wait("its end", lambda m: m.key == watched.encode() and m.json["state"] == "completed")
        seen = [m.json["position"] for m in reader.messages if m.key == watched.encode()]
        self.assertEqual(sorted(seen), list(range(1, len(seen) + 1)))
        self.assertEqual(len([m for m in reader.messages if m.key == other.encode()]), 1)

    def test_bad_requests(self) -> None:
        instance_id = self.start("invoice")
        remote = {"engine": "south", "instance_id": "x", "state": "completed"}
        for data, code in (
                ({"operation": "notify", "instance_id": str(uuid.uuid4()), "remote": remote}, "unknown_instance"),
                ({"operation": "notify", "task_id": f"{instance_id}:2", "remote": remote}, "wrong_state"),
                ({"operation": "notify", "task_id": f"{instance_id}:9", "remote": remote}, "unknown_task"),
                ({"operation": "notify", "remote": remote}, "invalid_command"),
                ({"operation": "notify", "instance_id": instance_id}, "invalid_command"),
                ({"operation": "subscribe", "instance_id": instance_id, "actor": "x",
                  "notifyto": f"{self.north.prefix}.reply.missing"}, "invalid_command"),
                ({"operation": "subscribe", "instance_id": instance_id, "actor": "x",
                  "notifyto": f"{self.north.prefix}.state.task"}, "invalid_command")):
            with self.subTest(data=data):
                outcome = self.client.call("control", data, key=instance_id)
                self.assertEqual((outcome["result"], outcome.get("code")), ("rejected", code), outcome)
        outcome = self.control("notify", instance_id, remote=remote | {"state": "stalled"})
        self.assertEqual(outcome["result"], "applied")
        self.control("cancel-instance", instance_id)


if __name__ == "__main__":
    unittest.main(verbosity=2)
