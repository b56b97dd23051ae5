"""What all of the harness shares: where things are, and waiting."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 60.0  # seconds that anything may take, on a busy machine
POLL = 0.02
SHORT_SESSION: dict[str, str | int] = {"session_timeout_ms": 6000}  # the least that Kafka allows


def run_dir() -> Path:
    if "PAWL_RUN_DIR" not in os.environ or "PAWL_BROKERS" not in os.environ:
        raise SystemExit("no servers: call ./tests/run flow, or ./deploy/dev up and source its env")
    return Path(os.environ["PAWL_RUN_DIR"])


def program(name: str) -> str:
    return shutil.which(name) or str(ROOT / "build/release/bin" / name)


def alive(pid: int) -> bool:
    """Not of one that has ended and only waits to be asked for its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(what: str, check: Callable[[], T], limit: float = LIMIT) -> T:
    """What the check returns as soon as it is true."""
    deadline = time.monotonic() + limit
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {limit:g} s")
        time.sleep(POLL)
    return found
