"""Servers that a storm may do anything to: PostgreSQL on a small disk, perhaps with a standby; one broker or three."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from engine import LIMIT, ROOT, wait_until

START_LIMIT = 300.0  # seconds; a broker that was killed reads all its logs again, beside everything else
SESSION_MS = "3000"  # a broker that was killed may come back when its old session is over
DISK_MB = 3072  # of the database, if it can be mounted
LEFT_KB = 32768  # room that may be used while the disk is made small


def load_dev(folder: Path) -> Any:
    """deploy/dev as a module, for this run folder."""
    os.environ |= {"PAWL_RUN_DIR": str(folder), "PAWL_DEV_SESSION_MS": SESSION_MS}
    loader = SourceFileLoader("pawl_dev", str(ROOT / "deploy/dev"))
    spec = spec_from_loader("pawl_dev", loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    choose = module.free_ports
    chosen: dict[str, list[int]] = {}

    def same_ports(name: str, attempt: int, count: int) -> list[int]:
        """A killed server comes back where it was, even if its last threads still hold the port for a moment."""
        if name not in chosen:
            chosen[name] = choose(name, attempt, count)
        return chosen[name]
    module.free_ports = same_ports
    module.START_LIMIT = START_LIMIT
    return module


def node_class(dev: Any) -> type:
    class Node(dev.Kafka):  # type: ignore[misc, name-defined]
        """One of several brokers, each also a controller."""

        def __init__(self, number: int, ports: list[tuple[int, int]], cluster_id: str) -> None:
            self.number, self.ports, self.cluster_id = number, ports, cluster_id
            self.name = f"kafka-{number}"
            super().__init__()

        def spawn(self, attempt: int) -> subprocess.Popen:
            libs = dev.fetch_kafka()
            dev.write_atomically(self.home / "log4j2.properties", (dev.DEPLOY / "kafka/log4j2.properties").read_text())
            config = self.configure(self.data, *self.ports[self.number - 1])
            if not self.data.exists():
                self.run_as_server([*self.java(libs), "kafka.tools.StorageTool", "format",
                                    f"--cluster-id={self.cluster_id}", "--config", config], "formatting Kafka's storage")
            argv = [*self.java(libs), "-Xms128m", "-Xmx384m", "kafka.Kafka", str(config)]
            return self.process.spawn(argv, self.ports[self.number - 1][0], dev.server_env(), dev.SERVER_USER, self.home)

        def configure(self, data: Path, broker: int, controller: int) -> Path:
            config = super().configure(data, broker, controller)
            voters = ",".join(f"{i}@{dev.HOST}:{c}" for i, (_, c) in enumerate(self.ports, 1))
            names = ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
            dev.write_atomically(config, config.read_text() + "\n".join([
                f"node.id={self.number}", f"controller.quorum.voters={voters}", "default.replication.factor=3",
                "min.insync.replicas=2", "broker.session.timeout.ms=9000", *(f"{name}.replication.factor=3" for name in names),
                "transaction.state.log.min.isr=2", "share.coordinator.state.topic.min.isr=2", ""]))
            return config

        def ready(self) -> bool:
            answer = subprocess.run(["kcat", "-b", f"{dev.HOST}:{self.process.port}", "-L", "-m", "5"],
                                    capture_output=True, text=True, stdin=subprocess.DEVNULL)
            return f"broker {self.number} at {dev.HOST}:{self.process.port}" in answer.stdout
    return Node


class Cluster:
    """All servers of a storm.  Use as a context manager."""

    def __init__(self, folder: Path, brokers: int = 1, standby: bool = False) -> None:
        self.folder = folder
        self.dev = load_dev(folder)
        self.wanted, self.with_standby = brokers, standby
        self.brokers: list[Any] = []
        self.postgres: Any = None
        self.standby: Standby | None = None
        self.mounted = False
        self.locks = {"database": threading.Lock(), "bus": threading.Lock()}
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Cluster:
        self.postgres = self.dev.Postgres()
        self.filler = self.postgres.home / "filler"
        self.mount()
        try:
            self.start_brokers()
            self.postgres.start()
            if self.mounted:  # what the log keeps must fit on the small disk
                self.psql("alter system set max_wal_size = '256MB'")
                self.psql("select pg_reload_conf()")
            if self.with_standby:
                self.standby = Standby(self)
        except BaseException:
            self.close()
            raise
        database = self.standby.setting() if self.standby else self.postgres.setting()[1]
        self.environment = {"PAWL_DATABASE": database, "PAWL_BROKERS": ",".join(b.setting()[1] for b in self.brokers)}
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.standby:
            self.standby.close()
        for server in (self.postgres, *self.brokers):
            if server.process.pid:
                server.process.stop(signal.SIGKILL)
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.postgres.home)], check=False)
        subprocess.run(["rm", "-rf", *(str(server.home) for server in (self.postgres, *self.brokers))], check=False)

    # PostgreSQL

    def mount(self) -> None:
        """A disk of its own for the database; without the right to mount there is no full disk."""
        self.dev.make_dir(self.postgres.home)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=755", "tmpfs", str(self.postgres.home)],
                              capture_output=True)
        self.mounted = done.returncode == 0

    def resize(self, size: str) -> bool:
        return subprocess.run(["mount", "-o", f"remount,size={size}", str(self.postgres.home)],
                              capture_output=True).returncode == 0

    def fill_disk(self) -> None:
        """Not a page more: it is made small, which is refused if too much was written meanwhile, and the rest is filled."""
        def small() -> bool:
            used = os.statvfs(self.postgres.home)
            return self.resize(f"{(used.f_blocks - used.f_bfree) * used.f_frsize // 1024 + LEFT_KB}k")
        wait_until("the disk is small", small)
        with suppress(OSError), self.filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass

    def empty_disk(self) -> None:
        self.filler.unlink(missing_ok=True)
        wait_until("the disk has room", lambda: self.resize(f"{DISK_MB}m"))

    def psql(self, sql: str) -> None:
        """As soon as it can: it may be coming up again after a crash of its own."""
        primary = self.standby if self.standby and self.standby.promoted else self.postgres
        where = f"host={self.dev.HOST} port={primary.process.port} dbname=postgres user=postgres"
        wait_until(f"PostgreSQL does {sql}", lambda: subprocess.run(
            ["psql", "-X", "-q", "-d", where, "-c", sql], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0,
            2 * LIMIT)

    def primary(self) -> Any:
        return self.standby if self.standby and self.standby.promoted else self.postgres

    def kill_postgres(self) -> None:
        self.primary().process.kill(signal.SIGKILL)
        self.primary().process.wait_end(LIMIT)

    def start_postgres(self) -> None:
        """Also after a crash of its own."""
        self.primary().start()

    # Kafka

    def start_brokers(self) -> None:
        if self.wanted == 1:
            self.brokers = [self.dev.Kafka()]
            self.brokers[0].start()
            return
        ports = self.dev.free_ports("kafka", 0, 2 * self.wanted)
        cluster_id = self.dev.base64.urlsafe_b64encode(self.dev.uuid.uuid4().bytes).decode().rstrip("=")
        node = node_class(self.dev)
        self.brokers = [node(i + 1, list(zip(ports[::2], ports[1::2])), cluster_id) for i in range(self.wanted)]
        self.dev.fetch_kafka()
        for broker in self.brokers:  # one alone has no quorum, so none is waited for before all are there
            broker.make_home()
            broker.spawn(0)
        for broker in self.brokers:
            wait_until(f"{broker.name} answers", broker.ready, 4 * LIMIT)

    def kill_broker(self, which: int) -> None:
        self.brokers[which].process.kill(signal.SIGKILL)
        self.brokers[which].process.wait_end(LIMIT)

    def start_broker(self, which: int) -> None:
        self.brokers[which].start()


class Standby:
    """A second PostgreSQL that has every commit before its client knows (synchronous replication)."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.dev = cluster, cluster.dev
        self.process = self.dev.Process("standby")
        self.home = self.dev.within_reach(cluster.folder) / "standby"
        self.data = self.home / "data"
        self.promoted = False
        [self.port] = self.dev.free_ports("standby", 0, 1)
        self.make()
        self.start()
        cluster.psql("alter system set synchronous_standby_names = 'standby'")
        cluster.psql("select pg_reload_conf()")

    def make(self) -> None:
        server = self.cluster.postgres
        server.make_home.__func__(self)  # a folder that the server's user owns
        where = f"host={self.dev.HOST} port={server.process.port} user=postgres application_name=standby"
        self.dev.run([server.program("pg_basebackup"), "-D", self.data, "-d", where, "-R", "-c", "fast"],
                     "copying the primary", env=self.dev.server_env(), cwd=self.home, **self.dev.as_user(self.dev.SERVER_USER))
        with (self.data / "pawl.conf").open("a") as conf:
            conf.write(f"\nport = {self.port}\nunix_socket_directories = ''\n")

    def start(self) -> str:
        if not self.process.alive():
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            program = self.cluster.postgres.program("postgres")
            self.process.spawn([program, "-D", str(self.data)], self.port, self.dev.server_env(), self.dev.SERVER_USER, self.home)
        wait_until("the standby answers", self.ready, 2 * LIMIT)
        return "running"

    def ready(self) -> bool:
        where = f"host={self.dev.HOST} port={self.port} user=postgres"
        return subprocess.run(["pg_isready", "-q", "-d", where], stdin=subprocess.DEVNULL).returncode == 0

    def setting(self) -> str:
        return (f"host={self.dev.HOST},{self.dev.HOST} port={self.cluster.postgres.process.port},{self.port} dbname=pawl"
                " user=pawl target_session_attrs=read-write")

    def promote(self) -> None:
        """In the place of a primary that has just died, and stays dead."""
        self.cluster.kill_postgres()
        self.promoted = True
        self.cluster.psql("select pg_promote()")

    def close(self) -> None:
        self.process.stop(signal.SIGKILL)
        subprocess.run(["rm", "-rf", str(self.home)], check=False)


def clients_of(port: int) -> list[str]:
    """The command that cuts every connection to a port."""
    return shlex.split(f"ss -K -t dst 127.0.0.1 dport = {port}")
