"""The small processes and the institution that the tests of this ring share."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def institution() -> Json:
    """ann is a clerk before bob; dan, the first manager, is on leave; zoe belongs to nothing."""
    return {
        "departments": [{"dept_id": "office"}, {"dept_id": "front", "super_dept_id": "office"}],
        "teams": [{"team_id": "crew"}, {"team_id": "night", "super_team_id": "crew"}],
        "roles": [{"role_id": "clerk", "name": "Clerk"}, {"role_id": "manager"}],
        "staff": [
            {"staff_id": "ann", "name": "Ann Ash", "dept_id": "front", "teams": ["night"],
             "roles": [{"role_id": "clerk", "priority_num": 1}]},
            {"staff_id": "bob", "name": "Bob Beech", "dept_id": "front",
             "roles": [{"role_id": "clerk", "priority_num": 2}]},
            {"staff_id": "cid", "dept_id": "office", "teams": ["crew"]},
            {"staff_id": "dan", "dept_id": "office", "on_leave": True,
             "roles": [{"role_id": "manager", "priority_num": 1}]},
            {"staff_id": "eve", "dept_id": "office", "roles": [{"role_id": "manager", "priority_num": 2}]},
            {"staff_id": "zoe"},
        ],
    }


def act(act_id: str, act_type: str, **more: Any) -> Json:
    return {"act_id": act_id, "act_type": act_type, **more}


def route(source: str, flag: str | None, *targets: str) -> Json:
    return {"from": source, **({"flag": flag} if flag else {}), "to": list(targets)}


def by_role(act_id: str, role: str, method: str = "fcfa") -> Json:
    return {"act": act_id, "based_on": "role_based", "role": role, "method": method}


def by_department(act_id: str, department: str) -> Json:
    return {"act": act_id, "based_on": "dept_based", "department": department, "method": "fcfa"}


def single() -> Json:
    """One task for whoever of the office."""
    return {
        "process_id": "single",
        "activities": [act("start", "initial"), act("work", "interaction"), act("done", "completion")],
        "routing": [route("start", None, "work"), route("work", None, "done"), route("work", "again", "work"),
                    route("work", "yes", "done")],
        "assignment": [by_department("work", "office")],
    }


def steps() -> Json:
    """Three tasks, one after the other: ids :2, :3, :4."""
    return {
        "process_id": "steps",
        "activities": [act("start", "initial"), act("one", "interaction"), act("two", "interaction"),
                       act("three", "interaction"), act("done", "completion")],
        "routing": [route("start", None, "one"), route("one", None, "two"), route("two", "on", "three"),
                    route("three", None, "done")],
        "assignment": [by_department("one", "office"), by_role("two", "clerk"), by_department("three", "front")],
    }


STEPS: list[tuple[str, str | None]] = [("cid", None), ("ann", "on"), ("bob", None)]


def order() -> Json:
    """Everything this engine does: all types, flags, a loop, a program, two branches and their merge."""
    return {
        "process_id": "order",
        "name": "An order",
        "activities": [
            act("start", "initial"), act("check", "interaction", name="Check the order"),
            act("pay", "automation", auto_executive="pay-card"), act("split", "and_branch"),
            act("pack", "interaction"), act("bill", "interaction"), act("join", "and_merge"),
            act("either", "dummy"), act("sign", "interaction"),
            act("delivered", "completion", completion_flag="delivered"), act("dropped", "completion"),
        ],
        "routing": [
            route("start", None, "check"), route("start", "express", "pay"),
            route("check", "ok", "pay"), route("check", "again", "check"), route("check", "bad", "dropped"),
            route("pay", "paid", "split"), route("pay", "failed", "check"),
            route("split", None, "pack", "bill"), route("pack", None, "join"), route("bill", None, "join"),
            route("join", None, "either"), route("either", None, "sign"), route("sign", None, "delivered"),
        ],
        "assignment": [by_department("check", "office"), by_role("pack", "clerk"), by_role("bill", "clerk", "priority"),
                       by_role("sign", "manager", "priority")],
    }


def stuck() -> Json:
    """Stalls when `right` ends with any other flag than yes: the merge's rule can never hold then (FWD-7)."""
    return {
        "process_id": "stuck",
        "activities": [act("start", "initial"), act("split", "and_branch"), act("left", "interaction"),
                       act("right", "interaction"), act("join", "and_merge"), act("done", "completion")],
        "routing": [route("start", None, "split"), route("split", None, "left", "right"), route("left", None, "join"),
                    route("right", "yes", "join"), route("right", "no", "join"), route("join", None, "done")],
        "pre_rules": [{"act": "join", "after": "left", "needs": [{"act": "right", "status": "yes"}]}],
        "assignment": [by_department("left", "office"), by_department("right", "office")],
    }
