#!/usr/bin/python3
"""What is wrong is refused by name, and harms nobody else: not the commands of its batch, not the partition.

What cannot be understood becomes a dead letter and a rejected outcome (BUS-3); what the engine says no to, a
rejected outcome alone.  All of it comes in the middle of one batch of good commands that take effect (BUS-4).
"""

from __future__ import annotations

import json
import struct
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import desk
from engine import Client, Engine, Json, Message, wait_until

Headers = list[tuple[bytes, bytes | None]]
GOOD = 30
STRUCTURED = [(b"content-type", b"application/cloudevents+json")]


@dataclass
class Raw:
    """A message that is no command."""

    name: str
    value: bytes | None
    words: str  # part of the message that says why: it names the value
    code: str = "invalid_command"
    topic: str = "command.init-instance"
    headers: Headers = field(default_factory=list)
    key: bytes | None = None

    def all_headers(self) -> Headers:
        """The name goes along, so that the dead letter is found by it; and an id, unless that is what is wrong."""
        named = any(name == b"ce_id" for name, _ in self.headers)
        return [(b"case", self.name.encode()), *self.headers, *([] if named else [(b"ce_id", self.name.encode())])]


def data(**members: object) -> bytes:
    return json.dumps(members).encode()


GOOD_VALUE = data(process_id="single")
TASK = "0b7e1d2c-7d3a-4f53-9d8e-0123456789ab:2"
GET, END, CONTROL, ADMIN = "command.get-task", "command.end-task", "command.control", "command.admin"
TOPICS = ("command.init-instance", GET, END, CONTROL, ADMIN)

