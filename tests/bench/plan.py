"""The driver's plan: which cases there are, and who does what in each; driver_plan.h describes the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

Row = tuple[str, "str | None", "str | None"]  # activity, person (None: whoever the engine gives it to), flag

NONE = "-"


class Numbers:
    """Numbers names from 0, in the order of their arrival."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}

    def __call__(self, name: str | None) -> int | str:
        return NONE if name is None else self.names.setdefault(name, len(self.names))


class Plan:
    """`sequence`: each row begins when the one before it has ended; else when its task comes."""

    def __init__(self, process_id: str, *, sequence: bool = False, jobs: str = "") -> None:
        self.process_id, self.sequence, self.jobs = process_id, sequence, jobs
        self.act, self.staff, self.flag = Numbers(), Numbers(), Numbers()
        self.cases: list[str] = []
        self.rows = 0

    def add(self, entity: str, flag: str | None, rows: Iterable[Row]) -> None:
        numbered = [f"{self.act(act)}:{self.staff(member)}:{self.flag(end)}" for act, member, end in rows]
        self.rows += len(numbered)
        self.cases.append(f"{entity}\t{self.flag(flag)}\t{' '.join(numbered)}")

    def write(self, file: TextIO) -> None:
        lists = (self.act, self.staff, self.flag)
        print("bench-plan 1", "sequence" if self.sequence else "any", *(len(known.names) for known in lists),
              len(self.cases), self.rows, file=file)
        print(self.process_id, self.jobs, sep="\n", file=file)
        for known in lists:
            for name in known.names:
                print(name, file=file)
        for case in self.cases:
            print(case, file=file)
