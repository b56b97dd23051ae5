"""Runs a plan of faults on engines side by side, for most of what they do is wait, and adds up what came of it."""

from __future__ import annotations

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import jobs
import loop
from account import Account
from engine import SHORT_SESSION, Engine

TOGETHER = 3
SETTINGS = {**SHORT_SESSION, "transaction_timeout_ms": 4000, "retry_max_ms": 500}


@dataclass
class Report:
    injected: Counter[str] = field(default_factory=Counter)
    accounts: list[Account] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def clean(self) -> bool:
        return not self.failures and all(account.clean() for account in self.accounts)

    def text(self) -> str:
        def total(name: str) -> int:
            return sum(getattr(account, name) for account in self.accounts)
        lines = [f"figure {kind}: {count} injected" for kind, count in sorted(self.injected.items())]
        lines.append("figure " + ", ".join(f"{total(name)} {name.replace('_', ' ')}" for name in
                                           ("commands", "lost", "doubled", "out_of_order", "differences")))
        return "\n".join([*lines, *self.failures, *(example for account in self.accounts for example in account.examples)])


def share(faults: list[loop.Fault], seed: int, report: Report, of_executor: bool = False) -> None:
    """One engine's part."""
    with Engine("fault", workers=int(of_executor), **SETTINGS) as engine:
        arena: loop.Arena | jobs.Jobs = jobs.Jobs(engine) if of_executor else loop.Arena(engine, seed)
        for fault in faults:
            began = time.monotonic()
            try:
                arena.inject(fault)
            except AssertionError as failure:
                report.failures.append(f"{fault}: {failure}\n   {engine.folder}")
                return
            report.injected[fault.kind] += 1
            print(f"   {fault} {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
        report.accounts.append(arena.finish())


def run(faults: list[loop.Fault], seed: int, together: int = TOGETHER, of_executor: tuple[loop.Fault, ...] = ()) -> Report:
    report = Report()
    with ThreadPoolExecutor(together + 1) as threads:
        parts = [threads.submit(share, faults[i::together], seed + i, report) for i in range(min(together, len(faults)))]
        if of_executor:
            parts.append(threads.submit(share, list(of_executor), seed, report, True))
    for part in parts:
        try:
            part.result()
        except AssertionError as failure:
            report.failures.append(str(failure))
    return report
