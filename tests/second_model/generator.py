"""Random institutions and definitions: blocks within blocks, then knocked out of shape."""
from __future__ import annotations

import random

from definition import Definition

FLAGS = ("a", "b", "c")
STAFF = ("ann", "bob", "cid", "dan", "eve", "fay")
FEATURES = ("round_robin", "least_working_list", "constraints", "conditions", "inclusive", "timers", "incidents",
            "sub_process", "subscriptions", "presence", "authorize", "modify", "suspend", "shape", "user_rules")
FUNCTIONS = ("ready", "steady")
LIMITS = ("PT1M", "PT10M", "PT1H", "PT2H")


def institution(rng: random.Random) -> dict:
    staff = []
    for name in rng.sample(STAFF, rng.randint(2, len(STAFF))):
        person: dict = {"staff_id": name, "logging_on": rng.random() < 0.8, "on_leave": rng.random() < 0.08}
        if rng.random() < 0.8:
            person["dept_id"] = rng.choice(("d", "d1", "e"))
        person["teams"] = rng.sample(("t", "t1", "u"), rng.randint(0, 2))
        person["roles"] = [{"role_id": r, "priority_num": rng.randint(1, 3)} for r in ("q", "r", "s") if rng.random() < 0.7]
        staff.append(person)
    file = {
        "departments": [{"dept_id": "d"}, {"dept_id": "d1", "super_dept_id": "d"}, {"dept_id": "e"}],
        "teams": [{"team_id": "t"}, {"team_id": "t1", "super_team_id": "t"}, {"team_id": "u"}],
        "roles": [{"role_id": "q"}, {"role_id": "r"}, {"role_id": "s"}],
        "staff": staff,
    }
    if rng.random() < 0.5:
        names = [p["staff_id"] for p in staff]
        file["authorizations"] = [grant(rng, names) for _ in range(rng.randint(1, 3))]
    return file


def grant(rng: random.Random, names: list[str]) -> dict:
    file = dict(zip(("grantor_id", "grantee_id"), rng.sample(names, 2)))
    if rng.random() < 0.3:
        file["process_id"] = rng.choice(("p1", "p2"))
    if rng.random() < 0.2:
        file["act_id"] = rng.choice(("T1", "T2", "T3"))
    return file


