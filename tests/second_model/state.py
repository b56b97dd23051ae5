"""An instance: its tasks, its batches, what ended and how (sections 2, 3 and 5)."""
from __future__ import annotations

from definition import Definition

OPEN = ("pending", "waiting", "processing", "pausing")
OVER = ("completed", "cancelled")


def twin(thing):
    """A shallow copy, quickly made."""
    other = object.__new__(type(thing))
    other.__dict__.update(thing.__dict__)
    return other


class Arrival:
    """Somebody reaches an activity: from where, of which branch, with which flag."""

    def __init__(self, pre: str | None, serial: int, branch: int, flag: str | None) -> None:
        self.pre, self.serial, self.branch, self.flag = pre, serial, branch, flag


class Task:
    def __init__(self, n: int, act_id: str, arrival: Arrival, now: int) -> None:
        self.n, self.act_id, self.state = n, act_id, "pending"
        self.arrivals = [arrival]
        self.pre, self.serial, self.branch = arrival.pre, arrival.serial, arrival.branch
        self.staff: str | None = None
        self.grantor: str | None = None
        self.executor: str | None = None
        self.group: tuple[str, str] | None = None   # whose it is while it has no staff (ASG-5)
        self.assigned: tuple = (None, None)         # staff and group before it was taken (TSK-2)
        self.flag: str | None = None
        self.unassigned = False                     # nobody could be assigned (ASG-8)
        self.candidates: list[str] = []             # whom a function names (ASG-1)
        self.attempt = 0
        self.given_back = 0                         # of these attempts, by release-task
        self.incident: Incident | None = None
        self.timer: tuple[str, int] | None = None   # what falls due: take, end, retry or check, and when
        self.due: int | None = None                 # when the limit that runs passes
        self.created = now

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class Incident:
    """A failure that waits for an operator; which timer led to it."""

    def __init__(self, incident_id: str, code: str, timer: str | None) -> None:
        self.incident_id, self.code, self.timer = incident_id, code, timer


class Remote:
    """An instance that works for a task, and what was heard of it (ENG-2)."""

    def __init__(self, n: int, attempt: int, engine: str, instance_id: str) -> None:
        self.n, self.attempt, self.engine, self.instance_id = n, attempt, engine, instance_id
        self.state: str | None = None
        self.position = 0
        self.refused: str | None = None  # why it was not started
        self.flag: str | None = None
        self.held = False                # is to be suspended

    @property
    def over(self) -> bool:
        return self.state in OVER if self.position else self.refused is not None


class Batch:
    """BAT-1 to BAT-6; batch 1 has neither opener nor parent."""

    def __init__(self, serial: int, parent: tuple[int, int] | None, branches: int,
                 opener: str | None = None, by_all: bool = False, opened_by: int | None = None) -> None:
        self.serial, self.parent, self.branches = serial, parent, branches
        self.opener, self.by_all, self.opened_by = opener, by_all, opened_by
        self.closed_by: int | None = None


class End:
    """A task that ended: what DEP-2, DEP-3 and ASG-10 ask for."""

    def __init__(self, task: Task) -> None:
        self.act_id, self.serial, self.flag = task.act_id, task.serial, task.flag
        self.staff, self.grantor = task.staff, task.grantor


