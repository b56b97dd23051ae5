#!/usr/bin/python3
"""One engine, from its installation on: commands, tasks, events."""

from __future__ import annotations

import json
import unittest
import uuid

import desk
from engine import Client, Engine, Json, Subscriber, instance_in, partition_of, produce

engine: Engine
client: Client
subscriber: Subscriber


def setUpModule() -> None:
    global engine, client, subscriber
    engine = unittest.enterModuleContext(Engine("basic", workers=2))
    client = engine.client()
    engine.load(desk.institution())
    engine.deploy(desk.single(), desk.steps(), desk.order(), desk.stuck())
    subscriber = engine.subscriber()


def tearDownModule() -> None:
    engine.check_whole()


def task(outcome: Json, number: int = 0) -> str:
    return outcome["tasks"][number]


class Paths(unittest.TestCase):
    """The thinnest path, and then everything at once."""

    def test_thinnest_path(self) -> None:
        started = client.start("single", entity_id="NE-7/1042")
        instance_id = started["instance_id"]
        self.assertEqual((started["instance_state"], started["tasks_started"]), ("running", 1))
        waiting = subscriber.task(instance_id, "work", "waiting").json
        self.assertEqual((waiting["task_id"], waiting["entity_id"], waiting["candidates"]),
                         (task(started), "NE-7/1042", {"department": "office"}))
        taken = client.get(task(started), "cid")
        self.assertEqual((taken["task"]["state"], taken["task"]["staff_id"]), ("processing", "cid"))
        ended = client.end(task(started), "cid")
        self.assertEqual(ended["instance_state"], "completed")
        events = subscriber.wait_position(instance_id, ended["position"])
        states = [(e.get("act_id"), e["state"]) for e in events]
        self.assertIn(("work", "ended"), states)
        self.assertEqual(states[-1], (None, "completed"))
        self.assertEqual([e["position"] for e in events], list(range(1, len(events) + 1)))

    def test_all_types(self) -> None:
        jobs = engine.reader("job.pay-card")
        started = client.start("order", entity_id="order/1")
        instance_id = started["instance_id"]
        again = client.do(task(started), "bob", "again")  # a loop
        checked = client.do(task(again), "ann", "ok")
        job = jobs.wait("the job", lambda m: m.json["instance_id"] == instance_id)
        self.assertEqual(job.json["task_id"], task(checked))
        self.assertEqual((job.json["auto_executive"], sorted(job.json["flags"])), ("pay-card", ["failed", "paid"]))
        self.assertEqual(job.json["entity_id"], "order/1")
        branches = client.applied("end-task", {"task_id": job.json["task_id"], "executor_id": "pay/7",
                                               "completion_flag": "paid"})
        self.assertEqual(branches["tasks_started"], 2)
        pack, bill = branches["tasks"]
        self.assertEqual(client.do(pack, "bob")["instance_state"], "running")
        subscriber.task(instance_id, "join", "pending")
        billed = client.do(bill, "ann")
        signed = client.do(task(billed), "eve")
        self.assertEqual(signed["instance_state"], "completed")
        completed = subscriber.instance(instance_id, "completed").json
        self.assertEqual(completed["completion_flag"], "delivered")
        path = [row[0] for row in engine.psql(f"""
            select act_id from workflow.history_list where instance_id = '{instance_id}' and how = 'ended'
             order by date_ended, n""")]
        self.assertEqual(path, ["start", "check", "check", "pay", "split", "pack", "bill", "join", "either", "sign",
                                "delivered"])

    def test_flag_of_the_last_task_completes(self) -> None:
        started = client.start("order")
        client.do(task(started), "ann", "bad")
        completed = subscriber.instance(started["instance_id"], "completed").json
        self.assertEqual(completed["completion_flag"], "bad")  # FWD-5

    def test_flag_chooses_where_it_begins(self) -> None:
        started = client.start("order", completion_flag="express")  # FWD-8
        self.assertEqual(subscriber.task(started["instance_id"], "pay", "waiting").json["pre_act_id"], "start")

    def test_stalled(self) -> None:
        started = client.start("stuck")
        left, right = started["tasks"]
        client.do(left, "cid")
        ended = client.do(right, "eve", "no")
        self.assertEqual(ended["instance_state"], "stalled")
        stalled = subscriber.instance(started["instance_id"], "stalled").json
        self.assertIn("right", json.dumps(stalled["waits"]))  # FWD-7: what waits for what

    def test_merge_rule_holds(self) -> None:
        started = client.start("stuck")
        left, right = started["tasks"]
        client.do(left, "cid")
        self.assertEqual(client.do(right, "eve", "yes")["instance_state"], "completed")

    def test_versions(self) -> None:
        old = desk.single() | {"process_id": "changing"}
        new = {**old, "name": "a newer one"}
        engine.deploy(old)
        running = client.start("changing")
        self.assertIn("version 1", engine.pawl_ok("process", "deploy", "-", stdin=json.dumps(old)).out)
        engine.deploy(new)
        self.assertEqual(client.start("changing")["version"], 2)
        self.assertEqual(client.start("changing", version=1)["version"], 1)
        client.do(task(running), "ann")
        ended = subscriber.task(running["instance_id"], "work", "ended").json
        self.assertEqual(ended["version"], 1)
        published = engine.reader("state.definition").wait(
            "version 2", lambda m: m.header("ce_id") == "changing/2").json
        self.assertEqual(published.get("definition", published).get("name"), "a newer one")

    def test_institution_is_published(self) -> None:
        published = engine.reader("state.institution").wait("ann", lambda m: m.key == b"staff/ann")
        self.assertEqual((published.json["object"], published.json["name"]), ("staff", "Ann Ash"))


