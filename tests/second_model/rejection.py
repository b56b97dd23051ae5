"""Why a command is rejected."""
from __future__ import annotations


class Rejected(Exception):
    def __init__(self, code: str, flags: list[str] | None = None) -> None:
        super().__init__(code)
        self.code, self.flags = code, flags
