"""Start control and what falls due: jobs, time limits, retries, incidents (section 8; FWD-3, FWD-7)."""
from __future__ import annotations

from definition import duration
from rejection import Rejected
from state import OPEN, Incident, Task

SECOND = 1_000_000
MOST_DELAY = 60  # seconds before a failed job is announced again
KINDS = {"department": "dept_based", "team": "team_based", "role": "role_based"}


class StartControl:
    """What a run does with timers, jobs and incidents.  A task has at most one timer at a time."""

    def move_to(self, task: Task, state: str) -> None:
        """Every change of state: a limit begins or ends to run, an incident becomes pointless."""
        self.touch(task)
        was, task.state = task.state, state
        if state == "waiting":
            self.run_limit(task, "take")
        elif state == "processing" and was == "waiting":
            self.run_limit(task, "end")
        elif state not in OPEN:
            task.timer = None
        if state not in OPEN or "waiting" in (was, state):
            task.incident = None

    def activity(self, task: Task):
        return self.definition.activities[task.act_id]

    def run_limit(self, task: Task, which: str) -> None:
        limit = self.activity(task).limits.get(which)
        self.run_for(task, which, duration(limit["within"]) if limit else 0)

    def run_for(self, task: Task, which: str, within: int) -> None:
        task.due = self.now + within if within else None
        task.timer = (which, task.due) if within else None

    def check_later(self, task: Task) -> None:
        """FWD-7: a user-defined rule is asked again at `check_every`; one that failed, when an operator says so (FWD-3)."""
        activity = self.activity(task)
        if activity.user_pre_rule and activity.check_every and task.timer is None and task.incident is None:
            task.timer = ("check", self.now + activity.check_every)

    # -- jobs (STA-1, STA-2)

    def announce(self, task: Task) -> None:
        """Each announcement is an attempt; the id of a job is task and attempt."""
        if self.activity(task).sub_process:
            return self.hand_on(task)
        task.attempt += 1
        self.offer_job(task)

    def offer_job(self, task: Task) -> None:
        """Announces the attempt at hand; a suspended instance announces when it is resumed (TSK-6)."""
        self.touch(task).announced = self.instance.state != "suspended"
        if task.timer is None:
            self.run_limit(task, "take")

    @staticmethod
    def is_offered(task: Task) -> bool:
        return task.incident is None and (task.timer is None or task.timer[0] != "retry")

    def failed(self, task: Task, code: str, later: bool) -> None:
        """STA-2: retried up to its limit, at once or after 1, 2, 4, … seconds; then an incident."""
        failures = task.attempt - task.given_back
        self.move_to(task, "waiting")
        task.executor = None
        if failures > self.activity(task).retries:
            task.timer = task.due = None
            self.raise_incident(task, code)
        elif later:
            task.attempt += 1
            task.due = None
            task.timer = ("retry", self.now + min(MOST_DELAY, 2 ** (failures - 1)) * SECOND)
        else:
            self.announce(task)

    def may_work(self, task: Task, data: dict) -> None:
        """Whether an executor may take, end, fail or extend a task; otherwise the command is rejected."""
        activity = self.activity(task)
        if activity.type != "automation" or activity.sub_process:
            raise Rejected("not_entitled")
        if data.get("attempt", task.attempt) != task.attempt:
            raise Rejected("wrong_state")
        if task.executor is not None and task.executor != data["executor_id"]:
            raise Rejected("task_taken")
        if task.state == "waiting" and task.incident:
            raise Rejected("wrong_state")

    # -- incidents (STA-2, FWD-3)

    def raise_incident(self, task: Task, code: str) -> None:
        """The newest one stands."""
        self.touch(task)
        task.incident = Incident(f"{self.instance.instance_id}:{task.n}/{self.instance.position + 1}", code, self.firing)

    def retry(self, task: Task) -> None:
        """What failed is done again."""
        activity, timer = self.activity(task), task.incident.timer
        self.touch(task)
        task.incident = None
        if activity.sub_process and timer != "end":
            self.hand_on_again(task)
        elif activity.type == "automation" and task.state == "waiting":
            self.announce(task)
        elif timer in ("take", "end"):
            self.pass_limit(task, timer)

    # -- deadlines (STA-3)

    def fire(self, task: Task, timer: str) -> None:
        task.timer = None
        if timer in ("take", "end"):
            self.pass_limit(task, timer)
        elif timer == "retry":
            self.offer_job(task)
        else:
            self.ask_again = True

    def pass_limit(self, task: Task, which: str) -> None:
        activity = self.activity(task)
        limit = activity.limits.get(which, {"then": "remind"})  # one that was set by extend-task alone
        self.touch(task)
        if activity.type == "automation" and not activity.sub_process:
            if limit["then"] == "end" and task.attempt - task.given_back > activity.retries:
                self.end(task, limit.get("flag"))
            else:
                self.failed(task, "timeout", False)
        elif limit["then"] == "release":
            if task.state != "waiting" and not activity.sub_process:
                self.release(task)
        elif limit["then"] == "reassign":
            self.give_to_rule(task)
        elif limit["then"] == "escalate":
            self.escalate(task, which, limit["to"])
        elif limit["then"] == "end":
            if task.state == "waiting":  # nobody did it
                task.staff = None
            self.end(task, limit.get("flag"))

    def escalate(self, task: Task, which: str, to: dict) -> None:
        """To another group; a task that was not taken in time stays overdue, and the limit has acted."""
        due = task.due
        (kind, group), = to.items()
        self.give_to_group(task, KINDS[kind], group)
        if which == "take":
            task.timer, task.due = None, due

    def begin_limit(self) -> None:
        limit = self.definition.time_limit
        self.instance.timer = self.now + duration(limit["within"]) if limit else None

    def pass_instance_limit(self) -> None:
        self.instance.timer = None
        self.touch_instance()
        if self.definition.time_limit["then"] == "cancel":
            self.cancel()

    # -- back into waiting (TSK-2, TSK-7)

    def release(self, task: Task) -> None:
        self.move_to(task, "waiting")
        task.grantor, task.executor = None, None
        task.staff, task.group = task.assigned
        if self.activity(task).type == "automation":
            task.given_back += 1  # it has not failed
            self.announce(task)

    def back_to_waiting(self, task: Task) -> None:
        """For somebody else, who has the whole time."""
        if self.activity(task).type != "interaction":
            raise Rejected("wrong_state")
        self.move_to(task, "waiting")

    def give_to_rule(self, task: Task) -> None:
        self.back_to_waiting(task)
        task.staff = task.group = task.grantor = None
        self.assign_by_rule(task)

    def give_to_group(self, task: Task, kind: str, group: str) -> None:
        if not self.assignment.institution.group_exists(kind, group):
            raise Rejected("unknown_group")
        self.back_to_waiting(task)
        self.offer_to(task, kind, group)
