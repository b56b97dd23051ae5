"""What benchmarks and replays start and stop: servers, workers, the driver; and what a replay asks the database."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

PROJECT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 15.0
SAMPLE_SECONDS = 0.25
RESTARTS = 20  # of workers that ended by themselves; then something is wrong with all of them


class Failure(Exception):
    """Something that the user is told in one line."""


def say(text: str) -> None:
    print(f"{Path(sys.argv[0]).name}: {text}", file=sys.stderr, flush=True)


def run(argv: list[str | Path], what: str, env: dict[str, str], stdin: str | None = None) -> str:
    done = subprocess.run([str(arg) for arg in argv], env=env, input=stdin or "", capture_output=True,
                          encoding="utf-8", errors="surrogateescape")
    if done.returncode != 0:
        said = (done.stdout[-2000:] + done.stderr[-4000:]).rstrip()
        raise Failure(f"{what} failed (exit code {done.returncode}):\n{said}")
    return done.stdout


def program(preset: str, name: str) -> Path:
    path = PROJECT / "build" / preset / "bin" / name
    if not path.exists():
        raise Failure(f"cannot find {path}; run cmake --preset {preset} && cmake --build --preset {preset} first")
    return path


# --- servers ---------------------------------------------------------------------------------------------------


def servers_up(folder: Path, preset: str) -> dict[str, str]:
    """Starts servers of this run's own; returns the environment in which programs find them."""
    env = {**os.environ, "PAWL_RUN_DIR": str(folder)}
    run([PROJECT / "deploy/dev", "up", "--preset", preset], "deploy/dev up", env)
    dump = run(["sh", "-c", f'. "{folder}/env" && env -0'], "reading the servers' env file", env)
    return dict(line.split("=", 1) for line in dump.split("\0") if "=" in line)


def servers_down(folder: Path, wipe: bool) -> None:
    env = {**os.environ, "PAWL_RUN_DIR": str(folder)}
    run([PROJECT / "deploy/dev", "down", *(["--wipe"] if wipe else [])], "deploy/dev down", env)


# --- workers ---------------------------------------------------------------------------------------------------


class Workers:
    """Worker processes, watched for memory and for ending by themselves; in turn on each of the engine's databases."""

    def __init__(self, program: Path, folder: Path, env: dict[str, str], seed: int, databases: list[str] | None = None) -> None:
        self.program, self.folder = program, folder
        self.envs = [env | {"PAWL_DATABASE": database} for database in databases or []] or [env]
        self.random = random.Random(seed)
        self.running: list[subprocess.Popen[bytes]] = []
        self.count = self.kills = self.ended_alone = 0
        self.peak_kb = self.ticks = 0
        self.seen_ticks: dict[int, int] = {}  # CPU of each process, by pid
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def start(self, count: int) -> None:
        for number in range(count):
            self.running.append(self._spawn(number))
        self.watcher.start()

    def _spawn(self, number: int) -> subprocess.Popen[bytes]:
        self.count += 1
        with open(self.folder / f"bench-worker-{self.count}.log", "wb") as log:
            return subprocess.Popen([self.program], env=self.envs[number % len(self.envs)], stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log)

    def _watch(self) -> None:
        while not self.stopping.wait(SAMPLE_SECONDS):
            with self.lock:
                for number, worker in enumerate(self.running):
                    self._sample(worker.pid)
                    if worker.poll() is not None and self.ended_alone < RESTARTS:
                        self.ended_alone += 1
                        say(f"worker {worker.pid} ended by itself with exit code {worker.returncode}, see "
                            f"{self.folder}/bench-worker-*.log; starting another")
                        self.running[number] = self._spawn(number)

    def _sample(self, pid: int) -> None:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return
        peak = re.search(r"VmHWM:\s+(\d+)", status)
        self.peak_kb = max(self.peak_kb, int(peak[1]) if peak else 0)
        self.seen_ticks[pid] = int(stat[11]) + int(stat[12])

    def kill_one(self) -> None:
        """Kills one of them at once, and starts another."""
        with self.lock:
            if not self.running:
                return
            number = self.random.randrange(len(self.running))
            victim = self.running[number]
            self._sample(victim.pid)
            victim.kill()
            victim.wait()
            self.kills += 1
            say(f"killed worker {victim.pid}")
            self.running[number] = self._spawn(number)

    def stop(self) -> None:
        self.stopping.set()
        if self.watcher.is_alive():
            self.watcher.join()
        for worker in self.running:
            self._sample(worker.pid)
            worker.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in self.running:
            try:
                worker.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"worker {worker.pid} did not stop; killing it")
                worker.kill()
                worker.wait()
        self.running = []

    def cpu_seconds(self) -> float:
        return sum(self.seen_ticks.values()) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        return round(self.peak_kb / 1024, 1)


