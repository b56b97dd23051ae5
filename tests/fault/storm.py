"""A storm: at random moments something dies, sleeps, is cut off or full, while people go on working (EOS, BUS).

After it every record has one outcome, no id took effect twice, events have no gap, no repeat and the right order, the
tables are what the events say, and no task is lost.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import account
import cluster
import mixed
from engine import LIMIT, Engine, Worker, wait_until

SESSION_MS = 6000
SETTINGS = {"session_timeout_ms": SESSION_MS, "retry_max_ms": 1000, "timeout_ms": 120000}
WORKERS = (2, 4)         # at least, at most
PAUSE = (0.3, 2.5)       # seconds between two faults
CALM = 3.0               # seconds in which commands are counted, before and after
RESTARTED = (1, 10, 11, 13, 14, -signal.SIGKILL, -signal.SIGTERM)  # exit codes after which a supervisor starts a worker again


@dataclass(frozen=True)
class Options:
    seconds: float
    seed: int
    brokers: int = 1
    standby: bool = False
    databases: int = 1
    window: int = 32


class Storm:
    def __init__(self, options: Options, servers: cluster.Cluster, engines: list[Engine]) -> None:
        self.options, self.servers, self.engines = options, servers, engines
        self.dice = random.Random(options.seed)
        self.faults: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()  # workers that ended by themselves, by exit code
        self.sleeping: set[Worker] = set()
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.submitted = 0  # commands by SQL

    # workers

    def workers(self) -> list[Worker]:
        return [worker for engine in self.engines for worker in engine.workers if worker.running()]

    def awake(self) -> list[Worker]:
        return [worker for worker in self.workers() if worker not in self.sleeping]

    def anybody(self) -> Worker:
        """One that is awake; if all have just ended, one of those who come in their place."""
        def found() -> list[Worker]:
            self.supervise()
            return self.awake()
        return self.dice.choice(wait_until("somebody is awake", found))

    def awake_of(self, engine: Engine) -> int:
        return len([worker for worker in self.awake() if worker in engine.workers])

    def supervise(self) -> None:
        """What systemd does: whoever ended is started again, unless it said that a person is needed."""
        with self.lock:
            for worker in [worker for engine in self.engines for worker in engine.workers]:
                code = worker.process.poll()
                if code is None or worker in self.sleeping:
                    continue
                if code not in (0, *RESTARTED) and not getattr(worker, "counted", False):
                    raise AssertionError(f"exit code {code}: {worker.log}: {worker.text()[-3000:]}")
                if not getattr(worker, "counted", False):
                    if code not in (0, -signal.SIGKILL):
                        self.ended[str(code)] += 1
                    worker.counted = True  # type: ignore[attr-defined]
            for engine in self.engines:
                while self.awake_of(engine) < WORKERS[0] / len(self.engines):
                    engine.start_worker()

    # faults: each returns when it is over

    def worker_killed(self) -> None:
        self.anybody().kill()

    def worker_stopped(self) -> None:
        """Asleep beyond its session; when it wakes up it is a zombie."""
        worker = self.anybody()
        with self.lock:
            self.sleeping.add(worker)
        worker.signal(signal.SIGSTOP)
        try:
            self.supervise()
            self.stop.wait(SESSION_MS / 1000 + 2)
        finally:
            worker.signal(signal.SIGCONT)
            with self.lock:
                self.sleeping.discard(worker)

    def worker_removed(self) -> None:
        worker = self.anybody()
        code = worker.terminate(2 * LIMIT)
        if code not in (0, *RESTARTED):
            raise AssertionError(f"exit code {code} at SIGTERM: {worker.log}: {worker.text()[-3000:]}")

    def worker_added(self) -> None:
        with self.lock:
            if len(self.workers()) < WORKERS[1]:
                self.dice.choice(self.engines).start_worker()

    def database_killed(self) -> None:
        self.servers.kill_postgres()
        self.servers.start_postgres()

    def database_full(self) -> None:
        self.servers.fill_disk()
        self.stop.wait(self.dice.uniform(1, 3))
        self.servers.empty_disk()
        self.servers.start_postgres()  # a log that cannot be written ends it

    def database_cut(self) -> None:
        self.servers.psql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pawl-worker'")

    def standby_promoted(self) -> None:
        assert self.servers.standby
        self.servers.standby.promote()

    def broker_killed(self) -> None:
        which = self.dice.randrange(len(self.servers.brokers))
        self.servers.kill_broker(which)
        self.servers.start_broker(which)

    def bus_cut(self) -> None:
        for broker in self.servers.brokers:
            subprocess.run(cluster.clients_of(broker.process.port), capture_output=True, check=False)

    def kinds(self) -> dict[str, tuple[Callable[[], None], str, int]]:
        """What may happen: how, to which server (one thing at a time happens to each), and how often."""
        found: dict[str, tuple[Callable[[], None], str, int]] = {
            "worker-killed": (self.worker_killed, "worker", 6), "worker-stopped": (self.worker_stopped, "", 3),
            "worker-removed": (self.worker_removed, "worker", 2), "worker-added": (self.worker_added, "worker", 3),
            "database-killed": (self.database_killed, "database", 2), "database-cut": (self.database_cut, "database", 4),
            "broker-killed": (self.broker_killed, "bus", 2 * len(self.servers.brokers))}
        if self.servers.mounted and not (self.servers.standby and self.servers.standby.promoted):
            found["database-full"] = (self.database_full, "database", 1)
        if os.geteuid() == 0 and shutil.which("ss"):
            found["bus-cut"] = (self.bus_cut, "bus", 3)
        return found

    # the course of it

    def submit(self) -> None:
        """By SQL; while the database is away, the next time."""
        with suppress(AssertionError):
            self.submitted = mixed.submit(self.engines[0], self.submitted)

    def happen(self, kind: str, fault: Callable[[], None], lock: threading.Lock | None) -> None:
        try:
            fault()
            self.faults[kind] += 1
        finally:
            if lock:
                lock.release()

    def blow(self) -> None:
        """Until the time is over."""
        locks = {"worker": threading.Lock(), "database": threading.Lock(), "bus": threading.Lock()}
        deadline = time.monotonic() + self.options.seconds
        promote_at = time.monotonic() + self.options.seconds / 2 if self.options.standby else None
        running = []
        with ThreadPoolExecutor(8) as threads:
            while (time.monotonic() < deadline or promote_at) and not any(one.done() and one.exception() for one in running):
                self.stop.wait(self.dice.uniform(*PAUSE))
                self.supervise()
                self.submit()
                kinds = self.kinds()
                [kind] = self.dice.choices(list(kinds), [weight for _, _, weight in kinds.values()])
                fault, place, _ = kinds[kind]
                if promote_at and time.monotonic() > promote_at:
                    kind, fault, place, promote_at = "standby-promoted", self.standby_promoted, "database", None
                    locks["database"].acquire()
                elif len(self.sleeping) > 1 or (place and not locks[place].acquire(blocking=False)):
                    continue
                running.append(threads.submit(self.happen, kind, fault, locks.get(place)))
            self.stop.set()
        for one in running:
            one.result()

    def rate(self, load: mixed.Mixed) -> int:
        """Commands answered in a second, in peace."""
        before = load.answered
        threading.Event().wait(CALM)
        return round((load.answered - before) / CALM)


@contextmanager
def begun(options: Options, folder: Path) -> Iterator[tuple[Storm, mixed.Mixed]]:
    with cluster.Cluster(folder, options.brokers, options.standby) as servers:
        os.environ.update(servers.environment)
        with ExitStack() as stack:
            engines: list[Engine] = []
            for _ in range(options.databases):
                engines.append(stack.enter_context(Engine(
                    "storm", workers=max(1, WORKERS[0] // options.databases), databases=options.databases,
                    beside=engines[-1] if engines else None, **SETTINGS)))
            wait_until("all is served", lambda: sum(worker.text().count("serving  partition") for engine in engines
                                                    for worker in engine.workers) >= engines[0].partitions, 4 * LIMIT)
            mixed.install(*engines)
            # A repeated get-task for the next one does not look everywhere again, which that story counts on.
            without = mixed.next_one if options.databases > 1 else None
            yield (Storm(options, servers, engines),
                   mixed.Mixed(engines[0].client(timeout_ms=5000), options.seed, options.window, without=without))


def calm_down(storm: Storm, load: mixed.Mixed) -> int:
    """Everybody is up again; throughput comes back; then the load ends."""
    storm.supervise()
    storm.submitted = mixed.submit(storm.engines[0], storm.submitted)
    load.wait_answers(200, 4 * LIMIT)
    rate = storm.rate(load)
    ending = threading.Thread(target=load.end, args=(6 * LIMIT,), daemon=True)
    ending.start()
    while ending.is_alive():
        storm.supervise()
        ending.join(0.5)
    load.end(1)
    wait_until("all is published", lambda: all(map(settled, storm.engines)), 2 * LIMIT)
    return rate


def settled(engine: Engine) -> bool:
    try:
        return not engine.unsettled()
    except (AssertionError, OSError):
        return False


def run(options: Options, folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The figures, and examples of what went wrong."""
    began = time.monotonic()
    with begun(options, folder) as (storm, load):
        load.wait_answers(100)
        before = storm.rate(load)
        storm.blow()
        after = calm_down(storm, load)
        found = account.take(storm.engines[0], storm.submitted, storm.engines[1:])
        figures = {"faults": dict(sorted(storm.faults.items())), "commands": found.commands, "lost": found.lost,
                   "doubled": found.doubled, "out_of_order": found.out_of_order, "differences": found.differences,
                   "sent_again": load.sent_again, "ended_by_themselves": dict(storm.ended),
                   "commands_per_second": {"before": before, "after": after},
                   "seed": options.seed, "seconds": round(time.monotonic() - began)}
        return figures, found.examples


def main_line(figures: dict[str, Any], examples: list[str]) -> int:
    """Prints them; the exit code."""
    for example in examples:
        print(example, file=sys.stderr)
    print(json.dumps(figures), flush=True)
    return int(any(figures[name] for name in ("lost", "doubled", "out_of_order", "differences")))