class People(unittest.TestCase):
    """Who gets what: fcfa by department, team and role, and priority."""

    def test_groups_include_what_is_below(self) -> None:  # INS-2
        for staff_id in ("ann", "cid"):
            client.get(task(client.start("single")), staff_id)

    def test_team(self) -> None:
        crew = desk.single() | {"process_id": "crew-work", "assignment": [
            {"act": "work", "based_on": "team_based", "team": "crew", "method": "fcfa"}]}
        engine.deploy(crew)
        work = task(client.start("crew-work"))
        refused = client.call("get-task", {"task_id": work, "staff_id": "bob"})
        self.assertEqual(refused["code"], "not_entitled")
        client.do(work, "ann")  # of the team below

    def test_priority(self) -> None:
        started = client.start("order", completion_flag="express")
        paid = client.applied("end-task", {"task_id": task(started), "executor_id": "pay", "completion_flag": "paid"})
        bill = paid["tasks"][1]
        waiting = subscriber.task(started["instance_id"], "bill", "waiting").json
        self.assertEqual(waiting["staff_id"], "ann")
        self.assertEqual((waiting["assignment"]["method"], waiting["assignment"]["considered"]), ("priority", 2))
        refused = client.call("get-task", {"task_id": bill, "staff_id": "bob"})
        self.assertEqual(refused["code"], "not_entitled")
        client.do(bill, "ann")

    def test_priority_leaves_out_who_is_on_leave(self) -> None:
        started = client.start("order", completion_flag="express")
        paid = client.applied("end-task", {"task_id": task(started), "executor_id": "pay", "completion_flag": "paid"})
        client.do(paid["tasks"][0], "bob")
        sign = task(client.do(paid["tasks"][1], "ann"))
        self.assertEqual(subscriber.task(started["instance_id"], "sign", "waiting").json["staff_id"], "eve")
        self.assertEqual(client.call("get-task", {"task_id": sign, "staff_id": "dan"})["code"], "on_leave")

    def test_an_empty_group_waits(self) -> None:  # ASG-8
        engine.load({"roles": [{"role_id": "pilot"}]})
        engine.deploy(desk.single() | {"process_id": "flight",
                                       "assignment": [desk.by_role("work", "pilot", "priority")]})
        started = client.start("flight")
        waiting = subscriber.task(started["instance_id"], "work", "waiting").json
        self.assertNotIn("staff_id", waiting)
        self.assertIn("pilot", waiting["reason"])
        engine.load({"staff": [{"staff_id": "pia", "roles": ["pilot"]}]})
        client.do(task(started), "pia")

    def test_executors(self) -> None:
        started = client.start("order", completion_flag="express")
        pay = task(started)
        client.applied("get-task", {"task_id": pay, "executor_id": "pay/1"})
        late = client.call("end-task", {"task_id": pay, "executor_id": "pay/2", "completion_flag": "paid"})
        self.assertIn(late["code"], ("not_entitled", "task_taken", "wrong_state"))
        person = client.call("end-task", {"task_id": pay, "staff_id": "ann", "completion_flag": "paid"})
        self.assertEqual(person["code"], "not_entitled")
        client.applied("end-task", {"task_id": pay, "executor_id": "pay/1", "completion_flag": "paid"})
        ended = subscriber.task(started["instance_id"], "pay", "ended").json
        self.assertEqual(ended["executor_id"], "pay/1")


