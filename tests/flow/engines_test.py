#!/usr/bin/python3
"""Two engines, two databases, one Kafka: work that is handed on, and comes back exactly once (ENG-1, ENG-2).

North hands an order to south, which hands the invoice back to north: every order crosses twice.
"""

from __future__ import annotations

import itertools
import random
import time
import unittest
import uuid
from collections.abc import Callable
from typing import ClassVar

from engine import LIMIT, Client, Engine, Json, instance_in, produce, wait_until

COMMANDS = ("command.init-instance", "command.control")

PEOPLE: Json = {"roles": [{"role_id": "clerk"}],
                "staff": [{"staff_id": "ann", "roles": ["clerk"]}, {"staff_id": "bob", "roles": ["clerk"]}]}


def process(process_id: str, *steps: str | Json, ends: Json | None = None) -> Json:
    """Steps in a row: an act_id of a person's, or an activity.  `ends` are flags of the last step, and where they lead."""
    activities: list[Json] = [{"act_id": "begin", "act_type": "initial"},
                              *({"act_id": step, "act_type": "interaction"} if isinstance(step, str) else step
                                for step in steps),
                              {"act_id": "done", "act_type": "completion"}]
    names = [activity["act_id"] for activity in activities]
    routing: list[Json] = [{"from": one, "to": [two]} for one, two in itertools.pairwise(names)]
    if ends:
        routing[-1:] = [{"from": names[-2], "flag": flag, "to": [to]} for flag, to in ends.items()]
    return {"process_id": process_id, "activities": activities, "routing": routing,
            "assignment": [{"act": step, "based_on": "role_based", "role": "clerk", "method": "fcfa"}
                           for step in steps if isinstance(step, str)]}


def hand_on(act_id: str, process_id: str, engine: Engine | str | None = None) -> Json:
    """An activity that hands its work on."""
    prefix = engine.prefix if isinstance(engine, Engine) else engine
    return {"act_id": act_id, "act_type": "automation",
            "sub_process": {"process_id": process_id, **({"engine": prefix} if prefix else {})}}


