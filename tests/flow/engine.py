"""What the tests of this ring start, say and see.

Engine: an engine of a test's own on the ring's servers (database, topics, workers).  Client: one `pawl command
send --wait`.  Reader and Subscriber: kcat, which knows nothing of Pawl.  Load: many instances at once, each
command sent again under its id when no answer came.  Broker: the few questions to Kafka that kcat cannot ask.

Nothing here sleeps for its own sake: waits end with what is waited for, or fail at their limit.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 30.0  # seconds that anything may take, on a busy machine
POLL = 0.02


def run_dir() -> Path:
    if "PAWL_RUN_DIR" not in os.environ or "PAWL_BROKERS" not in os.environ:
        raise SystemExit("no servers: call ./tests/run flow, or ./deploy/dev up and source its env")
    return Path(os.environ["PAWL_RUN_DIR"])


def program(name: str) -> str:
    return shutil.which(name) or str(ROOT / "build/release/bin" / name)


def wait_until(what: str, check: Callable[[], T], limit: float = LIMIT) -> T:
    """What the check returns as soon as it is true."""
    deadline = time.monotonic() + limit
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {limit:g} s")
        time.sleep(POLL)
    return found


# --- Kafka -----------------------------------------------------------------------------------------------------


def partition_of(key: str, partitions: int) -> int:
    """Where Java clients put a key: murmur2, without its sign."""
    data, mask = key.encode(), 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * 0x5BD1E995 & mask
        h = (h * 0x5BD1E995 & mask) ^ ((k ^ k >> 24) * 0x5BD1E995 & mask)
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * 0x5BD1E995 & mask
    h = (h ^ h >> 13) * 0x5BD1E995 & mask
    return ((h ^ h >> 15) & 0x7FFFFFFF) % partitions


def instance_in(partition: int, partitions: int) -> str:
    """A new instance id that belongs to this partition."""
    while partition_of(instance_id := str(uuid.uuid4()), partitions) != partition:
        pass
    return instance_id


@dataclass(frozen=True)
class Message:
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def json(self) -> Json:
        return json.loads(self.value or b"null")

    def header(self, name: str) -> str | None:
        raw = dict(self.headers).get(name)
        return None if raw is None else raw.decode(errors="replace")


def raw_bytes(text: str | None) -> bytes | None:
    """kcat writes bytes that are not UTF-8 into its JSON as they are."""
    return None if text is None else text.encode("utf-8", "surrogateescape")


def message_of(line: bytes) -> Message:
    found = json.loads(line.decode("utf-8", "surrogateescape"))
    flat = found.get("headers") or []
    headers = tuple((flat[i], raw_bytes(flat[i + 1])) for i in range(0, len(flat), 2))
    return Message(found["topic"], found["partition"], found["offset"], raw_bytes(found["key"]),
                   raw_bytes(found["payload"]), headers)


class Reader:
    """A topic from its beginning, as a `read_committed` subscriber sees it."""

    def __init__(self, brokers: str, topic: str, follow: bool = True) -> None:
        self.messages: list[Message] = []
        self._changed = threading.Condition()
        command = ["kcat", "-C", "-J", "-u", "-q", "-E", "-X", "isolation.level=read_committed", "-X",
                   "topic.auto.offset.reset=earliest", "-X", "fetch.wait.max.ms=50", "-o", "beginning",
                   *([] if follow else ["-e"]), "-b", brokers, "-t", topic]
        self._kcat = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._kcat.stdout
        for line in self._kcat.stdout:
            message = message_of(line)
            with self._changed:
                self.messages.append(message)
                self._changed.notify_all()

    def wait(self, what: str, check: Callable[[Message], bool], limit: float = LIMIT) -> Message:
        """The first message that fits, also one that came before."""
        at, deadline = 0, time.monotonic() + limit
        with self._changed:
            while True:
                for at in range(at, len(self.messages)):
                    if check(self.messages[at]):
                        return self.messages[at]
                at = len(self.messages)
                if not self._changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"{what}: not within {limit:g} s")

    def wait_end(self, limit: float = LIMIT) -> list[Message]:
        """All there is, of a reader that does not follow."""
        self._kcat.wait(limit)
        self._thread.join()
        return self.messages

    def close(self) -> None:
        self._kcat.kill()
        self._kcat.wait()
        self._thread.join()
        assert self._kcat.stdout
        self._kcat.stdout.close()


def produce(brokers: str, topic: str, value: bytes | None, key: bytes | None = None,
            headers: list[tuple[bytes, bytes | None]] | None = None, partition: int | None = None) -> None:
    """One message by kcat, exactly these bytes (no NUL in key and headers); without a value a null."""
    command: list[str | bytes] = ["kcat", "-P", "-q", "-b", brokers, "-t", topic, "-X", "message.max.bytes=20000000",
                                  "-X", "topic.partitioner=murmur2_random"]
    for name, text in headers or []:
        command += ["-H", name if text is None else name + b"=" + text]
    if key is not None and value:
        command += ["-k", key]
    if partition is not None:
        command += ["-p", str(partition)]
    if not value:  # kcat sends these behind a key only
        command += ["-K", ":", *(["-Z"] if value is None else [])]
        done = subprocess.run(command, input=(key or b"key") + b":\n", capture_output=True)
    else:
        path = run_dir() / f"message-{uuid.uuid4()}"
        path.write_bytes(value)
        done = subprocess.run([*command, str(path)], stdin=subprocess.DEVNULL, capture_output=True)
        path.unlink()
    if done.returncode != 0:
        raise AssertionError(f"kcat: {done.stderr.decode(errors='replace')}")


class Broker:
    """A few requests of the Kafka protocol, in their first versions, to the one broker there is."""

    def __init__(self, brokers: str) -> None:
        host, _, port = brokers.partition(":")
        self._where = (host, int(port))

    def _ask(self, api: int, version: int, body: bytes) -> bytes:
        request = struct.pack(">hhi", api, version, 1) + text(b"tests") + body
        with socket.create_connection(self._where, LIMIT) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as answer:
                [length] = struct.unpack(">i", answer.read(4))
                return answer.read(length)[4:]

    def committed(self, group: str, topic: str, partitions: int) -> dict[int, tuple[int, str]]:
        """Committed offset and its metadata, by partition (OffsetFetch)."""
        body = text(group.encode()) + struct.pack(">i", 1) + text(topic.encode())
        body += struct.pack(f">i{partitions}i", partitions, *range(partitions))
        answer = self._ask(9, 1, body)
        at, found = 4 + 2 + len(topic.encode()) + 4, {}
        for _ in range(partitions):
            partition, offset, length = struct.unpack_from(">iqh", answer, at)
            at += 14 + max(length, 0) + 2
            found[partition] = (offset, answer[at - 2 - max(length, 0):at - 2].decode())
        return found

    def create_topic(self, topic: str, partitions: int) -> None:
        body = struct.pack(">i", 1) + text(topic.encode()) + struct.pack(">ihiiib", partitions, 1, 0, 0, 10000, 0)
        answer = self._ask(19, 2, body)
        at = 8 + 2 + len(topic.encode())
        self._check(answer[at:at + 2], f"create topic {topic}")

    def delete_group(self, group: str) -> None:
        answer = self._ask(42, 0, struct.pack(">i", 1) + text(group.encode()))
        self._check(answer[-2:], f"delete group {group}")

    def delete_topic(self, topic: str) -> None:
        answer = self._ask(20, 1, struct.pack(">i", 1) + text(topic.encode()) + struct.pack(">i", 10000))
        self._check(answer[-2:], f"delete topic {topic}")
        wait_until(f"{topic} is gone", lambda: topic not in self._topics())

    def _topics(self) -> list[str]:
        done = subprocess.run(["kcat", "-L", "-J", "-b", ":".join(map(str, self._where))], stdin=subprocess.DEVNULL,
                              capture_output=True, check=True)
        return [topic["topic"] for topic in json.loads(done.stdout)["topics"]]

    def set_topic(self, topic: str, name: str, value: str) -> None:
        """IncrementalAlterConfigs, of one setting of one topic."""
        setting = text(name.encode()) + b"\0" + text(value.encode())
        body = struct.pack(">ib", 1, 2) + text(topic.encode()) + struct.pack(">i", 1) + setting + b"\0"
        self._check(self._ask(44, 0, body)[8:10], f"set {name} of {topic}")

    @staticmethod
    def _check(code: bytes, what: str) -> None:
        if code != b"\0\0":
            raise AssertionError(f"{what}: Kafka's error code {struct.unpack('>h', code)[0]}")


def text(raw: bytes) -> bytes:
    return struct.pack(">h", len(raw)) + raw


# --- servers of a test's own -----------------------------------------------------------------------------------


class Servers:
    """PostgreSQL and Kafka that a test may stop: those of deploy/dev, in a run folder of their own."""

    def __init__(self, name: str) -> None:
        self.folder = run_dir() / name
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Servers:
        self.folder.mkdir(mode=0o755)
        self.folder.chmod(0o755)
        self._dev("up")
        dump = subprocess.run(["bash", "-c", f". '{self.folder}/env'; env -0"], check=True, capture_output=True)
        found = dict(item.split("=", 1) for item in dump.stdout.decode().split("\0") if "=" in item)
        self.environment = {name: found[name] for name in ("PAWL_BROKERS", "PAWL_DATABASE")}
        return self

    def __exit__(self, *_: object) -> None:
        self._dev("down", "--wipe")

    def _dev(self, *arguments: str) -> None:
        done = subprocess.run([str(ROOT / "deploy/dev"), *arguments], stdin=subprocess.DEVNULL, text=True,
                              env=os.environ | {"PAWL_RUN_DIR": str(self.folder)}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(f"deploy/dev {' '.join(arguments)}: {done.stdout}")

    def stop(self, server: str) -> None:
        self._dev("down", "--only", server)

    def kill(self, server: str) -> None:
        """At once, as a crash would; the pid is in deploy/dev's file."""
        os.kill(int((self.folder / f"{server}.pid").read_text().split()[0]), signal.SIGKILL)

    def start(self, server: str) -> None:
        self._dev("up", "--only", server)