RAW = [
    # not JSON
    Raw("nothing", None, "no value"),
    Raw("empty", b"", "ends"),
    Raw("words", b"hello", "hello"),
    Raw("cut-off", b'{"process_id": "sing', "ends"),
    Raw("more-behind", b'{"process_id": "single"} more', "more"),
    Raw("single-quotes", b"{'process_id': 'single'}", "'"),
    Raw("not-a-number", b'{"process_id": NaN}', "N"),
    Raw("invalid-utf8", b'{"process_id": "\xff\xfe"}', "UTF-8"),
    Raw("overlong-utf8", b'{"process_id": "\xc0\xaf"}', "UTF-8"),
    Raw("half-a-pair", b'{"process_id": "\\ud800"}', "ud800"),
    Raw("deep", b'{"variables":' + b"[" * 100_000, "containers"),
    Raw("twice", b'{"process_id": "single", "process_id": "other"}', "process_id"),
    # not as its schema says
    Raw("list", b"[1]", "object"),
    Raw("text", b'"single"', "object"),
    Raw("no-process", data(entity_id="x"), "process_id"),
    Raw("number-for-text", data(process_id=7), "process_id"),
    Raw("null-entity", data(process_id="single", entity_id=None), "entity_id"),
    Raw("long-id", data(process_id="p" * 201), "process_id"),
    Raw("empty-id", data(process_id=""), "process_id"),
    Raw("control-character", data(process_id="single", entity_id="a\nb"), "entity_id"),
    Raw("nul", data(process_id="single", entity_id="a\0b"), "U+0000"),
    Raw("version-0", data(process_id="single", version=0), "version"),
    Raw("version-half", data(process_id="single", version=1.5), "version"),
    Raw("version-huge", b'{"process_id": "single", "version": 99999999999999999999}', "version"),
    Raw("no-uuid", data(process_id="single", instance_id="17"), "17"),
    Raw("variables-list", data(process_id="single", variables=[1]), "variables"),
    Raw("nobody-asks", data(task_id=TASK), "staff_id", topic=GET),
    Raw("two-ask", data(task_id=TASK, staff_id="ann", executor_id="x"), "executor_id", topic=GET),
    Raw("no-task-id", data(task_id="17", staff_id="ann"), "17", topic=GET),
    Raw("task-0", data(task_id=TASK[:-1] + "0", staff_id="ann"), TASK[:-1] + "0", topic=GET),
    Raw("task-huge", data(task_id=TASK + "99999999999", staff_id="ann"), "task_id", topic=GET),
    Raw("end-nothing", data(staff_id="ann"), "task_id", topic=END),
    Raw("empty-flag", data(task_id=TASK, staff_id="ann", completion_flag=""), "completion_flag", topic=END),
    # too large
    Raw("too-large", data(process_id="single", variables={"x": "y" * 900_000}), "900000", "too_large"),
    # unknown operations
    Raw("fly", data(operation="fly", instance_id=TASK[:36]), "fly", "unknown_operation", CONTROL),
    Raw("no-operation", data(instance_id=TASK[:36]), "operation", topic=CONTROL),
    Raw("elsewhere", data(operation="deploy-process", definition={}), "deploy-process", "unknown_operation", CONTROL),
    Raw("show-what", data(operation="show-instance"), "instance_id", topic=CONTROL),
    Raw("deploy-what", data(operation="deploy-process"), "definition", topic=ADMIN),
    Raw("deploy-text", data(operation="deploy-process", definition="d"), "definition", topic=ADMIN),
    # wrong attributes
    Raw("other-type", GOOD_VALUE, "workflow.command.end-task", headers=[(b"ce_type", b"workflow.command.end-task")]),
    Raw("unknown-type", GOOD_VALUE, "com.example.fly", "unknown_operation", headers=[(b"ce_type", b"com.example.fly")]),
    Raw("version-of-cloudevents", GOOD_VALUE, "0.3", headers=[(b"ce_specversion", b"0.3")]),
    Raw("content-type", GOOD_VALUE, "text/plain", headers=[(b"content-type", b"text/plain")]),
    Raw("batch-mode", b"[]", "batch", headers=[(b"content-type", b"application/cloudevents-batch+json")]),
    Raw("structured-without-data", b'{"specversion":"1.0","id":"structured-without-data"}', "data", headers=STRUCTURED),
    Raw("structured-bare", GOOD_VALUE, "specversion", headers=STRUCTURED),
    Raw("structured-base64", b'{"specversion":"1.0","id":"structured-base64","data_base64":"e30="}', "data",
        headers=STRUCTURED),
    Raw("long-event-id", GOOD_VALUE, "id", headers=[(b"ce_id", b"i" * 201)]),
    Raw("header-not-utf8", GOOD_VALUE, "source", headers=[(b"ce_source", b"\xff\xfe")]),
    Raw("outcome-sometimes", GOOD_VALUE, "sometimes", headers=[(b"ce_outcome", b"sometimes")]),
    Raw("replyto-elsewhere", GOOD_VALUE, "my-topic", headers=[(b"ce_replyto", b"my-topic")]),
    Raw("forged-forwarding", GOOD_VALUE, "x/y", headers=[(b"pawl_forwarded", b"x/y")]),
    # many or long headers and keys, around something that is no command
    Raw("forty-headers", b"{", "ends", headers=[(f"h{n}".encode(), f"v{n}".encode()) for n in range(40)]),
    Raw("header-flood", b"{", "ends", headers=[(b"h", str(n).encode()) for n in range(1000)]),
    Raw("long-header", b"{", "ends", headers=[(b"h", b"v" * 100_000)]),
    Raw("odd-headers", b"{", "ends", headers=[(b"no-value", None), (b"bytes", b"\xff\x01\x7f"),
                                              (b"twice", b"1"), (b"twice", b"2")]),
    Raw("odd-key", b"{", "ends", key=b"\xff\xfe key"),
    Raw("long-key", b"{", "ends", key=b"k" * 60_000),
]


class Bad(unittest.TestCase):
    engine: Engine
    client: Client


