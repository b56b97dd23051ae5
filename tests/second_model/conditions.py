"""Conditions of routing rules (FWD-6): of Lua, what the generator writes."""
from __future__ import annotations

import operator
import re

from rejection import Rejected

OPERATORS = {"==": operator.eq, "~=": operator.ne, ">": operator.gt, "<": operator.lt}
FORM = re.compile(r"(?:\((\w+) or (\d+)\)|(\w+)) (==|~=|>|<) (\d+)")


def holds(condition: str, variables: dict | None) -> bool:
    guarded, instead, plain, sign, number = FORM.fullmatch(condition).groups()
    value = (variables or {}).get(guarded or plain)
    if value is None and guarded:
        value = int(instead)
    if value is None and sign in "<>":
        raise Rejected("condition_failed")
    return OPERATORS[sign](value, int(number))
