"""Makes a failing case small: fewer commands, activities, rules, people; it must fail in the same way."""
from __future__ import annotations

import copy
import re

import round as rounds
from driver import Driver


def kind_of(trouble) -> tuple:
    """Two failures are the same if this is."""
    what = trouble.what
    if trouble.kind == "violation":
        what = re.sub(r"[0-9]+", "", what.partition(":")[0])
    elif what.startswith("event"):
        what = what.partition(": ")[2]
    elif re.match("outcome (position|tasks)|[0-9]+ events", what):
        what = re.sub("[0-9].*", "", what)
    code = trouble.core.get("outcome", {}).get("code") if isinstance(trouble.core, dict) else None
    return trouble.kind, what, code


class Shrinker:
    def __init__(self, driver: Driver, lines: list[dict], trouble, tries: int = 3000) -> None:
        self.driver, self.trouble, self.tries = driver, trouble, tries
        self.lines = lines[:trouble.at + 1]

    def fails(self, lines: list[dict]):
        self.tries -= 1
        if self.tries < 0:
            return None
        try:
            found = rounds.check(rounds.replay(lines), self.driver)
        except Exception:  # what is cut too short is no case
            return None
        return found if found and kind_of(found) == kind_of(self.trouble) else None

    def keep(self, lines: list[dict]) -> bool:
        found = self.fails(lines)
        if found:
            self.lines, self.trouble = lines[:found.at + 1], found
        return bool(found)

    def run(self):
        before = None
        while before != self.lines and self.tries > 0:
            before = self.lines
            self.drop_lines()
            self.simplify()
        return self.lines, self.trouble

    def drop_lines(self) -> None:
        size = max(1, len(self.lines) // 2)
        while size:
            at = len(self.lines) - 1 - size
            while at >= 0:
                self.keep(self.lines[:at] + self.lines[at + size:])
                at = min(at - size, len(self.lines) - 1 - size)
            size //= 2

    def simplify(self) -> None:
        for number in range(len(self.lines)):
            if number < len(self.lines):
                self.simplify_at(number, ("data",))

    def simplify_at(self, number: int, path: tuple) -> None:
        """Drops members of objects and elements of lists, one after the other, at every depth."""
        value = self.lines[number]
        for step in path:
            if isinstance(value, dict) and step not in value or isinstance(value, list) and step >= len(value):
                return
            value = value[step]
        if isinstance(value, dict):
            keys = list(value)
        elif isinstance(value, list):
            keys = list(reversed(range(len(value))))
        else:
            return
        for key in keys:
            if number < len(self.lines) and not self.without(number, path, key):
                self.simplify_at(number, (*path, key))

    def without(self, number: int, path: tuple, key) -> bool:
        lines = list(self.lines)
        lines[number] = copy.deepcopy(lines[number])
        value = lines[number]
        for step in path:
            value = value[step]
        if isinstance(value, dict) and key not in value or isinstance(value, list) and key >= len(value):
            return False
        if path[-1] == "activities" and isinstance(value, list) and "act_id" in value[key]:
            self.without_activity(lines[number]["data"]["definition"], value[key]["act_id"])
        else:
            del value[key]
        return self.keep(lines)

    @staticmethod
    def without_activity(definition: dict, act_id: str) -> None:
        definition["activities"] = [a for a in definition["activities"] if a["act_id"] != act_id]
        for rule in definition["routing"]:
            rule["to"] = [to for to in rule["to"] if to != act_id]
        definition["routing"] = [r for r in definition["routing"] if r["from"] != act_id and r["to"]]
        definition["assignment"] = [r for r in definition.get("assignment", []) if r["act"] != act_id]
        if "pre_rules" in definition:
            definition["pre_rules"] = [r for r in definition["pre_rules"]
                                       if act_id not in (r["act"], r["after"]) and all(n["act"] != act_id for n in r["needs"])]