class OneBatch(Bad):
    """Everything bad in one batch with good commands before, between and after."""

    def setUp(self) -> None:
        self.engine = self.enterContext(Engine("bad", workers=1, partitions=1, log_level="debug"))
        self.client = self.engine.client()
        self.engine.load(desk.institution())
        self.engine.deploy(desk.single(), desk.order(), desk.stuck())
        self.fixture()
        self.assertEqual(self.engine.workers[0].terminate(), 0)

    def fixture(self) -> None:
        """Tasks and instances in every state that a command may find."""
        start = self.client.start
        self.waiting, self.held, self.pending = (start("single")["tasks"][0] for _ in range(3))
        self.client.get(self.held, "ann")
        over = start("single")
        self.over_instance, self.over_task = over["instance_id"], over["tasks"][0]
        self.client.do(self.over_task, "ann")
        checked = start("order")
        self.check = checked["tasks"][0]
        self.client.get(self.check, "ann")
        self.job = start("order", completion_flag="express")["tasks"][0]
        left, self.right = start("stuck")["tasks"]
        self.client.do(left, "cid")
        self.join = left.partition(":")[0] + ":5"
        self.reused = str(uuid.uuid4())
        self.client.applied("control", {"operation": "show-instance", "instance_id": self.over_instance})
        self.client.applied("init-instance", {"process_id": "single", "instance_id": (known := str(uuid.uuid4()))},
                            id=self.reused)
        self.known = known
        paid = self.client.applied("end-task", {"task_id": start("order", completion_flag="express")["tasks"][0],
                                                "executor_id": "x", "completion_flag": "paid"})
        self.bill = paid["tasks"][1]

    def refusals(self) -> list[tuple[str, str, Json, str, str]]:
        """Name, kind, data, code, and what the detail must name."""
        none = str(uuid.uuid4())
        end, get = "end-task", "get-task"
        return [
            ("process", "init-instance", {"process_id": "none-such"}, "unknown_process", "none-such"),
            ("version", "init-instance", {"process_id": "single", "version": 9}, "unknown_process", "9"),
            ("exists", "init-instance", {"process_id": "single", "instance_id": self.known},
             "instance_exists", self.known),
            ("starter", "init-instance", {"process_id": "single", "staff_id": "who"}, "unknown_staff", "who"),
            ("instance", get, {"task_id": f"{none}:2", "staff_id": "ann"}, "unknown_instance", none),
            ("task", get, {"task_id": self.waiting[:-1] + "77", "staff_id": "ann"}, "unknown_task", ":77"),
            ("staff", get, {"task_id": self.waiting, "staff_id": "nobody"}, "unknown_staff", "nobody"),
            ("not his", get, {"task_id": self.waiting, "staff_id": "zoe"}, "not_entitled", "zoe"),
            ("on leave", get, {"task_id": self.waiting, "staff_id": "dan"}, "on_leave", "dan"),
            ("assigned", get, {"task_id": self.bill, "staff_id": "bob"}, "not_entitled", "bob"),
            ("taken", get, {"task_id": self.held, "staff_id": "cid"}, "task_taken", "ann"),
            ("in hand", get, {"task_id": self.held, "staff_id": "ann"}, "wrong_state", "processing"),
            ("pending", get, {"task_id": self.join, "staff_id": "ann"}, "wrong_state", "pending"),
            ("a program's", get, {"task_id": self.job, "staff_id": "ann"}, "not_entitled", "pay"),
            ("a person's", get, {"task_id": self.waiting, "executor_id": "x/1"}, "not_entitled", "work"),
            ("ended instance", get, {"task_id": self.over_task, "staff_id": "ann"},
             "instance_ended", self.over_instance),
            ("nothing to do", get, {"staff_id": "zoe"}, "no_task_available", "zoe"),
            ("next, who", get, {"staff_id": "nobody"}, "unknown_staff", "nobody"),
            ("not taken", end, {"task_id": self.waiting, "staff_id": "ann"}, "wrong_state", "waiting"),
            ("not hers", end, {"task_id": self.held, "staff_id": "bob"}, "not_entitled", "bob"),
            ("ended", end, {"task_id": self.over_task, "staff_id": "ann"}, "instance_ended", self.over_instance),
            ("no flag", end, {"task_id": self.check, "staff_id": "ann"}, "no_route", "check"),
            ("flag", end, {"task_id": self.check, "staff_id": "ann", "completion_flag": "blue"}, "no_route", "blue"),
            ("job's flag", end, {"task_id": self.job, "executor_id": "x", "completion_flag": "lost"},
             "no_route", "lost"),
            ("ended, who", end, {"task_id": self.held, "staff_id": "nobody"}, "unknown_staff", "nobody"),
            ("show", "control", {"operation": "show-instance", "instance_id": none}, "unknown_instance", none),
            ("empty definition", "admin", {"operation": "deploy-process", "definition": {}},
             "definition_invalid", "process_id"),
        ]

    def send_good(self) -> list[str]:
        return [self.client.send("init-instance", {"process_id": "single", "entity_id": "good"}) for _ in range(GOOD)]

    def test_one_batch(self) -> None:
        before = sum(map(self.engine.records, TOPICS))
        refusals = self.refusals()
        good = self.send_good()
        sent = [self.client.send(kind, body) for _, kind, body, _, _ in refusals]
        reused = self.client.send("init-instance", {"process_id": "order", "instance_id": self.known}, id=self.reused)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(self.send_raw, RAW))
        flood = self.flood()
        late = self.client.send("init-instance", {"process_id": "none-such"})  # wherever a batch ends, one has all three kinds
        good += self.send_good()
        sent_in_all = 2 * GOOD + len(RAW) + len(refusals) + 3
        wait_until("they are in Kafka", lambda: sum(map(self.engine.records, TOPICS)) >= before + sent_in_all)
        worker = self.engine.start_worker()
        for (name, _, _, code, words), command in zip(refusals, sent):
            with self.subTest(name):
                self.check_refusal(self.client.outcome(command), code, words)
        with self.subTest("id reused"):
            self.check_refusal(self.client.outcome(reused), "id_reused", self.reused)
            self.check_refusal(self.client.outcome(late), "unknown_process", "none-such")
        for command in good:
            self.assertEqual(self.client.outcome(command)["result"], "applied")
        self.check_flags()
        self.check_raw()
        with self.subTest("headers that nobody asked for do no harm"):
            self.engine.reader("outcome").wait("the flood's outcome", lambda m: m.json["command_id"] == flood
                                               and m.json["result"] == "applied")
        with self.subTest("one batch"):
            batches = worker.batches()
            self.assertTrue([b for b in batches if b["refused"] and b["rejected"] and b["commands"] > b["refused"] + b["rejected"]],
                            batches)
        with self.subTest("nothing changed where the answer was no"):
            self.check_untouched()
        self.assertEqual(worker.terminate(), 0)
        self.engine.check_settled()

    def send_raw(self, raw: Raw) -> None:
        self.engine.produce(raw.topic, raw.value, raw.key, raw.all_headers())

    def flood(self) -> str:
        """A good command under a thousand headers, on its right partition."""
        command_id = str(uuid.uuid4())
        self.engine.produce("command.init-instance", GOOD_VALUE,
                            headers=[*[(f"x-{n}".encode(), b"v" * 50) for n in range(1000)],
                                     (b"ce_id", command_id.encode())])
        return command_id

    def check_refusal(self, outcome: Json, code: str, words: str) -> None:
        self.assertEqual((outcome["result"], outcome.get("code")), ("rejected", code), outcome)
        self.assertIn(words, outcome["detail"])

    def check_flags(self) -> None:
        """FWD-3: the flags that the activity accepts."""
        ask = {"task_id": self.check, "staff_id": "ann", "completion_flag": "blue"}
        self.assertEqual(sorted(self.client.call("end-task", ask)["flags"]), ["again", "bad", "ok"])
        self.assertEqual(self.client.end(self.check, "ann", "ok")["tasks_started"], 1)

    def check_raw(self) -> None:
        letters, outcomes = self.engine.reader("dead-letter"), self.engine.reader("outcome")
        arrived = {(m.header("case"), topic): m
                   for topic in {raw.topic for raw in RAW} for m in self.engine.read(topic)}
        for raw in RAW:
            with self.subTest(raw.name):
                came = arrived[raw.name, raw.topic]
                letter = letters.wait("the dead letter", lambda m: m.header("case") == raw.name)
                self.check_letter(raw, came, letter)
                given = dict(raw.all_headers()).get(b"ce_id", b"") or b""
                wrong = len(given) > 200
                command_id = f"{came.topic}/0/{came.offset}" if wrong else given.decode()
                outcome = outcomes.wait("the outcome", lambda m: m.json["command_id"] == command_id).json
                self.check_refusal(outcome, raw.code, raw.words)
        self.assertEqual(len(letters.messages), len(RAW))

    def check_letter(self, raw: Raw, came: Message, letter: Message) -> None:
        """The message as it came, and Spring's headers with ours behind."""
        self.assertEqual((letter.key, letter.value), (came.key, came.value))
        self.assertEqual(letter.headers[:len(came.headers)], came.headers)
        added = dict(letter.headers[len(came.headers):])
        self.assertEqual(added["kafka_dlt-original-topic"], came.topic.encode())
        self.assertEqual(added["kafka_dlt-original-partition"], struct.pack(">i", came.partition))
        self.assertEqual(added["kafka_dlt-original-offset"], struct.pack(">q", came.offset))
        self.assertEqual(len(added["kafka_dlt-original-timestamp"] or b""), 8)
        self.assertEqual(added["kafka_dlt-original-timestamp-type"], b"CreateTime")
        self.assertEqual(added["pawl_code"], raw.code.encode())
        self.assertIn(raw.words, (added["pawl_detail"] or b"").decode())
        self.assertEqual(added["kafka_dlt-exception-message"], added["pawl_detail"])
        self.assertTrue(added["pawl_worker"] and added["kafka_dlt-exception-fqcn"])

    def check_untouched(self) -> None:
        states = dict(self.engine.psql("select task_id, state from workflow.task_list"))
        expected = {self.waiting: "waiting", self.held: "processing", self.job: "waiting", self.join: "pending"}
        self.assertEqual({task_id: states[task_id] for task_id in expected}, expected)


