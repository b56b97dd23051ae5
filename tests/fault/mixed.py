"""A load of all kinds of commands: stories that go on side by side, each written as it reads.

A story is a generator: it yields a command and is given its outcome.  A command without an answer is sent again
under its id (BUS-2), so whatever is lost or done twice shows in the end: a story stands still, or meets an
outcome that it does not expect.  A copy of a command that was rejected may take effect later, so a story asks again
under the same id, or for what can never be.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Generator

import desk
from desk import act, by_department, route
from engine import LIMIT, Client, Engine, Json

Command = tuple[str, Json] | tuple[str, Json, str]  # kind, data, and an id where it matters
Story = Generator[Command, Json, None]

POISON = "poison"  # an entity that the database refuses


# --- processes -------------------------------------------------------------------------------------------------


def turns() -> Json:
    """Two tasks by rules that count: a role's token and people's loads are locked (ASG-4, ASG-6)."""
    def by(act_id: str, method: str) -> Json:
        return {"act": act_id, "based_on": "role_based", "role": "solo", "method": method}
    return {
        "process_id": "turns",
        "activities": [act("start", "initial"), act("first", "interaction"), act("second", "interaction"),
                       act("done", "completion")],
        "routing": [route("start", None, "first"), route("first", None, "second"), route("second", None, "done")],
        "assignment": [by("first", "round_robin"), by("second", "least_working_list")],
    }


def outer() -> Json:
    """Hands its work to an instance of another partition, and goes on when that is through (ENG-1)."""
    return {
        "process_id": "outer",
        "activities": [act("start", "initial"), act("hand", "automation", sub_process={"process_id": "inner"}),
                       act("done", "completion")],
        "routing": [route("start", None, "hand"), route("hand", None, "done")],
    }


def inner() -> Json:
    return {"process_id": "inner", "activities": [act("start", "initial"), act("done", "completion")],
            "routing": [route("start", None, "done")]}


def late() -> Json:
    """Nobody does its task: it is ended when its time is over, by a command of the engine's own (EOS-4)."""
    limit = {"take": {"within": "PT1S", "then": "end", "flag": "late"}}
    return {"process_id": "late", "activities": [act("start", "initial"), act("wait", "interaction", time_limits=limit),
                                                 act("done", "completion")],
            "routing": [route("start", None, "wait"), route("wait", "late", "done")],
            "assignment": [by_department("wait", "office")]}


def own(name: str) -> Json:
    """A process of a deployment's own."""
    return {"process_id": name, "activities": [act("start", "initial"), act("work", "interaction"),
                                               act("done", "completion")],
            "routing": [route("start", None, "work"), route("work", None, "done")],
            "assignment": [by_department("work", "office")]}


def institution() -> Json:
    """That of all tests, and somebody who alone has a role."""
    found = desk.institution()
    found["roles"].append({"role_id": "solo"})
    found["staff"].append({"staff_id": "sue", "dept_id": "front", "roles": [{"role_id": "solo"}]})
    return found


def install(engine: Engine, *further: Engine) -> None:
    """People, processes, and databases that refuse one entity (EOS-23); workers run."""
    engine.load(institution())
    engine.deploy(desk.steps(), desk.single(), desk.stuck(), desk.order(), turns(), inner(), outer(), late())
    for one in (engine, *further):
        one.psql(f"""
            create function workflow.refuse() returns trigger language plpgsql as
            $$ begin raise exception 'not this one'; end $$;
            create trigger refuse before insert on workflow.instance for each row
            when (new.entity_id = '{POISON}') execute function workflow.refuse()""")


# --- stories ---------------------------------------------------------------------------------------------------


def expect(outcome: Json, *allowed: str) -> Json:
    """The outcome, if it is one of these: results, or codes of rejections."""
    came = outcome["code"] if outcome["result"] == "rejected" else outcome["result"]
    if came not in (allowed or ("applied", "duplicate")):
        raise AssertionError(f"{came}, not {allowed or 'applied'}: {outcome}")
    return outcome


def begin(process_id: str, **more: str) -> tuple[str, Command]:
    instance_id = str(uuid.uuid4())
    return instance_id, ("init-instance", {"process_id": process_id, "instance_id": instance_id, **more})


