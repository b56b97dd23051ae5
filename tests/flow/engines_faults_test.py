#!/usr/bin/python3
"""Two engines whose workers are killed, whose messages are lost or come again, whose databases are restored (ENG-2)."""

from __future__ import annotations

import contextlib
import random
import secrets
import unittest
from typing import ClassVar

from engine import LIMIT, Engine, Json, Reader, Worker, wait_until
from two_engines import Pair, Works, hand_on, process


class Killed(Pair):
    """Workers of both sides die at every step of orders that cross twice, and every message comes again."""

    ORDERS, KILLS = 3, 2

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


class Lost(Pair):
    """What never arrives, what nobody may send, whoever never answers."""

    def setUp(self) -> None:
        for engine in (self.north, self.south):
            if not engine.workers[-1].running():
                engine.start_worker()

    def check(self, instance_id: str) -> None:
        self.control("modify-instance", instance_id, check=True)

    def retry(self, instance_id: str) -> None:
        incident = self.north.value("select incident_id from workflow.incident_list"
                                    f" where instance_id = '{instance_id}' and date_resolved is null")
        self.control("retry-incident", instance_id, incident_id=incident)

    def begin(self, process_id: str = "order", **data: object) -> str:
        """One whose work is handed on."""
        order = self.start(process_id, **data)
        self.work_until("the supply", lambda: bool(self.sub(order)[0]))
        return order

    def finish(self, order: str) -> None:
        self.work_until("the order", lambda: self.state(order) == "completed")
        self.assertEqual(self.north.value(f"select count(*) from workflow.sub_process_list where instance_id = '{order}'"
                                          " and state = 'completed'"), "1")

    def test_asked_again(self) -> None:
        """A start that was lost is made up for; one that was not lost is answered."""
        self.pass_through(self.south)
        self.south.kill_workers()
        order = self.begin()
        wait_until("it is published", lambda: self.settled(self.north))
        self.south.broker().delete_records(self.south.topic("command.init-instance"), self.south.partitions)
        self.south.start_worker().wait_log("a person must decide")
        self.south.kill_workers()
        self.south.pawl_ok("offsets", "accept")
        self.south.start_worker()
        self.check(order)
        self.wait_sub(order, "running")
        self.check(order)
        self.finish(order)
        self.assertEqual(self.south.value("select count(*) from workflow.instance where requester->>'instance_id'"
                                          f" = '{order}'"), "1")

    def test_not_sent(self) -> None:
        """EOS-14: Kafka does not take the start: an incident, and another attempt when it does."""
        topic = self.south.topic("command.init-instance")
        self.south.broker().set_topic(topic, "max.message.bytes", "3000")
        order = self.begin(variables={"much": secrets.token_hex(5000)})
        wait_until("the incident", lambda: self.incidents(order) == ["not_sent"])
        self.south.broker().set_topic(topic, "max.message.bytes", "1048588")
        self.retry(order)
        self.finish(order)

    def test_too_large_there(self) -> None:
        """BUS-3: also of a start that the other engine will not even read, the one who waits is told."""
        self.south.kill_workers()
        self.south.start_worker(command_max_bytes=3000)
        order = self.begin(variables={"much": secrets.token_hex(5000)})
        wait_until("the incident", lambda: self.incidents(order) == ["too_large"])
        self.south.kill_workers()
        self.south.start_worker()
        self.retry(order)
        self.finish(order)

    def test_no_answer(self) -> None:
        """A time limit ends the task; the instance that was to work for it is cancelled when it begins at last."""
        self.north.deploy(process("hurried", {**hand_on("supply", "supply", self.south), "time_limits":
                                              {"end": {"within": "PT1S", "then": "end", "flag": "late"}}}))
        self.south.kill_workers()
        order = self.start("hurried")
        wait_until("the time limit", lambda: self.state(order) == "completed")
        self.south.start_worker()
        self.wait_sub(order, "cancelled")
        self.assertEqual(self.state(self.sub(order)[0], self.south), "cancelled")

    def test_unknown_for_a_while(self) -> None:
        """What the other engine did not know is started by another attempt, once it does."""
        self.north.deploy(process("early", hand_on("call", "later", self.south)))
        order = self.start("early")
        wait_until("the incident", lambda: self.incidents(order) == ["unknown_process"])
        self.south.deploy(process("later", "pick"))
        self.retry(order)
        self.finish(order)

    def test_another_system(self) -> None:
        """One that was not there, and is; which does the work though it is no engine."""
        crm = f"crm-{secrets.token_hex(4)}"
        self.north.deploy(process("sale", hand_on("sell", "offer", crm), ends={"sold": "done"}))
        order = self.start("sale", entity_id="car")
        wait_until("the incident", lambda: self.incidents(order) == ["unknown_engine"])
        for name in ("command.init-instance", "command.control"):
            self.north.broker().create_topic(f"{crm}.{name}", 1)

        def tried_again() -> bool:  # what a worker knows of topics is a few seconds old
            self.retry(order)
            return bool(self.sub(order)[0])
        wait_until("it is handed on", tried_again)
        with contextlib.closing(Reader(self.north.brokers, f"{crm}.command.init-instance")) as reader:
            asked = reader.wait("the start", lambda message: True).json
        self.assertEqual((asked["process_id"], asked["entity_id"]), ("offer", "car"))
        self.client.applied("control", {
            "operation": "notify", "task_id": asked["requester"]["task_id"], "completion_flag": "sold",
            "remote": {"engine": crm, "instance_id": asked["instance_id"], "state": "completed"}}, key=order)
        self.assertEqual(self.state(order), "completed")


