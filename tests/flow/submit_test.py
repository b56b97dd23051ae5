#!/usr/bin/python3
"""Commands submitted by SQL within an application's own transactions (EOS-25)."""

from __future__ import annotations

import json
import random
import re
import subprocess
import unittest
import uuid
from collections import Counter

import desk
from engine import LIMIT, Engine, Json, Message, Reader, Worker, partition_of, wait_until

KINDS = ("init-instance", "get-task", "end-task", "control", "admin")
# Small batches, so that few commands are several units; a session timeout as short as Kafka allows.
SETTINGS = {"submitted_poll_ms": 20, "batch_commands": 16, "session_timeout_ms": 6000}

engine: Engine
outcomes: Reader


def setUpModule() -> None:
    global engine, outcomes
    engine = unittest.enterModuleContext(Engine("submit", workers=2, **SETTINGS))
    engine.load(desk.institution())
    engine.deploy(desk.single())
    engine.psql("create table purchase (entity_id text)")
    outcomes = engine.reader("outcome")
    for worker in engine.workers:
        worker.wait_log("serving  partition")


def tearDownModule() -> None:
    engine.check_whole()


def quoted(value: str | Json | None) -> str:
    text = json.dumps(value) if isinstance(value, dict) else value
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def call(command: str, data: Json, id: str | None = None, key: str | None = None, headers: Json | None = None) -> str:
    return f"select workflow.submit_command({', '.join(map(quoted, (command, data, id, key, headers)))})"


def start(entity_id: str, instance_id: str | None = None) -> Json:
    return {"process_id": "single", "entity_id": entity_id, **({"instance_id": instance_id} if instance_id else {})}


def new_id() -> str:
    return str(uuid.uuid4())


class Session:
    """An application's connection."""

    def __init__(self, of: Engine) -> None:
        self.psql = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", of.database], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.psql.kill()
        self.psql.communicate()

    def run(self, *statements: str) -> list[str]:
        """What they answer, once all are done."""
        assert self.psql.stdin and self.psql.stdout
        self.psql.stdin.write("".join(f"{statement};\n" for statement in statements) + "\\echo done\n")
        self.psql.stdin.flush()
        lines: list[str] = []
        for line in self.psql.stdout:
            if line == "done\n":
                return lines
            lines.append(line.rstrip("\n"))
        raise AssertionError(f"psql: {lines}")


def outcome(command_id: str, result: str | None = None) -> Message:
    return outcomes.wait(f"outcome of {command_id}", lambda m: m.json["command_id"] == command_id
                         and result in (None, m.json["result"]))


def relayed(of: Engine, *kinds: str) -> list[Message]:
    """What there is on the command topics."""
    return [message for kind in kinds or KINDS for message in of.read(f"command.{kind}")]


def wait_taken(of: Engine) -> None:
    wait_until("all is taken", lambda: of.value("select count(*) from workflow.submitted_list") == "0", 2 * LIMIT)


