"""What the tests of operations, merges and delegation share: processes, an engine, and what they say and look at."""

from __future__ import annotations

from typing import Any

import desk
from desk import act, by_department, by_role, route
from engine import Client, Engine, Json, Subscriber

engine: Engine
client: Client
subscriber: Subscriber


def open_engine(stack: Any, name: str) -> tuple[Engine, Client, Subscriber]:
    """An engine with all processes of this file; one at a time. `stack` enters contexts: `unittest`."""
    global engine, client, subscriber
    engine = stack.enterModuleContext(Engine(name, session_timeout_ms=6000))
    client = engine.client()
    engine.load(desk.institution())
    engine.deploy(desk.single(), desk.order(), desk.stuck(), pair(), race(), heats(), vote(), lead())
    subscriber = engine.subscriber()
    return engine, client, subscriber


def close_engine() -> None:
    engine.check_whole()


# --- processes -------------------------------------------------------------------------------------------------


def pair(process_id: str = "pair") -> Json:
    """Two branches that meet, and a signature."""
    return {
        "process_id": process_id,
        "activities": [act("start", "initial"), act("split", "and_branch"), act("left", "interaction"),
                       act("right", "interaction"), act("join", "and_merge"), act("sign", "interaction"),
                       act("done", "completion", completion_flag="signed")],
        "routing": [route("start", None, "split"), route("split", None, "left", "right"), route("left", None, "join"),
                    route("right", None, "join"), route("join", None, "sign"), route("sign", None, "done")],
        "assignment": [by_department(a, "office") for a in ("left", "right", "sign")],
    }


def race() -> Json:
    """Whoever comes first goes on; the merge closes the batch."""
    return {
        "process_id": "race",
        "activities": [act("start", "initial"), act("split", "and_branch"), act("a", "interaction"),
                       act("b", "interaction"), act("first", "or_merge", or_merge_flag="any"),
                       act("after", "interaction"), act("done", "completion")],
        "routing": [route("start", None, "split"), route("split", None, "a", "b"), route("a", None, "first"),
                    route("b", None, "first"), route("first", None, "after"), route("after", None, "done")],
        "assignment": [by_department("a", "office"), by_department("b", "office"), by_department("after", "office")],
    }


def heats() -> Json:
    """The first of a and b meets c: the or_merge closes no batch, so that the winner has to be known (DEP-5)."""
    return {
        "process_id": "heats",
        "activities": [act("start", "initial"), act("split", "and_branch"), act("a", "interaction"),
                       act("b", "interaction"), act("c", "interaction"), act("first", "or_merge", or_merge_flag="any"),
                       act("semi", "interaction"), act("join", "and_merge"), act("done", "completion")],
        "routing": [route("start", None, "split"), route("split", None, "a", "b", "c"), route("a", None, "first"),
                    route("b", None, "first"), route("first", None, "semi"), route("semi", None, "join"),
                    route("c", None, "join"), route("join", None, "done")],
        "assignment": [by_department(a, "office") for a in ("a", "b", "c", "semi")],
    }


def vote() -> Json:
    """Everybody of the office is asked; three of its four people have to say yes."""
    return {
        "process_id": "vote",
        "activities": [act("start", "initial"), act("poll", "interaction"),
                       act("count", "vote_merge", num_votes_needed="60%", or_merge_flag="yes"),
                       act("taken", "completion", completion_flag="accepted"),
                       act("dropped", "completion", completion_flag="refused")],
        "routing": [route("start", None, "poll"), route("poll", None, "count"), route("count", "passed", "taken"),
                    route("count", "failed", "dropped")],
        "assignment": [{"act": "poll", "based_on": "dept_based", "department": "office", "method": "all"}],
    }


def lead() -> Json:
    """One task, given by name to the manager who is there: eve."""
    return {
        "process_id": "lead",
        "activities": [act("start", "initial"), act("work", "interaction"), act("done", "completion")],
        "routing": [route("start", None, "work"), route("work", None, "done")],
        "assignment": [by_role("work", "manager", "priority")],
    }


# --- what the tests say and look at ----------------------------------------------------------------------------


def control(operation: str, **data: Any) -> Json:
    return client.call("control", {"operation": operation, **data})


def applied(operation: str, **data: Any) -> Json:
    return client.applied("control", {"operation": operation, **data})


def refused(outcome: Json) -> str:
    """The code of a rejection."""
    return outcome.get("code", outcome["result"])


def rows(task_id: str) -> list[list[str]]:
    return engine.psql(f"""
        select state, staff_id, grantor_id, candidates from workflow.task_list where task_id = '{task_id}'""")


def history(instance_id: str) -> dict[str, str]:
    """How each task that is over ended, by number."""
    return dict(engine.psql(f"""
        select n, act_id || ' ' || how from workflow.history_list where instance_id = '{instance_id}'"""))


def open_tasks(instance_id: str) -> dict[str, str]:
    """The state of open tasks, by activity."""
    return dict(engine.psql(f"select act_id, state from workflow.task_list where instance_id = '{instance_id}'"))


def state(instance_id: str) -> list[str]:
    return engine.psql(f"""
        select state, completion_flag from workflow.instance_list where instance_id = '{instance_id}'""")[0]


def last_events(outcome: Json, count: int = 1) -> list[Json]:
    return subscriber.wait_position(outcome["instance_id"], outcome["position"])[-count:]


def started(process_id: str, **data: Any) -> tuple[str, list[str]]:
    outcome = client.start(process_id, **data)
    return outcome["instance_id"], outcome["tasks"]


def the_open(instance_id: str, act_id: str) -> str:
    return engine.value(f"""
        select task_id from workflow.task_list where instance_id = '{instance_id}' and act_id = '{act_id}'""")


def kill_worker() -> None:
    """What is known then is what the database knows."""
    engine.workers[-1].kill()
    engine.start_worker()
