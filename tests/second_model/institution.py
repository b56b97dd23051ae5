"""Who works: people, departments, teams, roles and authorizations (section 1)."""
from __future__ import annotations

import copy
import datetime

KINDS = {"dept_based": "department", "team_based": "team", "role_based": "role"}


EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def moment(text: str | None, otherwise: int) -> int:
    """A time in microseconds since the clock's start."""
    if text is None:
        return otherwise
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // datetime.timedelta(microseconds=1)


def same_grant(one: dict, other: dict) -> bool:
    return all(one.get(name) == other.get(name) for name in ("grantor_id", "grantee_id", "process_id", "act_id"))


class Invalid(Exception):
    """A load that the institution refuses."""


class Person:
    def __init__(self, staff_id: str) -> None:
        self.staff_id = staff_id
        self.dept_id: str | None = None
        self.teams: list[str] = []
        self.roles: dict[str, int] = {}
        self.logging_on, self.on_leave = True, False


class Institution:
    def __init__(self) -> None:
        self.departments: dict[str, str | None] = {}  # id -> the one above
        self.teams: dict[str, str | None] = {}
        self.roles: dict[str, str | None] = {}
        self.staff: dict[str, Person] = {}
        self.authorizations: list[dict] = []

    def same_as(self, other: "Institution") -> bool:
        def content(one: Institution) -> tuple:
            grants = sorted(one.authorizations, key=lambda grant: sorted(grant.items()))
            return one.departments, one.teams, one.roles, {name: vars(p) for name, p in one.staff.items()}, grants
        return content(self) == content(other)

    # -- who belongs where

    def group_exists(self, kind: str, group: str) -> bool:
        return group in {"dept_based": self.departments, "team_based": self.teams, "role_based": self.roles}[kind]

    def under(self, tree: dict, unit: str | None, top: str) -> bool:
        """INS-2: a department or team stands for every one below it."""
        while unit is not None:
            if unit == top:
                return True
            unit = tree.get(unit)
        return False

    def in_group(self, person: Person, kind: str, group: str) -> bool:
        if kind == "dept_based":
            return self.under(self.departments, person.dept_id, group)
        if kind == "team_based":
            return any(self.under(self.teams, team, group) for team in person.teams)
        return group in person.roles

    def members(self, kind: str, group: str) -> list[Person]:
        """The people of a group, in the order of staff_id."""
        return [p for _, p in sorted(self.staff.items()) if self.in_group(p, kind, group)]

    def grantors(self, grantee: str, process_id: str, act_id: str, now: int) -> list[str]:
        """In whose name somebody may execute tasks of an activity now, in the order of their ids (ASG-7)."""
        return sorted({a["grantor_id"] for a in self.authorizations
                       if a["grantee_id"] == grantee and self.covers(a, process_id, act_id, now)})

    def has_deputy(self, grantor: str, process_id: str, act_id: str, now: int) -> bool:
        """ASG-2: whether an authorization of theirs that covers the task is valid now."""
        return any(a["grantor_id"] == grantor and self.covers(a, process_id, act_id, now) for a in self.authorizations)

    @staticmethod
    def covers(authorization: dict, process_id: str, act_id: str, now: int) -> bool:
        return (authorization.get("process_id", process_id) == process_id
                and authorization.get("act_id", act_id) == act_id
                and moment(authorization.get("valid_from"), 0) <= now
                and now < moment(authorization.get("valid_to"), now + 1))

    # -- changes

    def after_presence(self, data: dict) -> "Institution":
        new = copy.copy(self)
        new.staff = dict(self.staff)
        person = new.staff[data["staff_id"]] = copy.copy(self.staff[data["staff_id"]])
        person.logging_on = data.get("logging_on", person.logging_on)
        person.on_leave = data.get("on_leave", person.on_leave)
        return new

    def after_authorize(self, grant: dict) -> "Institution":
        new = copy.copy(self)
        new.authorize(grant)
        return new

    def after_revoke(self, grant: dict) -> "Institution":
        new = copy.copy(self)
        new.authorizations = [a for a in self.authorizations if not same_grant(a, grant)]
        return new

    def after_load(self, change: dict) -> "Institution":
        """The institution that a load makes; it merges, or with `replace` removes the rest."""
        new = Institution() if change.get("replace") else copy.deepcopy(self)
        for unit in change.get("departments", []):
            new.departments[unit["dept_id"]] = unit.get("super_dept_id")
        for unit in change.get("teams", []):
            new.teams[unit["team_id"]] = unit.get("super_team_id")
        for role in change.get("roles", []):
            new.roles[role["role_id"]] = None
        for person in change.get("staff", []):
            new.load_person(person)
        for grant in change.get("authorizations", []):
            new.authorize(grant)
        new.check()
        return new

    def load_person(self, file: dict) -> None:
        person = self.staff.setdefault(file["staff_id"], Person(file["staff_id"]))
        if "dept_id" in file:
            person.dept_id = file["dept_id"]
        if "teams" in file:
            person.teams = list(file["teams"])
        if "roles" in file:
            person.roles = {}
            for role in file["roles"]:
                role = role if isinstance(role, dict) else {"role_id": role}
                person.roles[role["role_id"]] = role.get("priority_num", 1)
        person.logging_on = file.get("logging_on", person.logging_on)
        person.on_leave = file.get("on_leave", person.on_leave)

    def authorize(self, grant: dict) -> None:
        """One for each (grantor, grantee, process, activity): the later one counts."""
        if "valid_from" in grant and "valid_to" in grant and grant["valid_from"] >= grant["valid_to"]:
            raise Invalid(grant["grantee_id"])
        self.authorizations = [a for a in self.authorizations if not same_grant(a, grant)] + [grant]

    def check(self) -> None:
        """INS-1: no tree has a cycle; no name means nothing."""
        for tree in (self.departments, self.teams):
            for unit in tree:
                seen = set()
                while unit is not None:
                    if unit in seen or unit not in tree:
                        raise Invalid(unit)
                    seen.add(unit)
                    unit = tree[unit]
        for person in self.staff.values():
            if person.dept_id is not None and person.dept_id not in self.departments:
                raise Invalid(person.dept_id)
            for team in person.teams:
                if team not in self.teams:
                    raise Invalid(team)
            for role in person.roles:
                if role not in self.roles:
                    raise Invalid(role)
        for grant in self.authorizations:
            for who in (grant["grantor_id"], grant["grantee_id"]):
                if who not in self.staff:
                    raise Invalid(who)