def do(task_id: str, staff_id: str, flag: str | None = None) -> Story:
    expect((yield "get-task", {"task_id": task_id, "staff_id": staff_id}))
    expect((yield "end-task", {"task_id": task_id, "staff_id": staff_id,
                               **({"completion_flag": flag} if flag else {})}))


def steps(_: random.Random) -> Story:
    instance_id, start = begin("steps")
    expect((yield start))
    for n, (staff_id, flag) in enumerate(desk.STEPS, 2):
        yield from do(f"{instance_id}:{n}", staff_id, flag)


def merged(dice: random.Random) -> Story:
    instance_id, start = begin("stuck")
    expect((yield start))
    ways: list[tuple[int, str | None]] = [(2, None), (3, "yes")]
    if dice.random() < 0.5:
        ways.reverse()
    for n, flag in ways:
        yield from do(f"{instance_id}:{n + 1}", dice.choice(("ann", "bob", "cid")), flag)


def next_one(dice: random.Random) -> Story:
    """Begins one, and does the next there is: one for one."""
    expect((yield begin("single")[1]))
    taken, command_id = {"result": "rejected"}, str(uuid.uuid4())
    staff_id = dice.choice(("ann", "bob", "cid", "eve"))
    while taken["result"] == "rejected":
        taken = expect((yield "get-task", {"staff_id": staff_id, "process_id": "single"}, command_id),
                       "applied", "duplicate", "no_task_available", "task_taken", "wrong_state", "instance_ended")
    expect((yield "end-task", {"task_id": taken["task"]["task_id"], "staff_id": staff_id}))


def controlled(dice: random.Random) -> Story:
    instance_id, start = begin("steps")
    expect((yield start))
    task = {"task_id": f"{instance_id}:2"}
    def control(operation: str, **more: str) -> Command:
        return "control", {"operation": operation, **more}
    expect((yield control("suspend-instance", instance_id=instance_id, actor="desk")))
    expect((yield "get-task", {**task, "staff_id": "nobody"}), "instance_suspended", "unknown_staff")
    expect((yield control("resume-instance", instance_id=instance_id, actor="desk")))
    expect((yield "get-task", {**task, "staff_id": "cid"}))
    expect((yield control("hang-task", staff_id="cid", **task)))
    expect((yield control("release-task", actor="desk", **task)))
    expect((yield control("reassign-task", actor="desk", to_staff_id="zoe", **task)))
    if dice.random() < 0.5:
        expect((yield control("cancel-instance", instance_id=instance_id, actor="desk")))
        expect((yield "get-task", {**task, "staff_id": "zoe"}), "instance_ended")
        return
    yield from do(task["task_id"], "zoe")
    yield from do(f"{instance_id}:3", "ann", "on")
    yield from do(f"{instance_id}:4", "bob")


def program(_: random.Random) -> Story:
    """What an executor does."""
    instance_id, start = begin("order", completion_flag="express")
    task = {"task_id": expect((yield start)).get("tasks", [f"{instance_id}:2"])[0], "executor_id": "pay/1"}
    expect((yield "get-task", task))
    ended = expect((yield "end-task", {**task, "completion_flag": "failed"}))
    again = ended.get("tasks")
    expect((yield "control", {"operation": "cancel-instance", "instance_id": instance_id, "actor": "desk"}))
    if again:
        expect((yield "get-task", {"task_id": again[0], "staff_id": "cid"}), "instance_ended")


def counted(_: random.Random) -> Story:
    instance_id, start = begin("turns")
    expect((yield start))
    yield from do(f"{instance_id}:2", "sue")
    yield from do(f"{instance_id}:3", "sue")


def handed_on(_: random.Random) -> Story:
    expect((yield begin("outer")[1]))


def timed(_: random.Random) -> Story:
    expect((yield begin("late")[1]))


def refused(dice: random.Random) -> Story:
    expect((yield begin("steps", entity_id=POISON)[1]), "invalid_command")
    expect((yield "get-task", {"task_id": f"{uuid.uuid4()}:2", "staff_id": "ann"}), "unknown_instance", "unknown_task")
    expect((yield begin(f"no-{dice.random()}")[1]), "unknown_process")


