"""One command at work on one instance: tasks are created, move and end, until nothing moves (sections 3, 4, 6)."""
from __future__ import annotations

import conditions
import dependency
from assignment import KIND_NAMES, Assignment, group_of
from crossing import Crossing
from definition import MERGES, WORKS
from rejection import Rejected
from start import StartControl
from state import Arrival, Batch, End, Instance, Task

MOST_TASKS = 10_000


class Change:
    """What a command did to a task or to the instance: becomes one event (LOG-1)."""

    def __init__(self, previous: str | None) -> None:
        self.previous = previous
        self.joined: list[Arrival] = []
        self.opened: list[int] = []
        self.closed: list[int] = []
        self.assignment: dict | None = None
        self.variables = False
        self.announced = False


class Run(StartControl, Crossing):
    def __init__(self, instance: Instance, assignment: Assignment, now: int, answers: dict) -> None:
        self.instance, self.assignment, self.now, self.answers = instance, assignment, now, answers
        self.definition = instance.definition
        self.firing: str | None = None              # the timer whose command this is
        self.requests: list = []                    # what is asked of other instances
        self.choices: list[tuple] = []              # how somebody was picked: for the properties (ASG-4, ASG-6)
        self.changes: dict[int | str, Change] = {}  # by task number, or "instance"; in order
        self.ask_again = False                      # user-defined pre rules of what is pending (FWD-7)
        self.line: list[Task] = []                  # new tasks that have not moved yet
        self.checked = 0                            # the pending task whose turn it is
        self.started: list[int] = []

    # -- what changed

    def touch(self, task: Task) -> Change:
        return self.changes.setdefault(task.n, Change(task.state))

    def touch_instance(self) -> Change:
        return self.changes.setdefault("instance", Change(self.instance.state))

    # -- creation (TSK-1, DEP-2, DEP-3, DEP-9)

    def create(self, act_id: str, arrival: Arrival) -> None:
        task = dependency.gatherer(self.instance, act_id, arrival)
        if task is not None:
            self.touch(task).joined.append(arrival)
            task.arrivals.append(arrival)
            self.ask_again = True
            return
        task = self.new_task(act_id, arrival)
        if self.instance.state != "suspended":
            self.line.append(task)

    def new_task(self, act_id: str, arrival: Arrival) -> Task:
        if len(self.started) >= MOST_TASKS:
            raise Rejected("limit_exceeded")
        self.instance.tasks_made += 1
        task = Task(self.instance.tasks_made, act_id, arrival, self.now)
        self.instance.open[task.n] = task
        self.changes[task.n] = Change(None)
        self.started.append(task.n)
        return task

    # -- movement (DEP-9)

    def move_all(self) -> None:
        """New tasks first in, first out; then the pending ones in order of creation, until nothing moves."""
        self.move_line()
        moved = True
        while moved:
            moved, n = False, 0
            while n := self.next_pending(n):
                self.checked = n
                if self.try_to_start(self.instance.open[n]):
                    moved = True
                    self.move_line()
            self.checked = 0
            if self.changes and not moved:
                moved = self.take_from_barred()

    def answer(self, function: str):
        """FWD-4: what a user-defined function raises, or null, fails the command."""
        answer = self.answers.get(function)
        if answer is None or isinstance(answer, dict):
            raise Rejected("rule_failed")
        return answer

    def asked(self, task: Task) -> bool:
        """FWD-7: when a user-defined rule is asked again."""
        return self.ask_again or not self.definition.activities[task.act_id].user_pre_rule

    def move_line(self) -> None:
        while self.line:
            self.try_to_start(self.line.pop(0))

    def next_pending(self, after: int) -> int:
        if self.instance.state in ("suspended", "cancelled", "completed"):
            return 0
        return next((n for n, task in self.instance.open.items()
                     if n > after and task.state == "pending" and self.asked(task) and not self.held(task)), 0)

    def held(self, task: Task) -> bool:
        """FWD-3: it could not go on when the instance was resumed, and waits for somebody to retry it."""
        return task.incident is not None and self.definition.activities[task.act_id].type not in WORKS

    def try_to_start(self, task: Task) -> bool:
        """Whether the task left `pending`."""
        if task.state != "pending":
            return False
        verdict = dependency.check(self.instance, task, self.answer)
        if verdict == dependency.PENDING:
            self.check_later(task)
            return False
        if verdict == dependency.ABSORB:
            self.leave(task, "absorbed")
        else:
            self.start(task)
        return True

    def start(self, task: Task) -> None:
        activity = self.definition.activities[task.act_id]
        if activity.type in MERGES:
            return self.flow_on(task)
        arrival = dependency.arrival_that_lets(self.instance, task)
        self.touch(task)
        task.pre, task.serial, task.branch = arrival.pre, arrival.serial, arrival.branch
        if activity.type == "interaction":
            self.move_to(task, "waiting")
            self.assign_by_rule(task)
        elif activity.type == "automation":
            self.move_to(task, "waiting")
            self.announce(task)
        else:  # FWD-8
            self.end(task, arrival.flag if activity.type in ("initial", "dummy") else None)

    def flow_on(self, task: Task) -> None:
        """A merge's task flows on (BAT-5, DEP-3, DEP-5, DEP-6, DEP-10)."""
        instance, activity = self.instance, self.definition.activities[task.act_id]
        working = instance.works_in(task.act_id, task.arrivals[0].serial)
        arrival = dependency.arrival_that_lets(instance, task)
        flag, rest = None, []
        if activity.type == "vote_merge":
            flag = dependency.verdict(instance, task)
            rest = instance.could_come(task.act_id, working, task)
        for other in rest:
            self.withdraw(other)
        change = self.touch(task)
        task.pre, task.serial, task.branch = arrival.pre, arrival.serial, arrival.branch
        hands_on = (arrival.serial, arrival.branch)
        if working is not None:
            if activity.type == "or_merge":
                self.win(task, working)
            if instance.closer_of(working) == task.act_id:
                working.closed_by = task.n
                change.closed.append(working.serial)
                hands_on = working.parent
        self.leave(task, "ended", flag)
        instance.left[task.act_id, working.serial if working else arrival.serial] = len(instance.ends)
        self.step(task, flag, *hands_on)

    def win(self, task: Task, working: Batch) -> None:
        """DEP-5: in its own batch and in every batch from there out to the one the merge works in."""
        for batch, branch in self.instance.chain(task.serial, task.branch):
            self.instance.won[task.act_id, batch.serial] = branch
            if batch is working:
                return

    # -- the end of a task

    def leave(self, task: Task, how: str, flag: str | None = None) -> None:
        """From to_do_task_list to have_done_tasks."""
        self.move_to(task, how)
        task.flag = flag
        del self.instance.open[task.n]
        self.instance.done[task.n] = task
        self.call_off(task)
        if how == "ended":
            self.instance.ends.append(End(task))
            self.ask_again = True

    def withdraw(self, task: Task) -> None:
        if task.is_open:
            self.leave(task, "withdrawn")

    def withdraw_all(self) -> None:
        for task in list(self.instance.open.values()):
            self.withdraw(task)

    def cancel(self) -> None:
        self.withdraw_all()
        self.set_state("cancelled")

    def end(self, task: Task, flag: str | None) -> None:
        activity = self.definition.activities[task.act_id]
        self.leave(task, "ended", flag)
        if activity.type == "completion":
            self.reach_completion(activity)
        else:
            self.step(task, flag, task.serial, task.branch)

    def reach_completion(self, activity) -> None:
        """FWD-5."""
        instance = self.instance
        before = next((end.flag for end in reversed(instance.ends) if end.flag is not None), None)
        instance.reached_completion = True
        instance.reached_flag = activity.completion_flag or before
        if activity.terminate:
            self.withdraw_all()

    def step(self, task: Task, flag: str | None, serial: int, branch: int) -> None:
        """FWD-1, FWD-2, FWD-6, BAT-1, BAT-2: starts what follows."""
        activity = self.definition.activities[task.act_id]
        if activity.type == "dummy" and not activity.rules:
            return  # DEP-8
        following = self.following(activity, task.pre, flag)
        if len(following) > 1 or activity.type == "and_branch" or activity.inclusive:
            batch = self.open_batch(task, (serial, branch), len(following), False)
            for number, act_id in enumerate(following, 1):
                self.create(act_id, Arrival(activity.act_id, batch.serial, number, flag))
        else:
            self.create(following[0], Arrival(activity.act_id, serial, branch, flag))

    def following(self, activity, pre: str | None, flag: str | None) -> list[str]:
        if activity.user_post_rule:
            answer = self.answer(activity.post_rule_func)
            if not answer or not set(answer) <= set(self.definition.edges(activity.act_id)):
                raise Rejected("rule_failed")
            return answer
        rules = self.definition.matching(activity.act_id, pre, flag)
        if activity.inclusive:
            rules = [r for r in activity.rules if r in rules]  # in order
            taken = ([r for r in rules if not r.get("default") and self.holds(r)]
                     or [r for r in rules if r.get("default") and self.holds(r)])
        else:
            taken = [next((r for r in rules if self.holds(r)), None)]
        if not taken or taken[0] is None:
            raise Rejected("no_route", self.definition.flags(activity.act_id, pre))
        if not activity.inclusive:
            return taken[0]["to"]
        return list(dict.fromkeys(act_id for rule in taken for act_id in rule["to"]))

    def holds(self, rule: dict) -> bool:
        """FWD-6."""
        return "condition" not in rule or conditions.holds(rule["condition"], self.instance.variables)

    def open_batch(self, task: Task, parent: tuple[int, int], branches: int, by_all: bool) -> Batch:
        serial = len(self.instance.batches) + 1
        batch = Batch(serial, parent, branches, task.act_id, by_all, task.n)
        self.instance.batches[serial] = batch
        self.touch(task).opened.append(serial)
        return batch

    # -- assignment (section 7)

    def assign_by_rule(self, task: Task) -> None:
        rule = self.definition.activities[task.act_id].assignment
        task.unassigned = False
        same = self.assignment.same_person(task)
        if same is not None:
            self.say_assigned(task, rule, 1)
            return self.give(task, same, None)
        group = self.group_now(task, rule)
        if task.n in self.instance.copied:  # a copy that is given back is the group's
            return self.offer_to(task, *group, rule)
        presence = "ignore" if rule["method"] == "fcfa" else rule.get("presence", "prefer")
        people = self.assignment.eligible(task, group, presence)
        self.say_assigned(task, rule, len(people))
        if rule["method"] == "fcfa" or not people:
            # ASG-8; a group gets members by itself, while a function has to be asked again
            task.unassigned = rule["method"] != "fcfa" or (rule["based_on"] == "user_defined" and not people)
            return self.give(task, None, group)
        if rule["method"] == "all":
            return self.assign_to_all(task, people)
        best = self.assignment.best(people, presence)
        chosen = self.assignment.pick(rule, best)
        self.choices.append((task.n, rule["method"], rule.get("role"), tuple(p.staff_id for p in best)))
        self.give(task, chosen.staff_id, None)

    def group_now(self, task: Task, rule: dict) -> tuple[str, str]:
        """The group of a rule; a function says each time anew who it is (ASG-1)."""
        if rule["based_on"] == "user_defined":
            named = self.answer(rule["function"])
            if not isinstance(named, list) or not set(named) <= self.assignment.institution.staff.keys():
                raise Rejected("rule_failed")
            task.candidates = sorted(set(named))
        return group_of(rule)

    def say_assigned(self, task: Task, rule: dict, considered: int) -> None:
        self.touch(task).assignment = {"rule": rule["based_on"], "group": group_of(rule)[1], "method": rule["method"],
                                       "considered": considered}

    def assign_to_all(self, task: Task, people: list) -> None:
        """ASG-3: the task becomes branch 1, a copy is created for everybody else."""
        arrival = Arrival(task.pre, task.serial, task.branch, task.arrivals[0].flag)
        said = self.touch(task).assignment
        batch = self.open_batch(task, (task.serial, task.branch), len(people), True)
        for number, person in enumerate(people, 1):
            twin = task
            if number > 1:
                twin = self.new_task(task.act_id, arrival)
                self.move_to(twin, "waiting")
                twin.candidates = task.candidates
                self.touch(twin).assignment = said
            twin.serial, twin.branch = batch.serial, number
            self.instance.copied.add(twin.n)
            self.give(twin, person.staff_id, None)

    def offer_to(self, task: Task, kind: str, group: str, rule: dict | None = None) -> None:
        """The group's, first come, first assigned (TSK-7)."""
        people = self.assignment.eligible(task, (kind, group), "ignore")
        self.say_assigned(task, (rule or {"based_on": kind, KIND_NAMES[kind]: group}) | {"method": "fcfa"}, len(people))
        task.unassigned = False
        self.give(task, None, (kind, group))

    def assign_again(self, task: Task) -> None:
        """ASG-8: who could be assigned to nobody is, once somebody is eligible; whose person is gone goes back to the rule."""
        people = self.assignment.institution.staff
        if task.staff is not None and task.staff not in people:
            self.give_to_rule(task)
        elif task.unassigned and task.staff is None:
            rule = self.definition.activities[task.act_id].assignment
            presence = "ignore" if rule["method"] == "fcfa" else rule.get("presence", "prefer")
            if (self.assignment.eligible(task, self.group_now(task, rule), presence)
                    or self.assignment.same_person(task) is not None):
                if task.incident and task.incident.timer is None:  # of an earlier attempt
                    task.incident = None
                if task.incident and task.incident.timer is None:  # of an earlier attempt
                    task.incident = None
                self.assign_by_rule(task)

    def take_from_barred(self) -> bool:
        """ASG-10: what waits for somebody who may not do it any more goes back to the rule; one of several copies is withdrawn."""
        lost = [t for t in self.instance.open.values()
                if t.state == "waiting" and t.staff is not None and self.assignment.bound(t, t.staff, None)]
        for task in lost:
            copies = self.instance.batches[task.serial].branches if task.n in self.instance.copied else 1
            if copies > 1 and self.assignment.excluded(task, task.staff):
                self.withdraw(task)
            else:
                self.give_to_rule(task)
        return bool(lost)

    def give(self, task: Task, staff: str | None, group: tuple[str, str] | None) -> None:
        if staff is not None:
            self.assignment.ledger.given(staff)
        task.staff, task.group, task.grantor = staff, group, None
        task.assigned = (staff, group)

    # -- FWD-5, FWD-7

    def judge(self) -> None:
        instance = self.instance
        if instance.state in ("suspended", "cancelled", "completed"):
            return
        tasks = list(instance.open.values())
        if instance.reached_completion and not tasks:
            self.set_state("completed")
            instance.completion_flag = instance.reached_flag
        elif all(task.state == "pending" and not self.definition.activities[task.act_id].user_pre_rule
                 for task in tasks):
            self.set_state("stalled")
        else:
            self.set_state("running")

    def set_state(self, state: str) -> None:
        if self.instance.state != state:
            self.touch_instance()
            self.instance.state = state
