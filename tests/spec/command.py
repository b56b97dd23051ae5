"""Reads the commands of a case's steps (README.md, "Commands")."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

from case import MEMBER, PRESENCE, Unreadable, names, read_people, split_options

Json = dict[str, Any]


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
