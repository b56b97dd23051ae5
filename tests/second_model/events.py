"""What a command did, as events and jobs (LOG-1, STA-1)."""
from __future__ import annotations

import datetime
import functools

from assignment import KIND_NAMES
from state import OPEN, Instance, Task

EPOCH = datetime.datetime(2026, 1, 1)  # when the driver's clock starts; `now` counts microseconds from there
IN_HAND = ("waiting", "processing", "pausing")


def task_id(instance: Instance, task: Task) -> str:
    return f"{instance.instance_id}:{task.n}"


def present(fields: dict) -> dict:
    """Absent means absent; of the lists only that of the flags may be empty (any flag)."""
    return {name: value for name, value in fields.items() if value is not None and (value != [] or name == "flags")}


@functools.lru_cache(4096)
def timestamp(now: int | None) -> str | None:
    return None if now is None else (EPOCH + datetime.timedelta(microseconds=now)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Events:
    """One event for each task changed and one for the instance, numbered."""

    def __init__(self, run, actor: str | None, heard: dict | None = None) -> None:
        self.run, self.instance, self.actor, self.heard = run, run.instance, actor, heard

    def all(self) -> list[dict]:
        events = []
        if self.instance.state != "running" and "instance" in self.run.changes:
            # What the instance became is told after what its tasks became.
            self.run.changes["instance"] = self.run.changes.pop("instance")
        for what, change in self.run.changes.items():
            self.instance.position += 1
            if what == "instance":
                self.instance.instance_sequence += 1
                event = self.of_instance(change) | {"position": self.instance.position}
                events.append({"topic": "state.instance", "sequence": self.instance.instance_sequence,
                               "data": present(event)})
            else:
                self.instance.task_sequence += 1
                task = self.instance.open.get(what) or self.instance.done[what]
                event = self.of_task(task, change) | {"position": self.instance.position}
                events.append({"topic": "state.task", "sequence": self.instance.task_sequence,
                               "data": present(event)})
        return events

    def jobs(self) -> list[dict]:
        """STA-1: what is announced, in the order of the events."""
        found = []
        for what, change in self.run.changes.items():
            task = self.instance.open.get(what)
            if task and change.announced and task.state == "waiting":
                activity = self.instance.definition.activities[task.act_id]
                found.append({"topic": f"job.{activity.auto_executive}", "data": present({
                    "task_id": task_id(self.instance, task), "instance_id": self.instance.instance_id,
                    "process_id": self.instance.definition.process_id, "version": self.instance.definition.version,
                    "act_id": task.act_id, "entity_id": self.instance.entity, "variables": self.instance.variables,
                    "auto_executive": activity.auto_executive, "attempt": task.attempt,
                    "flags": self.instance.definition.flags(task.act_id, task.pre), "due_at": timestamp(task.due)})})
        return found

    def of_instance(self, change) -> dict:
        instance = self.instance
        return {
            "instance_id": instance.instance_id, "process_id": instance.definition.process_id,
            "version": instance.definition.version, "entity_id": instance.entity, "state": instance.state,
            "previous_state": change.previous, "completion_flag": instance.completion_flag,
            "variables": instance.variables if change.variables else None, "actor": self.actor,
            "requester": instance.requester, "remote": self.heard, "occurred_at": timestamp(instance.now),
        }

    def of_task(self, task: Task, change) -> dict:
        instance = self.instance
        activity = instance.definition.activities[task.act_id]
        parent = instance.batches[task.serial].parent or (None, None)
        remote = instance.remote_of(task) if activity.sub_process else None
        return {
            "instance_id": instance.instance_id, "process_id": instance.definition.process_id,
            "version": instance.definition.version, "entity_id": instance.entity,
            "task_id": task_id(instance, task), "act_id": task.act_id, "act_type": activity.type,
            "name": activity.name, "pre_act_id": task.pre,
            "opened": change.opened, "closed": change.closed,
            "joined": [present({"pre_act_id": a.pre, "branch_no": a.branch}) for a in change.joined],
            "serial_no": task.serial, "branch_no": task.branch,
            "parent_serial_no": parent[0], "parent_branch_no": parent[1],
            "state": task.state, "previous_state": change.previous,
            "staff_id": task.staff, "grantor_id": task.grantor, "executor_id": task.executor, "actor": self.actor,
            "attempt": task.attempt or None, "assignment": change.assignment, "completion_flag": task.flag,
            "candidates": self.candidates(task) if task.state == "waiting" and task.group and not task.staff else None,
            "incident": task.incident and {"id": task.incident.incident_id, "code": task.incident.code},
            "remote": remote and present({"engine": remote.engine, "instance_id": remote.instance_id,
                                          "state": remote.state}),
            "date_created": timestamp(task.created), "due_at": timestamp(task.due) if task.state in OPEN else None,
            "occurred_at": timestamp(instance.now),
        } | ({"flags": instance.definition.flags(task.act_id, task.pre)} if task.state in IN_HAND else {})

    @staticmethod
    def candidates(task: Task) -> dict:
        kind, group = task.group
        return {"staff": task.candidates} if kind == "user_defined" else {KIND_NAMES[kind]: group}
