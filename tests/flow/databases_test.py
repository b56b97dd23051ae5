#!/usr/bin/python3
"""One engine whose partitions are split between two databases, two workers on each: one engine to its clients."""

from __future__ import annotations

import unittest
import uuid
from collections import Counter

from desk import STEPS, act, by_role, institution, route, single, steps
from engine import Client, Engine, Json, Load, instance_in, partition_of, wait_until
from two_engines import hand_on

PARTITIONS = 4
INSTANCES = 150

both: list[Engine]
client: Client


def turns() -> Json:
    """A task for each clerk in turn."""
    return single() | {"process_id": "turns", "assignment": [by_role("work", "clerk", "round_robin")]}


def parent() -> Json:
    """Hands its work on to an instance of `single`, wherever that comes to be."""
    return {"process_id": "parent",
            "activities": [act("start", "initial"), hand_on("work", "single"), act("done", "completion")],
            "routing": [route("start", None, "work"), route("work", None, "done")], "assignment": []}


def setUpModule() -> None:
    global both, client
    even = unittest.enterModuleContext(Engine("even", workers=2, partitions=PARTITIONS, databases=2))
    odd = unittest.enterModuleContext(Engine("odd", workers=2, partitions=PARTITIONS, databases=2, beside=even))
    both = [even, odd]
    client = even.client()
    even.load(institution())
    odd.deploy(single(), steps(), turns(), parent())


def tearDownModule() -> None:
    """What must hold of all that the tests did."""
    for engine in both:
        for worker in engine.workers:
            if worker.running() and (code := worker.terminate()):
                raise AssertionError(f"a worker ended with {code}")
    subscriber = both[0].subscriber(follow=False)
    for reader in subscriber.readers:
        reader.wait_end()
    if problems := subscriber.problems():
        raise AssertionError(problems[:5])
    applied = Counter(m.json["command_id"] for m in both[0].read("outcome") if m.json["result"] == "applied")
    if twice := [command for command, times in applied.items() if times > 1]:
        raise AssertionError(f"applied more than once: {twice[:5]}")
    for engine in both:
        engine.check_settled()
        engine.pawl_ok("verify")


def database_of(key: str) -> int:
    return partition_of(key, PARTITIONS) % 2


def start(process_id: str, partition: int) -> str:
    instance_id = instance_in(partition, PARTITIONS)
    client.applied("init-instance", {"process_id": process_id, "instance_id": instance_id})
    return instance_id


def each(sql: str) -> list[list[list[str]]]:
    """The same asked of both databases."""
    return [engine.psql(sql) for engine in both]


def admin(operation: str, **data: object) -> Json:
    return client.applied("admin", {"operation": operation, **data})


class Everywhere(unittest.TestCase):
    """What concerns all partitions takes effect in both databases, before it is answered."""

    def test_deployed(self) -> None:
        for version in range(1, 6):
            definition = single() | {"process_id": "often", "name": f"version {version}"}
            outcome = admin("deploy-process", definition=definition)
            self.assertEqual((outcome["process_id"], outcome["version"]), ("often", version))
            for partition in range(PARTITIONS):
                start("often", partition)
        self.assertEqual(admin("deploy-process", definition=definition)["version"], 5)
        held = each("select version, name, workflow.definition_document(process_id, version) from workflow.process"
                    " where process_id = 'often' order by 1")
        self.assertEqual([len(rows) for rows in held], [5, 5])
        self.assertEqual(held[0], held[1])
        used = each("select version, count(*) from workflow.instance where process_id = 'often' group by 1 order by 1")
        self.assertEqual(used, [[[str(version), "2"] for version in range(1, 6)]] * 2)
        told = [m.json["version"] for m in both[0].read("state.definition") if m.json["process_id"] == "often"]
        self.assertEqual(sorted(told), [1, 2, 3, 4, 5])

    def test_what_is_wrong_is_answered_once(self) -> None:
        for wrong, code in (({"operation": "deploy-process", "definition": {"process_id": "bad"}}, "definition_invalid"),
                            ({"operation": "set-presence", "staff_id": "nobody", "on_leave": True}, "unknown_staff")):
            command_id = client.send("admin", wrong)
            self.assertEqual(client.outcome(command_id)["code"], code)
            told = [m for m in both[0].read("outcome") if m.json["command_id"] == command_id]
            self.assertEqual(len(told), 1)

    def test_people(self) -> None:
        """Loads, authorizations and presence, sent to whichever partition, in one order; events once."""
        admin("load-institution", institution={"staff": [{"staff_id": "new", "roles": ["manager"]}]})
        admin("authorize", grantor_id="new", grantee_id="eve", actor="op")
        before = len(both[0].read("state.institution"))
        sent = [client.send("admin", {"operation": "set-presence", "staff_id": "new", "on_leave": n % 2 == 0}, key=str(n))
                for n in range(20)]
        self.assertEqual({client.outcome(command)["result"] for command in sent}, {"applied"})
        held = each("select workflow.institution_document()::text")
        self.assertEqual(held[0], held[1])
        changes = len(both[0].read("state.institution")) - before
        self.assertLessEqual(changes, 20)
        admin("set-presence", staff_id="new", on_leave=True)
        again = client.send("admin", {"operation": "set-presence", "staff_id": "new", "on_leave": False}, id="back")
        self.assertEqual(client.outcome(again)["result"], "applied")
        again = client.send("admin", {"operation": "set-presence", "staff_id": "new", "on_leave": False}, id="back")
        self.assertEqual(client.outcome(again)["result"], "duplicate")
        self.assertEqual(each("select on_leave from workflow.staff where staff_id = 'new'"), [[["f"]], [["f"]]])

    def test_in_turn_on_leave_removed(self) -> None:
        """Fair within each database; who is away is passed over in both, who is removed keeps no task in either."""
        clerks = [{"staff_id": name, "roles": ["clerk"]} for name in ("gus", "ida")]
        admin("load-institution", institution={"staff": clerks})
        admin("set-presence", staff_id="ida", on_leave=True)
        started = ",".join(start("turns", n % PARTITIONS) for n in range(24))
        whose = ("select staff_id, count(*) from workflow.to_do_task_list"
                 f" where instance_id = any ('{{{started}}}') group by 1 order by 1")
        self.assertEqual(each(whose), [[["ann", "4"], ["bob", "4"], ["gus", "4"]]] * 2)
        admin("load-institution", institution=institution() | {"replace": True})
        wait_until("they are ann's and bob's", lambda: each(whose) == [[["ann", "6"], ["bob", "6"]]] * 2)