# --- an engine -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """What a program came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Worker:
    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen([program("pawl-worker")], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out)
        self.pid = self.process.pid

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def running(self) -> bool:
        return self.process.poll() is None

    def wait_log(self, word: str, times: int = 1, limit: float = LIMIT) -> None:
        """Until its log has the word so often."""
        def written() -> bool:
            if (count := self.text().count(word)) < times and not self.running():
                raise AssertionError(f"the worker ended with {self.process.returncode}:\n{self.text()[-3000:]}")
            return count >= times
        wait_until(f'{times} x "{word}" in {self.log.name}', written, limit)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, limit: float = LIMIT) -> int:
        """Its exit code."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker did not end within {limit:g} s:\n{self.text()[-3000:]}") from None

    def terminate(self, limit: float = LIMIT) -> int:
        if self.running():
            self.process.terminate()
        return self.wait(limit)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


class Engine:
    """An engine of its own: database, topics by prefix, workers.  Use as a context manager."""

    def __init__(self, name: str, *, workers: int = 1, partitions: int = 4, servers: Servers | None = None,
                 install: bool = True, **settings: str | int) -> None:
        self.name = f"{name}-{uuid.uuid4().hex[:8]}"
        self.prefix, self.partitions = self.name, partitions
        self.workers: list[Worker] = []
        self._wanted, self._install = workers, install
        self._stack = ExitStack()
        self.folder = run_dir() / self.name
        given = servers.environment if servers else os.environ
        self.server_database = given["PAWL_DATABASE"]
        self.brokers = given["PAWL_BROKERS"]
        self.database = f"{self.server_database} dbname={self.name.replace('-', '_')}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PAWL_")},
            "PAWL_BROKERS": self.brokers, "PAWL_DATABASE": self.database, "PAWL_PREFIX": self.prefix,
            "PAWL_TIMEOUT_MS": str(int(LIMIT * 1000)),
            **{f"PAWL_{name.upper()}": str(value) for name, value in settings.items()}}

    def __enter__(self) -> Engine:
        self.folder.mkdir()
        self.psql(f'create database "{self.name.replace("-", "_")}"', self.server_database)
        try:
            if self._install:
                self.migrate()
                self.topics()
            self.start_workers(self._wanted)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stack.close()
        for worker in self.workers:
            if worker.running():
                worker.process.terminate()
        for worker in self.workers:
            worker.close()

    # programs

    def pawl(self, *arguments: str | Path, stdin: str = "", **settings: str | int) -> Done:
        environment = self.environment | {f"PAWL_{name.upper()}": str(value) for name, value in settings.items()}
        done = subprocess.run([program("pawl"), *map(str, arguments)], env=environment, input=stdin, text=True,
                              capture_output=True, timeout=4 * LIMIT)
        return Done(done.returncode, done.stdout, done.stderr)

    def pawl_ok(self, *arguments: str | Path, stdin: str = "") -> Done:
        done = self.pawl(*arguments, stdin=stdin)
        if done.code != 0:
            raise AssertionError(f"pawl {' '.join(map(str, arguments))}: exit code {done.code}\n{done.err}")
        return done

    def migrate(self) -> None:
        self.pawl_ok("db", "migrate")

    def topics(self) -> None:
        self.pawl_ok("topics", "apply", "--partitions", str(self.partitions))

    def load(self, institution: Json) -> None:
        self.pawl_ok("institution", "load", "-", stdin=json.dumps(institution))

    def deploy(self, *definitions: Json) -> None:
        for definition in definitions:
            self.pawl_ok("process", "deploy", "-", stdin=json.dumps(definition))

    def psql(self, sql: str, database: str | None = None) -> list[list[str]]:
        """The rows, as text."""
        command = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database or self.database]
        done = subprocess.run([*command, "-c", sql], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr}\n{sql}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, sql: str) -> str:
        return self.psql(sql)[0][0]

    # workers

    def start_worker(self, **settings: str | int) -> Worker:
        environment = self.environment | {f"PAWL_{name.upper()}": str(value) for name, value in settings.items()}
        worker = Worker(environment, self.folder / f"worker-{len(self.workers) + 1}.log")
        self.workers.append(worker)
        return worker

    def start_workers(self, count: int) -> None:
        for _ in range(count):
            self.start_worker()

    # the bus

    def topic(self, name: str) -> str:
        return f"{self.prefix}.{name}"

    def reader(self, topic: str, follow: bool = True) -> Reader:
        reader = Reader(self.brokers, self.topic(topic), follow)
        self._stack.callback(reader.close)
        return reader

    def read(self, topic: str) -> list[Message]:
        """What the topic holds now."""
        return self.reader(topic, follow=False).wait_end()

    def produce(self, topic: str, value: bytes | None, key: bytes | None = None,
                headers: list[tuple[bytes, bytes | None]] | None = None, partition: int | None = None) -> None:
        produce(self.brokers, self.topic(topic), value, key, headers, partition)

    def client(self, **settings: str | int) -> Client:
        return self._stack.enter_context(Client(self, **settings))

    def subscriber(self, follow: bool = True) -> Subscriber:
        return Subscriber(self, follow)

    def broker(self) -> Broker:
        return Broker(self.brokers)

    @property
    def group(self) -> str:
        return f"{self.prefix}-worker"

    def check_settled(self) -> None:
        """The group knows what the database knows: every outbox row is published, every position committed."""
        topic = self.environment.get("PAWL_COMMAND_TOPIC") or self.topic("command.end-task")
        committed = self.broker().committed(self.group, topic, self.partitions)
        for row in self.psql("select partition, outbox_number, positions[1] from workflow.partition order by 1"):
            partition, number, position = map(int, row)
            offset, metadata = committed[partition]
            if number and (int(metadata.rpartition(";")[2]), offset) != (number, position):
                raise AssertionError(f"partition {partition}: the group has {metadata} at {offset}, "
                                     f"the database {number} at {position}")


# --- a client --------------------------------------------------------------------------------------------------


class Client:
    """One `pawl command send --wait`, for any number of threads."""

    def __init__(self, engine: Engine, **settings: str | int) -> None:
        environment = engine.environment | {f"PAWL_{name.upper()}": str(value) for name, value in settings.items()}
        self.limit = int(environment["PAWL_TIMEOUT_MS"]) / 1000 + 10
        self._changed = threading.Condition()
        self._outcomes: dict[str, Json] = {}
        self._callbacks: dict[str, Callable[[Json], None]] = {}
        self._log = (engine.folder / f"client-{uuid.uuid4().hex[:6]}.log").open("wb")
        self._pawl = subprocess.Popen([program("pawl"), "command", "send", "--wait"], env=environment, text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._pawl.kill()
        self._pawl.wait()
        self._thread.join()
        for stream in (self._pawl.stdin, self._pawl.stdout, self._log):
            try:
                stream.close()  # type: ignore[union-attr]
            except BrokenPipeError:
                pass

    def _read(self) -> None:
        assert self._pawl.stdout
        for line in self._pawl.stdout:
            found = json.loads(line)
            outcome = found.get("outcome") or {"result": "unanswered", "detail": found.get("error", "")}
            with self._changed:
                callback = self._callbacks.pop(found.get("id", ""), None)
                if callback is None:
                    self._outcomes[found.get("id", "")] = outcome
                self._changed.notify_all()
            if callback is not None:
                callback(outcome)

    def send(self, kind: str, data: Json, *, then: Callable[[Json], None] | None = None, **attributes: str) -> str:
        """Does not wait; returns the command's id."""
        command_id = attributes.setdefault("id", str(uuid.uuid4()))
        line = json.dumps({"command": kind, **attributes, "data": data})
        with self._changed:
            if then is not None:
                self._callbacks[command_id] = then
            assert self._pawl.stdin
            self._pawl.stdin.write(line + "\n")
            self._pawl.stdin.flush()
        return command_id

    def outcome(self, command_id: str) -> Json:
        with self._changed:
            if not self._changed.wait_for(lambda: command_id in self._outcomes, self.limit):
                raise AssertionError(f"no outcome of {command_id} within {self.limit:g} s")
            return self._outcomes.pop(command_id)

    def call(self, kind: str, data: Json, **attributes: str) -> Json:
        return self.outcome(self.send(kind, data, **attributes))

    def applied(self, kind: str, data: Json, **attributes: str) -> Json:
        outcome = self.call(kind, data, **attributes)
        if outcome["result"] != "applied":
            raise AssertionError(f"{kind} {data}: {outcome}")
        return outcome

    # the three commands of every day

    def start(self, process_id: str, **data: Any) -> Json:
        return self.applied("init-instance", {"process_id": process_id, **data})

    def get(self, task_id: str, staff_id: str) -> Json:
        return self.applied("get-task", {"task_id": task_id, "staff_id": staff_id})

    def end(self, task_id: str, staff_id: str, flag: str | None = None, **data: Any) -> Json:
        given = {"task_id": task_id, "staff_id": staff_id, **({"completion_flag": flag} if flag else {}), **data}
        return self.applied("end-task", given)

    def do(self, task_id: str, staff_id: str, flag: str | None = None, **data: Any) -> Json:
        """Takes and ends it."""
        self.get(task_id, staff_id)
        return self.end(task_id, staff_id, flag, **data)