class Maker:
    """Makes one definition."""

    def __init__(self, rng: random.Random, process_id: str, features: set[str]) -> None:
        self.rng, self.process_id, self.features = rng, process_id, features
        self.activities: list[dict] = []
        self.routing: list[dict] = []
        self.pre_rules: list[dict] = []
        self.assignment: list[dict] = []
        self.counts: dict[str, int] = {}

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def has(self, feature: str, probability: float) -> bool:
        return feature in self.features and self.chance(probability)

    def new(self, letter: str, act_type: str, **members) -> str:
        self.counts[letter] = self.counts.get(letter, 0) + 1
        act_id = f"{letter}{self.counts[letter]}"
        self.activities.append({"act_id": act_id, "act_type": act_type, **members})
        return act_id

    def route(self, start: str, to: list[str], **members) -> None:
        self.routing.append({"from": start, "to": to, **members})

    def by_id(self, act_id: str) -> dict:
        return next(a for a in self.activities if a["act_id"] == act_id)

    # -- single activities

    def task(self, method: str | None = None) -> str:
        act_id = self.new("T", "interaction")
        methods = ["fcfa", "fcfa", "priority", "all"]
        methods += [m for m in ("round_robin", "least_working_list", "round_robin", "least_working_list") if m in self.features]
        method = method or self.rng.choice(methods)
        by_role = method in ("priority", "round_robin")
        kind = "role_based" if by_role else self.rng.choice(("dept_based", "team_based", "role_based", "role_based"))
        rule = {"act": act_id, "based_on": kind, "method": method}
        rule |= {"dept_based": {"department": self.rng.choice(("d", "d1", "e"))},
                 "team_based": {"team": self.rng.choice(("t", "t1", "u"))},
                 "role_based": {"role": self.rng.choice(("q", "r", "s"))}}[kind]
        if self.has("user_rules", 0.07) and method not in ("priority", "round_robin"):
            rule = {"act": act_id, "based_on": "user_defined", "function": f"who_{act_id}", "method": method}
        if self.has("presence", 0.2):
            rule["presence"] = self.rng.choice(("ignore", "require", "prefer"))
        self.assignment.append(rule)
        if self.has("timers", 0.25):
            self.by_id(act_id)["time_limits"] = self.limits(("remind", "release", "reassign", "escalate", "end"))
        return act_id

    def limits(self, actions: tuple) -> dict:
        limits = {}
        for which in self.rng.sample(("take", "end"), self.rng.choice((1, 1, 2))):
            limit = limits[which] = {"within": self.rng.choice(LIMITS), "then": self.rng.choice(actions)}
            if limit["then"] == "escalate":
                limit["to"] = self.rng.choice(({"role": "q"}, {"department": "d"}, {"team": "t"}))
            elif limit["then"] == "end" and self.chance(0.7):
                limit["flag"] = self.rng.choice(FLAGS)
        return limits

    def program(self) -> str:
        """Work for executors, or for another instance."""
        if self.has("sub_process", 0.45):
            sub = {"process_id": self.rng.choice(("p1", "p2", "p2", "p9") if self.chance(0.1) else
                                                 ("p2",) if self.process_id == "p1" else ("p1",))}
            sub |= {"engine": "other"} if self.chance(0.25) else {}
            act_id = self.new("P", "automation", sub_process=sub)
        else:
            act_id = self.new("P", "automation", auto_executive="x")
        if self.has("timers", 0.5):
            self.by_id(act_id)["time_limits"] = self.limits(("remind", "release", "end"))
            if self.chance(0.6):
                self.by_id(act_id)["time_limits"]["retries"] = self.rng.randint(0, 3)
        return act_id

    def work(self) -> str:
        if self.chance(0.22):
            return self.program()
        return self.task("fcfa" if self.chance(0.3) else None)

    def merge(self) -> str:
        kind = self.rng.choice(("and_merge", "and_merge", "or_merge", "vote_merge"))
        if kind == "and_merge":
            return self.new("J", kind)
        flag = {"or_merge_flag": self.rng.choice(FLAGS + ("any",))} if self.chance(0.25) else {}
        if kind == "or_merge":
            return self.new("O", kind, **flag)
        return self.new("V", kind, num_votes_needed=self.rng.choice((1, 2, 2, 3, "50%", "60%", "100%", "1%")), **flag)

    def connect(self, start: str, to: str) -> None:
        """What leads out of a block, as its last activity allows."""
        kind = self.by_id(start)["act_type"]
        if kind == "vote_merge" and self.chance(0.6):
            self.route(start, [to], flag="passed")
            if self.chance(0.7):
                self.route(start, [to if self.chance(0.5) else self.end()], flag="failed")
        elif kind == "completion" or (kind == "dummy" and self.chance(0.03)):
            pass
        else:
            self.route(start, [to])

    def end(self) -> str:
        if self.chance(0.4):
            return self.new("D", "dummy")
        members: dict = {"completion_flag": self.rng.choice(FLAGS)} if self.chance(0.3) else {}
        if self.chance(0.3):
            members["terminate"] = True
        return self.new("C", "completion", **members)

    # -- blocks: (where one gets in, where one gets out)

    def block(self, depth: int) -> tuple[str, str]:
        kinds = [self.single] * 3
        if depth > 0:
            kinds += [self.sequence] * 2 + [self.parallel] * 4 + [self.choice, self.loop, self.copies]
        return self.rng.choice(kinds)(depth - 1)

    def single(self, _depth: int) -> tuple[str, str]:
        act = self.new("D", "dummy") if self.chance(0.1) else self.merge() if self.chance(0.04) else self.work()
        return act, act

    def sequence(self, depth: int) -> tuple[str, str]:
        first, last = self.block(depth), self.block(depth)
        self.connect(first[1], last[0])
        return first[0], last[1]

    def parallel(self, depth: int) -> tuple[str, str]:
        out = self.merge() if self.chance(0.88) else self.new("D", "dummy")
        branches = [self.branch(depth, out) for _ in range(self.rng.choice((1, 2, 2, 3, 3, 4)))]
        kind = self.rng.random()
        if kind < 0.6:
            opener = self.new("S", "and_branch")
            self.route(opener, branches)
        elif kind < 0.8 or "inclusive" not in self.features:
            opener = self.task("fcfa") if self.chance(0.6) else self.new("D", "dummy")
            self.route(opener, branches)
        else:
            opener = self.task("fcfa") if self.chance(0.6) else self.new("D", "dummy")
            self.by_id(opener)["inclusive"] = True
            for number, act in enumerate(branches):
                self.route(opener, [act], **self.taken_when(number))
        return opener, out

    def taken_when(self, number: int) -> dict:
        """What an inclusive activity's rule asks for."""
        if number and self.chance(0.2):
            return {"default": True}
        if self.has("conditions", 0.4):
            return {"condition": self.condition()}
        return {"flag": self.rng.choice(FLAGS)} if self.chance(0.3) else {}

    def condition(self) -> str:
        name, number = self.rng.choice("xyz"), self.rng.randint(0, 3)
        return self.rng.choice((f"{name} == {number}", f"{name} ~= {number}", f"({name} or 0) > {number}", f"{name} > {number}"))

    def branch(self, depth: int, out: str) -> str:
        kind = self.rng.random()
        if kind < 0.05:
            return out
        if kind < 0.08:
            return self.end()
        first, last = self.block(depth)
        self.connect(last, self.end() if kind > 0.96 else out)
        return first

    def choice(self, depth: int) -> tuple[str, str]:
        chooser = self.work()
        out = self.rng.choice((self.merge, self.merge, lambda: self.new("D", "dummy"), self.work))()
        for flag in self.rng.sample(FLAGS, self.rng.randint(2, 3)):
            members = {"flag": flag}
            if self.has("conditions", 0.3):
                members["condition"] = self.condition()
            self.route(chooser, [self.branch(depth, out)], **members)
        if self.chance(0.3):
            self.route(chooser, [out])
        return chooser, out

    def loop(self, depth: int) -> tuple[str, str]:
        first, last = self.block(depth)
        judge, out = self.work(), self.new("D", "dummy")
        self.connect(last, judge)
        self.route(judge, [first], flag="a")
        self.route(judge, [out], **({"flag": "b"} if self.chance(0.5) else {}))
        return first, out

    def copies(self, depth: int) -> tuple[str, str]:
        opener, out = self.task("all"), self.merge()
        if self.chance(0.7):
            self.connect(opener, out)
        else:
            first, last = self.block(depth)
            self.connect(opener, first)
            self.connect(last, out)
        return opener, out

    # -- out of shape

    def knock(self) -> None:
        self.rng.choice((self.add_target, self.redirect, self.add_rule, self.add_after, self.add_pre_rule,
                         self.add_pre_rule, self.add_pre_rule, self.add_closes, self.another_merge))()

    def any_act(self, *types: str) -> str:
        ids = [a["act_id"] for a in self.activities
               if a["act_type"] != "initial" and (not types or a["act_type"] in types)]
        return self.rng.choice(ids) if ids else self.any_act()

    def add_target(self) -> None:
        self.rng.choice(self.routing)["to"].append(self.any_act())

    def redirect(self) -> None:
        to = self.rng.choice(self.routing)["to"]
        to[self.rng.randrange(len(to))] = self.any_act()

    def add_rule(self) -> None:
        self.route(self.any_act("interaction", "dummy", "automation"), [self.any_act()], flag=self.rng.choice(FLAGS))

    def add_after(self) -> None:
        rule = self.rng.choice(self.routing)
        self.route(self.rng.choice(rule["to"]), [self.any_act()], after=rule["from"])

    def add_pre_rule(self) -> None:
        rule = self.rng.choice(self.routing)
        act = self.rng.choice(rule["to"])
        needs = []
        for _ in range(self.rng.choice((1, 1, 2))):
            need = {"act": self.any_act()}
            if self.chance(0.4):
                need["status"] = self.rng.choice(FLAGS)
            needs.append(need)
        if not any((p["act"], p["after"]) == (act, rule["from"]) for p in self.pre_rules):
            self.pre_rules.append({"act": act, "after": rule["from"], "needs": needs})

    def add_closes(self) -> None:
        merge = self.by_id(self.any_act("and_merge", "or_merge", "vote_merge"))
        if merge["act_type"].endswith("merge"):
            merge["closes"] = self.any_act("and_branch", "and_branch", "interaction", "dummy")

    def another_merge(self) -> None:
        merge = self.by_id(self.any_act("and_merge", "or_merge", "vote_merge"))
        if merge["act_type"].endswith("merge"):
            merge["act_type"] = self.rng.choice(("and_merge", "or_merge"))

    # -- the whole

    def definition(self) -> dict:
        self.activities.append({"act_id": "I", "act_type": "initial"})
        shape = self.rng.choice([self.sequence] * 2 + [self.parallel] * 4 + [self.choice, self.loop, self.copies])
        first, last = shape(self.rng.choice((0, 1, 1, 2)))
        done = self.new("C", "completion", **({"completion_flag": "z"} if self.chance(0.2) else {}))
        self.connect(last, done)
        self.route("I", [first])
        if self.chance(0.1):
            self.routing[-1]["flag"] = self.rng.choice(FLAGS)
        if self.has("shape", 0.5):
            for _ in range(self.rng.randint(1, 4)):
                self.knock()
        if "constraints" in self.features:
            self.constrain()
        self.clean()
        if "user_rules" in self.features:
            self.let_functions_decide()
        file = {"process_id": self.process_id, "activities": self.activities, "routing": self.routing,
                "assignment": self.assignment}
        if self.has("timers", 0.08):
            file["time_limit"] = {"within": self.rng.choice(LIMITS), "then": self.rng.choice(("remind", "cancel"))}
        if self.pre_rules:
            file["pre_rules"] = self.pre_rules
        self.close_rightly(file)
        return file

    def close_rightly(self, file: dict) -> None:
        """A merge that cannot close what it names is refused (BAT-3): a few will do."""
        whole = Definition(file, 1)
        for activity in self.activities:
            if whole.closes_wrongly(whole.activities[activity["act_id"]]) and not self.chance(0.1):
                del activity["closes"]

    def let_functions_decide(self) -> None:
        """Some activities ask a function whether they may start, some which activities follow."""
        for activity in self.activities:
            act_id, kind = activity["act_id"], activity["act_type"]
            pre = kind != "initial" and self.chance(0.06)
            post = kind not in ("completion", "initial") and self.chance(0.05) and any(r["from"] == act_id for r in self.routing)
            if pre:
                activity["ex_pre_rule_func"] = self.rng.choice(FUNCTIONS)
                if self.has("timers", 0.5):
                    activity["check_every"] = self.rng.choice(LIMITS)
            if post:
                activity["ex_post_rule_func"] = f"next_{act_id}"
            if pre or post:
                activity["rule_applied"] = ("user_defined_both_rule" if pre and post else "user_defined_pre_rule" if pre
                                            else "user_defined_post_routing_rule")

    def constrain(self) -> None:
        for rule in self.assignment:
            others = [r["act"] for r in self.assignment if r is not rule]
            if others and self.chance(0.15):
                rule["not_by"] = self.rng.sample(others, min(len(others), self.rng.randint(1, 2)))
            if others and self.chance(0.1):
                rule["same_as"] = self.rng.choice(others)

    def clean(self) -> None:
        """Drops what a definition may not have: routes out of completions or into the initial, what nothing leads to."""
        types = {a["act_id"]: a["act_type"] for a in self.activities}
        self.routing = [r for r in self.routing if types[r["from"]] != "completion"]
        edges: dict[str, set] = {}
        for rule in self.routing:
            edges.setdefault(rule["from"], set()).update(rule["to"])
        reached, ahead = set(), ["I"]
        while ahead:
            act = ahead.pop()
            if act not in reached:
                reached.add(act)
                ahead.extend(edges.get(act, ()))
        for act in sorted(reached):
            if types[act] not in ("completion", "dummy") and act not in edges:
                self.routing.append({"from": act, "to": ["C1"]})
                reached.add("C1")
        self.activities = [a for a in self.activities if a["act_id"] in reached]
        self.routing = [r for r in self.routing if r["from"] in reached and r.get("after", "I") in reached]
        self.assignment = [r for r in self.assignment if r["act"] in reached]
        self.pre_rules = [{**p, "needs": [n for n in p["needs"] if n["act"] in reached]} for p in self.pre_rules
                          if p["act"] in reached and p["after"] in reached]
        self.pre_rules = [p for p in self.pre_rules if p["needs"]]
        for activity in self.activities:
            if activity.get("closes") not in reached:
                activity.pop("closes", None)
        for rule in self.assignment:
            if "not_by" in rule:
                rule["not_by"] = [a for a in rule["not_by"] if a in reached]
                if not rule["not_by"]:
                    del rule["not_by"]
            if rule.get("same_as") not in reached:
                rule.pop("same_as", None)


