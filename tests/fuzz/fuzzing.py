"""Runs one fuzz target and says what it came to."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent.parent / "build/fuzz/tests/fuzz"
TARGETS = ("envelope", "payload", "definition", "institution", "configuration")
INPUT_LIMIT = 10  # seconds, for one input: more is a hang
MEMORY_LIMIT = 1024  # MB
LENGTH = 4096  # bytes of an input at most


@dataclass(frozen=True)
class Result:
    target: str
    seed: int
    executions: int
    seconds: float
    edges: int
    memory_mb: int
    fault: str  # empty: none was found

    def __str__(self) -> str:
        return (f"{self.target}: {self.executions} executions in {self.seconds:.0f} s, {self.edges} edges, "
                f"{self.memory_mb} MB at most, seed {self.seed}")


def run(target: str, seed: int, *, seconds: int = 0, executions: int = -1, keep: Path | None = None,
        length: int = LENGTH) -> Result:
    """Until the time is over or so many inputs were tried; new inputs that go further are kept in a folder, if given."""
    with tempfile.TemporaryDirectory(prefix="pawl-fuzz-") as folder:
        found = keep or Path(folder)
        found.mkdir(parents=True, exist_ok=True)
        command = [str(BUILT / f"{target}_fuzz"), f"-seed={seed}", f"-max_total_time={seconds}", f"-runs={executions}",
                   f"-timeout={INPUT_LIMIT}", f"-rss_limit_mb={MEMORY_LIMIT}", f"-max_len={length}", "-print_final_stats=1",
                   "-reload=0",  # nobody else writes into the folder: there is no need to look
                   # A leak is looked for at the end: buffers that are kept would make libFuzzer look after each input.
                   "-detect_leaks=0", f"-dict={HERE / 'json.dict'}", f"-artifact_prefix={folder}/",
                   str(found), str(HERE / "corpus" / target)]
        began = time.monotonic()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=os.environ | {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"},
                              text=True, errors="replace")
        culprits = [f"{path.name}: {path.read_bytes()!r}" for path in Path(folder).glob("*-*")
                    if path.name.partition("-")[0] in ("crash", "leak", "timeout", "oom")]
    fault = "" if done.returncode == 0 else "\n".join([*culprits, done.stdout[-6000:]])
    return Result(target, seed, stat(done.stdout, "number_of_executed_units"), time.monotonic() - began,
                  last(r"cov: (\d+)", done.stdout), stat(done.stdout, "peak_rss_mb"), fault)


def last(pattern: str, text: str) -> int:
    return int((re.findall(pattern, text) or ["0"])[-1])


def stat(output: str, name: str) -> int:
    return last(rf"stat::{name}:\s+(\d+)", output)