class Anywhere(unittest.TestCase):
    """Whichever database an instance is in, it is worked on as in one."""

    def test_wrong_keys(self) -> None:
        """A command that comes to a partition of the other database is passed on to its own."""
        for partition in range(PARTITIONS):
            wrong = instance_in((partition + 1) % PARTITIONS, PARTITIONS)
            task = {"task_id": f"{(instance_id := instance_in(partition, PARTITIONS))}:2", "staff_id": "cid"}
            client.applied("init-instance", {"process_id": "single", "instance_id": instance_id}, key=wrong)
            client.applied("get-task", task, key=wrong)
            client.applied("end-task", task, key=wrong, id=f"end {instance_id}")
            self.assertEqual(client.call("end-task", task, key=wrong, id=f"end {instance_id}")["result"], "duplicate")

    def test_next_task(self) -> None:
        """The task is found in the other database, by one command with one answer; its repetition gets no other task."""
        here = database_of("zoe")
        admin("load-institution", institution={"roles": [{"role_id": "alone"}],
                                               "staff": [{"staff_id": "zoe", "roles": ["alone"]}]})
        admin("deploy-process", definition=single() | {"process_id": "lone", "assignment": [by_role("work", "alone")]})
        there, wanted = [p for p in range(PARTITIONS) if p % 2 != here], {"staff_id": "zoe", "process_id": "lone"}
        self.assertEqual(client.call("get-task", wanted)["code"], "no_task_available")
        first, second = start("lone", there[0]), start("lone", there[1])
        taken = client.applied("get-task", wanted, id="next of zoe")
        self.assertEqual(taken["instance_id"], first)
        start("lone", here)
        again = client.call("get-task", wanted, id="next of zoe")
        self.assertEqual((again["result"], again["instance_id"]), ("duplicate", first))
        found = [client.applied("get-task", wanted)["instance_id"] for _ in range(2)]
        self.assertNotEqual(found[0], second)  # the one in the database of zoe's partition comes first
        self.assertEqual(found[1], second)
        self.assertEqual(client.call("get-task", wanted)["code"], "no_task_available")

    def test_sub_processes(self) -> None:
        """An instance in one database has its work done by one in the other, and hears of it."""
        parents = [start("parent", n % PARTITIONS) for n in range(20)]  # so many, that some have theirs on the other side
        find = "select instance_id, remote_instance_id from workflow.sub_process_list where remote_instance_id is not null"
        works = [rows for found in each(find) for rows in found]
        crossing = [child for home, child in works if database_of(home) != database_of(child)]
        self.assertTrue(crossing, works)
        for _, child in works:
            wait_until(f"{child} has begun", lambda child=child: client.call(
                "control", {"operation": "show-instance", "instance_id": child})["result"] == "applied")
            client.do(f"{child}:2", "cid", "yes")
        wanted = f"select count(*) from workflow.instance where state = 'completed' and instance_id = any ('{{{','.join(parents)}}}')"
        wait_until("all are completed", lambda: sum(int(rows[0][0]) for rows in each(wanted)) == len(parents))

    def test_killed_workers(self) -> None:
        """A load over all partitions, and changes that go round, while the workers of one database after the other are killed."""
        load = Load(client, "steps", STEPS, INSTANCES, window=60)
        changes: list[Json] = [{"operation": "set-presence", "staff_id": "zoe", "logging_on": n % 2 == 0} for n in range(10)]
        changes += [{"operation": "deploy-process", "definition": single() | {"process_id": "killed", "name": f"number {n}"}}
                    for n in range(10)]
        sent = []
        for engine in both:
            load.wait_commands(150)
            sent += [client.send("admin", change) for change in changes]
            engine.kill_workers()
            engine.start_workers(2)
        load.wait()
        self.assertEqual({client.outcome(one)["result"] for one in sent}, {"applied"})
        done = each("select state, count(*) from workflow.instance where process_id = 'steps' group by 1")
        self.assertEqual([state for rows in done for state, _ in rows], ["completed", "completed"])
        self.assertEqual(sum(int(count) for rows in done for _, count in rows), load.count)
        known = each("select version, name from workflow.process where process_id = 'killed' order by 1")
        self.assertEqual(known, [[[str(n + 1), f"number {n % 10}"] for n in range(20)]] * 2)
        held = each("select workflow.institution_document()::text")
        self.assertEqual(held[0], held[1])


