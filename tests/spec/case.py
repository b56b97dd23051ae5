"""Reads case files: a definition, people, commands and what is expected of each (README.md)."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
HERE = Path(__file__).resolve().parent
TYPES = ("initial", "interaction", "automation", "and_branch", "and_merge", "or_merge", "vote_merge", "dummy",
         "completion")
METHODS = ("all", "least_working_list", "fcfa", "priority", "round_robin")
GROUPS = {"role": "role_based", "dept": "dept_based", "team": "team_based", "func": "user_defined"}
MEMBER = {"role": "role", "dept": "department", "team": "team", "func": "function"}
PRESENCE = {"on": {"logging_on": True}, "off": {"logging_on": False},
            "leave": {"on_leave": True}, "back": {"on_leave": False}}
DEFAULT_PEOPLE = ["role clerk: ann, bob, cid", "staff dan"]


class Unreadable(Exception):
    """A case file does not follow the format."""


@dataclass
class Step:
    line: int
    command: str
    expected: list[str] = field(default_factory=list)


@dataclass
class Case:
    path: Path
    line: int
    kind: str  # "allows" or "refuses"
    title: str
    core_only: str = ""
    people: list[str] = field(default_factory=list)
    processes: dict[str, list[str]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    @property
    def rule(self) -> str:
        return self.path.stem

    @property
    def where(self) -> str:
        return f"{self.path.name}:{self.line}"


def read_cases(path: Path) -> list[Case]:
    """The cases of a file; what stands before the first one is shared by all of them."""
    shared, cases = Case(path, 0, "", ""), []
    case, section = shared, None
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        indented = raw[0] == " "
        head, _, rest = text.partition(": ")
        if not indented and head in ("allows", "refuses"):
            case, section = Case(path, number, head, rest), None
            cases.append(case)
        elif not indented and head == "core only":
            case.core_only = rest
        elif not indented and text == "people":
            section = case.people
        elif not indented and re.fullmatch(r"process \S+( not deployed)?", text):
            section = case.processes.setdefault(text[len("process "):], [])
        elif not indented and text.startswith("> "):
            case.steps.append(Step(number, text[2:].strip()))
            section = case.steps[-1].expected
        elif indented and section is not None:
            section.append(text)
        else:
            raise Unreadable(f"{path.name}:{number}: {raw}")
    for case in cases:
        case.core_only = case.core_only or shared.core_only
        case.people = case.people or shared.people or DEFAULT_PEOPLE
        case.processes = shared.processes | case.processes
    return cases


def all_cases() -> list[Case]:
    """Those of the rules, then those of the workflow patterns."""
    return [case for folder in ("rules", "patterns") for path in sorted((HERE / folder).glob("*.case"))
            for case in read_cases(path)]


def split_options(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Words without, and words with a name: `fcfa role=clerk`."""
    plain = [word for word in words if not re.match(r"\w+=", word)]
    named = dict(word.split("=", 1) for word in words if re.match(r"\w+=", word))
    return plain, named


def names(text: str) -> list[str]:
    """`A, B*3`: A once, B three times."""
    found = [re.fullmatch(r"(.*?)(?:\*(\d+))?", name.strip()) for name in text.split(",") if name.strip()]
    return [match[1] for match in found if match for _ in range(int(match[2] or 1))]


# people


def read_people(lines: list[str]) -> Json:
    """An institution file."""
    file: Json = {"departments": [], "teams": [], "roles": [], "staff": [], "authorizations": []}
    staff: dict[str, Json] = {}

    def person(name: str) -> Json:
        return staff.setdefault(name, {"staff_id": name})

    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind in ("role", "dept", "team"):
            head, _, members = rest.partition(":")
            group, _, above = head.strip().partition(" in ")
            add_group(file, kind, group, above)
            for member in names(members):
                name, _, number = member.partition(" ")
                join(person(name), kind, group, number)
        elif kind == "staff":
            name, *states = rest.split()
            person(name)
            for state in states:
                person(name).update(PRESENCE[state])
        elif kind == "grant":
            file["authorizations"].append(read_grant(rest))
        else:
            raise Unreadable(line)
    file["staff"] = list(staff.values())
    return {name: value for name, value in file.items() if value}


def add_group(file: Json, kind: str, group: str, above: str) -> None:
    if kind == "role":
        file["roles"].append({"role_id": group})
        return
    entry = {f"{kind}_id": group, **({f"super_{kind}_id": above} if above else {})}
    file["departments" if kind == "dept" else "teams"].append(entry)


