"""What the processes of a run use: CPU and memory as Linux counts them, WAL and sizes as PostgreSQL does."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine_run import Failure, run

Json = dict[str, Any]

TICKS = os.sysconf("SC_CLK_TCK")


def stat_of(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty for a process that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def cpu_of(pid: int, *, ended_children: bool = False) -> float:
    stat = stat_of(pid)
    return sum(map(int, stat[11:15 if ended_children else 13])) / TICKS if stat else 0.0


def children_of(pid: int) -> list[int]:
    found = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [child for child in found if (stat := stat_of(child)) and int(stat[1]) == pid]


def rss_mb(pid: int) -> float:
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def machine_cpu() -> float:
    """Seconds that all processors have been busy."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, soft = map(int, fields[:7])
    return (user + nice + system + irq + soft) / TICKS


def server_pid(folder: Path | None, name: str) -> int:
    """As deploy/dev noted it down; 0: not known, somebody else's server."""
    try:
        return int((folder / f"{name}.pid").read_text().split()[0]) if folder else 0
    except (FileNotFoundError, ValueError, IndexError):
        return 0


class Postgres:
    """A server, and the engine's databases on it; sizes and counts are of all of these."""

    def __init__(self, env: dict[str, str], folder: Path | None, databases: list[str] | None = None) -> None:
        self.env = env
        self.databases = databases or [env.get("PAWL_DATABASE", "dbname=pawl")]
        self.pid = server_pid(folder, "postgres")

    def ask_all(self, query: str) -> list[list[str]]:
        """The rows of all databases, one after the other."""
        return [row for database in self.databases for row in self.ask(query, database=database)]

    def ask(self, query: str, *, superuser: bool = False, database: str = "") -> list[list[str]]:
        where = database or self.databases[0]
        if superuser:
            where = re.sub(r"\buser=\S+", "user=postgres", where)
        text = run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", where, "-f", "-"],
                   "asking the database", self.env, query)
        return [line.split("\t") for line in text.splitlines()]

    def cpu(self) -> float:
        return sum(map(cpu_of, children_of(self.pid))) + cpu_of(self.pid, ended_children=True) if self.pid else 0.0

    def wal_bytes(self) -> int:
        return int(self.ask("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8")[0][0])

    def batches(self) -> int:
        """Units of work that workers have begun; -1: not known here."""
        try:
            names = "', '".join(name for [name] in self.ask_all("select current_database()"))
            return int(self.ask("select coalesce(sum(s.calls), 0)::int8 from pg_stat_statements s"
                                f"  join pg_database d on d.oid = s.dbid and d.datname in ('{names}')"
                                " where s.query like '-- partition_advance%'")[0][0])
        except Failure:
            return -1

    def size(self) -> int:
        return sum(int(row[0]) for row in self.ask_all("select pg_database_size(current_database())"))

    def tables(self) -> dict[str, int]:
        """Bytes of each table, with its indexes."""
        return self._sums("select coalesce(p.inhparent, c.oid)::regclass, sum(pg_total_relation_size(c.oid))"
                          "  from pg_class c left join pg_inherits p on p.inhrelid = c.oid"
                          " where c.relkind = 'r' and c.relnamespace = 'workflow'::regnamespace group by 1")

    def _sums(self, query: str) -> dict[str, int]:
        """Of names and numbers of each database, the sums by name."""
        sums: dict[str, int] = {}
        for name, number in self.ask_all(query):
            sums[name] = sums.get(name, 0) + int(number)
        return sums

    def updates(self) -> dict[str, dict[str, int]]:
        """Of the tables whose rows are updated: how often so far, how many of it in the row's page, and rows that are dead."""
        return {name: {"updates": int(updates), "hot": int(hot), "dead": int(dead)} for name, updates, hot, dead in self.ask(
            "select relname, n_tup_upd, n_tup_hot_upd, n_dead_tup from pg_stat_user_tables"
            " where schemaname = 'workflow' and n_tup_upd > 0 order by n_tup_upd desc")}

    def settings(self) -> Json:
        rows = self.ask("select name, current_setting(name) from pg_settings where name in ('fsync',"
                        " 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'wal_compression',"
                        " 'server_version') order by 1")
        return {row[0]: row[1] for row in rows}

    def instances(self, process_id: str) -> dict[str, int]:
        return self._sums(f"select state, count(*) from workflow.instance where process_id = '{process_id}' group by 1")


class Sizes:
    """Each table's bytes at even times while it measures, to see which grow that should not."""

    COUNT = 7

    def __init__(self, postgres: Postgres, seconds: float) -> None:
        self.postgres, self.pause = postgres, seconds / (self.COUNT - 1)
        self.taken: list[dict[str, int]] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        self.taken.append(self.postgres.tables())
        while len(self.taken) < self.COUNT - 1 and not self.over.wait(self.pause):
            self.taken.append(self.postgres.tables())

    def finish(self) -> dict[str, list[float]]:
        """Megabytes by table."""
        self.over.set()
        self.thread.join()
        self.taken.append(self.postgres.tables())
        return {name.removeprefix("workflow."): [round(sizes.get(name, 0) / 1e6, 1) for sizes in self.taken]
                for name, size in sorted(self.taken[-1].items(), key=lambda item: -item[1]) if size >= 1e6}


@dataclass
class Sample:
    """What everybody has used so far."""

    worker: float
    postgres: float
    broker: float
    driver: float
    machine: float
    wal: int
    batches: int
    worker_rss: list[float]


def sample(postgres: Postgres, broker_pid: int, workers: list[int], driver_pid: int) -> Sample:
    return Sample(worker=sum(map(cpu_of, workers)), postgres=postgres.cpu(),
                  broker=cpu_of(broker_pid) if broker_pid else 0.0, driver=cpu_of(driver_pid), machine=machine_cpu(),
                  wal=postgres.wal_bytes(), batches=postgres.batches(),
                  worker_rss=[round(rss_mb(pid), 1) for pid in workers])


def machine() -> Json:
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return {"cores": len(os.sched_getaffinity(0)), "cpu": model[1] if model else "?",
            "memory_gb": round(int(memory[1]) / 2**20) if memory else 0}