class Path(unittest.TestCase):
    def test_committed_with_the_applications_own_rows(self) -> None:
        with Session(engine) as session:
            session.run("begin", "insert into purchase values ('order/1')")
            [command_id] = session.run(call("init-instance", start("order/1")))
            session.run("commit")
        found = outcome(command_id).json
        self.assertEqual((found["result"], found["instance_state"]), ("applied", "running"))
        self.assertEqual(engine.psql("select entity_id from purchase join workflow.instance_list using (entity_id)"), [["order/1"]])
        wait_taken(engine)

    def test_rolled_back(self) -> None:
        with Session(engine) as session:
            [gone] = session.run("begin", call("init-instance", start("order/2")))
            session.run("rollback")
            [kept] = session.run("begin", call("init-instance", start("order/3")), "savepoint a")
            [half] = session.run(call("init-instance", start("order/4")))
            session.run("rollback to a", "commit")
            [last] = session.run(call("init-instance", start("order/5")))
        for one in (kept, last):
            outcome(one, "applied")
        seen = [message.header("ce_id") for message in relayed(engine, "init-instance")]
        self.assertIn(last, seen)
        self.assertEqual([one for one in (gone, half) if one in seen], [])
        self.assertEqual(engine.psql("select entity_id from workflow.instance_list where entity_id in"
                                     " ('order/2', 'order/3', 'order/4', 'order/5') order by 1"), [["order/3"], ["order/5"]])

    def test_same_id(self) -> None:
        """Under one id there is one effect, however it comes."""
        command_id, data = new_id(), start("order/6")
        engine.psql(call("init-instance", data, command_id))
        outcome(command_id, "applied")
        engine.psql(call("init-instance", data, command_id))
        outcome(command_id, "duplicate")
        engine.psql(call("init-instance", start("order/7"), command_id))
        self.assertEqual(outcome(command_id, "rejected").json["code"], "id_reused")
        copy = next(m.value for m in relayed(engine, "init-instance") if m.header("ce_id") == command_id)
        engine.produce("command.init-instance", copy, headers=[(b"ce_id", command_id.encode())])
        wait_until("the bus' own copy", lambda: sum(m.json["command_id"] == command_id and m.json["result"] == "duplicate"
                                                   for m in list(outcomes.messages)) == 2)
        self.assertEqual(engine.value("select count(*) from workflow.instance_list where entity_id = 'order/6'"), "1")

    def test_as_a_client_would_send_it(self) -> None:
        """Key, partition and headers: nothing has to be passed on, and the outcome goes where it was asked for."""
        instance_id, correlation = new_id(), f"order é {new_id()}"
        headers = {"source": "/crm", "correlationid": correlation, "replyto": engine.topic("outcome"), "tenant": "a=b, c"}
        [[first]] = engine.psql(call("init-instance", start("order/8", instance_id), headers=headers))
        outcome(first, "applied")
        task = f"{instance_id}:2"
        for kind, data in (("get-task", {"task_id": task, "staff_id": "ann"}), ("end-task", {"task_id": task, "staff_id": "ann"}),
                           ("control", {"operation": "show-instance", "instance_id": instance_id})):
            [[command_id]] = engine.psql(call(kind, data))
            outcome(command_id, "applied")
        [[deployed]] = engine.psql(call("admin", {"operation": "deploy-process", "definition": desk.steps()}))
        self.assertEqual(outcome(deployed, "applied").key, b"steps")
        sent = [m for m in relayed(engine) if m.key == instance_id.encode()]
        self.assertEqual(len(sent), 4, "passed on, or sent twice")
        self.assertEqual({m.partition for m in sent}, {partition_of(instance_id, engine.partitions)})
        [message] = [m for m in sent if m.header("ce_id") == first]
        self.assertEqual(dict(message.headers), {
            "content-type": b"application/json", "ce_specversion": b"1.0", "ce_id": first.encode(),
            "ce_type": f"{engine.prefix}.command.init-instance".encode(),
            **{f"ce_{name}": value.encode() for name, value in headers.items()}})
        self.assertEqual(message.json, start("order/8", instance_id))

    def test_what_it_says_is_judged_when_it_is_applied(self) -> None:
        for kind, data, code in (("get-task", {"task_id": "x", "staff_id": "ann"}, "invalid_command"),
                                 ("control", {"operation": "dance"}, "unknown_operation"),
                                 ("init-instance", {"process_id": "no such"}, "unknown_process")):
            with self.subTest(kind):
                [[command_id]] = engine.psql(call(kind, data))
                self.assertEqual(outcome(command_id, "rejected").json["code"], code)

    def test_without_a_key_they_are_spread(self) -> None:
        ids = [row[0] for row in engine.psql("select workflow.submit_command('init-instance', '{\"process_id\": \"single\"}')"
                                             " from generate_series(1, 60)")]
        for one in ids:
            outcome(one, "applied")
        found = {m.header("ce_id"): m for m in relayed(engine, "init-instance")}
        self.assertEqual({found[one].partition for one in ids}, set(range(engine.partitions)))
        self.assertEqual({found[one].key for one in ids}, {None})

    def test_order_of_a_transaction(self) -> None:
        """More than fit into a unit, with two workers: each instance's commands come in the order of their submission."""
        instances = [new_id() for _ in range(4)]
        for instance_id in instances:
            engine.psql(call("init-instance", start("0", instance_id), instance_id))
            outcome(instance_id, "applied")
        with Session(engine) as session:
            session.run("begin")
            session.run(*(call("control", {"operation": "set-entity", "instance_id": instance_id, "entity_id": str(n), "actor": "crm"})
                          for n in range(1, 201) for instance_id in instances), "commit")
        wait_until("the last of each", lambda: engine.psql(
            f"select entity_id from workflow.instance_list where instance_id = any ('{{{','.join(instances)}}}')") == [["200"]] * 4)
        messages = relayed(engine, "control")
        for instance_id in instances:
            sent = [m.json["entity_id"] for m in messages if m.key == instance_id.encode()]
            self.assertEqual(sent, [str(n) for n in range(1, 201)])

    def test_large(self) -> None:
        """As large as may be goes through, beside others; what is larger is refused before it can hold up any."""
        with Session(engine) as session:
            session.run("begin")
            for _ in range(8):
                [command_id] = session.run(call("init-instance", start("large") | {"more": "x" * 899_900}))
            session.run("commit")
        outcome(command_id, "applied")