class TooLargeToPublish(Bad):
    """Nothing enters the outbox that cannot be published (EOS-14), or the partition would stand still."""

    def setUp(self) -> None:
        self.engine = self.enterContext(Engine("large", workers=1, partitions=1))
        self.client = self.engine.client()
        self.engine.load(desk.institution())
        self.engine.deploy(desk.single(), desk.order())

    def check_alive(self) -> None:
        self.client.do(self.client.start("single")["tasks"][0], "ann")

    def test_as_large_as_kafka_takes(self) -> None:
        """Kafka admits a little more than a megabyte; the dead letter is larger still by its headers."""
        letters = self.engine.reader("dead-letter")
        for size in (999_000, 1_040_000, 1_048_300):
            with self.subTest(size=size):
                value = b"{" + b" " * (size - 1)
                self.engine.produce("command.init-instance", value, headers=[(b"ce_id", str(size).encode())])
                outcome = self.engine.reader("outcome").wait("the outcome", lambda m: m.json["command_id"] == str(size))
                self.assertEqual(outcome.json["code"], "too_large")
                self.assertEqual(letters.wait("the letter", lambda m: m.header("ce_id") == str(size)).value, value)
                self.check_alive()

    def test_ten_megabytes(self) -> None:
        """Where an administrator lets the topic have them."""
        for topic in ("command.init-instance", "dead-letter"):
            self.engine.broker().set_topic(self.engine.topic(topic), "max.message.bytes", "12000000")
        value = b"[" * 10_000_000
        self.engine.produce("command.init-instance", value, headers=[(b"ce_id", b"ten")])
        outcome = self.engine.reader("outcome").wait("the outcome", lambda m: m.json["command_id"] == "ten")
        self.assertEqual(outcome.json["code"], "too_large")
        self.assertIn("10000000", outcome.json["detail"])
        letter = self.engine.reader("dead-letter").wait("the letter", lambda m: m.header("ce_id") == "ten")
        self.assertEqual(len(letter.value or b""), len(value))
        self.check_alive()

    def test_more_faults_than_fit(self) -> None:
        routes = [desk.route(f"from-{n:05}", None, f"to-{n:05}") for n in range(9_000)]
        wrong = desk.single() | {"process_id": "very-wrong", "routing": routes}
        self.assertLess(len(json.dumps(wrong)), 900_000)
        refused = self.client.call("admin", {"operation": "deploy-process", "definition": wrong})
        self.assertEqual(refused["code"], "definition_invalid")
        self.assertGreater(len(refused["faults"]), 100)
        self.check_alive()

    def test_variables_that_grow(self) -> None:
        """PostgreSQL writes numbers out, and spaces between members: a job or an event carries them whole."""
        variables = [
            ("many small members", json.dumps({f"{n:x}": 0 for n in range(82_000)}, separators=(",", ":"))),
            ("long numbers", "{" + ",".join(f'"{n}":1e300' for n in range(4_000)) + "}"),
        ]
        for name, text in variables:
            with self.subTest(name):
                command_id = str(uuid.uuid4())
                self.engine.produce("command.init-instance", f'{{"process_id":"order","variables":{text}}}'.encode(),
                                    headers=[(b"ce_id", command_id.encode())])
                outcome = self.engine.reader("outcome").wait("the outcome",
                                                             lambda m: m.json["command_id"] == command_id).json
                if outcome["result"] == "applied":
                    self.client.call("get-task", {"task_id": outcome["tasks"][0], "staff_id": "ann"})
                    self.client.call("end-task",
                                     {"task_id": outcome["tasks"][0], "staff_id": "ann", "completion_flag": "ok"})
                else:
                    self.assertEqual(outcome["code"], "too_large")
                self.check_alive()

    def test_variables_that_are_added(self) -> None:
        work = self.client.start("order", variables={"a": "x" * 500_000})["tasks"][0]
        self.client.get(work, "ann")
        refused = self.client.call("end-task", {"task_id": work, "staff_id": "ann", "completion_flag": "ok",
                                                "variables": {"b": "y" * 500_000}})
        self.assertEqual((refused["result"], refused["code"]), ("rejected", "too_large"))
        self.client.end(work, "ann", "ok", variables={"a": "x", "b": "y" * 500_000})
        self.check_alive()


