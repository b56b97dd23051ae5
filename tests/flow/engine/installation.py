"""An engine of a test's own on the ring's servers: database, topics, workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .broker import Broker
from .bus import Message, Reader, produce
from .client import Client
from .common import LIMIT, Json, program, run_dir, wait_until
from .servers import Servers, Worker
from .subscriber import Subscriber


@dataclass(frozen=True)
class Done:
    """What a program came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Engine:
    """An engine of its own: database, topics by prefix, workers.  Use as a context manager.

    Of several databases that share its partitions it is the first, or (`beside` the one before) a further one.
    """

    def __init__(self, name: str, *, workers: int = 1, partitions: int = 4, servers: Servers | None = None,
                 install: bool = True, databases: int = 1, beside: Engine | None = None, **settings: str | int) -> None:
        self.name = f"{name}-{uuid.uuid4().hex[:8]}"
        self.prefix, self.partitions = beside.prefix if beside else self.name, partitions
        self.databases, self.number = databases, beside.number + 1 if beside else 0
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
            "PAWL_TIMEOUT_MS": str(int(4 * LIMIT * 1000)),  # longer than tests wait for an answer
            **{name: given[name] for name in ("PAWL_KAFKA_CONFIG",) if name in given},
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
        return self.check(self.pawl(*arguments, stdin=stdin), *arguments)

    def check(self, done: Done, *arguments: str | Path) -> Done:
        if done.code != 0:
            raise AssertionError(f"pawl {' '.join(map(str, arguments))}: exit code {done.code}\n{done.err}")
        return done

    def migrate(self) -> None:
        self.pawl_ok("db", "migrate")

    def topics(self) -> None:
        of = ["--databases", str(self.databases), "--database-number", str(self.number)] if self.databases > 1 else []
        command = ["topics", "apply", "--partitions", str(self.partitions), *of]
        def applied() -> Done | None:
            """A broker that is starved of the processor counts as gone ("fenced") until it is heard again."""
            done = self.pawl(*command)
            return None if "currently fenced" in done.err else done
        self.check(wait_until("the broker is there", applied), *command)

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

    def kill_workers(self) -> None:
        """At once, and the group knows it: the next one need not wait for a session to time out."""
        for worker in self.workers:
            if worker.running():
                worker.kill()
        for member in self.broker().members(self.group):
            self.broker().remove_member(self.group, member)

    def start_workers(self, count: int) -> None:
        for _ in range(count):
            self.start_worker()

    def start_executor(self, sections: str, **settings: str | int) -> Worker:
        """An executor with these sections in its file."""
        number = 1 + sum(worker.log.name.startswith("executor") for worker in self.workers)
        config = self.folder / f"executor-{number}.conf"
        config.write_text(sections)
        environment = self.environment | {f"PAWL_{name.upper()}": str(value) for name, value in settings.items()}
        executor = Worker(environment, self.folder / f"executor-{number}.log", "pawl-executor", "--config", str(config))
        self.workers.append(executor)
        return executor

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

    def records(self, topic: str) -> int:
        """How many records a topic has had: what a client sends is on its way for a while."""
        return self.broker().end(self.topic(topic), self.partitions)

    def client(self, **settings: str | int) -> Client:
        return self._stack.enter_context(Client(self, **settings))

    def subscriber(self, follow: bool = True) -> Subscriber:
        return Subscriber(self, follow)

    def broker(self) -> Broker:
        return Broker(self.brokers)

    @property
    def group(self) -> str:
        return f"{self.prefix}-worker" + (f"-{self.number}" if self.number else "")

    def check_settled(self) -> None:
        """
        The group knows what the database knows: every outbox row is published, every position committed.  Whoever has seen
        an outcome may see that a moment before: a transaction of Kafka's ends in each of its topics by itself.
        """
        try:
            wait_until("the group knows all", lambda: not self.unsettled())
        except AssertionError as late:
            raise AssertionError(f"{late}: {self.unsettled()}") from None

    def unsettled(self) -> list[str]:
        """What the group does not know yet, by partition."""
        topic, found = self.environment.get("PAWL_COMMAND_TOPIC") or self.topic("command.end-task"), []
        committed = self.broker().committed(self.group, topic, self.partitions)
        for row in self.psql("select partition, outbox_number, positions[1] from workflow.partition order by 1"):
            partition, number, position = map(int, row)
            offset, metadata = committed[partition]
            known = metadata.rpartition(";")[2] == str(number) and (
                offset == position or self.only_marks(topic, partition, offset, position))
            if number and not known:
                found.append(f"partition {partition}: the group has {metadata} at {offset}, the database {number} at {position}")
        return found

    def only_marks(self, topic: str, partition: int, begin: int, end: int) -> bool:
        """An idle worker moves its position on over marks of Kafka's transactions; the group hears of that with the next command."""
        reader = Reader(self.brokers, topic, follow=False)
        there = any(m.partition == partition and begin <= m.offset < end for m in reader.wait_end())
        reader.close()
        return begin < end and not there

    def check_whole(self) -> None:
        """What every test relies on in the end, over all events (BUS-1): workers leave, no gap, nothing unpublished, no difference."""
        codes = {worker.terminate() for worker in self.workers} - {0, -signal.SIGKILL}  # some were killed by the test
        fresh = self.subscriber(follow=False)
        for reader in fresh.readers:
            reader.wait_end()
        problems = fresh.problems()
        self.check_settled()
        self.pawl_ok("verify")  # events that were never published leave no gap if they would have been the last
        if problems or codes:
            raise AssertionError(f"workers ended with {sorted(codes)}; the subscriber saw: {problems[:10]}")
