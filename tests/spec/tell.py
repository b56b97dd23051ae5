"""Tells what happened in lines of text, and checks all that the lines leave out (README.md, "What is expected")."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
OPEN = ("pending", "waiting", "processing", "pausing")
TASK_MEMBERS = set("""instance_id process_id version entity_id task_id act_id act_type name pre_act_id opened closed
    joined serial_no branch_no parent_serial_no parent_branch_no state previous_state staff_id grantor_id executor_id
    actor reason candidates assignment flags completion_flag attempt incident remote date_created occurred_at due_at
    position""".split())
INSTANCE_MEMBERS = set("""instance_id process_id version entity_id state previous_state completion_flag variables incident
    waits actor reason requester remote occurred_at position due_at""".split())


@dataclass
class Seen:
    """What events have said of an instance so far: enough to rebuild its rows (LOG-1)."""

    name: str
    process: Json = field(default_factory=dict)  # its definition file
    last: Json = field(default_factory=dict)  # its last event
    tasks: dict[int, Json] = field(default_factory=dict)  # each one's last event
    position: int = 0
    entity: str | None = None
    parents: dict[int, tuple[int, int]] = field(default_factory=dict)  # of batches
    began: list[int] = field(default_factory=list)  # tasks created by the command at hand

    @property
    def state(self) -> str | None:
        return self.last.get("state")


def task_number(event: Json) -> int:
    return int(event["task_id"].rpartition(":")[2])


def when(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def duration(span: timedelta) -> str:
    """As ISO 8601, in the largest units: PT1H30M."""
    sign, seconds = ("-", -span.total_seconds()) if span < timedelta(0) else ("", span.total_seconds())
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    time = "".join(f"{value:g}{unit}" for value, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if value)
    return f"{sign}P{f'{days:g}D' if days else ''}{'T' + (time or '0S') if time or not days else ''}"


class Teller:
    """Turns events and outcomes into lines; what is not as it must be becomes a line that begins with `!`."""

    def __init__(self, definitions: dict[str, dict[int, Json]]) -> None:
        self.definitions = definitions  # process id -> version -> file
        self.seen: dict[str, Seen] = {}  # by instance id
        self.incidents: dict[str, str] = {}  # name of task or instance -> id of its open incident
        self.scale = 1  # seconds of the case in one of the engine's

    def instance(self, instance_id: str, name: str) -> None:
        self.seen[instance_id] = Seen(name)

    def begin(self) -> None:
        """A command begins."""
        for seen in self.seen.values():
            seen.began = []

    def name(self, instance_id: str, about: str = "") -> str:
        """How lines of an instance begin: nothing for the one that the case began with."""
        seen = self.seen.get(instance_id)
        return "" if seen and seen.name == "i" else f"{seen.name if seen else instance_id}:"

    def tidy(self, text: str) -> str:
        """With the names of instances instead of their ids."""
        for instance_id, seen in self.seen.items():
            text = text.replace(f"{instance_id}:", "" if seen.name == "i" else f"{seen.name}:")
            text = text.replace(instance_id, seen.name)
        return text

    # events

    def event(self, topic: str, event: Json, author: str | None, reason: str | None) -> list[str]:
        """One line, and one for each thing that is wrong."""
        if topic.startswith("job."):
            return [self.job(topic, event)]
        if topic.startswith("command."):
            return []  # to itself: what it does follows
        if topic not in ("state.task", "state.instance"):
            return [self.other(topic, event)]
        seen = self.seen.setdefault(event["instance_id"], Seen(f"sub{self._unnamed() + 1}"))
        before = seen.tasks.get(task_number(event)) if topic == "state.task" else seen.last or None
        wrong = self._common(seen, event, before, topic)
        words = self.task(seen, event, before) if topic == "state.task" else self.told_instance(seen, event, before)
        if event.get("actor") != author and (event.get("actor"), author) != ("/workflow", "~engine"):
            words.append(f"by {event.get('actor', '-')}")
        if event.get("reason") != reason:
            words.append(f"because {event.get('reason', '-')}")
        self._remember(seen, topic, event)
        return [self.name(event["instance_id"]) + " ".join(words), *wrong]

    def _unnamed(self) -> int:
        """How many instances no command of the case has begun."""
        return sum(seen.name.startswith("sub") for seen in self.seen.values())

    def _remember(self, seen: Seen, topic: str, event: Json) -> None:
        seen.position = event["position"]
        place = seen.name if topic == "state.instance" else \
            ("" if seen.name == "i" else f"{seen.name}:") + str(task_number(event))
        place = "instance" if place == "i" else place
        if "incident" in event:
            self.incidents[place] = event["incident"]["id"]
        if topic == "state.instance":
            seen.last, seen.entity = event, event.get("entity_id")
        else:
            seen.tasks[task_number(event)] = event

    def _common(self, seen: Seen, event: Json, before: Json | None, topic: str) -> list[str]:
        """What every event must say, and no line repeats."""
        known = TASK_MEMBERS if topic == "state.task" else INSTANCE_MEMBERS
        if not seen.process:
            seen.process = self.definitions.get(event["process_id"], {}).get(event["version"], {})
        checks = [
            (set(event) <= known, f"members {sorted(set(event) - known)}"),
            (event["position"] == seen.position + 1, f"position {event['position']} after {seen.position}"),
            (event.get("previous_state") == (before or {}).get("state"), f"previous_state {event.get('previous_state')}"),
            (event["process_id"] == seen.process.get("process_id"), f"process_id {event['process_id']}"),
        ]
        if topic == "state.task":
            activity = next((a for a in seen.process.get("activities", []) if a["act_id"] == event["act_id"]), {})
            checks += [
                (event["task_id"] == f"{event['instance_id']}:{task_number(event)}", f"task_id {event['task_id']}"),
                (event["act_type"] == activity.get("act_type"), f"act_type {event['act_type']}"),
                (event.get("name") == activity.get("name"), f"name {event.get('name')}"),
                (event.get("entity_id") == seen.entity, f"entity_id {event.get('entity_id')} is not {seen.entity}"),
                (event["date_created"] == (before or {}).get("date_created", event["occurred_at"]), "date_created"),
            ]
        return [f"! {event.get('act_id', 'instance')}: {what}" for holds, what in checks if not holds]

    def task(self, seen: Seen, event: Json, before: Json | None) -> list[str]:
        n, old = task_number(event), before or {}
        if before is None:
            seen.began.append(n)
        words = [str(n), event["act_id"], event["state"]]
        if event.get("completion_flag") != old.get("completion_flag"):
            words.append(event.get("completion_flag", "-"))
        if event.get("pre_act_id") != old.get("pre_act_id"):
            words.append(f"<{event.get('pre_act_id', '-')}")
        words += self._batches(seen, event, old)
        words += self._people(event, old)
        words += self._facts(event, old)
        return words

    def _batches(self, seen: Seen, event: Json, old: Json) -> list[str]:
        words, place = [], (event["serial_no"], event["branch_no"])
        if place != (old.get("serial_no", 1), old.get("branch_no", 1)):
            words.append("%d.%d" % place)
        parent = (event.get("parent_serial_no", 0), event.get("parent_branch_no", 0))
        itself = place[0] in event.get("opened", []) and not old.get("opened")  # a copy of `all`: the batch is its own
        if parent != ((1, 1) if itself else (0, 0) if place[0] == 1 else seen.parents.get(place[0])):
            words.append("of %d.%d" % parent)
        seen.parents.setdefault(place[0], parent)
        closed = event.get("closed", [])
        outer = parent if itself else seen.parents[closed[0]] if closed else place
        for serial_no in event.get("opened", []):
            seen.parents[serial_no] = outer
            words.append(f"opens {serial_no}")
            outer = (serial_no, 1)
        words += [f"closes {serial_no}" for serial_no in event.get("closed", [])]
        if "joined" in event:
            words.append("joined " + ",".join(f"{j.get('pre_act_id', '-')}.{j['branch_no']}" for j in event["joined"]))
        return words

    def _people(self, event: Json, old: Json) -> list[str]:
        words = []
        for member, sign in (("staff_id", "@"), ("grantor_id", "for "), ("executor_id", "!")):
            if event.get(member) != old.get(member):
                words.append(f"{sign}{event.get(member, '-')}")
        candidates = event.get("candidates")
        if candidates and candidates != old.get("candidates"):
            kind, who = next(iter(candidates.items()))
            kind = {"department": "dept"}.get(kind, kind)
            words.append(f"@{kind} {','.join(who) if isinstance(who, list) else who}")
        given = event.get("assignment")
        if given:
            words.append(self._assignment(given, words[-1] if words else ""))
        return words

    def _assignment(self, given: Json, offered: str) -> str:
        """Why it is whose it is (ASG-11); the group is left out where it was just named."""
        kind = {"dept_based": "dept", "team_based": "team", "role_based": "role", "user_defined": "func"}
        group = f"{kind.get(given['rule'], given['rule'])} {given.get('group', '-')}"
        words = [] if offered == f"@{group}" else [group]
        words += [given.get("method", "-"), "of", str(given.get("considered", "-"))]
        words += [f"{name} {given[name]}" for name in given if name not in ("rule", "group", "method", "considered")]
        return f"({' '.join(words)})"

    def _facts(self, event: Json, old: Json) -> list[str]:
        words = []
        if event["state"] in OPEN and event.get("flags", []) != old.get("flags", []) and ("flags" in event):
            words.append(f"flags {','.join(event['flags']) or '-'}")
        if event.get("attempt", 1) != old.get("attempt", 1):
            words.append(f"attempt {event.get('attempt')}")
        if event.get("due_at") != old.get("due_at") and event["state"] in OPEN:
            words.append(self._due(event))
        words += self._incident(event, old)
        if event.get("remote") != old.get("remote"):
            words.append(self.remote(event.get("remote") or {}))
        return words

    def _due(self, event: Json) -> str:
        if "due_at" not in event:
            return "due -"
        return f"due {duration((when(event['due_at']) - when(event['occurred_at'])) * self.scale)}"

    def remote(self, remote: Json) -> str:
        """`remote workflow sub1 running`; the instance has a name as soon as it is mentioned."""
        if "instance_id" in remote and remote["instance_id"] not in self.seen:
            self.instance(remote["instance_id"], f"sub{self._unnamed() + 1}")
        words = [remote[member] for member in ("engine", "instance_id", "state") if member in remote]
        words += [f"{member} {remote[member]}" for member in remote if member not in ("engine", "instance_id", "state")]
        return "remote " + (self.tidy(" ".join(words)) or "-")

    def _incident(self, event: Json, old: Json) -> list[str]:
        if event.get("incident") == old.get("incident"):
            return []
        if "incident" not in event:
            return [] if event["state"] not in OPEN + ("running", "suspended", "stalled") else ["incident -"]
        return [f"incident {event['incident']['code']}"]

    def told_instance(self, seen: Seen, event: Json, before: Json | None) -> list[str]:
        old = before or {}
        words = ["instance", event["state"]]
        if event.get("completion_flag") != old.get("completion_flag"):
            words.append(event.get("completion_flag", "-"))
        if event.get("entity_id") != old.get("entity_id"):
            words.append(f"entity {event.get('entity_id', '-')}")
        if "variables" in event:
            words.append(f"vars {json.dumps(event['variables'], separators=(',', ':'), ensure_ascii=False)}")
        if event.get("requester") != old.get("requester"):
            asks = event.get("requester") or {}
            words.append("requester " + self.tidy(" ".join(str(asks[name]) for name in asks if name != "instance_id")))
        if event.get("due_at") != old.get("due_at"):
            words.append(self._due(event))
        if "remote" in event:
            told = event["remote"]
            words.append("told " + " ".join(told[member] for member in ("engine", "instance_id", "state") if member in told))
        words += self._incident(event, old)
        if "waits" in event:
            words.append("waits: " + "; ".join(self.tidy(event["waits"]).splitlines()))
        return words

    def job(self, topic: str, job: Json) -> str:
        seen = self.seen[job["instance_id"]]
        task = seen.tasks.get(task_number(job), {})
        words = ["job", topic[len("job."):], str(task_number(job))]
        if job["attempt"] != 1:
            words.append(f"attempt {job['attempt']}")
        if "variables" in job:
            words.append(f"vars {json.dumps(job['variables'], separators=(',', ':'))}")
        for member in ("process_id", "version", "act_id", "entity_id", "due_at", "flags", "attempt"):
            if job.get(member) != task.get(member, 1 if member == "attempt" else None):
                words.append(f"! {member} {job.get(member)}")
        return self.name(job["instance_id"]) + " ".join(words)

    def other(self, topic: str, data: Json | None) -> str:
        """Of definitions, of the institution, dead letters, messages to other engines."""
        if topic == "state.definition":
            return f"definition {data['process_id']} {data['version']}"  # type: ignore[index]
        if topic == "state.institution":
            hidden = ("object", "id", "institution_version", "occurred_at", "actor", "reason")
            assert data is not None
            own = {"staff": "staff_id", "role": "role_id", "department": "dept_id", "team": "team_id"}
            rest = {k: v for k, v in data.items() if k not in hidden and k != own.get(data["object"])}
            if data["object"] == "staff":
                rest = {k: v for k, v in rest.items() if (k, v) not in (("logging_on", True), ("on_leave", False))}
            return f"{data['object']} {data['id']}" + "".join(f" {k} {brief(v)}" for k, v in rest.items())
        if data and "position" in data and "occurred_at" in data:  # an event repeated for a subscriber
            return self.repeated(topic, data)
        hidden = ("occurred_at", "position")
        told = {k: v for k, v in (data or {}).items() if k not in hidden}
        return f"{topic} {self.tidy(json.dumps(told, sort_keys=True))}" if told else topic

    def repeated(self, topic: str, data: Json) -> str:
        """`reply.me 2 A processing`; it must be the event itself, which came before it."""
        seen = self.seen[data["instance_id"]]
        event = seen.tasks.get(task_number(data), {}) if "task_id" in data else seen.last
        words = [str(task_number(data)), data["act_id"]] if "task_id" in data else ["instance"]
        return f"{topic} {' '.join(words)} {data['state']}" + ("" if data == event else f" ! {data} is not {event}")

    # outcomes

    def outcome(self, outcome: Json | None, instance_id: str | None) -> list[str]:
        """Lines for what the events do not say already: nothing for a command that was applied as it must be."""
        if outcome is None:
            return []
        if outcome["result"] == "rejected":
            words = ["rejected", outcome["code"]]
            if outcome.get("flags"):
                words += ["flags", ",".join(outcome["flags"])]
            if outcome.get("faults"):
                words += ["faults", ",".join(fault["code"] for fault in outcome["faults"])]
            return [" ".join(words)] + ([] if outcome.get("detail") else ["! no detail"])
        words = [] if outcome["result"] == "applied" else [outcome["result"]]
        wrong: list[str] = []
        if outcome["result"] == "duplicate":
            words += [self.tidy(outcome["task"]["task_id"])] if "task" in outcome else []
        elif outcome["operation"] == "show-instance":
            words = [self.tidy("shows " + " ".join([outcome["instance_state"], *outcome.get("tasks", [])]))]
        elif outcome["operation"] == "deploy-process":
            words = [f"deployed {outcome['process_id']} {outcome['version']}"]
        elif outcome["operation"] == "get-task":
            wrong = self._task_of(outcome)
        if outcome["result"] == "applied" and outcome["operation"] != "show-instance" and "instance_id" in outcome:
            wrong += self._instance_of(outcome)
        return ([" ".join(words)] if words else []) + [f"! outcome: {what}" for what in wrong]

    def _task_of(self, outcome: Json) -> list[str]:
        task = outcome.get("task", {})
        event = self.seen[outcome["instance_id"]].tasks.get(task_number(task), {}) if task else {}
        told = {k: v for k, v in event.items() if k in task}
        return [] if task and told == task else [f"task {task} is not {event}"]

    def _instance_of(self, outcome: Json) -> list[str]:
        seen = self.seen[outcome["instance_id"]]
        started = [n for n in seen.began if seen.tasks[n]["state"] in OPEN]
        tasks = [int(task.rpartition(":")[2]) for task in outcome.get("tasks", [])]
        checks = [
            (outcome["instance_state"] == seen.state, f"instance_state {outcome['instance_state']}"),
            (outcome["position"] == seen.position, f"position {outcome['position']} is not {seen.position}"),
            (tasks == started[:100], f"tasks {tasks} are not {started}"),
            (outcome.get("tasks_started", 0) == len(started), f"tasks_started {outcome.get('tasks_started')}"),
        ]
        return [what for holds, what in checks if not holds]


def brief(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(brief(item) for item in value)
    if isinstance(value, dict):
        return "/".join(brief(item) for item in value.values())
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def rows_of(seen: Seen) -> dict[int, Json]:
    """The task rows that the events of an instance rebuild (LOG-1)."""
    return {n: {name: event.get(name) for name in ("act_id", "state", "pre_act_id", "serial_no", "branch_no", "staff_id",
                                                   "grantor_id", "executor_id", "completion_flag")}
            for n, event in seen.tasks.items()}


def row_line(n: int, row: Json) -> str:
    words = [str(n), row["act_id"], row["state"]]
    words += [row["completion_flag"]] if row["completion_flag"] else []
    words += [f"<{row['pre_act_id']}"] if row["pre_act_id"] else []
    place = f"{row['serial_no']}.{row['branch_no']}"
    words += [place] if place != "1.1" else []
    for member, sign in (("staff_id", "@"), ("grantor_id", "for "), ("executor_id", "!")):
        words += [sign + row[member]] if row[member] else []
    return " ".join(words)


def normal(line: str) -> str:
    return re.sub(r"\s+", " ", line).strip()