def definition(rng: random.Random, process_id: str, features: set[str]) -> dict:
    return Maker(rng, process_id, features).definition()


def answers(rng: random.Random, definitions: list[dict], institution) -> dict:
    """What the functions of some definitions answer from now on."""
    given: dict = {name: rng.random() < 0.6 for name in FUNCTIONS}
    if rng.random() < 0.05:
        given[rng.choice(FUNCTIONS)] = rng.choice((None, {"error": "out of order"}))
    for file in definitions:
        for rule in file["assignment"]:
            if "function" in rule:
                people = sorted(institution.staff) or STAFF[:1]
                given[rule["function"]] = rng.sample(people, rng.randint(0, len(people)))
                if rng.random() < 0.04:
                    given[rule["function"]] = rng.choice((None, ["zoe"], {"error": "out of order"}))
        for activity in file["activities"]:
            if "ex_post_rule_func" in activity:
                named = [to for r in file["routing"] if r["from"] == activity["act_id"] for to in r["to"]]
                given[activity["ex_post_rule_func"]] = rng.sample(named, rng.choice((1, 1, min(2, len(named)))))
                if rng.random() < 0.05:
                    given[activity["ex_post_rule_func"]] = rng.choice((None, [], ["I"], {"error": "out of order"}))
    return given
