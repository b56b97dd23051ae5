"""The fault points of the executor: it dies, stands still or loses Kafka at each, while it has jobs to do.

A killed executor's jobs come back when their time is over, to another one; a task ends once, whatever its programs did.
"""

from __future__ import annotations

import signal
from pathlib import Path

import account
import loop
from desk import act, route
from engine import LIMIT, Engine, Worker, wait_until

EXECUTOR = str(Path(loop.WORKER).with_name("pawl-executor"))
KINDS = ("crash", "hang", "cut-kafka")
JOBS = 6  # at each fault


def definition() -> dict:
    limits = {"take": {"within": "PT20S"}, "end": {"within": "PT4S"}, "retries": 50}
    return {"process_id": "job",
            "activities": [act("start", "initial"), act("work", "automation", auto_executive="job", time_limits=limits),
                           act("done", "completion")],
            "routing": [route("start", None, "work"), route("work", None, "done")]}


class Jobs:
    """An engine with jobs, and executors in a chain."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.started = 0
        self.names: dict[Worker, str] = {}
        engine.deploy(definition())
        engine.pawl_ok("topics", "apply", "--partitions", str(engine.partitions), "--job", "job")
        program = engine.folder / "program"
        program.write_text(f"#!/bin/sh\necho $1 >> {engine.folder}/runs\n")
        program.chmod(0o755)
        self.section = f"[job]\nprogram = {program}\nargument = {{task_id}}\n"
        self.client = engine.client()
        self.executor = self.start()

    def start(self, fault: str = "") -> Worker:
        name = f"executor-{len(self.engine.workers)}"
        config = self.engine.folder / f"{name}.kafka"
        config.write_text(f"client.id={name}\nheartbeat.interval.ms=500\n")
        executor = self.engine.start_executor(self.section, fault=fault, kafka_config=str(config))
        self.names[executor] = name
        executor.wait_log("sharing the jobs")
        return executor

    def remove(self, executor: Worker) -> None:
        """Out of the group that shares the jobs, as at the end of its session."""
        broker, group = self.engine.broker(), f"{self.engine.prefix}-executor"
        for member, client in broker.members(group).items():
            if client == self.names[executor]:
                broker.remove_member(group, member)

    def begin(self) -> None:
        for _ in range(JOBS):
            self.client.start("job")
        self.started += JOBS

    def wait_done(self) -> None:
        wait_until("all jobs are done", lambda: self.engine.value(
            "select count(*) from workflow.instance where state = 'completed'") == str(self.started), 2 * LIMIT)

    def inject(self, fault: loop.Fault) -> None:
        if self.executor.running() and self.executor.terminate() != 0:
            raise AssertionError(f"exit code {self.executor.process.returncode}: {self.executor.text()[-2000:]}")
        kind = fault.kind if fault.kind != "cut-kafka" else "cut/" + self.engine.brokers.rpartition(":")[2]
        victim = self.start(f"{fault.point}={kind}*{fault.time}")
        self.begin()
        loop.victim_said(victim, f"point={fault.point}")
        self.executor = victim if fault.kind == "cut-kafka" else self.start()
        if fault.kind == "crash" and victim.wait(LIMIT) != -signal.SIGKILL:
            raise AssertionError(f"exit code {victim.process.returncode}")
        if fault.kind != "cut-kafka":
            self.remove(victim)
        self.wait_done()
        if fault.kind == "hang":
            victim.signal(signal.SIGCONT)
            if victim.terminate() != 0:
                raise AssertionError(f"exit code {victim.process.returncode}: {victim.text()[-2000:]}")

    def finish(self) -> account.Account:
        self.executor.terminate()
        found = account.take(self.engine)
        ran = set((self.engine.folder / "runs").read_text().split())
        ended = {row[0] for row in self.engine.psql("select task_id from workflow.history_list where act_id = 'work'"
                                                    " and how = 'ended'")}
        if len(ended) != self.started or ended - ran:
            found.lost += 1
            found.note(f"{self.started} jobs, {len(ended)} tasks ended, {len(ran)} ran")
        return found


def plan(seed: int, everything: bool) -> list[loop.Fault]:
    return loop.plan(seed, everything, KINDS, program=EXECUTOR)