def administered(dice: random.Random) -> Story:
    name = f"own-{uuid.uuid4().hex[:8]}"
    expect((yield "admin", {"operation": "deploy-process", "definition": own(name), "actor": "desk"}))
    expect((yield "admin", {"operation": "load-institution", "actor": "desk",
                            "institution": {"staff": [{"staff_id": f"new-{dice.randrange(5)}", "dept_id": "front"}]}}))
    instance_id, start = begin(name)
    expect((yield start))
    yield from do(f"{instance_id}:2", "cid")


# Each with how often it is chosen.
STORIES: dict[Callable[[random.Random], Story], int] = {
    steps: 8, merged: 4, next_one: 6, controlled: 3, program: 3, counted: 3, handed_on: 2, timed: 4, refused: 1,
    administered: 1}


# --- by SQL ---------------------------------------------------------------------------------------------------


def submit(engine: Engine, before: int, count: int = 20) -> int:
    """One more transaction of commands (EOS-25); how many that makes.  What a failure leaves in doubt may be submitted again."""
    engine.psql("select workflow.submit_command('init-instance', jsonb_build_object('process_id', 'inner', 'entity_id', 'sql/' || n), 'sql/' || n)"
                f" from generate_series({before + 1}, {before + count}) n")
    return before + count


# --- the load --------------------------------------------------------------------------------------------------


class Mixed:
    """So many stories at once, by seed, until it is told to end."""

    def __init__(self, client: Client, seed: int, window: int = 24, *, without: Callable[[random.Random], Story] | None = None) -> None:
        self.client = client
        self.answered = self.sent_again = self.ended = 0
        self.kinds: Counter[str] = Counter()
        self.problems: list[str] = []
        self._dice = random.Random(seed)
        self._stories = {story: often for story, often in STORIES.items() if story is not without}
        self._changed = threading.Condition()
        self._open = 0
        self._ending = False
        self.last_answer = time.monotonic()
        for _ in range(window):
            self._begin()

    def _begin(self) -> None:
        with self._changed:
            if self._ending or self.problems:
                return
            self._open += 1
            [tell] = self._dice.choices(list(self._stories), list(self._stories.values()))
            dice = random.Random(self._dice.random())
        self.kinds[tell.__name__] += 1
        self._go_on(tell.__name__, tell(dice), None)

    def _go_on(self, name: str, story: Story, outcome: Json | None) -> None:
        try:
            kind, data, *given = story.send(outcome)  # type: ignore[arg-type]
        except StopIteration:
            with self._changed:
                self.ended += 1
                self._open -= 1
                self._changed.notify_all()
            self._begin()
        except Exception as problem:  # whatever a story stumbles over is the tests' business
            with self._changed:
                self.problems.append(f"{name}: {problem!r}")
                self._open -= 1
                self._changed.notify_all()
        else:
            self._send(name, story, kind, data, given[0] if given else str(uuid.uuid4()))

    def _send(self, name: str, story: Story, kind: str, data: Json, command_id: str) -> None:
        def answer(outcome: Json) -> None:
            if outcome["result"] == "unanswered":
                with self._changed:
                    self.sent_again += 1
                self._send(name, story, kind, data, command_id)
                return
            with self._changed:
                self.answered += 1
                self.last_answer = time.monotonic()
                self._changed.notify_all()
            self._go_on(name, story, outcome)
        try:
            self.client.send(kind, data, id=command_id, then=answer)
        except (BrokenPipeError, ValueError):
            with self._changed:
                self.problems.append(f"{name}: the client has ended")
                self._changed.notify_all()

    def wait_answers(self, count: int, limit: float = 2 * LIMIT) -> None:
        """Until so many more commands were answered."""
        with self._changed:
            wanted = self.answered + count
            come = self._changed.wait_for(lambda: self.answered >= wanted or self.problems, limit)
            if self.problems:
                raise AssertionError(self.problems[:3])
            if not come:
                raise AssertionError(f"{self.answered - wanted + count} of {count} commands answered in {limit:g} s")

    def end(self, limit: float = 4 * LIMIT) -> None:
        """Begins no more, and waits until all stories are told."""
        with self._changed:
            self._ending = True
            told = self._changed.wait_for(lambda: not self._open or self.problems, limit)
            if self.problems:
                raise AssertionError(self.problems[:3])
            if not told:
                raise AssertionError(f"{self._open} stories are not told within {limit:g} s")
