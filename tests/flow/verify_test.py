#!/usr/bin/python3
"""`pawl verify`: silent about a sound engine, also while it works and dies; names each thing that is wrong."""

from __future__ import annotations

import json
import unittest
import uuid

import desk
from engine import Client, Engine, Json, Load, Message, produce


def lines(engine: Engine, expected: int) -> list[Json]:
    """The differences, and last the sum; where one is expected, what is missing is not waited for as long as elsewhere."""
    done = engine.pawl("verify", "-o", "json", **({"timeout_ms": 10000} if expected else {}))
    if done.code != expected:
        raise AssertionError(f"exit code {done.code}, not {expected}: {done.out[-1500:]} {done.err[-1500:]}")
    return [json.loads(line) for line in done.out.splitlines()]


def again(engine: Engine, message: Message) -> None:
    """An event once more, byte for byte."""
    headers = [(name.encode(), value) for name, value in message.headers]
    produce(engine.brokers, message.topic, message.value, message.key, headers, message.partition)


class Sound(unittest.TestCase):
    def test_while_workers_die(self) -> None:
        engine = self.enterContext(Engine("verify", workers=2))
        engine.load(desk.institution())
        engine.deploy(desk.steps())
        load = Load(engine.client(timeout_ms=8000), "steps", desk.STEPS, 150, 50)
        load.wait_commands(150)
        engine.workers[-1].kill()
        engine.start_worker()
        self.assertEqual(lines(engine, 0)[-1]["differences"], 0)
        load.wait()
        [total] = lines(engine, 0)
        self.assertEqual((total["instances"], total["differences"], total["not_compared"]), (load.count, 0, 0))
        self.assertEqual(total["events"], int(engine.value("select sum(position) from workflow.instance")))


class Wrong(unittest.TestCase):
    def setUp(self) -> None:
        self.engine = self.enterContext(Engine("verifywrong"))
        self.engine.load(desk.institution())
        self.engine.deploy(desk.steps())
        self.client: Client = self.engine.client()
        self.ids = [self.client.start("steps", instance_id=str(uuid.uuid4()))["instance_id"] for _ in range(4)]
        self.assertEqual(lines(self.engine, 0)[-1]["differences"], 0)

    def found(self) -> dict[str, Json]:
        return {line["whose"]: line for line in lines(self.engine, 9)[:-1]}

    def test_tables_changed(self) -> None:
        first, second, third, fourth = self.ids
        self.engine.psql(f"update workflow.to_do_task_list set staff_id = 'mallory' where instance_id = '{first}'")
        self.engine.psql(f"update workflow.instance set entity_id = 'forged' where instance_id = '{second}'")
        self.engine.psql(f"delete from workflow.have_done_tasks where instance_id = '{third}'")
        self.engine.psql(f"delete from workflow.to_do_task_list where instance_id = '{fourth}'")
        self.engine.psql(f"delete from workflow.have_done_tasks where instance_id = '{fourth}'")
        self.engine.psql(f"delete from workflow.instance where instance_id = '{fourth}'")
        found = self.found()
        self.assertEqual({whose: line["difference"] for whose, line in found.items()},
                         {f"{first}:2": "different", second: "different", f"{third}:1": "different",
                          fourth: "unknown"})
        self.assertIn("staff_id=mallory", found[f"{first}:2"]["detail"])
        self.assertIn("entity_id=forged", found[second]["detail"])

    def test_events_changed(self) -> None:
        first, second = self.ids[:2]
        [message, *_] = [m for m in self.engine.read("state.task") if m.json["instance_id"] == first]
        again(self.engine, message)
        self.engine.psql(f"update workflow.instance set position = position + 1 where instance_id = '{second}'")
        self.assertEqual({whose.split(":")[0]: line["difference"] for whose, line in self.found().items()},
                         {first: "repeated", second: "missing"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
