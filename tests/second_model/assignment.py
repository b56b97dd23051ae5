"""Who gets a task, and who may take it (section 7)."""
from __future__ import annotations

from institution import Institution, Person
from rejection import Rejected
from state import Instance, Task

KIND_NAMES = {"dept_based": "department", "team_based": "team", "role_based": "role", "user_defined": "function"}


def group_of(rule: dict) -> tuple[str, str]:
    kind = rule["based_on"]
    return kind, rule[KIND_NAMES[kind]]


class Ledger:
    """Who has how much, who was last: what all instances know, and what the command at hand has changed."""

    def __init__(self, tokens: dict[str, str], last: dict[str, int], others: list[Instance]) -> None:
        self.tokens, self.last, self.others = dict(tokens), dict(last), others

    def load(self, staff_id: str, instance: Instance) -> tuple:
        """ASG-4: open tasks in to_do_task_list; then who never was assigned one, then who was the longest ago."""
        tasks = sum(t.staff == staff_id for i in [*self.others, instance] for t in i.open.values())
        return tasks, self.last.get(staff_id, -1)

    def given(self, staff_id: str) -> None:
        """By the rule, by a reassignment, or taken and not theirs before (ASG-11)."""
        self.last[staff_id] = max(self.last.values(), default=0) + 1


class Assignment:
    """Assigns by what the institution, the loads and the tokens are now."""

    def __init__(self, institution: Institution, instance: Instance, now: int, ledger: Ledger) -> None:
        self.institution, self.instance, self.now, self.ledger = institution, instance, now, ledger

    # -- ASG-2, ASG-10: who is eligible

    def available(self, person: Person, act_id: str) -> bool:
        """Not on leave, unless an authorization that covers the task is valid now."""
        return not person.on_leave or self.institution.has_deputy(
            person.staff_id, self.instance.definition.process_id, act_id, self.now)

    def in_group(self, task: Task, person: Person, group: tuple[str, str]) -> bool:
        if group[0] == "user_defined":
            return person.staff_id in task.candidates
        return self.institution.in_group(person, *group)

    def eligible(self, task: Task, group: tuple[str, str], presence: str) -> list[Person]:
        """In the order of staff_id."""
        found = [p for _, p in sorted(self.institution.staff.items())
                 if self.in_group(task, p, group) and self.available(p, task.act_id)
                 and not self.bound(task, p.staff_id, None)]
        if presence == "require":
            found = [p for p in found if p.logging_on or p.on_leave]
        return found

    def excluded(self, task: Task, staff_id: str) -> bool:
        """ASG-10, not_by: did a task of these, or it was done for them."""
        rule = self.instance.definition.activities[task.act_id].assignment or {}
        return any(end.act_id in rule.get("not_by", ()) and staff_id in (end.staff, end.grantor)
                   for end in self.instance.ends)

    def same_person(self, task: Task) -> str | None:
        """ASG-10, same_as: the executor of the last ended one, unless on leave or gone."""
        rule = self.instance.definition.activities[task.act_id].assignment or {}
        last = next((end for end in reversed(self.instance.ends) if end.act_id == rule.get("same_as")), None)
        if last is None or last.staff is None:
            return None
        person = self.institution.staff.get(last.staff)
        barred = person is None or person.on_leave or self.excluded(task, last.staff)
        return None if barred else last.staff

    # -- ASG-3 to ASG-6: the methods

    @staticmethod
    def presence_class(person: Person, presence: str) -> int:
        """Logged on, then not, then on leave."""
        if presence == "ignore":
            return 0
        return 2 if person.on_leave else 0 if person.logging_on else 1

    def best(self, people: list[Person], presence: str) -> list[Person]:
        first = min(self.presence_class(p, presence) for p in people)
        return [p for p in people if self.presence_class(p, presence) == first]

    def pick(self, rule: dict, people: list[Person]) -> Person:
        if rule["method"] == "priority":
            return min(people, key=lambda p: (p.roles[rule["role"]], p.staff_id))
        if rule["method"] == "round_robin":
            token = self.ledger.tokens.get(rule["role"], "")
            chosen = next((p for p in people if p.staff_id > token), people[0])
            self.ledger.tokens[rule["role"]] = chosen.staff_id
            return chosen
        return min(people, key=lambda p: (*self.ledger.load(p.staff_id, self.instance), p.staff_id))

    # -- ASG-7: who may get a waiting task

    def own_right(self, task: Task, person: Person) -> bool:
        if task.staff is not None:
            return task.staff == person.staff_id
        return task.group is not None and self.in_group(task, person, task.group)

    def grantors(self, task: Task, person: Person) -> list[str]:
        """In whose name somebody may get it, in the order of their ids."""
        names = self.institution.grantors(person.staff_id, self.instance.definition.process_id, task.act_id, self.now)
        return [g for g in names if self.own_right(task, self.institution.staff[g])]

    def bound(self, task: Task, staff_id: str, grantor: str | None) -> bool:
        """ASG-10 binds who gets it, and who authorises it."""
        if self.excluded(task, staff_id) or (grantor is not None and self.excluded(task, grantor)):
            return True
        same = self.same_person(task)
        return same is not None and same != staff_id

    def entitled(self, task: Task, person: Person, named: str | None) -> str | None:
        """The grantor in whose name a person may get a waiting task, None for one's own right; or a rejection."""
        if person.on_leave:
            raise Rejected("on_leave")
        own = self.own_right(task, person) or self.same_person(task) == person.staff_id
        ways: list[str | None] = [None] if own else []
        ways += self.grantors(task, person)
        if named is not None and None not in ways:
            ways = [way for way in ways if way == named]
        if not ways:
            raise Rejected("not_entitled")
        allowed = [way for way in ways if not self.bound(task, person.staff_id, way)]
        if not allowed:
            raise Rejected("constraint")
        return allowed[0]
