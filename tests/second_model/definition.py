"""A version of a process, and what the rules of sections 4 to 6 ask of its graph.

As plain as the specification reads: paths are searched, a post-dominator is an activity without
which no end can be reached.  Answers about a graph are remembered, for a definition never changes.
"""
from __future__ import annotations

import functools
import re

MERGES = ("and_merge", "or_merge", "vote_merge")
WORKS = ("interaction", "automation")


def remembered(method):
    """The answer depends on the arguments alone: asked once for each."""
    name = method.__name__

    @functools.wraps(method)
    def answer(self, *arguments):
        key = (name, arguments)
        if key not in self.answers:
            self.answers[key] = method(self, *arguments)
        return self.answers[key]
    return answer


def duration(text: str | None) -> int:
    """An ISO 8601 duration in microseconds."""
    if not text:
        return 0
    units = {"W": 604800, "D": 86400, "H": 3600, "M": 60, "S": 1}
    return sum(int(float(n) * 1_000_000) * units[u] for n, u in re.findall(r"([0-9.]+)([WDHMS])", text))


def alike(rule: dict, other: dict) -> bool:
    """Whether a rule can never win against another one."""
    return all(rule.get(name) == other.get(name) for name in ("after", "flag", "condition", "default"))


class Activity:
    """An activity with its own rules, by the names of the definition file."""

    def __init__(self, document: dict) -> None:
        self.act_id = document["act_id"]
        self.type = document["act_type"]
        self.name = document.get("name")
        self.rule_applied = document.get("rule_applied", "default")
        self.auto_executive = document.get("auto_executive")
        self.flag_asked = document.get("or_merge_flag")
        if self.flag_asked == "any":
            self.flag_asked = None
        self.votes = document.get("num_votes_needed")
        self.inclusive = document.get("inclusive", False)
        self.terminate = document.get("terminate", False)
        self.completion_flag = document.get("completion_flag")
        self.closes = document.get("closes")
        self.check_every = duration(document.get("check_every"))
        limits = document.get("time_limits", {})
        self.limits = {which: limits[which] for which in ("take", "end") if which in limits}
        self.retries = limits.get("retries", 0)
        self.sub_process = document.get("sub_process")
        self.pre_rule_func = document.get("ex_pre_rule_func")
        self.post_rule_func = document.get("ex_post_rule_func")
        self.rules: list[dict] = []
        self.pre_rules: dict[str, list[dict]] = {}
        self.assignment: dict | None = None

    @property
    def user_pre_rule(self) -> bool:
        return self.rule_applied in ("user_defined_pre_rule", "user_defined_both_rule")

    @property
    def user_post_rule(self) -> bool:
        return self.rule_applied in ("user_defined_post_routing_rule", "user_defined_both_rule")


