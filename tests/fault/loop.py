"""The loop over all fault points: under a mixed load a worker dies, stands still or loses a server at each of them.

One engine, and a chain of workers: whoever comes next takes over what the one before left, so that each fault's
recovery is where the next one happens.  What must hold is looked at in the end, over all records, events and tables
(account.py); that the work goes on, after each fault.

No session timeout is waited for: a worker that is dead or stands still is taken out of its group by hand.
"""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import account
import mixed
from engine import LIMIT, Engine, Worker, wait_until
from mixed import Mixed

WORKER = str(Path(__file__).resolve().parents[2] / "build/fault/bin/pawl-worker")

KINDS = ("crash", "hang", "stall", "cut-database", "cut-kafka")
STALL_MS = 12000  # of the watchdog, where a thread stands still: what ends the process, and no loaded one on its way there
GOES_ON = 30     # commands answered after a fault
WATCHDOG = 13    # exit code

# How often a point may be reached before it happens there; others the first time.
TIMES = {**dict.fromkeys(("batch-taken", "decoding", "batch-decoded", "loading", "loaded", "applying", "applied", "saving", "save-filled",
                          "commit-sent", "committed", "submitted", "publish-begun", "publish-produced", "published",
                          "publish-flushed", "publish-offsets"), 8),
         "statements-sent": 40, "produce-sent": 16, "offsets-sending": 8, "end-sent": 8, "asked": 3,
         "candidates-found": 3, "serving": 4, "number-read": 4}


@dataclass(frozen=True)
class Fault:
    point: str
    kind: str
    time: int = 1

    def __str__(self) -> str:
        return f"{self.point}={self.kind}*{self.time}"


def points(program: str = WORKER) -> list[str]:
    """All there are, from the program itself."""
    return subprocess.run([program, "--faults"], check=True, capture_output=True, text=True).stdout.split()


class Arena:
    """An engine under load, and whoever works for it."""

    def __init__(self, engine: Engine, seed: int, load: bool = True) -> None:
        self.engine = engine
        self.dice = random.Random(seed)
        self.running: list[Worker] = []
        self.names: dict[Worker, str] = {}
        self.submitted = 0  # commands by SQL
        self.start()
        mixed.install(engine)
        if load:
            self.load = Mixed(engine.client(timeout_ms=4000), seed)

    # workers

    def start(self, fault: str = "", **settings: str | int) -> Worker:
        """One more; the group knows it by a name of its own."""
        name = f"worker-{len(self.engine.workers) + 1}"
        config = self.engine.folder / f"{name}.conf"
        config.write_text(f"client.id={name}\n")
        worker = self.engine.start_worker(fault=fault, kafka_config=str(config), **settings)
        self.names[worker] = name
        self.running.append(worker)
        return worker

    def remove(self, worker: Worker) -> None:
        """Out of the group, as at the end of its session."""
        broker = self.engine.broker()
        for member, client in broker.members(self.engine.group).items():
            if client == self.names[worker]:
                broker.remove_member(self.engine.group, member)

    def gone(self, worker: Worker) -> None:
        self.running.remove(worker)
        self.remove(worker)

    def stop_all(self) -> None:
        for worker in self.running:
            worker.process.terminate()
        for worker in self.running:
            code = worker.wait(LIMIT)
            if code != 0:
                raise AssertionError(f"exit code {code} at SIGTERM: {worker.text()[-3000:]}")
        self.running.clear()

    def serving(self, worker: Worker) -> Worker:
        worker.wait_log("serving  partition")
        return worker

    # the faults

    def text(self, fault: Fault) -> str:
        """As PAWL_FAULT says it."""
        kind = {"cut-database": f"cut/{port(self.engine.database, 'port=')}",
                "cut-kafka": "".join(["cut", *("/" + one.rpartition(":")[2] for one in self.engine.brokers.split(","))])
                }.get(fault.kind, fault.kind)
        return f"{fault.point}={kind}*{fault.time}"

    def inject(self, fault: Fault) -> None:
        """Lets it happen, and waits until the work goes on."""
        self.stop_all()
        self.submitted = mixed.submit(self.engine, self.submitted)
        settings = {"watchdog_ms": STALL_MS} if fault.kind == "stall" else {}
        victim = SCENARIOS.get(fault.point, under_load)(self, fault, settings)
        victim_said(victim, f"point={fault.point} kind={fault.kind.partition('-')[0]}")
        AFTERMATH[fault.kind](self, victim)
        if fault.point in ("stopping", "left") and victim in self.running:
            victim.wait(LIMIT)
            self.running.remove(victim)
        if not self.running:
            self.start()
        self.load.wait_answers(GOES_ON)

    def finish(self) -> account.Account:
        self.load.end()
        found = account.take(self.engine, self.submitted)
        self.stop_all()
        self.engine.check_settled()
        return found


def port(text: str, before: str) -> str:
    return text.partition(before)[2].split()[0]


def victim_said(victim: Worker, words: str) -> None:
    """Until its log says that the fault is there; a crash ends it right after."""
    wait_until(f'"{words}" in {victim.log.name}', lambda: words in victim.text() or ended(victim, words), 2 * LIMIT)


def ended(victim: Worker, words: str) -> bool:
    if victim.running() or words in victim.text():
        return False
    raise AssertionError(f"{victim.log.name} ended with {victim.process.returncode} before: {victim.text()[-2000:]}")


# --- how a point is reached ------------------------------------------------------------------------------------


Settings = dict[str, int]