class Apart(unittest.TestCase):
    """What is each database's own."""

    def test_partitions(self) -> None:
        for partition in range(PARTITIONS):
            start("single", partition)
        self.assertEqual(each("select partition from workflow.partition order by 1"), [[["0"], ["2"]], [["1"], ["3"]]])
        self.assertEqual(each("select distinct partition % 2 from workflow.instance"), [[["0"]], [["1"]]])
        broker, topic = both[0].broker(), both[0].topic("command.end-task")
        for engine in both:
            committed = broker.committed(engine.group, topic, PARTITIONS)
            self.assertEqual({p % 2 for p, (offset, _) in committed.items() if offset >= 0}, {engine.number})

    def test_another_number_is_refused(self) -> None:
        for wrong in (("--databases", "2", "--database-number", "0"), ("--databases", "3", "--database-number", "1")):
            refused = both[1].pawl("topics", "apply", *wrong)
            self.assertEqual(refused.code, 1, refused)
            self.assertIn("this is database 1 of 2, and cannot become", refused.err)
        self.assertEqual(both[1].pawl("topics", "apply", "--databases", "2").code, 2)
        self.assertEqual(both[1].pawl_ok("topics", "apply").code, 0)
        self.assertEqual(both[1].pawl("verify", "--partition", "2").code, 7)
        for engine in both:
            shown = {row["partition"] for row in engine.pawl_ok("offsets", "show", "-o", "json").json}
            self.assertEqual({int(p) % 2 for p in shown}, {engine.number})

    def test_stray_database_is_refused(self) -> None:
        """One that would have partitions of another one is not made part of the engine."""
        for partition in range(PARTITIONS):
            start("single", partition)
        with Engine("stray", workers=0, partitions=PARTITIONS, beside=both[1], install=False) as stray:
            stray.migrate()
            for share in ((), ("--databases", "4", "--database-number", "2")):
                refused = stray.pawl("topics", "apply", "--partitions", str(PARTITIONS), *share)
                self.assertEqual(refused.code, 2, refused)
                self.assertIn("is another database's", refused.err)

    def test_restored(self) -> None:
        """A database that was restored stops its own workers alone, and is accepted by itself (EOS-21)."""
        odd = both[1]
        for partition in (1, 3):
            start("single", partition)
        odd.kill_workers()
        odd.psql("update workflow.partition set outbox_number = 0, published_number = 0")
        self.assertEqual(odd.start_worker().wait(), 12)
        start("single", 0)
        self.assertEqual(odd.pawl_ok("db", "restored", "-o", "json").json["partitions"], 2)
        odd.start_workers(2)
        start("single", 1)
        self.assertEqual(both[0].pawl("db", "restored").code, 3)

    def test_round_that_no_engine_began(self) -> None:
        """The header by which databases tell one another is no client's."""
        presence = b'{"operation": "set-presence", "staff_id": "bob", "on_leave": true}'
        begin = b'{"process_id": "single"}'
        for topic, value, headers in (
                ("admin", presence, [(b"pawl_databases", b"1/0")]),
                ("admin", presence, [(b"pawl_databases", b"2/0"), (b"pawl_forwarded", b"0/1")]),
                ("admin", presence, [(b"pawl_databases", b"much"), (b"pawl_forwarded", b"0/1")]),
                ("init-instance", begin, [(b"pawl_databases", b"1/0"), (b"pawl_forwarded", b"0/1")])):
            command_id = str(uuid.uuid4())
            both[0].produce(f"command.{topic}", value, b"institution", [*headers, (b"ce_id", command_id.encode())])
            answer = both[0].reader("outcome").wait(command_id, lambda m, c=command_id: m.json["command_id"] == c).json
            self.assertEqual((answer["result"], answer["code"]), ("rejected", "invalid_command"))
        self.assertEqual(each("select on_leave from workflow.staff where staff_id = 'bob'"), [[["f"]], [["f"]]])


