"""Reads case files: a definition, people, commands and what is expected of each (README.md)."""

from __future__ import annotations

import json
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


# commands


@dataclass
class Command:
    """What a step says: a command for a topic, or something for the backend."""

    kind: str  # a topic; "advance", "answers", "rows", "work"
    data: Json
    instance: str = ""  # the name of the instance that it is about
    id: str = ""
    value: Any = None  # of what is no command
    author: str | None = None


TASK_MEMBERS = {"for": "grantor_id", "entity": "entity_id", "vars": "variables", "by": "actor", "why": "reason",
                "act": "act_id", "process": "process_id", "within": "within", "code": "code", "detail": "detail",
                "to": "to_staff_id", "flag": "completion_flag", "staff": "staff_id", "version": "version",
                "start": "start", "withdraw": "withdraw", "incident": "incident_id", "topic": "notifyto",
                "from": "valid_from", "requester": "requester", "hops": "hops", "executor": "executor_id", "only": "filter"}
INSTANCE_WORDS = {"suspend", "resume", "cancel", "modify", "show"}
TASK_WORDS = {"hang", "reset", "release", "reassign", "extend", "fail"}


class Reader:
    """Reads the steps of a case; knows its instances by name."""

    def __init__(self, instances: dict[str, str]) -> None:
        self.instances = instances  # name -> instance id
        self.incidents: dict[str, str] = {}  # name of task or instance -> its open incident

    def task_id(self, name: str) -> tuple[str, str]:
        instance, _, n = name.rpartition(":")
        instance = instance or "i"
        return instance, f"{self.instances.get(instance, instance)}:{n}"

    def read(self, text: str) -> Command:
        words = shlex.split(text)
        word = words.pop(0)
        if word == "send":
            return self.raw(text[len("send "):])
        if word == "advance":
            return Command("advance", {}, value=words[0])
        if word == "answers":
            return Command("answers", {}, value=read_answers(text[len("answers "):]))
        if word in ("rows", "work"):
            return Command(word, {}, instance=words[0] if words else "i")
        if word in ("load", "replace"):
            file = read_people([line.strip() for line in text[len(word):].split(";")])
            return Command("admin", {"operation": "load-institution", "institution":
                                     file | ({"replace": True} if word == "replace" else {})})
        plain, named = split_options(words)
        command = Command("control", self.members(named), id=named.get("id", ""))
        return getattr(self, f"_{word.replace('-', '_')}", lambda *a: self._control(word, *a))(command, plain)

    def raw(self, text: str) -> Command:
        """`send TOPIC BYTES`, with `$i` for the id of an instance and `$x*1000` for a thousand times x."""
        kind, _, raw = text.partition(" ")
        raw = re.sub(r"\$x\*(\d+)", lambda times: "x" * int(times[1]), raw)
        raw = re.sub(r"\$(\w+)", lambda name: self.instances.get(name[1], name[0]), raw)
        try:
            said = json.loads(raw)
        except ValueError:
            said = {}
        return Command(kind, {}, value=raw, author=said.get("actor") or said.get("staff_id") or said.get("executor_id"))

    def read_do(self, text: str) -> tuple[Command, Command]:
        """`do 3 ann [flag]`: the get, and the end."""
        words = shlex.split(text)
        plain, named = split_options(words)
        delegated = [f"for={named['for']}"] if "for" in named else []
        rest = [word for word in words[1:] if not word.startswith("for=")]
        return self.read(shlex.join(["get", *plain[1:3], *delegated])), self.read(shlex.join(["end", *rest]))

    def members(self, named: dict[str, str]) -> Json:
        data: Json = {}
        for name, value in named.items():
            if name == "id":
                continue
            if name in ("to_role", "to_dept", "to_team", "to_func"):
                data["to"] = {MEMBER[name[3:]]: value}
            elif name in ("vars", "requester", "only"):
                data[TASK_MEMBERS[name]] = json.loads(value)
            elif name in ("version", "hops"):
                data[TASK_MEMBERS[name]] = int(value)
            elif name == "withdraw":
                data["withdraw"] = self.task_id(value)[1]
            elif name == "sub":
                data["include_sub_processes"] = value == "yes"
            else:
                data[TASK_MEMBERS[name]] = value
        return data

    def author(self, command: Command, who: str) -> None:
        command.data["executor_id" if who.endswith("!") else "staff_id"] = who.rstrip("!")

    def _init(self, command: Command, plain: list[str]) -> Command:
        command.kind, command.instance = "init-instance", "i"
        if "as" in plain:
            command.instance = plain[plain.index("as") + 1]
            plain = plain[:plain.index("as")]
        command.data.setdefault("process_id", plain[0] if plain else "p")
        if command.instance in self.instances and not command.id:
            command.data["instance_id"] = self.instances[command.instance]
        return command

    def _get(self, command: Command, plain: list[str]) -> Command:
        command.kind = "get-task"
        if plain[0] != "next":
            command.instance, command.data["task_id"] = self.task_id(plain[0])
        self.author(command, plain[1])
        return command

    def _end(self, command: Command, plain: list[str]) -> Command:
        command.kind = "end-task"
        command.instance, command.data["task_id"] = self.task_id(plain[0])
        self.author(command, plain[1])
        if len(plain) > 2:
            command.data["completion_flag"] = plain[2]
        return command

    def _set(self, command: Command, plain: list[str]) -> Command:
        command.instance = plain[0] if plain else "i"
        command.data["operation"] = "set-entity" if "entity_id" in command.data else "set-variables"
        return self._of_instance(command)

    def _of_instance(self, command: Command) -> Command:
        command.data["instance_id"] = self.instances.get(command.instance, command.instance)
        if command.data["operation"] != "show-instance" and not {"staff_id", "actor"} & set(command.data):
            command.data["actor"] = "op"
        return command

    def _control(self, word: str, command: Command, plain: list[str]) -> Command:
        if word in INSTANCE_WORDS or word in ("subscribe", "unsubscribe", "notify"):
            command.data["operation"] = word if word in ("subscribe", "unsubscribe", "notify") else f"{word}-instance"
            if "check" in plain:
                command.data["check"] = True
                plain.remove("check")
            command.instance = plain[0] if plain else "i"
            return self._of_instance(command)
        if word not in TASK_WORDS:
            raise Unreadable(word)
        command.data["operation"] = f"{word}-task"
        command.instance, command.data["task_id"] = self.task_id(plain[0])
        if len(plain) > 1:
            self.author(command, plain[1])
        elif not {"staff_id", "actor"} & set(command.data):
            command.data["actor"] = "op"
        return command

    def _retry_incident(self, command: Command, plain: list[str]) -> Command:
        command.data["operation"] = "retry-incident"
        command.instance, task = self.task_id(plain[0]) if plain and plain[0] != "instance" else ("i", "")
        command.data["incident_id"] = self.incidents.get(plain[0] if plain else "instance", f"{task}/99")
        return self._of_instance(command)

    def _presence(self, command: Command, plain: list[str]) -> Command:
        command.kind = "admin"
        command.data |= {"operation": "set-presence", "staff_id": plain[0]}
        for state in plain[1:]:
            command.data |= PRESENCE[state]
        return command

    def _authorize(self, command: Command, plain: list[str]) -> Command:
        command.kind = "admin"
        command.data |= {"operation": "authorize", "grantor_id": plain[0], "grantee_id": plain[2]}
        if "to_staff_id" in command.data:
            command.data["valid_to"] = command.data.pop("to_staff_id")
        return command

    def _revoke(self, command: Command, plain: list[str]) -> Command:
        command.kind = "admin"
        command.data |= {"operation": "revoke", "grantor_id": plain[0], "grantee_id": plain[2]}
        return command

    def _deploy(self, command: Command, plain: list[str]) -> Command:
        command.kind = "admin"
        command.data |= {"operation": "deploy-process", "definition": plain[0]}  # the runner puts the file there
        return command


def read_answers(text: str) -> Json:
    """`ready=yes next=A,B none=null broken!text endless~loops`"""
    answers: Json = {}
    for word in shlex.split(text):
        name, sign, value = re.fullmatch(r"(\w+)([=!~])(.*)", word).groups()  # type: ignore[union-attr]
        plain: dict[str, Any] = {"yes": True, "no": False, "null": None}
        answers[name] = {"error": value} if sign == "!" else {"does": value} if sign == "~" else \
            plain[value] if value in plain else names(value)
    return answers
