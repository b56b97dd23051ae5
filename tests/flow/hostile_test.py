#!/usr/bin/python3
"""Hostile input in quantity, and files of other systems: each is refused once and by name, and nothing else is held up.

PAWL_BAD_MESSAGES=500000 sends so many bad messages in a row instead of some thousands.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import unittest
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import desk
from engine import LIMIT, ROOT, Engine, Message, Worker, wait_until
from engine.bus import message_of

COUNT = int(os.environ.get("PAWL_BAD_MESSAGES") or 4000)
GOOD = 20
GROWTH_MB = 24  # of a worker, from the first fifth of the messages to the last
FILES = ROOT.parent / "shared/inputs/hostile"

# What is wrong, how it looks (without the end of a line), and the words of the reason.
BAD: list[tuple[str, Callable[[int], bytes], str]] = [
    ("cut off", lambda n: b'{"n":%d' % n, "ends"),
    ("deep", lambda n: b'{"n":%d,"a":' % n + b"[" * 5000, "containers"),
    ("whole number", lambda n: b'{"process_id":"single","version":%d%s}' % (n + 1, b"9" * 20), "version"),
    ("long number", lambda n: b'{"process_id":"single","variables":{"a":%d%s}}' % (n + 1, b"9" * 70), "too long"),
    ("exponent", lambda n: b'{"process_id":"single","variables":{"a":1e999,"n":%d}}' % n, "range"),
    ("UTF-8", lambda n: b'{"n":%d,"a":"\xff\xfe"}' % n, "UTF-8"),
    ("surrogate", lambda n: b'{"n":%d,"a":"\xed\xa0\x80"}' % n, "UTF-8"),
    ("twice", lambda n: b'{"a":1,"n":%d,"a":2}' % n, "twice"),
    ("twice, once escaped", lambda n: b'{"a":1,"n":%d,"\\u0061":2}' % n, "twice"),
    ("NUL", lambda n: b'{"n":%d,"process_id":"a\\u0000b"}' % n, "U+0000"),
    ("NUL byte", lambda n: b'{"n":%d,"process_id":"a\0b"}' % n, "control character"),
    ("zeros", lambda n: b"\0" * 50 + b"%d" % n, "not a value"),
    ("XML", lambda n: b"<process id='%d'/>" % n, "<process id="),
    ("a text for an object", lambda n: b'"process_id %d"' % n, "object"),
    ("nothing that is needed", lambda n: b'{"n":%d}' % n, "process_id"),
    ("wrong kind", lambda n: b'{"process_id":%d}' % n, "process_id"),
]


def resident_mb(worker: Worker) -> float:
    text = Path(f"/proc/{worker.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


class InARow(unittest.TestCase):
    """Bad messages in a row, and good ones between: the partitions go on, and the worker does not grow."""

    def setUp(self) -> None:
        self.engine = self.enterContext(Engine("row", workers=1, partitions=2))
        self.engine.load(desk.institution())
        self.engine.deploy(desk.single())
        self.topic = self.engine.topic("command.init-instance")

    def messages(self) -> Iterator[tuple[bytes, str]]:
        """The value, and what its dead letter must say; nothing for a good one."""
        for n in range(COUNT):
            if n % (COUNT // GOOD) == COUNT // GOOD // 2:
                yield b'{"process_id":"single","entity_id":"good/%d"}' % n, ""
            _, make, words = BAD[n % len(BAD)]
            yield make(n), words

    def send(self) -> dict[bytes, str]:
        """Sends all; returns those that are bad."""
        bad, path = {}, self.engine.folder / "messages"
        with path.open("wb") as file:
            for value, words in self.messages():
                file.write(value + b"\n")
                if words:
                    bad[value] = words
        subprocess.run(["kcat", "-P", "-q", "-b", self.engine.brokers, "-t", self.topic, "-l", str(path)], check=True)
        path.unlink()
        return bad

    def taken(self) -> int:
        return int(self.engine.value("select coalesce(sum(greatest(positions[4], 0)), 0) from workflow.partition"))

    def wait_taken(self, count: int) -> None:
        wait_until(f"{count} messages were taken", lambda: self.taken() >= count, LIMIT + COUNT / 200)

    def letters(self) -> Iterator[Message]:
        """One at a time: there may be very many."""
        with subprocess.Popen(["kcat", "-C", "-J", "-e", "-q", "-X", "isolation.level=read_committed", "-o", "beginning",
                               "-b", self.engine.brokers, "-t", self.engine.topic("dead-letter")],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as kcat:
            assert kcat.stdout
            for line in kcat.stdout:
                yield message_of(line)

    def check_letters(self, bad: dict[bytes, str]) -> None:
        """Each is there once, as it came, with its reason."""
        places, left = set(), dict(bad)
        for letter in self.letters():
            words = left.pop(letter.value or b"", None)
            self.assertIsNotNone(words, f"not bad, or there twice: {letter.value!r}")
            self.assertIn(words, letter.header("pawl_detail"))
            self.assertEqual(letter.header("pawl_code"), "invalid_command")
            headers = dict(letter.headers)
            places.add((headers["kafka_dlt-original-partition"], headers["kafka_dlt-original-offset"]))
        self.assertEqual(len(left), 0, f"without a dead letter: {list(left)[:3]}")
        self.assertEqual(len(places), len(bad))

    def test_in_a_row(self) -> None:
        bad = self.send()
        worker = self.engine.workers[0]
        self.wait_taken(COUNT // 5)
        early = resident_mb(worker)
        self.wait_taken(COUNT + GOOD)
        late = resident_mb(worker)
        print(f"figure {COUNT} bad messages in a row: the worker holds {early:.0f} MB after a fifth, {late:.0f} MB at the end")
        self.assertLess(late - early, GROWTH_MB)
        self.assertEqual(worker.terminate(), 0)
        self.assertLess(worker.text().count("\n"), COUNT / 4, "what floods a topic floods no log")
        self.check_letters(bad)
        names = [name for name, in self.engine.psql("select entity_id from workflow.instance_list")]
        self.assertEqual((len(names), len(set(names))), (GOOD, GOOD))
        self.engine.check_settled()

    def test_list(self) -> None:
        """The operator's view: what was wrong, by place."""
        values = [make(n) for n, (_, make, _) in enumerate(BAD)]
        for value in values:
            self.engine.produce("command.init-instance", value)
        self.wait_taken(len(values))
        self.assertEqual(self.engine.workers[0].terminate(), 0)
        listed = json.loads(self.engine.pawl_ok("dead-letter", "list", "-o", "json").out)
        self.assertEqual(len(listed), len(values))
        for letter in listed:
            shown = json.loads(self.engine.pawl_ok("dead-letter", "show", letter["letter"]).out)
            value = shown["value"]
            found = value.encode() if isinstance(value, str) else bytes.fromhex(value["hex"])
            with self.subTest(value=found):
                self.assertIn(found, values)
                self.assertIn(BAD[values.index(found)][2], shown["detail"])