# --- the driver ------------------------------------------------------------------------------------------------


class Killer:
    """Kills workers at random moments: at random shares of the commands, or about every so many seconds."""

    def __init__(self, workers: Workers, commands: int, times: int, every: float, seed: int) -> None:
        chance = random.Random(f"kill {seed}")
        self.workers, self.every, self.chance = workers, every, chance
        self.moments = sorted(commands * chance.uniform(0.03, 0.97) for _ in range(times))
        self.next = time.monotonic() + self._pause() if every else 0.0

    def _pause(self) -> float:
        return self.every * self.chance.uniform(0.5, 1.5)

    def at(self, commands: int) -> None:
        while self.moments and commands >= self.moments[0]:
            self.moments.pop(0)
            self.workers.kill_one()
        if self.every and time.monotonic() >= self.next:
            self.workers.kill_one()
            self.next = time.monotonic() + self._pause()


def drive(argv: list[str | Path], env: dict[str, str], progress: Callable[[int], None],
          stage: Callable[[str], None] = lambda word: None, started: Callable[[int], None] = lambda pid: None) -> Json:
    """Runs the driver to its end; returns its result.

    `started` is told its process id, `stage` when it begins and ends to measure.
    """
    driver = subprocess.Popen([str(arg) for arg in argv], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True)
    started(driver.pid)
    result: Json = {}
    assert driver.stdout
    try:
        for line in driver.stdout:
            word, _, rest = line.partition(" ")
            if word == "progress":
                progress(int(rest.split()[0]))
            elif word == "result":
                result = json.loads(rest)
            else:
                stage(word.strip())
        driver.wait()
    finally:
        if driver.poll() is None:
            driver.send_signal(signal.SIGTERM)
            driver.wait()
    if not result:
        raise Failure(f"the driver ended with exit code {driver.returncode} and no result")
    return {**result, "driver_exit": driver.returncode}


# --- the database ----------------------------------------------------------------------------------------------


HISTORY = """
copy (select i.entity_id, h.act_id, h.staff_id, h.completion_flag, count(*)
        from workflow.history_list h
        join workflow.instance_list i on i.instance_id = h.instance_id
       where i.process_id = :'process'
         and h.how = 'ended' and h.act_type = 'interaction'
       group by 1, 2, 3, 4) to stdout (format csv, null '');
"""
INSTANCES = """
copy (select entity_id, state, count(*) from workflow.instance_list
       where process_id = :'process' group by 1, 2) to stdout (format csv, null '');
"""
SIZE = "copy (select pg_database_size(current_database())) to stdout;"


class Database:
    def __init__(self, env: dict[str, str], process_id: str) -> None:
        self.env = {**env, "PGCLIENTENCODING": "UTF8"}
        self.process_id = process_id

    def _copy(self, query: str) -> Iterator[list[str]]:
        text = run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"process={self.process_id}", "-d",
                    self.env.get("PAWL_DATABASE", "dbname=pawl"), "-f", "-"], "asking the database", self.env, query)
        return csv.reader(io.StringIO(text, newline=""))

    def history(self) -> Counter[tuple[str, str, str, str]]:
        return Counter({(row[0], row[1], row[2], row[3]): int(row[4]) for row in self._copy(HISTORY)})

    def instances(self) -> Counter[tuple[str, str]]:
        return Counter({(row[0], row[1]): int(row[2]) for row in self._copy(INSTANCES)})

    def size_mb(self) -> float:
        return int(next(iter(self._copy(SIZE)))[0]) / 1e6


def differences(expected: Counter[Any], found: Counter[Any]) -> dict[Any, int]:
    """found - expected, where that is not 0."""
    return {key: found[key] - expected[key] for key in expected.keys() | found.keys() if found[key] != expected[key]}
