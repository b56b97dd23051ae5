"""Two engines, two databases, one Kafka, for tests of what crosses.

North hands an order to south, which hands the invoice back to north: every order crosses twice.
"""

from __future__ import annotations

import itertools
import time
import unittest
from collections.abc import Callable

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

    def check_agreed(self, orders: list[str], events: bool = True) -> None:
        """Each order was supplied once and billed once, and both sides know it, and said so once."""
        self.assertTrue(self.all_over())
        for engine in (self.north, self.south):
            self.assertEqual(engine.psql("select * from workflow.task_list"), [])
            if events:
                self.assertEqual(self.problems(engine), [])
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

    def incidents(self, instance_id: str) -> list[str]:
        return [m.json["incident"]["code"] for m in self.north.read("state.task")
                if m.key == instance_id.encode() and "incident" in m.json][-1:]

    @staticmethod
    def settled(engine: Engine) -> bool:
        return not engine.unsettled()