# --- a subscriber ----------------------------------------------------------------------------------------------


class Subscriber:
    """Both state topics; knows of each instance whether an event is missing, repeated or out of order."""

    TOPICS = ("state.task", "state.instance")

    def __init__(self, engine: Engine, follow: bool = True) -> None:
        self.engine = engine
        self.readers = [engine.reader(topic, follow) for topic in self.TOPICS]

    def wait(self, instance_id: str, what: str, check: Callable[[Json], bool], limit: float = LIMIT) -> Message:
        """The first event of the instance that fits."""
        def fits(message: Message) -> bool:
            return message.key == instance_id.encode() and check(message.json)
        reader = self.readers[0 if what.startswith("task") else 1]
        return reader.wait(f"{what} of {instance_id}", fits, limit)

    def task(self, instance_id: str, act_id: str, state: str) -> Message:
        return self.wait(instance_id, f"task {act_id} {state}", lambda e: (e["act_id"], e["state"]) == (act_id, state))

    def instance(self, instance_id: str, state: str) -> Message:
        return self.wait(instance_id, f"instance {state}", lambda e: e["state"] == state)

    def wait_position(self, instance_id: str, position: int) -> list[Json]:
        """The instance's events up to this position, in order."""
        def come() -> list[Json] | None:
            events = self.events(instance_id)
            return events if {e["position"] for e in events} >= set(range(1, position + 1)) else None
        return wait_until(f"events 1 to {position} of {instance_id}", come)

    def events(self, instance_id: str) -> list[Json]:
        found = [m.json for r in self.readers for m in list(r.messages) if m.key == instance_id.encode()]
        return sorted(found, key=lambda event: event["position"])

    def messages(self) -> Iterator[Message]:
        for reader in self.readers:
            yield from list(reader.messages)

    def problems(self) -> list[str]:
        """What is wrong with what has been seen so far; nothing should be."""
        check = SequenceCheck(self.engine)
        for message in self.messages():
            check.see(message)
        return check.finish()