class Works:
    """The people of an engine: they take and end whatever waits, again and again, until told otherwise."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.client = engine, engine.client()
        self.flags: dict[str, str] = {}  # by activity

    def step(self) -> None:
        for task_id, act_id, state in self.engine.psql(
                "select task_id, act_id, state from workflow.task_list"
                " where act_type = 'interaction' and state in ('waiting', 'processing')"):
            data = {"task_id": task_id, "staff_id": "ann"}
            if state == "waiting":
                self.client.send("get-task", data, id=f"get {task_id}")
            flag = self.flags.get(act_id)
            self.client.send("end-task", data | ({"completion_flag": flag} if flag else {}), id=f"end {task_id}")


class Pair(unittest.TestCase):
    """Two engines for all tests of a class."""

    WORKERS = 1
    SETTINGS: Json = {}

    @classmethod
    def setUpClass(cls) -> None:
        cls.north = cls.enterClassContext(Engine("north", workers=cls.WORKERS, **cls.SETTINGS))
        cls.south = cls.enterClassContext(Engine("south", workers=cls.WORKERS, partitions=3, **cls.SETTINGS))
        cls.people = [Works(engine) for engine in (cls.north, cls.south)]
        for engine in (cls.north, cls.south):
            engine.load(PEOPLE)
        cls.north.deploy(process("order", "check", hand_on("supply", "supply", cls.south), "deliver"),
                         process("invoice", "book"))
        cls.south.deploy(process("supply", "pick", hand_on("bill", "invoice", cls.north)))
        cls.client = cls.people[0].client

    @classmethod
    def enterClassContext(cls, engine: Engine) -> Engine:  # unittest has it from 3.11 on
        engine.__enter__()
        cls.addClassCleanup(engine.close)
        return engine

    def start(self, process_id: str, **data: object) -> str:
        return str(self.client.start(process_id, **data)["instance_id"])

    def state(self, instance_id: str, engine: Engine | None = None) -> str:
        rows = (engine or self.north).psql(f"select state from workflow.instance where instance_id = '{instance_id}'")
        return rows[0][0] if rows else ""

    def sub(self, instance_id: str, engine: Engine | None = None) -> list[str]:
        """What works for it: the last instance's id, and its state as known at home."""
        rows = (engine or self.north).psql("select remote_instance_id, coalesce(state, ''), coalesce(code, '')"
                                           " from workflow.sub_process_list"
                                           f" where instance_id = '{instance_id}' order by date_created desc")
        return rows[0] if rows else ["", "", ""]

    def wait_state(self, instance_id: str, state: str, engine: Engine | None = None) -> None:
        wait_until(f"{instance_id} {state}", lambda: self.state(instance_id, engine) == state)

    def wait_sub(self, instance_id: str, state: str, engine: Engine | None = None) -> str:
        return wait_until(f"{state} there", lambda: (s := self.sub(instance_id, engine))[1] == state and s[0])

    def control(self, operation: str, instance_id: str, client: Client | None = None, **data: object) -> Json:
        return (client or self.client).applied("control", {"operation": operation, "instance_id": instance_id,
                                                           "actor": "op", **data}, key=instance_id)

    def work_until(self, what: str, check: Callable[[], bool], limit: float = LIMIT,
                   meanwhile: Callable[[], None] | None = None) -> None:
        deadline = time.monotonic() + limit
        while not check():
            self.assertLess(time.monotonic(), deadline, f"{what}: not within {limit:g} s")
            for people in self.people:
                people.step()
            if meanwhile:
                meanwhile()

    def all_over(self) -> bool:
        return all(engine.value("select count(*) from workflow.instance where state not in ('completed', 'cancelled')")
                   == "0" for engine in (self.north, self.south))

    def pass_through(self, engine: Engine) -> None:
        """Until all that stands in the command topics has been applied."""
        client = engine.client()
        for partition in range(engine.partitions):
            instance_id = instance_in(partition, engine.partitions)
            client.call("init-instance", {"process_id": "nowhere", "instance_id": instance_id}, key=instance_id)
            client.call("control", {"operation": "show-instance", "instance_id": instance_id}, key=instance_id)

    def repeat_everything(self) -> int:
        """Every message between the engines once more."""
        count = sum(self.repeat_commands(engine) for engine in (self.north, self.south))
        for engine in (self.north, self.south):
            self.pass_through(engine)
        return count

    def repeat_commands(self, engine: Engine, done: set[str] | None = None) -> int:
        """What stands in its topics from either engine, once more, unless that was done; byte by byte."""
        found = {message.header("ce_id"): message for name in COMMANDS for message in engine.read(name)
                 if message.header("ce_source") in (f"/{self.north.prefix}", f"/{self.south.prefix}")}
        again = found.keys() - (done or set())
        for command_id in again:
            message = found[command_id]
            produce(engine.brokers, message.topic, message.value, message.key,
                    [(name.encode(), value) for name, value in message.headers])
        if done is not None:
            done |= again
        return len(again)

    def image(self) -> list[list[list[str]]]:
        """All that the two know of instances, tasks and each other."""
        return [engine.psql(sql) for engine in (self.north, self.south) for sql in (
            "select instance_id, state, completion_flag, position from workflow.instance order by 1",
            "select task_id, act_id, how, completion_flag from workflow.history_list order by 1",
            "select task_id, remote_instance_id, state, completion_flag from workflow.sub_process_list order by 1, 2",
            "select task_id, state from workflow.task_list order by 1")]

    def check_agreed(self, orders: list[str]) -> None:
        """Each order was supplied once and billed once, and both sides know it."""
        self.assertTrue(self.all_over())
        for engine in (self.north, self.south):
            self.assertEqual(engine.psql("select * from workflow.task_list"), [])
            self.assertEqual(engine.subscriber(follow=False).readers and self.problems(engine), [])
        supplies = self.north.psql("select instance_id, remote_instance_id, state from workflow.sub_process_list")
        self.assertEqual(sorted(row[0] for row in supplies), sorted(orders))
        bills = self.south.psql("select instance_id, remote_instance_id, state from workflow.sub_process_list")
        self.assertEqual(sorted(row[0] for row in bills), sorted(row[1] for row in supplies))
        self.assertEqual({row[2] for row in supplies + bills}, {"completed"})
        found = self.north.psql("select instance_id from workflow.instance where process_id = 'invoice'")
        self.assertEqual(sorted(row[0] for row in found), sorted(row[1] for row in bills))
        found = self.south.psql("select instance_id from workflow.instance")
        self.assertEqual(sorted(row[0] for row in found), sorted(row[1] for row in supplies))

    def problems(self, engine: Engine) -> list[str]:
        subscriber = engine.subscriber(follow=False)
        for reader in subscriber.readers:
            reader.wait_end()
        return subscriber.problems()


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
        before = self.image()
        self.assertGreater(self.repeat_everything(), 0)
        self.assertEqual(self.image(), before)

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

    def incidents(self, instance_id: str) -> list[str]:
        return [m.json["incident"]["code"] for m in self.north.read("state.task")
                if m.key == instance_id.encode() and "incident" in m.json][-1:]

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


