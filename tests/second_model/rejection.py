"""Why a command is rejected."""
from __future__ import annotations


class Rejected(Exception):
    """`named`: the outcome says which instance it is about, for the command was understood."""

    def __init__(self, code: str, flags: list[str] | None = None) -> None:
        super().__init__(code)
        self.code, self.flags, self.named = code, flags, code != "invalid_command"
