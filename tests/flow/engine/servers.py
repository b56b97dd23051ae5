"""Servers of a test's own, and workers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

from .common import LIMIT, ROOT, alive, program, run_dir, wait_until


class Servers:
    """PostgreSQL and Kafka that a test may stop: those of deploy/dev, in a run folder of their own."""

    script = "deploy/dev"
    def __init__(self, name: str) -> None:
        self.folder = run_dir() / name
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Servers:
        self.folder.mkdir(mode=0o755)
        self.folder.chmod(0o755)
        self._dev("up")
        dump = subprocess.run(["bash", "-c", f". '{self.folder}/env'; env -0"], check=True, capture_output=True)
        found = dict(item.split("=", 1) for item in dump.stdout.decode().split("\0") if "=" in item)
        self.environment = {name: found[name] for name in ("PAWL_BROKERS", "PAWL_DATABASE", "PAWL_KAFKA_CONFIG") if name in found}
        return self

    def __exit__(self, *_: object) -> None:
        self._dev("down", "--wipe")

    def _dev(self, *arguments: str) -> None:
        done = subprocess.run([str(ROOT / self.script), *arguments], stdin=subprocess.DEVNULL, text=True,
                              env=os.environ | {"PAWL_RUN_DIR": str(self.folder), "PAWL_DEV_SESSION_MS": "3000"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(f"{self.script} {' '.join(arguments)}: {done.stdout}")

    def stop(self, server: str) -> None:
        self._dev("down", "--only", server)

    def kill(self, server: str) -> None:
        """
        At once, as a crash would; pid and port are in deploy/dev's file.  Waits until both are free: who starts it while it
        is still dying takes it for alive, or another port, and clients know the old one.
        """
        pid, _, port = map(int, (self.folder / f"{server}.pid").read_text().split())
        os.kill(pid, signal.SIGKILL)
        wait_until(f"{server} is gone", lambda: not alive(pid) and is_free(port))

    def start(self, server: str) -> None:
        self._dev("up", "--only", server)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class SecureServers(Servers):
    """The same, which let nobody in without TLS and a password, and nobody do what no list allows."""

    script = "deploy/secure"

    @property
    def secrets(self) -> Path:
        """The folder of what the users need."""
        return Path(self.environment["PAWL_KAFKA_CONFIG"]).parent


class Worker:
    """A worker, or another program of the engine that runs until it is told to stop."""

    def __init__(self, environment: dict[str, str], log: Path, name: str = "pawl-worker", *arguments: str) -> None:
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen([program(name), *arguments], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out)
        self.pid = self.process.pid

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def batches(self) -> list[dict[str, int]]:
        """As its log tells at `debug`: commands, rejected, refused and so on of each."""
        lines = [line for line in self.text().splitlines() if "commands=" in line and "microseconds=" in line]
        return [{name: int(number) for name, _, number in (word.partition("=") for word in line.split())
                 if number.isdigit()} for line in lines]

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