class Restored(Pair):
    """A database that is restored to an earlier time, on either side: both agree in the end (EOS-21)."""

    SETTINGS: ClassVar[Json] = {"on_restore": "replay"}

    def backup(self, engine: Engine) -> None:
        engine.kill_workers()
        self.copy(engine, f'create database "{self.name(engine)}_backup" template "{self.name(engine)}"')
        engine.start_worker()

    def restore(self, engine: Engine) -> Worker:
        engine.kill_workers()
        self.copy(engine, f'drop database "{self.name(engine)}" with (force)')
        self.copy(engine, f'alter database "{self.name(engine)}_backup" rename to "{self.name(engine)}"')
        return engine.start_worker()

    @staticmethod
    def name(engine: Engine) -> str:
        return engine.name.replace("-", "_")

    @staticmethod
    def copy(engine: Engine, sql: str) -> None:
        """When the killed workers' sessions have ended."""
        def done() -> bool:
            try:
                engine.psql(sql, engine.server_database)
            except AssertionError as error:
                if "being accessed by other users" not in str(error):
                    raise
                return False
            return True
        wait_until(sql, done)

    def test_what_came_after_is_lost(self) -> None:
        """
        The commands after the backup are gone as well, so another history follows, at positions that were heard of before.
        """
        order = self.start("order")
        self.work_until("the supply", lambda: bool(self.sub(order)[0]))
        supply = self.wait_sub(order, "running")
        self.pass_through(self.south)
        self.backup(self.south)
        for operation in 3 * ("suspend-instance", "resume-instance"):
            last = self.control(operation, supply, self.people[1].client)["position"]
        wait_until("that was heard", lambda: self.north.value(
            f"select position from workflow.sub_process where remote_instance_id = '{supply}'") == str(last))
        self.south.kill_workers()
        for name in ("init-instance", "get-task", "end-task", "control", "admin"):
            self.south.broker().delete_records(self.south.topic(f"command.{name}"), self.south.partitions)
        self.restore(self.south).wait_log("a person must decide")
        self.south.kill_workers()
        self.south.pawl_ok("offsets", "accept")
        self.south.start_worker()
        self.work_until("the order", self.all_over)
        self.check_agreed([row[0] for row in self.north.psql("select instance_id from workflow.instance"
                                                             " where process_id = 'order'")], events=False)

    def go_on_after_restore(self, engine: Engine, orders: list[str]) -> None:
        """Both orders are over; then one side knows less, does it again, and both agree."""
        self.work_until("the orders", self.all_over)
        self.restore(engine)
        wait_until("it serves", lambda: "applying again" in "".join(worker.text() for worker in engine.workers))
        self.work_until("the orders again", lambda: self.all_over() and self.settled(self.north) and self.settled(self.south))
        self.check_agreed(orders, events=False)

    def test_either_side(self) -> None:
        """One order is begun, of the other one the bill is out, when the backup is made."""
        orders: list[str] = []
        for engine in (self.south, self.north):
            with self.subTest(engine=engine.name):
                first = self.start("order")
                self.work_until("the bill", lambda: bool(  # noqa: B023
                    self.sub(first)[0] and self.sub(self.sub(first)[0], self.south)[1]))  # noqa: B023
                orders += [first, self.start("order")]
                self.backup(engine)
                self.go_on_after_restore(engine, orders)


if __name__ == "__main__":
    unittest.main(verbosity=2)