def definition(**changes: object) -> Json:
    return {**desk.single(), "process_id": "wrong", **changes}


def acts(*more: Json) -> list[Json]:
    return [*desk.single()["activities"], *more]


def routes(*more: Json) -> list[Json]:
    return [*desk.single()["routing"], *more]


WRONG_DEFINITIONS: list[tuple[str, Json, list[str]]] = [
    ("unknown activity in a rule", definition(routing=routes(desk.route("work", "x", "nowhere"))), ["nowhere"]),
    ("unknown activity routes", definition(routing=routes(desk.route("nowhere", None, "work"))), ["nowhere"]),
    ("unknown activity before",
     definition(routing=routes({"from": "work", "after": "nowhere", "to": ["done"]})), ["nowhere"]),
    ("unknown activities in pre rules", definition(pre_rules=[
        {"act": "nowhere", "after": "start", "needs": [{"act": "work"}]},
        {"act": "work", "after": "never", "needs": [{"act": "nobody"}]}]), ["nowhere", "never", "nobody"]),
    ("closes nothing", definition(activities=acts(desk.act("join", "and_merge", closes="nowhere")), routing=routes(
        desk.route("work", "j", "join"), desk.route("join", None, "done"))), ["nowhere"]),
    ("unknown activity in an assignment", definition(assignment=[
        {**desk.by_department("work", "office"), "same_as": "nowhere", "not_by": ["nobody"]}]), ["nowhere", "nobody"]),
    ("no initial",
     definition(activities=desk.single()["activities"][1:], routing=desk.single()["routing"][1:]), ["initial"]),
    ("two initials", definition(activities=acts(desk.act("start2", "initial")),
                                routing=routes(desk.route("start2", None, "work"))), ["initial"]),
    ("no completion", definition(activities=desk.single()["activities"][:2],
                                 routing=[desk.route("start", None, "work"), desk.route("work", None, "work")]),
                                 ["completion"]),
    ("unreachable", definition(activities=acts(desk.act("island", "dummy"))), ["island"]),
    ("no assignment", definition(assignment=[]), ["work"]),
    ("two assignments", definition(assignment=2 * desk.single()["assignment"]), ["work"]),
    ("assignment of a dummy", definition(activities=acts(desk.act("d", "dummy")), routing=routes(
        desk.route("work", "d", "d")), assignment=[*desk.single()["assignment"], desk.by_role("d", "clerk")]), ["d"]),
    ("duplicate rule", definition(routing=routes(desk.route("work", "yes", "work"))), ["yes"]),
    ("duplicate activity", definition(activities=acts(desk.act("work", "interaction"))), ["work"]),
    ("cycle without a task", definition(
        activities=acts(desk.act("round", "dummy"), desk.act("about", "dummy")),
        routing=routes(desk.route("work", "r", "round"), desk.route("round", None, "about"),
                       desk.route("about", None, "round"))), ["round"]),
    ("leads to the initial", definition(routing=routes(desk.route("work", "back", "start"))), ["start"]),
    ("nothing follows", definition(activities=acts(desk.act("end", "and_branch")),
                                   routing=routes(desk.route("work", "e", "end"))), ["end"]),
    ("unknown type", definition(activities=acts(desk.act("x", "spaceship"))), ["spaceship"]),
    ("unknown member", definition(colour="red"), ["colour"]),
    ("unknown method", definition(assignment=[{**desk.by_department("work", "office"), "method": "dice"}]), ["dice"]),
    ("no executive", definition(activities=acts(desk.act("auto", "automation")), routing=routes(
        desk.route("work", "a", "auto"), desk.route("auto", None, "done"))), ["auto"]),
    ("no activities", {"process_id": "wrong", "activities": [], "routing": []}, ["activit"]),
    ("everything at once", definition(
        activities=[desk.act("work", "interaction"), desk.act("island", "interaction"), desk.act("done", "completion")],
        routing=[desk.route("work", None, "nowhere"), desk.route("work", "a", "done"), desk.route("work", "a", "work")],
        assignment=[]), ["nowhere", "initial", "island", "assignment", "two routing rules"]),
]

