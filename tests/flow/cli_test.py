#!/usr/bin/python3
"""The command line, verb by verb; the control verbs are in control_cli_test.py."""

from __future__ import annotations

import json
import os
import subprocess
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor

import desk
from engine import LIMIT, Client, Engine, Json, program

engine: Engine
client: Client


def setUpModule() -> None:
    global engine, client
    engine = unittest.enterModuleContext(Engine("cli", workers=2))
    client = engine.client()
    engine.load(desk.institution())
    engine.deploy(desk.single(), desk.order())


def tearDownModule() -> None:
    engine.check_whole()


class CommandLine(unittest.TestCase):
    """pawl: each command, as text and as JSON; what it exits with; what it says."""

    VERBS = ("db migrate", "topics apply", "institution load", "process deploy", "process list", "process show",
             "instance start", "instance list", "instance show", "task get", "task end", "task list", "state watch",
             "command send")

    def test_help(self) -> None:
        def check(verb: str) -> tuple[str, int, str]:
            done = engine.pawl(*verb.split(), "--help")
            return verb, done.code, done.out
        with ThreadPoolExecutor(4) as threads:
            for verb, code, out in threads.map(check, self.VERBS):
                with self.subTest(verb=verb):
                    self.assertEqual(code, 0)
                    self.assertIn(f"usage: pawl {verb}", out)
                    self.assertIn("--brokers", out)
        general = engine.pawl("--help")
        self.assertEqual(general.code, 0)
        for verb in self.VERBS:
            self.assertIn(f"pawl {verb}", general.out)

    def test_a_day_as_text(self) -> None:
        entity = f"text-{uuid.uuid4()}"
        instance_id = engine.pawl_ok("instance", "start", "single", "--entity", entity, "--staff", "eve").out.strip()
        self.assertIn("work", engine.pawl_ok("instance", "show", instance_id).out)
        self.assertIn(f"{instance_id}:2", engine.pawl_ok("task", "list", "--process", "single", "--staff", "ann").out)
        self.assertIn("processing", engine.pawl_ok("task", "get", f"{instance_id}:2", "--staff", "ann").out)
        self.assertIn("completed",
                      engine.pawl_ok("task", "end", f"{instance_id}:2", "--staff", "ann", "--flag", "yes").out)
        self.assertIn(instance_id, engine.pawl_ok("instance", "list", "--state", "completed", "--entity", entity).out)
        watched = engine.pawl_ok("state", "watch", "--from", "beginning", "--instance", instance_id, "--count", "5",
                                 "--timeout", "20").out
        self.assertEqual(len(watched.splitlines()), 5)

    def test_a_day_as_json(self) -> None:
        entity = f"json-{uuid.uuid4()}"
        started = engine.pawl_ok("instance", "start", "single", "--entity", entity, "--variables", '{"a": 1}',
                                 "-o", "json").json
        instance_id, work = started["instance_id"], started["tasks"][0]
        listed = engine.pawl_ok("task", "list", "--process", "single", "--state", "waiting", "-o", "json").json
        self.assertIn(work, [row["task_id"] for row in listed])
        taken = engine.pawl_ok("task", "get", work, "--staff", "cid", "-o", "json").json
        self.assertEqual(taken["task"]["state"], "processing")
        shown = engine.pawl_ok("instance", "show", instance_id, "-o", "json").json
        self.assertEqual((shown["instance"]["state"], [t["task_id"] for t in shown["tasks"]]), ("running", [work]))
        ended = engine.pawl_ok("task", "end", work, "--staff", "cid", "-o", "json").json
        self.assertEqual(ended["instance_state"], "completed")
        watched = engine.pawl_ok("state", "watch", "--from", "beginning", "--instance", instance_id, "--count", "3",
                                 "--task", "--timeout", "20", "-o", "json").out
        events = [json.loads(line) for line in watched.splitlines()]
        self.assertEqual({event["data"]["instance_id"] for event in events}, {instance_id})

    def test_processes(self) -> None:
        self.assertIn("order", engine.pawl_ok("process", "list").out)
        rows = engine.pawl_ok("process", "list", "-o", "json").json
        self.assertEqual({row["activities"] for row in rows if row["process_id"] == "order"}, {11})
        self.assertEqual(engine.pawl_ok("process", "show", "order", "-o", "json").json, desk.order())
        self.assertEqual(json.loads(engine.pawl_ok("process", "show", "order", "--version", "1").out), desk.order())

    def test_installed_twice(self) -> None:
        self.assertIn("applied before", engine.pawl_ok("db", "migrate").out)
        self.assertIn("kept", engine.pawl_ok("topics", "apply").out)
        engine.load(desk.institution())
        self.assertIn("kept", engine.pawl_ok("topics", "apply", "-o", "json").out)

    def test_partitions_are_fixed(self) -> None:
        refused = engine.pawl("topics", "apply", "--partitions", "5")
        self.assertEqual(refused.code, 2)
        self.assertIn("from 4 to 5", refused.err)

    def test_next_task(self) -> None:
        engine.deploy(desk.single() | {"process_id": "cli-next"})
        instance_id = engine.pawl_ok("instance", "start", "cli-next").out.strip()
        found = engine.pawl_ok("task", "get", "--staff", "bob", "--process", "cli-next", "--act", "work").out
        self.assertIn(f"{instance_id}:2", found)

    def test_exit_codes(self) -> None:
        none = str(uuid.uuid4())
        nowhere = {"brokers": "127.0.0.1:1", "timeout_ms": 2000}
        broken = engine.folder / "broken.json"
        broken.write_text('{"process_id": }')
        cases: list[tuple[int, list[str], Json, str]] = [
            (2, ["instance", "fly"], {}, "fly"),
            (2, ["instance", "start"], {}, "PROCESS"),
            (2, ["instance", "start", "single", "--colour", "red"], {}, "--colour"),
            (2, ["instance", "start", "single", "--version", "first"], {}, "first"),
            (2, ["task", "get", "not-a-task", "--staff", "ann"], {}, "not-a-task"),
            (2, ["task", "get", f"{none}:2"], {}, "--staff"),
            (2, ["instance", "list", "-o", "xml"], {}, "xml"),
            (2, ["instance", "list"], {"timeout_ms": "soon"}, "soon"),
            (2, ["instance", "list", "--timeout", "0"], {}, "above 0"),
            (2, ["instance", "list"], {"config": engine.folder}, "Is a directory"),
            (2, ["instance", "start", "single"], {"kafka_config": engine.folder}, "Is a directory"),
            (2, ["instance", "start", "single", "--variables", "[1]"], {}, "--variables"),
            (2, ["instance", "list", "--state", "runing"], {}, "none of running|stalled|"),
            (2, ["task", "list", "--state", "procesing"], {}, "none of pending|waiting|processing|pausing"),
            (2, ["incident", "list", "--instance", "abc"], {}, "not a UUID"),
            (2, ["dead-letter", "list", "--topic", "end-taks"], {}, "none of end-task, control, "),
            (2, ["offsets", "show", "--partition", "77"], {}, "partitions are from 0 to "),
            (2, ["offsets", "accept", "--partition", "77"], {}, "partitions are from 0 to "),
            (2, ["db", "prune", "--before", "0000-01"], {}, '"0000-01" is no month'),
            (3, ["instance", "start", "none-such"], {}, "none-such"),
            (3, ["task", "end", f"{none}:2", "--staff", "ann"], {}, none),
            (4, ["state", "watch", "--count", "1", "--timeout", "0.3"], {}, "0 of 1"),
            (5, ["instance", "start", "single"], nowhere, "127.0.0.1:1"),
            (5, ["instance", "start", "single"], {"prefix": "nobody"}, "nobody"),
            (6, ["instance", "list"], {"database": "host=127.0.0.1 port=1"}, "port 1"),
            (6, ["instance", "list"], {"database": engine.server_database}, "schema"),
            (7, ["instance", "show", none], {}, none),
            (7, ["process", "show", "none-such"], {}, "none-such"),
            (7, ["process", "show", "single", "--version", "99"], {}, "99"),
            (8, ["process", "deploy", str(broken)], {}, "broken.json:1:16"),
            (8, ["institution", "load", "/nonexistent"], {}, "/nonexistent"),
        ]
        with ThreadPoolExecutor(4) as threads:
            done = threads.map(lambda case: engine.pawl(*case[1], **case[2]), cases)
            for (code, arguments, _, word), found in zip(cases, done):
                with self.subTest(" ".join(arguments)):
                    self.assertEqual((found.code, found.out), (code, ""), found.err)
                    self.assertIn(word, found.err)

    def test_wrong_files(self) -> None:
        for content, word in ((b'\xef\xbb\xbf{"process_id": "x"}', ":1:1: not valid JSON: it begins with a byte order mark"),
                              (b'{\n "process_id": "x", "name": "\xff"\n}', ":2:30: not valid JSON"),
                              (b'{"process_id": "x",\n "a": {"b": 1,\n  "b": 2}}', ':3:3: not valid JSON at byte 37: an object names "b"'),
                              (b'{"process_id": 5}', '"process_id" is not a text'), (b"{}", 'no "process_id"')):
            with self.subTest(content):
                path = engine.folder / "wrong.json"
                path.write_bytes(content)
                done = engine.pawl("process", "deploy", path)
                self.assertEqual((done.code, done.out), (8, ""), done.err)
                self.assertIn(word, done.err)

    def test_rejections_say_why(self) -> None:
        wrong = engine.pawl("process", "deploy", "-", stdin=json.dumps(desk.single() | {"assignment": []}))
        self.assertEqual(wrong.code, 3)
        self.assertIn("work", wrong.err)
        work = client.start("order")["tasks"][0]
        client.get(work, "ann")
        refused = engine.pawl("task", "end", work, "--staff", "ann", "--flag", "purple")
        self.assertEqual(refused.code, 3)
        for word in ("purple", "ok", "again", "bad"):
            self.assertIn(word, refused.err)

    def test_no_answer_in_time(self) -> None:
        with Engine("silent", workers=0, partitions=1) as silent:
            done = silent.pawl("instance", "start", "single", "--timeout", "0.5")
            self.assertEqual(done.code, 4, done.err)
            self.assertIn("pawl-worker", done.err)
            self.assertIn("--instance-id", done.err)

    def test_command_send(self) -> None:
        lines = ['{"command":"init-instance","id":"line-1","data":{"process_id":"single"}}', "",
                 '{"command":"fly","id":"line-3","data":{}}', "not json",
                 '{"command":"init-instance","id":"line-5","data":{"process_id":"none-such"}}']
        done = engine.pawl("command", "send", "--wait", stdin="\n".join(lines))
        self.assertEqual(done.code, 8)
        found = [json.loads(line) for line in done.out.splitlines()]
        outcomes = {row["id"]: row["outcome"]["result"] for row in found if row["outcome"]}
        self.assertEqual(outcomes, {"line-1": "applied", "line-5": "rejected"})
        self.assertEqual(sorted(row["line"] for row in found if not row["outcome"]), [3, 4])

    def test_command_send_without_input(self) -> None:
        with subprocess.Popen([program("pawl"), "command", "send", "--wait"], env=engine.environment, text=True,
                              stdin=os.open(engine.folder, os.O_RDONLY), stderr=subprocess.PIPE) as sender:
            self.assertIn("could not read standard input: Is a directory", sender.communicate(timeout=LIMIT)[1])
        self.assertEqual(sender.returncode, 8)


class OtherPrograms(unittest.TestCase):
    def test_help_and_version(self) -> None:
        for name in ("pawl-worker", "pawl-executor"):
            for flags, word in ((["--help"], "SIGTERM"), (["--version"], name), (["--prefix", "x", "--help"], "SIGTERM")):
                done = subprocess.run([program(name), *flags], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0)
                self.assertIn(word, done.stdout)
        done = subprocess.run([program("pawl-worker"), "--prefix", "x", "--print-settings", "sample"], capture_output=True,
                              text=True)
        self.assertEqual((done.returncode, done.stdout[:2]), (0, "# "))


if __name__ == "__main__":
    unittest.main(verbosity=2)