class NextTask(unittest.TestCase):
    """get-task without a task (ASG-9), also where another worker owns the instance (EOS-6)."""

    def process(self) -> str:
        name = f"next-{uuid.uuid4().hex[:6]}"
        engine.deploy(desk.single() | {"process_id": name})
        return name

    def test_in_every_partition(self) -> None:
        process = self.process()
        ids = [instance_in(partition, engine.partitions) for partition in range(engine.partitions)]
        wanted = [task(client.start(process, instance_id=instance_id)) for instance_id in ids]
        found = [client.applied("get-task", {"staff_id": "ann", "process_id": process}) for _ in ids]
        self.assertEqual(found[0]["task"]["task_id"], wanted[0])  # the oldest
        self.assertEqual(sorted(f["task"]["task_id"] for f in found), sorted(wanted))
        none = client.call("get-task", {"staff_id": "ann", "process_id": process})
        self.assertEqual(none["code"], "no_task_available")
        for found_task in found:
            client.end(found_task["task"]["task_id"], "ann")

    def test_one_activity_only(self) -> None:
        process = self.process()
        client.start(process)
        none = client.call("get-task", {"staff_id": "ann", "process_id": process, "act_id": "elsewhere"})
        self.assertEqual(none["code"], "no_task_available")
        client.applied("get-task", {"staff_id": "ann", "process_id": process, "act_id": "work"})

    def test_by_name_first(self) -> None:
        """A task that is assigned to the person counts as well as one offered to a group."""
        name = f"named-{uuid.uuid4().hex[:6]}"
        engine.deploy(desk.single() | {"process_id": name, "assignment": [desk.by_role("work", "clerk", "priority")]})
        client.start(name)
        self.assertEqual(client.call("get-task", {"staff_id": "bob", "process_id": name})["code"], "no_task_available")
        client.applied("get-task", {"staff_id": "ann", "process_id": name})

    def test_two_persons_race(self) -> None:
        process = self.process()
        started = [client.send("init-instance", {"process_id": process}) for _ in range(40)]
        wanted = {task(client.outcome(command)) for command in started}
        asked = [client.send("get-task", {"staff_id": staff_id, "process_id": process})
                 for _ in range(25) for staff_id in ("ann", "cid")]
        outcomes = [client.outcome(command) for command in asked]
        taken = [o["task"]["task_id"] for o in outcomes if o["result"] == "applied"]
        self.assertEqual(len(taken), len(set(taken)))
        self.assertEqual({o["code"] for o in outcomes if o["result"] == "rejected"}, {"no_task_available"})
        # A race may leave some over, never for good: whoever asks again gets them.
        while len(taken) < len(wanted):
            taken.append(client.applied("get-task", {"staff_id": "eve", "process_id": process})["task"]["task_id"])
        self.assertEqual(set(taken), wanted)

    def test_the_id_is_kept(self) -> None:
        process = self.process()
        command_id = str(uuid.uuid4())
        ask = {"staff_id": "ann", "process_id": process}
        for partition in range(engine.partitions):
            client.start(process, instance_id=instance_in(partition, engine.partitions))
        first = client.applied("get-task", ask, id=command_id)
        second = client.call("get-task", ask, id=command_id)
        self.assertEqual((second["result"], second.get("task", {}).get("task_id")),
                         ("duplicate", first["task"]["task_id"]))