def under_load(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    return arena.start(arena.text(fault), **settings)


def somebody_joins(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    """Partitions are taken away in peace."""
    victim = arena.serving(under_load(arena, fault, settings))
    arena.start()
    return victim


def thrown_out(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    """The group has given it up, and it learns that with its next heartbeat."""
    victim = arena.serving(under_load(arena, fault, settings))
    arena.remove(victim)
    return victim


def after_a_crash(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    """Somebody has died with a batch in PostgreSQL that Kafka has not seen."""
    die(arena, arena.start("committed=crash*4"))
    return under_load(arena, fault, settings)


def open_transaction(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    """Somebody of another slot has died within a Kafka transaction (EOS-13)."""
    victim = arena.serving(under_load(arena, fault, settings))
    die(arena, arena.start("publish-offsets=crash*2"))
    return victim


def die(arena: Arena, worker: Worker) -> None:
    if worker.wait(2 * LIMIT) != -signal.SIGKILL:
        raise AssertionError(f"exit code {worker.process.returncode}: {worker.text()[-2000:]}")
    arena.gone(worker)


def as_zombie(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    """It stands still within a publication, and wakes up when it is no member any more (EOS-8)."""
    victim = arena.start(f"publish-flushed=hang,{arena.text(fault)}", **settings)
    victim_said(victim, "kind=hang")
    arena.remove(victim)
    victim.signal(signal.SIGCONT)
    return victim


def disturbed(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    """Its batch fails for a reason that is not the batch's."""
    return arena.start(f"loaded=cut/{port(arena.engine.database, 'port=')}*2,{arena.text(fault)}", **settings)


def topic_deleted(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    """An event is in the outbox whose topic has gone meanwhile (EOS-14)."""
    victim = arena.serving(under_load(arena, fault, settings))
    topic = arena.engine.topic(f"reply.{len(arena.engine.workers)}")
    arena.engine.broker().create_topic(topic, 1)
    def ask() -> None:
        arena.engine.produce("command.init-instance", b'{"process_id": "inner"}', headers=[(b"ce_replyto", topic.encode())])
    ask()
    reader = arena.engine.reader(topic.removeprefix(f"{arena.engine.prefix}."))
    reader.wait("an outcome there", lambda _: True)
    arena.engine.broker().delete_topic(topic)
    ask()
    return victim


def poisoned(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    """The database refuses a command in the middle of others (EOS-23)."""
    victim = arena.serving(under_load(arena, fault, settings))
    client = arena.engine.client(timeout_ms=1)
    for entity in (*["sound"] * 10, mixed.POISON, *["sound"] * 10):
        client.send("init-instance", {"process_id": "inner", "entity_id": entity})
    return victim


def told_to_stop(arena: Arena, fault: Fault, settings: Settings) -> Worker:
    victim = arena.serving(under_load(arena, fault, settings))
    victim.process.terminate()
    return victim


SCENARIOS: dict[str, Callable[[Arena, Fault, Settings], Worker]] = {
    "revoking": somebody_joins, "drained": somebody_joins, "revoked": somebody_joins, "settling": somebody_joins,
    "lost": thrown_out, "republishing": after_a_crash, "republished": after_a_crash, "fencing": open_transaction,
    "fenced": open_transaction, "aborting": as_zombie, "recovering": disturbed, "recovered": disturbed,
    "refused": topic_deleted, "replaced": topic_deleted, "cutting": poisoned, "stopping": told_to_stop,
    "left": told_to_stop}


# --- what comes after ------------------------------------------------------------------------------------------


def crashed(arena: Arena, victim: Worker) -> None:
    die(arena, victim)


def hung(arena: Arena, victim: Worker) -> None:
    """Others take over; then it wakes up, and must neither commit nor publish."""
    wait_until("it stands still", lambda: state_of(victim) in "TXZ-")
    arena.remove(victim)
    others = [worker for worker in arena.running if worker is not victim] or [arena.start()]
    arena.load.wait_answers(GOES_ON)
    victim.signal(signal.SIGCONT)
    arena.running = others
    victim.process.terminate()
    code = victim.wait(2 * LIMIT)
    if code not in (0, WATCHDOG):
        raise AssertionError(f"exit code {code} of a zombie: {victim.text()[-3000:]}")
    arena.remove(victim)


def state_of(worker: Worker) -> str:
    try:
        return Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "-"


def stalled(arena: Arena, victim: Worker) -> None:
    """It ends itself (EOS-17)."""
    code = victim.wait(STALL_MS / 1000 + 2 * LIMIT)
    if code != WATCHDOG:
        raise AssertionError(f"exit code {code}, not the watchdog's: {victim.text()[-3000:]}")
    arena.gone(victim)


def cut(arena: Arena, victim: Worker) -> None:
    """It goes on by itself, in the same process; unless it is stopping."""
    if "stopping" not in victim.text():
        arena.load.wait_answers(GOES_ON)
        if not victim.running():
            raise AssertionError(f"ended with {victim.process.returncode}: {victim.text()[-3000:]}")


AFTERMATH: dict[str, Callable[[Arena, Worker], None]] = {
    "crash": crashed, "hang": hung, "stall": stalled, "cut-database": cut, "cut-kafka": cut}


# --- all of them -----------------------------------------------------------------------------------------------


def plan(seed: int, everything: bool, kinds: tuple[str, ...] = KINDS, only: str | None = None,
         program: str = WORKER) -> list[Fault]:
    """Every crash, and a third of the others by seed."""
    dice = random.Random(seed)
    faults = []
    for kind in kinds:
        for point in points(program):
            if only in (None, point) and (everything or only or kind == "crash" or dice.random() < 1 / 3):
                faults.append(Fault(point, kind, dice.randint(1, TIMES.get(point, 1))))
    dice.shuffle(faults)
    return faults