WRONG_INSTITUTIONS: list[tuple[str, Json, list[str]]] = [
    ("unknown department", {"staff": [{"staff_id": "x", "dept_id": "nowhere"}]}, ["nowhere"]),
    ("unknown team", {"staff": [{"staff_id": "x", "teams": ["nowhere"]}]}, ["nowhere"]),
    ("unknown role", {"staff": [{"staff_id": "x", "roles": ["nowhere"]}]}, ["nowhere"]),
    ("unknown department above", {"departments": [{"dept_id": "d", "super_dept_id": "nowhere"}]}, ["nowhere"]),
    ("cycle of departments", {"departments": [{"dept_id": "office", "super_dept_id": "front"}]}, ["office"]),
    ("below itself", {"teams": [{"team_id": "t", "super_team_id": "t"}]}, ["t"]),
    ("twice", {"staff": [{"staff_id": "x"}, {"staff_id": "x"}]}, ["x"]),
    ("twice in a team", {"staff": [{"staff_id": "x", "teams": ["crew", "crew"]}]}, ["crew"]),
    ("authorizes a stranger", {"authorizations": [{"grantor_id": "ann", "grantee_id": "stranger"}]}, ["stranger"]),
    ("unknown member", {"stuff": []}, ["stuff"]),
    ("no id", {"staff": [{"name": "x"}]}, ["staff_id"]),
    ("text for a number",
     {"staff": [{"staff_id": "x", "roles": [{"role_id": "clerk", "priority_num": "1"}]}]}, ["priority_num"]),
    ("everything at once", {"staff": [{"staff_id": "x", "dept_id": "d0"}, {"staff_id": "y", "roles": ["r0"]}],
                            "teams": [{"team_id": "t1", "super_team_id": "t0"}]}, ["d0", "r0", "t0"]),
]