class Repeats(unittest.TestCase):
    """The same id again (BUS-2)."""

    def twice(self, kind: str, data: Json) -> tuple[Json, Json]:
        command_id = str(uuid.uuid4())
        return client.applied(kind, data, id=command_id), client.call(kind, data, id=command_id)

    def test_each_command(self) -> None:
        instance_id = str(uuid.uuid4())
        first, second = self.twice("init-instance", {"process_id": "single", "instance_id": instance_id})
        self.assertEqual((second["result"], second["instance_id"], second["position"]),
                         ("duplicate", instance_id, first["position"]))
        for kind, more in (("get-task", {}), ("end-task", {"completion_flag": "yes"})):
            first, second = self.twice(kind, {"task_id": f"{instance_id}:2", "staff_id": "ann", **more})
            self.assertEqual((second["result"], second["position"]), ("duplicate", first["position"]))
            self.assertEqual(second["task"]["task_id"], f"{instance_id}:2")
        self.assertEqual(second["instance_state"], "completed")

    def test_in_one_batch(self) -> None:
        instance_id, command_id = str(uuid.uuid4()), str(uuid.uuid4())
        data = {"process_id": "single", "instance_id": instance_id}
        line = json.dumps({"command": "init-instance", "id": command_id, "data": data})
        sent = engine.pawl("command", "send", "--wait", stdin=f"{line}\n{line}\n")
        results = [json.loads(row)["outcome"]["result"] for row in sent.out.splitlines() if '"outcome":{' in row]
        self.assertIn(sorted(results), (["applied", "duplicate"], ["applied"], ["duplicate"]))
        count = engine.value(f"select count(*) from workflow.instance where instance_id = '{instance_id}'")
        self.assertEqual(count, "1")

    def test_same_id_for_something_else(self) -> None:
        instance_id, command_id = str(uuid.uuid4()), str(uuid.uuid4())
        data = {"process_id": "single", "instance_id": instance_id}
        client.applied("init-instance", data, id=command_id)
        reused = client.call("init-instance", data | {"entity_id": "other"}, id=command_id)
        self.assertEqual(reused["code"], "id_reused")
        self.assertIn(command_id, reused["detail"])

    def test_rejected_is_tried_again(self) -> None:
        command_id, name = str(uuid.uuid4()), f"later-{uuid.uuid4().hex[:6]}"
        data = {"process_id": name, "instance_id": str(uuid.uuid4())}
        self.assertEqual(client.call("init-instance", data, id=command_id)["code"], "unknown_process")
        engine.deploy(desk.single() | {"process_id": name})
        self.assertEqual(client.call("init-instance", data, id=command_id)["result"], "applied")

    def test_after_a_restart(self) -> None:
        instance_id, command_id = str(uuid.uuid4()), str(uuid.uuid4())
        data = {"process_id": "single", "instance_id": instance_id}
        client.applied("init-instance", data, id=command_id)
        for worker in [w for w in engine.workers if w.running()]:
            self.assertEqual(worker.terminate(), 0)
        engine.start_workers(2)
        self.assertEqual(client.call("init-instance", data, id=command_id)["result"], "duplicate")

    def test_another_source_is_another_command(self) -> None:
        instance_id = str(uuid.uuid4())
        value = json.dumps({"process_id": "single", "instance_id": instance_id}).encode()
        outcomes = engine.reader("outcome")
        for source in (b"/a", b"/b"):
            engine.produce("command.init-instance", value, instance_id.encode(),
                           [(b"ce_id", b"same"), (b"ce_source", source)])
            outcomes.wait("an outcome", lambda m: m.json.get("instance_id") == instance_id)
        found = outcomes.wait("the second", lambda m: m.json.get("code") == "instance_exists")
        self.assertEqual(found.json["command_id"], "same")


class Data(unittest.TestCase):
    """Entity and variables: hung on an instance, passed on unread."""

    def test_entity(self) -> None:
        started = client.start("order", entity_id="before")
        client.do(task(started), "ann", "again", entity_id="after")  # INF-1
        changed = subscriber.wait(started["instance_id"], "instance entity", lambda e: e.get("entity_id") == "after")
        self.assertEqual(changed.json["state"], "running")
        listed = engine.pawl_ok("instance", "list", "--entity", "after", "-o", "json").json
        self.assertEqual([row["instance_id"] for row in listed], [started["instance_id"]])

    def test_variables(self) -> None:
        started = client.start("order", variables={"total": 12.50, "who": {"name": "Zoë"}, "drop": 1})
        client.do(task(started), "ann", "again", variables={"total": 9007199254740993, "more": [1, None]})
        changed = subscriber.wait(started["instance_id"], "instance variables",
                                  lambda e: "more" in e.get("variables", {}))
        self.assertEqual(changed.json["variables"],
                         {"total": 9007199254740993, "who": {"name": "Zoë"}, "drop": 1, "more": [1, None]})
        stored = engine.value(f"select variables from workflow.instance where instance_id = '{started['instance_id']}'")
        self.assertEqual(json.loads(stored), changed.json["variables"])

    def test_show_instance(self) -> None:
        started = client.start("stuck")
        ask = {"operation": "show-instance", "instance_id": started["instance_id"]}
        shown = client.applied("control", ask)
        self.assertEqual((shown["instance_state"], sorted(shown["tasks"])), ("running", sorted(started["tasks"])))
        self.assertEqual(shown["position"], started["position"])

    def test_attributes_travel(self) -> None:
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        command_id = str(uuid.uuid4())
        started = client.applied("init-instance", {"process_id": "single"}, id=command_id, correlationid="case-7",
                                 traceparent=trace)
        event = subscriber.task(started["instance_id"], "work", "waiting")
        found = {name: event.header(name) for name in
                 ("ce_correlationid", "ce_causationid", "ce_type", "ce_specversion")}
        self.assertEqual(found, {"ce_correlationid": "case-7", "ce_causationid": command_id, "ce_specversion": "1.0",
                                 "ce_type": f"{engine.prefix}.task.waiting"})
        self.assertEqual((event.header("ce_traceparent") or "")[:35], trace[:35])
        self.assertTrue((event.header("ce_source") or "").endswith(f"/instances/{started['instance_id']}/tasks"))