@unittest.skipUnless(FILES.exists(), "no files of other systems")
class Log(unittest.TestCase):
    """What comes from outside stays within its field of the log, in both forms."""

    FORGED = 'x" code="applied" forged=1 \\'  # an id may be any text without control characters

    def rejected(self, log_format: str) -> dict[str, str]:
        """The fields of the line that tells of a command with this id, for a process of that name."""
        worker = self.engine.start_worker(log_format=log_format, log_level="debug")
        self.engine.produce("command.init-instance", json.dumps({"process_id": self.FORGED}).encode(),
                            headers=[(b"ce_id", self.FORGED.encode())])
        worker.wait_log("unknown_process")
        self.assertEqual(worker.terminate(), 0)
        [line] = [line for line in worker.text().splitlines() if "unknown_process" in line]
        if log_format == "json":
            return dict(json.loads(line, object_pairs_hook=self.each_once))
        words = shlex.split(line.partition(": rejected  ")[2])
        return self.each_once([word.split("=", 1) for word in words])

    def each_once(self, pairs: list[tuple[str, str]]) -> dict[str, str]:
        self.assertEqual(len(pairs), len(dict(pairs)), pairs)
        return dict(pairs)

    def test_log(self) -> None:
        self.engine = self.enterContext(Engine("log", workers=0, partitions=1))
        for log_format in ("text", "json"):
            with self.subTest(log_format):
                fields = self.rejected(log_format)
                self.assertEqual((fields["command"], fields["code"]), (self.FORGED, "unknown_process"))
                self.assertIn(self.FORGED, fields["detail"])
                self.assertNotIn("forged", fields)


class Files(unittest.TestCase):
    """Files that are none of ours, wherever a file or a message may come in: a clear error that names the value."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.files = sorted(FILES.iterdir())

    def setUp(self) -> None:
        self.engine = self.enterContext(Engine("files", workers=1, partitions=1))

    def beginning(self, path: Path) -> str:
        """What must be named of a file: its first words."""
        return path.read_text(errors="replace").lstrip("\ufeff \r\n")[:12]

    def test_command_line(self) -> None:
        for path in self.files:
            for arguments in (("process", "deploy"), ("institution", "load")):
                with self.subTest(path.name, arguments=arguments):
                    done = self.engine.pawl(*arguments, path)
                    self.assertEqual(done.code, 8, done.err)
                    self.assertIn(str(path), done.err)
                    self.assertIn(self.beginning(path), done.err)
                    self.assertLess(len(done.err), 1000)
            with self.subTest(path.name, arguments="command send"):
                done = self.engine.pawl("command", "send", stdin=path.read_text(errors="replace"))
                self.assertEqual(done.code, 8, done.err)
                self.assertIn(self.beginning(path), done.err)

    def test_settings(self) -> None:
        """As a settings file of any program."""
        for path in self.files:
            for program in ("pawl-worker", "pawl-executor"):
                with self.subTest(path.name, program=program):
                    worker = Worker(self.engine.environment, self.engine.folder / "settings.log", program, "--config",
                                    str(path))
                    self.assertEqual(worker.wait(), 2)
                    self.assertIn(f"{path}:1", worker.text())

    def test_messages(self) -> None:
        """As the value of a command; the worker goes on."""
        letters = self.engine.reader("dead-letter")
        for number, path in enumerate(self.files):
            topic = ("command.init-instance", "command.admin", "command.control")[number % 3]
            self.engine.produce(topic, path.read_bytes(), headers=[(b"ce_id", path.name.encode()[-200:])])
        for path in self.files:
            with self.subTest(path.name):
                letter = letters.wait("the dead letter", lambda m, name=path.name[-200:]: m.header("ce_id") == name)
                self.assertEqual(letter.value, path.read_bytes())
                self.assertIn(self.beginning(path), letter.header("pawl_detail") or "")
        self.assertEqual(len(letters.messages), len(self.files))
        self.engine.load(desk.institution())
        self.engine.deploy(desk.single())
        self.engine.client().start("single", entity_id=str(uuid.uuid4()))
        self.assertEqual(self.engine.workers[0].terminate(), 0)
        self.engine.check_settled()


if __name__ == "__main__":
    if not FILES.exists():
        print("skipped files of other systems: they are not there")
    unittest.main(verbosity=2)
