"""A YAWL model's organisation and resourcing as an institution and a process definition.

A YAWL task says who is *offered* its work items (roles, participants, filters, constraints, a familiar participant), whether the
system *allocates* them (and by which allocator), and who *starts* them.  Here that is one assignment rule.  Whatever
has no counterpart, or another one than its name says, becomes a Note, so that nothing is dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

START, END, NOBODY, EXPIRED = "~start", "~end", "~unoffered", "expired"
ID_BYTES = 190  # of 200: the longest prefix is of teams
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

SAME, NEAR, NONE = "same", "near", "none"  # what the counterpart is

# How YAWL's system picks one: the method here, how near that is, and what differs.
ALLOCATORS = {
    "ShortestQueue": ("least_working_list", SAME, "fewest open tasks, of all processes"),
    "RoundRobinByTime": ("round_robin", NEAR, "turns in a fixed order, of the role and not of the task"),
    "RoundRobinByLeastFrequency": ("round_robin", NEAR, "turns in a fixed order, of the role and not of the task"),
    "RoundRobinByExperience": ("round_robin", NEAR, "experience is not counted: turns in a fixed order"),
    "RandomChoice": ("round_robin", NEAR, "nothing is left to chance: turns, as even as chance is in the long run"),
}
TASK_MEMBERS = {"id", "name", "join", "split", "offer", "allocate", "start", "privileges", "timer", "cancels", "mi"}
OFFER_MEMBERS = {"initiator", "roles", "participants", "filter", "constraint", "familiarParticipant"}
STAFF_MEMBERS = {"id", "name", "roles", "positions", "departments", "capabilities", "available"}
DURATION = re.compile(r"P(?=[0-9T])([0-9]{1,9}W)?([0-9]{1,9}D)?(T(?=[0-9])([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}(\.[0-9]{1,9})?S)?)?$")
FILTER_KEYS = ("Capability", "Position", "OrgGroup", "familiarTask")


@dataclass(frozen=True)
class Note:
    """One thing that is not, or not quite, what it was."""

    where: str   # a task, a person, ""
    what: str    # in YAWL's words
    here: str    # what became of it
    nearness: str


@dataclass
class Converted:
    institution: Json
    definition: Json
    notes: list[Note] = field(default_factory=list)


class WrongModel(Exception):
    """What the user is told in one line."""


def name_of(item: str | int | Json, members: tuple[str, ...] = ("name", "title", "id")) -> str:
    """Roles and the like are names, or numbers, or objects that have one."""
    if type(item) in (str, int):
        return str(item)
    for member in members:
        if type(item.get(member)) in (str, int) and item[member] != "":
            return str(item[member])
    raise WrongModel(f"no name in {item}")


def names_of(items: Any) -> list[str]:
    return list(dict.fromkeys(name_of(item) for item in calls_of(items)))


def calls_of(items: Any) -> list[str | Json]:
    return [items] if isinstance(items, (str, dict)) else items or []


def call_of(text: str | Json) -> tuple[str, dict[str, str]]:
    """`CapabilityFilter Capability Master's in SCLM`: a name, and parameters by key."""
    if isinstance(text, dict):
        given = text.get("params") or {k: v for k, v in text.items() if k != "name"}
        return name_of(text), {str(k): str(v) for k, v in given.items()}
    name, _, rest = text.partition(" ")
    parts = re.split(rf"\b({'|'.join(FILTER_KEYS)})\b ", rest)
    return name, {parts[i]: parts[i + 1].strip() for i in range(1, len(parts) - 1, 2)}


class Ids:
    """Names as ids; one that cannot be an id gets `~<kind>-<n>`, which is noted where notes are given."""

    def __init__(self, kind: str, notes: list[Note] | None = None) -> None:
        self.kind, self.notes, self.known = kind, notes, dict[str, str]()

    def __call__(self, name: str) -> str:
        if name not in self.known:
            fits = name and not name.startswith("~") and not CONTROL.search(name) and len(name.encode()) <= ID_BYTES
            self.known[name] = name if fits else f"~{self.kind}-{len(self.known) + 1}"
            if not fits and self.notes is not None:
                self.notes.append(Note(name, f"id of a {self.kind}", self.known[name], NEAR))
        return self.known[name]


class Organisation:
    """Departments become departments, positions teams (who reports to a position belongs to its team), roles roles."""

    def __init__(self, model: Json, notes: list[Note]) -> None:
        self.notes = notes
        self.role, self.department, self.team = Ids("role", notes), Ids("department", notes), Ids("team", notes)
        self.person, self.set = Ids("person", notes), Ids("set")
        self.staff: dict[str, Json] = {}
        self.members: dict[str, set[str]] = {}  # of roles, by name
        self.derived: dict[str, list[str]] = {}  # roles made of several, by id
        self.model = model
        self.departments, self.positions = self._units("departments", "parent"), self._units("positions", "reportsTo")
        for person in model.get("staff", []):
            self._person(person)
        self.capabilities = any(person.get("capabilities") for person in self.staff.values())

    def _person(self, person: Json) -> None:
        staff_id = name_of(person, ("id", "userid", "name", "title"))
        if staff_id in self.staff:
            self.notes.append(Note(staff_id, "a second person of this id", "left out", NONE))
            return
        self.staff[staff_id] = person
        for role in names_of(person.get("roles")):
            self.members.setdefault(role, set()).add(staff_id)
        for member in sorted(set(person) - STAFF_MEMBERS - {"userid"}):
            self.notes.append(Note(staff_id, f"member `{member}` of a person", "left out", NONE))

    def holders(self, member: str, wanted: str) -> set[str]:
        return {s for s, person in self.staff.items() if wanted in names_of(person.get(member))}

    def in_group(self, group: str) -> set[str]:
        """The people of a department and of all below it."""
        inside = {group}
        for _ in self.departments:
            inside |= {unit for unit, above in self.departments.items() if above in inside}
        return {s for s, person in self.staff.items() if inside & set(names_of(person.get("departments")))}

    def _units(self, member: str, above: str) -> dict[str, str | None]:
        """A tree of names; what leads in a circle, or to what is not there, is cut."""
        units = {name_of(u): (name_of(u[above]) if isinstance(u, dict) and u.get(above) else None)
                 for u in self.model.get(member, [])}
        for unit, parent in units.items():
            way, at = {unit}, parent
            while at in units and at not in way:
                way.add(at)
                at = units[at]
            if at is not None:
                self.notes.append(Note(unit, f"`{above}` {parent}", "cut: it leads in a circle, or nowhere", NONE))
                units[unit] = None
        return units

    def role_of(self, name: str, people: set[str]) -> str:
        """A role that has exactly these people; a tilde keeps it apart from those of the model."""
        role = f"~{self.set(name)}"
        self.derived[role] = sorted(people)
        return role

    def institution(self) -> Json:
        departments, positions = self.departments.copy(), self.positions.copy()
        for person in self.staff.values():
            for name in names_of(person.get("departments")):
                departments.setdefault(name, None)
            for name in names_of(person.get("positions")):
                positions.setdefault(name, None)
        several = {d for p in self.staff.values() for d in names_of(p.get("departments"))[1:]}
        roles = dict.fromkeys([*names_of(self.model.get("roles")), *self.members])
        return {
            "departments": [self._unit(self.department, "dept", d, above) for d, above in departments.items()],
            "teams": [self._unit(self.team, "team", t, above) for t, above in positions.items()]
            + [{"team_id": self.team(f"also {d}")} for d in sorted(several)],
            "roles": [{"role_id": self.role(r)} for r in roles]
            + [{"role_id": r} for r in self.derived],
            "staff": [self._staff(staff_id, person) for staff_id, person in self.staff.items()],
        }

    @staticmethod
    def _unit(ids: Ids, kind: str, name: str, above: str | None) -> Json:
        return {f"{kind}_id": ids(name), **({f"super_{kind}_id": ids(above)} if above else {})}

    def _staff(self, staff_id: str, person: Json) -> Json:
        first, *others = names_of(person.get("departments")) or [None]
        if others:
            self.notes.append(Note(staff_id, f"in {len(others) + 1} departments", f"department {first}; teams for the others", NEAR))
        return {
            "staff_id": self.person(staff_id), **({"name": person["name"]} if person.get("name") else {}),
            **({"dept_id": self.department(first)} if first else {}),
            "teams": [self.team(t) for t in names_of(person.get("positions"))] + [self.team(f"also {d}") for d in others],
            "roles": [self.role(r) for r in names_of(person.get("roles"))]
            + [r for r, people in self.derived.items() if staff_id in people],
            **({"on_leave": True} if person.get("available") is False else {}),
        }


class Process:
    """The tasks of a model, one after the other: the data says who does them, not what follows what."""

    def __init__(self, tasks: list[Json], organisation: Organisation, notes: list[Note]) -> None:
        self.tasks: dict[str, Json] = {}
        self.organisation, self.notes = organisation, notes
        for task in tasks:
            if task["id"] in self.tasks:
                self.note(task["id"], "a second task of this id", "left out")
            self.tasks.setdefault(task["id"], task)
        self.activity = Ids("task", notes)

    def note(self, task: str, what: str, here: str, nearness: str = NONE) -> None:
        self.notes.append(Note(task, what, here, nearness))

    def definition(self, process_id: str) -> Json:
        order = list(self._in_order())
        acts = [self._activity(self.tasks[t]) for t in order]
        ids = [START, *(a["act_id"] for a in acts), END]
        if any(len(names_of(t.get("cancels"))) + (t.get("join", "xor") != "xor") for t in self.tasks.values()):
            self.note("", "joins, splits and cancellation sets", "not converted: the tasks follow one another")
        return {
            "process_id": process_id,
            "activities": [{"act_id": START, "act_type": "initial"}, *acts, {"act_id": END, "act_type": "completion"}],
            "routing": [{"from": a, "to": [b]} for a, b in zip(ids, ids[1:])],
            "assignment": [self._rule(self.tasks[t]) for t in order if self._is_work(self.tasks[t])],
        }

    def _in_order(self) -> Iterator[str]:
        """As they come, but what others refer to before them."""
        seen: set[str] = set()

        def visit(task: str) -> Iterator[str]:
            if task in seen:
                return
            seen.add(task)
            for other in self._referred(self.tasks[task]):
                if other in self.tasks:
                    yield from visit(other)
            yield task
        for task in self.tasks:
            yield from visit(task)

    @staticmethod
    def _is_work(task: Json) -> bool:
        return isinstance(task.get("offer"), dict)

    def _referred(self, task: Json) -> list[str]:
        offer = task.get("offer") or {}
        return names_of(offer.get("familiarParticipant")) + [
            params["familiarTask"] for _, params in map(call_of, calls_of(offer.get("constraint"))) if "familiarTask" in params]

    def _activity(self, task: Json) -> Json:
        known = self.activity(task["id"])
        act = {"act_id": known, **({"name": task["name"]} if task.get("name") else {})}
        for member in sorted(set(task) - TASK_MEMBERS):
            self.note(task["id"], f"member `{member}` of a task", "left out")
        if task.get("mi"):
            self.note(task["id"], "multiple instances", "one task")
        if not self._is_work(task):
            self.note(task["id"], "no resourcing: a net of its own, a service, or routing", "`dummy`: it is passed", NEAR)
            return {**act, "act_type": "dummy"}
        if task.get("privileges"):
            self.note(task["id"], "privileges of a task", "left out: who may send which command is decided at the topics")
        return {**act, "act_type": "interaction", **self._limits(task)}

    def _limits(self, task: Json) -> Json:
        timer = task.get("timer")
        if not timer:
            return {}
        kind = {"OnEnabled": "take", "OnExecuting": "end"}.get(timer.get("trigger", ""))
        if not kind or not DURATION.match(timer.get("duration") or ""):
            self.note(task["id"], f"timer {timer}", "no time limit: it has no fixed duration, or one in months")
            return {}
        self.note(task["id"], f"timer {timer['trigger']} {timer['duration']}",
                  f"time limit `{kind}`, which ends the task with the flag `{EXPIRED}`", NEAR)
        return {"time_limits": {kind: {"within": timer["duration"], "then": "end", "flag": EXPIRED}}}

    # who

    def _rule(self, task: Json) -> Json:
        offer, task_id = task["offer"], task["id"]
        for member in sorted(set(offer) - OFFER_MEMBERS):
            self.note(task_id, f"member `{member}` of the offer", "left out")
        role = self._role(task)
        rule = {"act": self.activity(task_id), "based_on": "role_based", "role": role,
                "method": "fcfa" if role == NOBODY else self._method(task)}
        if (task.get("start") or {}).get("initiator") == "system" and rule["method"] != "fcfa":
            self.note(task_id, "started by the system", "it waits in the person's list until they take it", NEAR)
        return rule | self._constraints(task)

    def _method(self, task: Json) -> str:
        allocate = task.get("allocate") or {}
        if allocate.get("initiator") != "system":
            return "fcfa"  # offered: whoever takes it first has it
        allocators = names_of(allocate.get("allocator"))
        name = call_of(allocators[0])[0] if allocators else "no allocator"
        method, nearness, why = ALLOCATORS.get(name, ("round_robin", NONE, "not known here"))
        self.note(task["id"], f"allocator {name}", f"`{method}`: {why}", nearness)
        return method

    def _role(self, task: Json) -> str:
        """The distribution set: a role as it is, or one made of the people that the set has."""
        offer, organisation = task["offer"], self.organisation
        roles, people = names_of(offer.get("roles")), names_of(offer.get("participants"))
        unknown = [p for p in people if p not in organisation.staff]
        for name in unknown:
            self.note(task["id"], f"participant {name}", "left out: not in the organisation")
        found = set(people) - set(unknown)
        for role in roles:
            found |= organisation.members.get(role, set())
        filters = [f for f in calls_of(offer.get("filter")) if self._applies(task["id"], f)]
        for text in filters:
            found &= self._filtered(text)
        if offer.get("initiator") != "system" or not (roles or people):
            self.note(task["id"], "offered by an administrator", f"role `{NOBODY}`, which nobody has: it waits for `reassign-task`",
                      NEAR)
            return organisation.role_of(NOBODY[1:], set())
        if not found:
            self.note(task["id"], "nobody is in the distribution set", "it waits until somebody is, or for `reassign-task`", SAME)
        if len(roles) == 1 and not people and not filters:
            organisation.members.setdefault(roles[0], set())
            return organisation.role(roles[0])
        name = " + ".join([*roles, *(p for p in people if p not in unknown)]) + "".join(f" / {self._words(f)}" for f in filters)
        self.note(task["id"], f"distribution set {name}", "a role of its own, of the people it has when converted", NEAR)
        return organisation.role_of(name, found)

    @staticmethod
    def _words(text: str | Json) -> str:
        name, params = call_of(text)
        return " ".join([name, *(f"{key} {value}" for key, value in sorted(params.items()))])

    def _applies(self, task: str, text: str | Json) -> bool:
        name, params = call_of(text)
        if name == "CapabilityFilter" and "Capability" in params and self.organisation.capabilities:
            return True
        if name == "OrganisationalFilter" and params.keys() & {"Position", "OrgGroup"}:
            return True
        why = "nobody's capabilities are in the data" if name == "CapabilityFilter" else "not known here"
        self.note(task, f"filter {text if isinstance(text, str) else name}", f"left out: {why}")
        return False

    def _filtered(self, text: str | Json) -> set[str]:
        _, params = call_of(text)
        found = set(self.organisation.staff)
        if "Capability" in params:
            found &= self.organisation.holders("capabilities", params["Capability"])
        if "Position" in params:
            found &= self.organisation.holders("positions", params["Position"])
        if "OrgGroup" in params:
            found &= self.organisation.in_group(params["OrgGroup"])
        return found

    def _constraints(self, task: Json) -> Json:
        """Four eyes and the familiar participant; of tasks that are work here."""
        offer, not_by, same_as = task["offer"], list[str](), list[str]()
        for text in calls_of(offer.get("constraint")):
            name, params = call_of(text)
            if name == "SeparationOfDuties" and self._usable(task["id"], name, params.get("familiarTask", "")):
                not_by.append(self.activity(params["familiarTask"]))
            elif name != "SeparationOfDuties":
                self.note(task["id"], f"constraint {name}", "left out: not known here")
        for other in names_of(offer.get("familiarParticipant")):
            if self._usable(task["id"], "familiar participant", other):
                same_as.append(self.activity(other))
        for other in same_as[1:]:
            self.note(task["id"], f"familiar participant of {other}", f"left out: there is one, of {same_as[0]}")
        return {**({"not_by": not_by} if not_by else {}), **({"same_as": same_as[0]} if same_as else {})}

    def _usable(self, task: str, what: str, other: str) -> bool:
        if other in self.tasks and other != task and self._is_work(self.tasks[other]):
            return True
        self.note(task, f"{what} of {other}", "left out: that is no work of somebody's here")
        return False


def convert(organisation: Json, tasks: list[Json], process_id: str) -> Converted:
    notes: list[Note] = []
    for member in sorted(set(organisation) - {"departments", "positions", "roles", "staff"}):
        notes.append(Note("", f"member `{member}` of the organisation", "left out", NONE))
    people = Organisation(organisation, notes)
    definition = Process(tasks, people, notes).definition(process_id)
    return Converted(people.institution(), definition, notes)