class Forwarding(unittest.TestCase):
    """A command on a partition of another owner (EOS-6)."""

    def test_wrong_key(self) -> None:
        for number in range(2 * engine.partitions):
            with self.subTest(number=number):
                started = client.start("single")
                data = {"task_id": task(started), "staff_id": "ann"}
                taken = client.applied("get-task", data, key=f"wrong-{number}")
                self.assertEqual(taken["task"]["state"], "processing")
                client.applied("end-task", data, key=f"wrong-{number}")

    def test_no_key_and_no_id(self) -> None:
        outcomes = engine.reader("outcome")
        for partition in range(engine.partitions):
            with self.subTest(partition=partition):
                started = client.start("single")
                value = json.dumps({"task_id": task(started), "staff_id": "bob"}).encode()
                engine.produce("command.get-task", value, partition=partition)
                instance_id = started["instance_id"]
                found = outcomes.wait("the outcome", lambda m: m.json.get("instance_id") == instance_id
                                      and m.json.get("operation") == "get-task")
                self.assertEqual(found.json["result"], "applied")
                # Its place stands for its id: the place where the client put it.
                self.assertTrue(found.json["command_id"].startswith(f"{engine.topic('command.get-task')}/{partition}/"))

    def test_init_without_a_key_stays(self) -> None:
        outcomes = engine.reader("outcome")
        for partition in range(engine.partitions):
            entity = f"{partition}-{uuid.uuid4()}"
            value = json.dumps({"process_id": "single", "entity_id": entity, "variables": {"e": entity}}).encode()
            engine.produce("command.init-instance", value, partition=partition, headers=[(b"ce_id", entity.encode())])
            found = outcomes.wait("the outcome", lambda m: m.json["command_id"] == entity)
            self.assertEqual(partition_of(found.json["instance_id"], engine.partitions), partition)

    def test_repeated_with_another_key(self) -> None:
        started = client.start("single")
        command_id, data = str(uuid.uuid4()), {"task_id": task(started), "staff_id": "ann"}
        client.applied("get-task", data, id=command_id, key="here")
        self.assertEqual(client.call("get-task", data, id=command_id, key="there")["result"], "duplicate")


class SingleTopic(unittest.TestCase):
    """All commands on one topic, in Kafka's own order (PAWL_COMMAND_TOPIC)."""

    def test_pipelined(self) -> None:
        name = f"one-{uuid.uuid4().hex[:6]}"
        with Engine("one", partitions=3, command_topic=name) as one:
            one.load(desk.institution())
            one.deploy(desk.single())
            commands = one.client()
            ids = [str(uuid.uuid4()) for _ in range(50)]
            sent = []
            for instance_id in ids:  # nobody waits for anything
                key, work = {"key": instance_id}, {"task_id": f"{instance_id}:2", "staff_id": "ann"}
                sent += [commands.send("init-instance", {"process_id": "single", "instance_id": instance_id}, **key),
                         commands.send("get-task", work, **key), commands.send("end-task", work, **key)]
            results = [commands.outcome(command) for command in sent]
            self.assertEqual({r["result"] for r in results}, {"applied"}, [r for r in results if "code" in r][:3])
            self.assertEqual({r["instance_state"] for r in results[2::3]}, {"completed"})
            # The next task, whose instance lives elsewhere, is forwarded on the one topic too.
            for partition in range(3):
                commands.start("single", instance_id=instance_in(partition, 3))
            taken = {commands.applied("get-task", {"staff_id": "bob"})["task"]["task_id"] for _ in range(3)}
            self.assertEqual(len(taken), 3)
            self.bare(one, name)
            one.check_whole()

    def bare(self, one: Engine, topic: str) -> None:
        """Without a type, `operation` says which command it is."""
        entity = str(uuid.uuid4())
        produce(one.brokers, topic, json.dumps({"operation": "init-instance", "process_id": "single",
                                                "entity_id": entity}).encode(), headers=[(b"ce_id", entity.encode())])
        one.reader("outcome").wait("the outcome",
                                   lambda m: (m.json["command_id"], m.json["result"]) == (entity, "applied"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