class Split(unittest.TestCase):
    """An engine that has worked with one database goes on with two."""

    LISTS = ("select s, count(t.staff_id) from (values ('ann'), ('bob')) as p (s)"
             " left join workflow.to_do_task_list t on t.staff_id = s group by 1 order by 2")

    def test_one_becomes_two(self) -> None:
        whole = self.enterContext(Engine("whole", partitions=PARTITIONS))
        half = self.enterContext(Engine("half", workers=0, partitions=PARTITIONS, databases=2, beside=whole, install=False))
        whole.load(institution())
        whole.deploy(steps(), turns() | {"assignment": [by_role("work", "clerk", "least_working_list")]})
        worker = whole.client()
        begun = [worker.start(process, instance_id=instance_in(n % PARTITIONS, PARTITIONS))["instance_id"]
                 for n in range(12) for process in ("steps", "turns")]  # of turns, ann has those of one half, bob of the other
        for instance_id in begun[:12:2]:
            worker.applied("end-task", {"task_id": f"{instance_id}:2", "staff_id": worker.get(
                f"{instance_id}:2", "cid")["task"]["staff_id"]}, id=f"first {instance_id}")
        self.copy(whole, half)
        for engine in (whole, half):
            engine.start_worker()
        for number, instance_id in enumerate(begun):
            if number % 2 == 0:
                again = worker.call("end-task", {"task_id": f"{instance_id}:2", "staff_id": "cid"}, id=f"first {instance_id}")
                self.assertEqual(again["result"], "duplicate" if number < 12 else "rejected")
                if number >= 12:
                    worker.do(f"{instance_id}:2", "cid")
                worker.do(f"{instance_id}:3", "ann", "on")
                worker.do(f"{instance_id}:4", "bob")
        whole.deploy(single())
        for partition in range(PARTITIONS):
            worker.start("single", instance_id=instance_in(partition, PARTITIONS))
        for engine in (whole, half):
            self.assertEqual(engine.psql("select process_id, state, count(*) from workflow.instance group by 1, 2 order by 1"),
                             [["single", "running", "2"], ["steps", "completed", "6"], ["turns", "running", "6"]])
            found = engine.pawl_ok("verify", "-o", "json").json
            self.assertEqual((found["instances"], found["differences"]), (14, 0))
            [[least, fewest], [_, most]] = engine.psql(self.LISTS)
            self.assertLess(int(fewest), int(most))
            instance_id = worker.start("turns", instance_id=instance_in(engine.number, PARTITIONS))["instance_id"]
            self.assertEqual(engine.value(f"select staff_id from workflow.task_list where instance_id = '{instance_id}'"), least)
        subscriber = whole.subscriber(follow=False)
        for reader in subscriber.readers:
            reader.wait_end()
        self.assertEqual(subscriber.problems(), [])

    def copy(self, whole: Engine, half: Engine) -> None:
        """The copy is not made two of while somebody works, nor before the first one is one half."""
        into = ("db", "split", "--databases", "2", "--database-number")
        working = whole.pawl(*into, "0")
        self.assertEqual(working.code, 1, working)
        self.assertIn("workers are connected", working.err)
        whole.workers[0].terminate()
        one, other = (engine.name.replace("-", "_") for engine in (whole, half))
        whole.psql(f'drop database "{other}"', whole.server_database)
        whole.psql(f'create database "{other}" template "{one}"', whole.server_database)
        self.assertEqual(half.pawl(*into, "1").code, 2)
        self.assertEqual(half.pawl(*into, "1", "--beside", whole.database).code, 3)
        self.assertEqual(whole.pawl_ok(*into, "0", "-o", "json").json["instances"], 12)
        self.assertEqual(half.pawl_ok(*into, "1", "--beside", whole.database, "-o", "json").json["instances"], 12)
        self.assertEqual(half.pawl(*into, "1", "--beside", whole.database).code, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