class WrongFiles(Bad):
    """Definitions and institutions are refused whole, with every fault listed, and nothing of them stays."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.engine = cls.enterClassContext(Engine("wrong", workers=1, partitions=2))
        cls.client = cls.engine.client()
        cls.engine.load(desk.institution())

    def check(self, outcome: Json, code: str, words: list[str]) -> None:
        self.assertEqual((outcome["result"], outcome.get("code")), ("rejected", code), outcome)
        faults = json.dumps(outcome["faults"])
        for word in words:
            self.assertIn(word, faults)
        for fault in outcome["faults"]:
            self.assertEqual(sorted(fault), ["code", "message", "path"])

    def test_definitions(self) -> None:
        sent = [self.client.send("admin", {"operation": "deploy-process", "definition": wrong})
                for _, wrong, _ in WRONG_DEFINITIONS]
        for (name, _, words), command in zip(WRONG_DEFINITIONS, sent):
            with self.subTest(name):
                self.check(self.client.outcome(command), "definition_invalid", words)
        self.assertEqual(self.engine.value("select count(*) from workflow.process"), "0")

    def test_institutions(self) -> None:
        before = self.engine.value("select institution_version from workflow.catalog")
        sent = [self.client.send("admin", {"operation": "load-institution", "institution": wrong})
                for _, wrong, _ in WRONG_INSTITUTIONS]
        for (name, _, words), command in zip(WRONG_INSTITUTIONS, sent):
            with self.subTest(name):
                self.check(self.client.outcome(command), "institution_invalid", words)
        self.assertEqual(self.engine.value("select institution_version from workflow.catalog"), before)
        self.assertEqual(self.engine.value("select count(*) from workflow.staff where staff_id in ('x', 'y')"), "0")

    def test_on_the_command_line(self) -> None:
        done = self.engine.pawl("process", "deploy", "-", stdin=json.dumps(WRONG_DEFINITIONS[-1][1]))
        self.assertEqual(done.code, 3)
        for word in WRONG_DEFINITIONS[-1][2]:
            self.assertIn(word, done.err)


class Forged(Bad):
    """Headers that only the engine writes, written by a client."""

    def test_forged(self) -> None:
        self.engine = self.enterContext(Engine("forged", workers=1, partitions=3))
        self.client = self.engine.client()
        self.engine.load(desk.institution())
        self.engine.deploy(desk.single())
        work = self.client.start("single")["tasks"][0]
        forged: list[tuple[str, Headers]] = [
            ("far", [(b"pawl_forwarded", b"999999999/1")]),
            ("often", [(b"pawl_forwarded", b"0/999999999")]),
            ("chosen", [(b"pawl_forwarded", b"0/1"), (b"pawl_task", work.encode())]),
            ("chosen-none", [(b"pawl_task", b"0b7e1d2c-7d3a-4f53-9d8e-0123456789ab:2147483647")]),
            ("own-id", [(b"pawl_forwarded", b"0/1"), (b"pawl_id", b"\x01")]),
        ]
        outcomes = self.engine.reader("outcome")
        for name, headers in forged:
            for partition in range(3):
                with self.subTest(name, partition=partition):
                    command_id = f"{name}-{partition}"
                    self.engine.produce(GET, data(staff_id="zoe"), headers=[*headers, (b"ce_id", command_id.encode())],
                                        partition=partition)
                    found = outcomes.wait("the outcome", lambda m: m.json["command_id"] == command_id).json
                    self.assertEqual(found["result"], "rejected")
        self.client.do(work, "ann")


if __name__ == "__main__":
    unittest.main(verbosity=2)