def join(person: Json, kind: str, group: str, number: str) -> None:
    if kind == "dept":
        person["dept_id"] = group
    elif kind == "team":
        person.setdefault("teams", []).append(group)
    else:
        person.setdefault("roles", []).append({"role_id": group, "priority_num": int(number)} if number else group)


def read_grant(text: str) -> Json:
    """`ann -> bob process=p act=A from=TIME to=TIME`"""
    plain, named = split_options(text.split())
    grant = {"grantor_id": plain[0], "grantee_id": plain[2]}
    members = {"process": "process_id", "act": "act_id", "from": "valid_from", "to": "valid_to"}
    return grant | {members[name]: value for name, value in named.items()}


# processes


def read_process(process_id: str, lines: list[str]) -> Json:
    """A definition file."""
    file: Json = {"process_id": process_id, "activities": [], "routing": [], "pre_rules": [], "assignment": []}
    for line in lines:
        head, arrow, targets = line.partition(" -> ")
        words = shlex.split(head)
        if " needs " in line:
            file["pre_rules"].append(read_needs(line))
        elif words[0] == "limit":
            file["time_limit"] = {"within": words[1], "then": words[2]}
        elif words[0] in TYPES or words[0] == "task":
            read_activity(file, words)
            if arrow:
                file["routing"].append({"from": words[1], "to": names(targets)})
        elif arrow:
            file["routing"].append(read_route(words, targets))
        else:
            raise Unreadable(line)
    return {name: value for name, value in file.items() if value}


def read_needs(line: str) -> Json:
    """`M after A needs B=ok, C`"""
    head, _, needs = line.partition(" needs ")
    act, _, after = head.split()
    wanted = [dict(zip(("act", "status"), need.split("="))) for need in names(needs)]
    return {"act": act, "after": after, "needs": wanted}


def read_route(words: list[str], targets: str) -> Json:
    """`A after P [ok] if "x > 1" -> B, C`; `A default -> B`"""
    route: Json = {"from": words.pop(0)}
    while words:
        word = words.pop(0)
        if word == "after":
            route["after"] = words.pop(0)
        elif word == "if":
            route["condition"] = words.pop(0)
        elif word == "default":
            route["default"] = True
        elif re.fullmatch(r"\[.+\]", word):
            route["flag"] = word[1:-1]
        else:
            raise Unreadable(word)
    return route | {"to": names(targets)}


def read_limit(text: str) -> Json:
    """`PT1H:remind`, `PT1H:end:late`, `PT1H:escalate:role:boss`"""
    within, then, *more = text.split(":")
    limit: Json = {"within": within, "then": then}
    if then == "end" and more:
        limit["flag"] = more[0]
    elif more:
        limit["to"] = {MEMBER[more[0]]: more[1]}
    return limit


def read_activity(file: Json, words: list[str]) -> None:
    plain, named = split_options(words[2:])
    activity: Json = {"act_id": words[1], "act_type": "interaction" if words[0] == "task" else words[0]}
    members = {"asks": "or_merge_flag", "closes": "closes", "runs": "auto_executive", "pre": "ex_pre_rule_func",
               "post": "ex_post_rule_func", "check": "check_every", "flag": "completion_flag", "name": "name"}
    for name, value in named.items():
        if name in members:
            activity[members[name]] = value
        elif name == "votes":
            activity["num_votes_needed"] = value if value.endswith("%") else int(value)
        elif name in ("take", "end"):
            activity.setdefault("time_limits", {})[name] = read_limit(value)
        elif name == "retries":
            activity.setdefault("time_limits", {})["retries"] = int(value)
        elif name == "sub":
            process, _, engine = value.partition("@")
            activity["sub_process"] = {"process_id": process, **({"engine": engine} if engine else {})}
    for word in plain:
        if word in ("inclusive", "terminate"):
            activity[word] = True
    rule = "both_rule" if "pre" in named and "post" in named else \
        "pre_rule" if "pre" in named else "post_routing_rule" if "post" in named else ""
    if rule:
        activity["rule_applied"] = f"user_defined_{rule}"
    file["activities"].append(activity)
    if activity["act_type"] == "interaction" and "none" not in plain:
        file["assignment"].append(read_assignment(words[1], plain, named))


def read_assignment(act: str, plain: list[str], named: dict[str, str]) -> Json:
    kind = next((kind for kind in GROUPS if kind in named), "role")
    rule: Json = {"act": act, "based_on": GROUPS[kind], MEMBER[kind]: named.get(kind, "clerk"),
                  "method": next((word for word in plain if word in METHODS), "fcfa")}
    if "presence" in named:
        rule["presence"] = named["presence"]
    if "not_by" in named:
        rule["not_by"] = names(named["not_by"])
    if "same_as" in named:
        rule["same_as"] = named["same_as"]
    return rule
