"""May this task start? (section 6)"""
from __future__ import annotations

from definition import MERGES
from state import Arrival, Batch, Instance, Task

READY, PENDING, ABSORB = "ready", "pending", "absorb"


def check(instance: Instance, task: Task, may_start) -> str:
    """`may_start` asks the user-defined pre rule, which replaces the default check (FWD-4)."""
    activity = instance.definition.activities[task.act_id]
    if activity.user_pre_rule:
        return check_user_rule(instance, task, may_start)
    if activity.type == "and_merge":
        return check_and_merge(instance, task)
    if activity.type == "or_merge":
        return check_or_merge(instance, task)
    if activity.type == "vote_merge":
        return check_vote_merge(instance, task)
    return READY if lets_in(instance, task) is not None else PENDING


def check_user_rule(instance: Instance, task: Task, may_start) -> str:
    """What comes too late, and what an or_merge does not admit, is absorbed all the same."""
    activity = instance.definition.activities[task.act_id]
    if activity.type == "or_merge" and check_or_merge(instance, task) == ABSORB:
        return ABSORB
    if activity.type in MERGES and closed(instance, task.act_id,
                                          instance.works_in(task.act_id, task.arrivals[0].serial)):
        return ABSORB
    return READY if may_start(activity.pre_rule_func) else PENDING


def element_holds(instance: Instance, need: dict, ends: list) -> bool:
    """DEP-2: no task of it is open, and the last to end did so as asked for."""
    if any(task.act_id == need["act"] for task in instance.open.values()):
        return False
    last = next((end for end in reversed(ends) if end.act_id == need["act"]), None)
    return last is not None and need.get("status", last.flag) == last.flag


def set_holds(instance: Instance, needs: list[dict]) -> bool:
    return all(element_holds(instance, need, instance.ends) for need in needs)


def lets_in(instance: Instance, task: Task) -> Arrival | None:
    """DEP-1, DEP-2: the arrival that lets the task start, if one does; the set of any is enough."""
    pre_rules = instance.definition.activities[task.act_id].pre_rules
    return next((a for a in task.arrivals if a.pre not in pre_rules or set_holds(instance, pre_rules[a.pre])), None)


def gatherer(instance: Instance, act_id: str, arrival: Arrival) -> Task | None:
    """The pending task that an arrival joins (DEP-2, DEP-3, DEP-6)."""
    activity = instance.definition.activities[act_id]
    if activity.type == "or_merge":
        return None
    pending = [t for t in instance.open.values() if t.act_id == act_id and t.state == "pending"]
    if activity.type in MERGES:
        working = instance.works_in(act_id, arrival.serial)
        return next((t for t in pending if working is not None
                     and instance.works_in(act_id, t.arrivals[0].serial) is working), None)
    return next((t for t in pending if t.arrivals[0].serial == arrival.serial
                 and (activity.user_pre_rule or any(a.pre in activity.pre_rules for a in t.arrivals))), None)


def closed(instance: Instance, merge: str, working: Batch | None) -> bool:
    """BAT-5: the merge has flowed on in the batch and closed it."""
    return working is not None and instance.closer_of(working) == merge and working.closed_by is not None


# -- DEP-3

def check_and_merge(instance: Instance, task: Task) -> str:
    activity = instance.definition.activities[task.act_id]
    working = instance.works_in(task.act_id, task.arrivals[0].serial)
    if closed(instance, task.act_id, working):
        return ABSORB
    if activity.pre_rules:
        holds = all(element_holds(instance, need, ends_that_count(instance, task, working, need["act"]))
                    for needs in activity.pre_rules.values() for need in needs)
    else:
        holds = not instance.could_come(task.act_id, working, task)
    return READY if holds else PENDING


def ends_that_count(instance: Instance, task: Task, working: Batch | None, act_id: str) -> list:
    """Of activities between the batch's opener and the merge, what ended in it since the merge last left pending.

    An arrival that is taken alone counts in the batch it is of.
    """
    batch = working or instance.batches[task.arrivals[0].serial]
    opener = batch.opener or instance.definition.initial.act_id
    if not instance.definition.between(opener, act_id, task.act_id):
        return instance.ends
    since = instance.left.get((task.act_id, batch.serial), 0)
    return [end for end in instance.ends[since:] if instance.of_batch(end.serial, batch.serial)]


# -- DEP-4, DEP-5

def check_or_merge(instance: Instance, task: Task) -> str:
    activity = instance.definition.activities[task.act_id]
    arrival = task.arrivals[0]
    if activity.flag_asked is not None and activity.flag_asked != arrival.flag:
        return ABSORB
    if instance.absorbing(task.act_id, arrival.serial, arrival.branch):
        return ABSORB
    return READY if lets_in(instance, task) is not None else PENDING


# -- DEP-6

def voters(instance: Instance, task: Task, working: Batch | None) -> dict[int, Arrival]:
    """One vote for each branch of the batch that it works in: the first of each."""
    asked = instance.definition.activities[task.act_id].flag_asked
    votes: dict[int, Arrival] = {}
    for arrival in task.arrivals:
        if asked is None or arrival.flag == asked:
            branch = instance.branch_in(working, arrival.serial, arrival.branch) if working else 1
            votes.setdefault(branch, arrival)
    return votes


def votes_needed(votes: int | str, branches: int) -> int:
    if isinstance(votes, int):
        return votes
    return max(1, -(-branches * int(votes.rstrip("%")) // 100))


def check_vote_merge(instance: Instance, task: Task) -> str:
    working = instance.works_in(task.act_id, task.arrivals[0].serial)
    if closed(instance, task.act_id, working):
        return ABSORB
    return READY if verdict(instance, task) else PENDING


def verdict(instance: Instance, task: Task) -> str | None:
    """`passed`, `failed`, or nothing yet."""
    activity = instance.definition.activities[task.act_id]
    if activity.user_pre_rule:
        return "passed"
    working = instance.works_in(task.act_id, task.arrivals[0].serial)
    votes = voters(instance, task, working)
    needed = votes_needed(activity.votes, working.branches if working else 1)
    if len(votes) >= needed:
        return "passed"
    coming = {instance.branch_in(working, t.serial, t.branch) for t in instance.could_come(task.act_id, working, task)}
    if len(votes) + len(coming - set(votes)) < needed and instance.definition.names_flag(task.act_id, "failed"):
        return "failed"
    return None


def arrival_that_lets(instance: Instance, task: Task) -> Arrival:
    """DEP-10: the arrival that let a merge's task flow on."""
    activity = instance.definition.activities[task.act_id]
    if activity.user_pre_rule:
        return task.arrivals[-1] if activity.type in MERGES else task.arrivals[0]
    if activity.type == "vote_merge":
        working = instance.works_in(task.act_id, task.arrivals[0].serial)
        votes = list(voters(instance, task, working).values())
        needed = votes_needed(activity.votes, working.branches if working else 1)
        if len(votes) >= needed:
            return votes[needed - 1]
    if activity.type in MERGES:
        return task.arrivals[-1]
    return lets_in(instance, task) or task.arrivals[0]