class Killed(Pair):
    """Workers of both sides die at every step of orders that cross twice, and every message comes again."""

    ORDERS, KILLS = 4, 3

    # Who acts, and what is in that engine's database when it has, a row for each order.
    STEPS = (
        ("north", "the start is sent", "select 1 from workflow.sub_process"),
        ("south", "it is started", "select 1 from workflow.instance"),
        ("north", "it was heard of", "select 1 from workflow.sub_process where state = 'running'"),
        ("south", "the bill's start is sent", "select 1 from workflow.sub_process"),
        ("north", "the bill is started", "select 1 from workflow.instance where process_id = 'invoice'"),
        ("south", "the bill was heard of", "select 1 from workflow.sub_process where state is not null"),
        ("north", "it is booked", "select 1 from workflow.instance where process_id = 'invoice' and state = 'completed'"),
        ("south", "it is supplied", "select 1 from workflow.instance where state = 'completed'"),
        ("north", "it is delivered", "select 1 from workflow.instance where process_id = 'order' and state = 'completed'"),
    )

    orders: ClassVar[list[str]] = []

    def start_orders(self, count: int) -> None:
        self.orders.extend(self.start("order", entity_id=str(n)) for n in range(count))

    def act(self, people: Works, what: str, sql: str) -> None:
        """
        An engine alone takes a step: it is killed as soon as the first order has taken it, in the middle of the others, and
        again when all have and have said so.  What it is told, it is told twice.
        """
        engine = people.engine
        self.repeat_commands(engine, self.repeated)
        for wanted in (1, self.ORDERS):
            engine.start_worker()

            def taken() -> bool:
                people.step()
                return len(engine.psql(sql)) >= wanted  # noqa: B023
            wait_until(what, taken)
            if wanted == self.ORDERS:
                wait_until("it is published", lambda: self.settled(engine))
            engine.kill_workers()

    @staticmethod
    def settled(engine: Engine) -> bool:
        try:
            engine.check_settled()
        except AssertionError:
            return False
        return True

    def test_at_every_step(self) -> None:
        self.repeated: set[str] = set()
        self.south.kill_workers()
        self.start_orders(self.ORDERS)
        self.north.kill_workers()
        for side, what, sql in self.STEPS:
            with self.subTest(side=side, step=what):
                self.act(self.people[0 if side == "north" else 1], what, sql)
        for engine in (self.north, self.south):
            engine.start_worker()
        self.work_until("all orders", self.all_over)
        self.check_done()

    def test_in_the_midst_of_everything(self) -> None:
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        self.start_orders(4 * self.ORDERS)
        engines = [self.north, self.south]
        kills = 0

        def kill_somebody() -> None:
            nonlocal kills
            engine = engines[kills % 2]
            if kills >= 2 * self.KILLS or not engine.workers[-1].text().count("serving") or chance.random() < 0.5:
                return
            engine.kill_workers()
            engine.start_worker()
            kills += 1

        self.work_until("all orders", self.all_over, 6 * LIMIT, kill_somebody)
        print(f"figure kills={kills}")
        self.check_done()

    def check_done(self) -> None:
        """All is done once; and it remains so when every message comes again."""
        self.check_agreed(self.orders)
        before = self.image()
        self.repeat_everything()
        self.assertEqual(self.image(), before)
        self.check_agreed(self.orders)


if __name__ == "__main__":
    unittest.main(verbosity=2)