class Instance:
    def __init__(self, instance_id: str, definition: Definition, now: int) -> None:
        self.instance_id, self.definition = instance_id, definition
        self.state = "running"
        self.entity: str | None = None
        self.variables: dict | None = None
        self.completion_flag: str | None = None
        self.requester: dict | None = None
        self.open: dict[int, Task] = {}    # to_do_task_list, in order of creation
        self.done: dict[int, Task] = {}    # have_done_tasks
        self.batches = {1: Batch(1, None, 1)}
        self.ends: list[End] = []          # in order
        self.left: dict[tuple[str, int], int] = {}  # (merge, batch): how many ends there were when it last flowed on
        self.won: dict[tuple[str, int], int] = {}   # (or_merge, batch): the branch that won (DEP-5)
        self.copied: set[int] = set()      # tasks that are copies of method `all` (ASG-3)
        self.reached_completion = False
        self.reached_flag: str | None = None
        self.tasks_made = 0
        self.position = self.task_sequence = self.instance_sequence = 0
        self.timer: int | None = None      # when its own time limit passes
        self.remotes: list[Remote] = []
        self.subscriptions: dict[str, dict] = {}  # by topic
        self.hops = 0
        self.now = now

    def copy(self) -> "Instance":
        """A copy to be changed; what is over never changes again."""
        other = twin(self)
        other.open = {}
        for n, task in self.open.items():
            other.open[n] = twin(task)
            other.open[n].arrivals = list(task.arrivals)
        other.done = dict(self.done)
        other.batches = {s: twin(b) for s, b in self.batches.items()}
        other.ends = list(self.ends)
        other.left, other.won, other.copied = dict(self.left), dict(self.won), set(self.copied)
        other.remotes = [twin(remote) for remote in self.remotes]
        other.subscriptions = dict(self.subscriptions)
        return other

    def remote_of(self, task: Task) -> Remote | None:
        """The instance to which the task has handed its work last."""
        return next((remote for remote in reversed(self.remotes) if remote.n == task.n), None)

    # -- section 5

    def chain(self, serial: int, branch: int | None) -> list[tuple[Batch, int | None]]:
        """The batch and those it is nested in, innermost first, with the branch in each."""
        found = []
        while True:
            batch = self.batches[serial]
            found.append((batch, branch))
            if batch.parent is None:
                return found
            serial, branch = batch.parent

    def of_batch(self, serial: int, outer: int) -> bool:
        """What is of a batch includes what is of the batches nested in it."""
        return any(batch.serial == outer for batch, _ in self.chain(serial, None))

    def closer_of(self, batch: Batch) -> str | None:
        """The merge that closes a batch (BAT-3); nothing closes batch 1."""
        return None if batch.opener is None else self.definition.closer(batch.opener, batch.by_all)

    def works_in(self, merge: str, serial: int) -> Batch | None:
        """BAT-4: the batch that a merge works in for an arrival; None: it takes the arrival alone."""
        chain = [batch for batch, _ in self.chain(serial, None)]
        closers = [self.closer_of(batch) for batch in chain]
        for at in reversed(range(len(chain))):
            if closers[at] == merge and all(closer in (merge, None) for closer in closers[:at]):
                return chain[at]
        if merge not in closers and self.definition.closes_batches(merge):
            return None
        return next(batch for batch in chain
                    if batch.opener is None or self.definition.on_every_path(batch.opener, merge))

    def branch_in(self, outer: Batch, serial: int, branch: int) -> int:
        """Of which branch of an outer batch somebody is."""
        return next(b for batch, b in self.chain(serial, branch) if batch is outer)

    def absorbing(self, or_merge: str, serial: int, branch: int) -> bool:
        """Whether an or_merge would absorb an arrival: its batch is closed, or another branch has won (BAT-5, DEP-5)."""
        working = self.works_in(or_merge, serial)
        if working is None:
            return False
        if working.closed_by is not None and self.closer_of(working) == or_merge:
            return True
        for batch, own in self.chain(serial, branch):
            if self.won.get((or_merge, batch.serial), own) != own:
                return True
            if batch is working:
                return False
        return False

    def could_come(self, merge: str, working: Batch | None, but: Task) -> list[Task]:
        """BAT-6: the open tasks that could still come to a merge that works in a batch."""
        if working is None:
            return []
        return [task for task in self.open.values()
                if task is not but and self.of_batch(task.serial, working.serial)
                and self.finds_a_way(task, merge, working)]

    def finds_a_way(self, task: Task, merge: str, working: Batch) -> bool:
        """Whether a path leads there that passes neither the batch's closing merge nor what would absorb the task."""
        closer = self.closer_of(working)
        if closer == task.act_id and closer != merge:
            return False
        absorbing = frozenset(a for a in self.definition.or_merges if self.absorbing(a, task.serial, task.branch))
        return self.definition.path(task.act_id, merge, absorbing | {closer})