class OneTopic(unittest.TestCase):
    def test_in_the_order_of_submission(self) -> None:
        """With one topic for all commands, and at-least-once: a whole story in one transaction."""
        topic = f"one-{new_id()[:8]}.commands"
        with Engine("submitone", partitions=2, command_topic=topic, delivery="at-least-once", **SETTINGS) as one:
            one.load(desk.institution())
            one.deploy(desk.single())
            instance_id = new_id()
            task = {"task_id": f"{instance_id}:2", "staff_id": "cid"}
            one.psql(";".join([call("init-instance", start("story", instance_id)), call("get-task", task), call("end-task", task)]))
            wait_until("it is through", lambda: one.psql("select state from workflow.instance_list") == [["completed"]])
            wait_taken(one)


class Exactly(unittest.TestCase):
    """1,000 commands of four sessions whose transactions are long and end in any order, while workers are killed."""

    ROUNDS, EACH = 10, 25

    def setUp(self) -> None:
        # Who missed a session would be another member from then on.
        self.engine = self.enterContext(Engine("submitmany", workers=1, **SETTINGS | {"session_timeout_ms": 30000}))
        self.engine.load(desk.institution())
        self.engine.deploy(desk.single())
        self.seed = random.randrange(1 << 30)
        self.dice = random.Random(self.seed)
        self.sessions = [self.enterContext(Session(self.engine)) for _ in range(4)]
        self.ids: list[str] = []
        [first] = members = self.engine.broker().members(self.engine.group)
        self.members = {self.engine.workers[0]: first}
        other = self.engine.start_worker()
        other.wait_log("serving  partition")
        [self.members[other]] = self.engine.broker().members(self.engine.group).keys() - members

    def round(self, number: int) -> None:
        """All begin and submit in turn; then they commit in any order, each after what is committed has been taken."""
        for session in self.sessions:
            session.run("begin")
        for n in range(self.EACH):
            for session in self.dice.sample(self.sessions, len(self.sessions)):
                self.ids += session.run(call("init-instance", start(f"many/{number}/{n}")))
        for session in self.dice.sample(self.sessions, len(self.sessions)):
            session.run("commit")
            wait_taken(self.engine)

    def kill_who_takes_them(self) -> Worker:
        """It dies with submitted commands on their way; the group is told, so that no session has to time out."""
        def epoch(worker: Worker) -> int:
            return max(map(int, re.findall(r"serving  partition=0 epoch=(\d+)", worker.text())), default=0)
        victim = max(self.engine.workers, key=epoch)
        self.ids += self.sessions[0].run(*(call("init-instance", start(f"killed/{n}")) for n in range(100)))
        victim.kill()
        self.engine.broker().remove_member(self.engine.group, self.members[victim])
        self.engine.start_worker()
        return victim

    def test_many(self) -> None:
        for number in range(self.ROUNDS):
            if number == self.ROUNDS // 2:
                victim = self.kill_who_takes_them()
            self.round(number)
        self.assertEqual(len(self.ids), self.ROUNDS * self.EACH * 4 + 100)
        wait_until("all are begun", lambda: int(self.engine.value("select count(*) from workflow.instance")) >= len(self.ids),
                   2 * LIMIT)
        self.assertEqual([worker.terminate() for worker in self.engine.workers if worker is not victim], [0, 0])
        sent = Counter(m.header("ce_id") for m in relayed(self.engine, "init-instance"))
        self.assertEqual(sent, Counter(self.ids), f"seed {self.seed}")
        results = Counter((m.json["command_id"], m.json["result"]) for m in self.engine.read("outcome"))
        self.assertEqual({one: results[one, "applied"] for one in self.ids}, dict.fromkeys(self.ids, 1), f"seed {self.seed}")
        self.assertEqual(results.total(), len(self.ids) + 2, "deployment and people, and each command once")
        self.engine.check_settled()
        self.engine.pawl_ok("verify")


if __name__ == "__main__":
    unittest.main(verbosity=2)