class SequenceCheck:
    """BUS-1 from outside: sequence 1, 2, 3, … in each topic, and positions 1 to n over both."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.problems: list[str] = []
        self.last: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))  # sequence, position
        self.positions: dict[str, list[int]] = defaultdict(list)
        self.states: dict[str, str] = {}  # of each task and instance

    def see(self, message: Message) -> None:
        event, instance_id = message.json, (message.key or b"").decode()
        sequence, position = int(message.header("ce_sequence") or 0), event["position"]
        before, last_position = self.last[message.topic, instance_id]
        self.last[message.topic, instance_id] = (sequence, position)
        self.positions[instance_id].append(position)
        where = f"{message.topic} {instance_id} position {position}"
        self._expect(sequence == before + 1, f"{where}: sequence {sequence} after {before}")
        self._expect(position > last_position, f"{where}: after position {last_position}")
        self._expect(event["instance_id"] == instance_id, f"{where}: of instance {event['instance_id']}")
        self._expect(message.header("ce_id") == f"{instance_id}/{position}", f"{where}: id {message.header('ce_id')}")
        self._expect(message.partition == partition_of(instance_id, self.engine.partitions),
                     f"{where}: on partition {message.partition}")
        whose = event.get("task_id", instance_id)
        self._expect(event.get("previous_state") == self.states.get(whose),
                     f"{where}: {whose} was {self.states.get(whose)}, previous_state {event.get('previous_state')}")
        self.states[whose] = event["state"]

    def _expect(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)

    def finish(self) -> list[str]:
        for instance_id, positions in self.positions.items():
            self._expect(sorted(positions) == list(range(1, len(positions) + 1)),
                         f"{instance_id}: positions {sorted(positions)[:20]}")
        return self.problems


# --- a load ----------------------------------------------------------------------------------------------------


class Load:
    """Many instances of a process without branches, driven by outcomes, each command under an id of its own.

    A command without an answer is sent again under its id (BUS-2), so what is lost or done twice shows.
    """

    def __init__(self, client: Client, process_id: str, steps: list[tuple[str, str | None]], count: int,
                 window: int = 100) -> None:
        self.client, self.process_id, self.steps, self.count = client, process_id, steps, count
        self.done = self.sent_again = self.commands = 0
        self.rejected: list[Json] = []
        self._changed = threading.Condition()
        self._window = window
        self._begun = 0
        for _ in range(min(window, count)):
            self._begin()

    def _begin(self) -> None:
        with self._changed:
            if self._begun == self.count:
                return
            self._begun += 1
        instance_id = str(uuid.uuid4())
        self._send("init-instance", {"process_id": self.process_id, "instance_id": instance_id,
                                     "entity_id": f"load/{self._begun}"}, instance_id, 0)

    def _send(self, kind: str, data: Json, instance_id: str, step: int, command_id: str | None = None) -> None:
        command_id = command_id or str(uuid.uuid4())
        self.client.send(kind, data, id=command_id,
                         then=lambda outcome: self._answer(outcome, kind, data, instance_id, step, command_id))

    def _answer(self, outcome: Json, kind: str, data: Json, instance_id: str, step: int, command_id: str) -> None:
        if outcome["result"] == "unanswered":
            with self._changed:
                self.sent_again += 1
            self._send(kind, data, instance_id, step, command_id)
            return
        with self._changed:
            self.commands += 1
            if outcome["result"] == "rejected":
                self.rejected.append(outcome)
            self._changed.notify_all()
        if outcome["result"] != "rejected":
            self._next(kind, instance_id, step)

    def _next(self, kind: str, instance_id: str, step: int) -> None:
        if kind != "get-task" and step == len(self.steps):
            with self._changed:
                self.done += 1
                self._changed.notify_all()
            self._begin()
            return
        staff_id, flag = self.steps[step]
        task = {"task_id": f"{instance_id}:{step + 2}", "staff_id": staff_id}
        if kind == "get-task":
            self._send("end-task", {**task, **({"completion_flag": flag} if flag else {})}, instance_id, step + 1)
        else:
            self._send("get-task", task, instance_id, step)

    def wait_commands(self, count: int, limit: float = LIMIT) -> None:
        """Until so many more were answered; instances are added where the load would be over before."""
        with self._changed:
            wanted = self.commands + count
            of_each = 1 + 2 * len(self.steps)
            idle = max(0, self._window - (self._begun - self.done))
            self.count = max(self.count, self._begun + idle, wanted // of_each + self._window)
        for _ in range(idle):
            self._begin()
        with self._changed:
            if not self._changed.wait_for(lambda: self.commands >= wanted or self.rejected, limit):
                raise AssertionError(f"{self.commands} of {wanted} commands answered within {limit:g} s")

    def wait(self, limit: float = 4 * LIMIT) -> None:
        """Until every instance is through."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.done == self.count or self.rejected, limit):
                raise AssertionError(f"{self.done} of {self.count} instances done within {limit:g} s")
        if self.rejected:
            raise AssertionError(f"rejected: {self.rejected[:3]}")