class Definition:
    def __init__(self, document: dict, version: int) -> None:
        self.document = document
        self.process_id = document["process_id"]
        self.answers: dict = {}
        self.version = version
        self.activities = {a["act_id"]: Activity(a) for a in document["activities"]}
        self.or_merges = [a.act_id for a in self.activities.values() if a.type == "or_merge"]
        self.time_limit = document.get("time_limit")
        for rule in document["routing"]:
            self.activities[rule["from"]].rules.append(rule)
        for rule in document.get("pre_rules", []):
            self.activities[rule["act"]].pre_rules[rule["after"]] = rule["needs"]
        for rule in document.get("assignment", []):
            self.activities[rule["act"]].assignment = rule
        self.initial = next(a for a in self.activities.values() if a.type == "initial")

    # -- the graph: its nodes are the activities, its edges what the routing rules name

    @remembered
    def edges(self, act_id: str) -> list[str]:
        return list(dict.fromkeys(n for rule in self.activities[act_id].rules for n in rule["to"]))

    @remembered
    def path(self, start: str, goal: str, without: frozenset = frozenset()) -> bool:
        """Whether a path of one or more edges leads there that passes none of `without` on its way."""
        seen: set[str] = set()
        ahead = list(self.edges(start))
        while ahead:
            act = ahead.pop()
            if act == goal:
                return True
            if act not in seen and act not in without:
                seen.add(act)
                ahead.extend(self.edges(act))
        return False

    @remembered
    def on_every_path(self, opener: str, merge: str) -> bool:
        """BAT-4: every path from the beginning to the merge passes the opener."""
        start = self.initial.act_id
        if opener in (start, merge):
            return True
        return not self.path(start, merge, frozenset([opener]))

    def faults(self) -> bool:
        """Whether the definition is one that makes no sense, whatever its file's form."""
        acts = self.activities.values()
        idle = frozenset(a.act_id for a in acts if a.type in WORKS)
        start = self.initial.act_id
        return (not any(a.type == "completion" for a in acts)
                or any(not a.rules and a.type not in ("completion", "dummy") for a in acts)
                or any(a.rules and a.type == "completion" for a in acts)
                or any(alike(one, other) for a in acts for i, one in enumerate(a.rules) for other in a.rules[:i])
                or any(start in self.edges(a) for a in self.activities)
                or any(a.type == "interaction" and not a.assignment for a in acts)
                or any(a.limits and a.type not in WORKS for a in acts)
                or any(self.closes_wrongly(a) for a in acts)
                or any(limit["then"] in ("reassign", "escalate") and a.type == "automation"
                       for a in acts for limit in a.limits.values())
                or any(a != start and not self.path(start, a) for a in self.activities)
                or any(a not in idle and self.path(a, a, idle) for a in self.activities))

    def closes_wrongly(self, merge: Activity) -> bool:
        """BAT-3: the merge names who opens nothing, who cannot come to it, or whom another merge names as well."""
        opener = merge.closes
        if opener is None:
            return False
        return (merge.type not in MERGES or not (self.opens_step(opener) or self.opens_all(opener))
                or not self.path(opener, merge.act_id)
                or any(a.closes == opener and a is not merge for a in self.activities.values()))

    # -- BAT-2, BAT-3: openers and the merges that close what they open

    @remembered
    def opens_step(self, act_id: str) -> bool:
        """Whether a step of the activity can open a batch (BAT-2)."""
        activity = self.activities[act_id]
        if activity.type == "and_branch" or activity.inclusive:
            return True
        if activity.user_post_rule:  # it may name an activity several times
            return bool(self.edges(act_id))
        return any(len(rule["to"]) > 1 for rule in activity.rules)

    @remembered
    def opens_all(self, act_id: str) -> bool:
        """Whether the assignment of the activity can open a batch (BAT-2)."""
        rule = self.activities[act_id].assignment
        return rule is not None and rule["method"] == "all"

    @remembered
    def ends(self, ordinary: bool) -> frozenset[str]:
        """The ordinary completions; or every end: each activity from which nothing follows."""
        if ordinary:
            return frozenset(a.act_id for a in self.activities.values() if a.type == "completion" and not a.terminate)
        return frozenset(a for a in self.activities if not self.edges(a))

    @remembered
    def gets_to_an_end(self, act_id: str, ends: frozenset, without: str | None = None) -> bool:
        if act_id == without:
            return False
        return act_id in ends or any(self.path(act_id, end, frozenset([without])) for end in ends if end != without)

    @remembered
    def post_dominators(self, act_id: str) -> list[str]:
        """What lies on every path from the activity to an end, nearest first (BAT-3)."""
        ends = self.ends(True)
        if not self.gets_to_an_end(act_id, ends):
            ends = self.ends(False)
            if not self.gets_to_an_end(act_id, ends):
                return []

        def dominates(other: str, one: str) -> bool:
            return not self.gets_to_an_end(one, ends, other)

        found = [a for a in self.activities
                 if a != act_id and self.gets_to_an_end(a, ends) and dominates(a, act_id)]
        # The nearest one has all the others behind it.
        return sorted(found, key=lambda a: -sum(1 for b in found if b != a and dominates(b, a)))

    @remembered
    def closer(self, opener: str, by_all: bool) -> str | None:
        """The merge that closes the batches which a step of the opener, or its assignment, opens (BAT-3)."""
        for activity in self.activities.values():
            if activity.type in MERGES and activity.closes == opener:
                return activity.act_id
        depth = 2 if by_all and self.opens_step(opener) else 1  # the `all` batch is the outer bracket
        for act in self.post_dominators(opener):
            if self.activities[act].type in MERGES:  # a merge closes before it opens
                depth -= 1
                if depth == 0:
                    return act
            depth += self.opens_step(act) + self.opens_all(act)
        return None

    @remembered
    def closes_batches(self, merge: str) -> bool:
        """Whether the merge closes the batches of some opener."""
        return any((self.opens_step(a) and self.closer(a, False) == merge) or
                   (self.opens_all(a) and self.closer(a, True) == merge) for a in self.activities)

    # -- FWD-1 to FWD-3

    @remembered
    def matching(self, act_id: str, pre_act_id: str | None, flag: str | None) -> list[dict]:
        """The rules that match, the most specific first, among equals in their order (FWD-1)."""
        def specific(rule: dict) -> int:
            return (2 if "flag" in rule else 0) + (1 if "after" in rule else 0)

        rules = [r for r in self.activities[act_id].rules
                 if r.get("after", pre_act_id) == pre_act_id and r.get("flag", flag) == flag]
        return sorted(rules, key=specific, reverse=True)

    @remembered
    def flags(self, act_id: str, pre_act_id: str | None) -> list[str]:
        """The flags that the activity accepts, reached from there; none: any (FWD-3)."""
        if self.activities[act_id].user_post_rule:
            return []
        rules = [r for r in self.activities[act_id].rules if r.get("after", pre_act_id) == pre_act_id]
        if any("flag" not in r for r in rules):
            return []
        return list(dict.fromkeys(r["flag"] for r in rules))

    @remembered
    def names_flag(self, act_id: str, flag: str) -> bool:
        return any(r.get("flag") == flag for r in self.activities[act_id].rules)

    @remembered
    def between(self, opener: str, act_id: str, merge: str) -> bool:
        """DEP-3: whether an activity lies between a batch's opener and the merge."""
        return (self.path(opener, act_id, frozenset([merge]))
                and self.path(act_id, merge, frozenset([opener])))
