"""Operations on tasks and on instances (TSK-2, TSK-5 to TSK-7, INF-1, STA-1, STA-2, ENG-1)."""
from __future__ import annotations

import crossing
from definition import WORKS, duration
from rejection import Rejected
from start import KINDS
from state import Arrival, Instance, Task

IN_HAND = ("processing", "pausing")
MOST_HELD = 100  # tasks that a resume leaves behind


class Control:
    """A part of the engine."""

    # -- tasks

    def held(self, data: dict, states: tuple, operator: bool) -> tuple:
        """A task in one of the states, of a person (or executor) who holds it, or asked for by an operator."""
        instance = self.live(data)
        self.open_task(instance, data)
        run = self.begin(instance)
        task = self.open_task(run.instance, data)
        if task.state not in states or run.activity(task).sub_process:
            raise Rejected("wrong_state")
        self.may_ask(task, data, operator)
        if "executor_id" in data:
            run.may_work(task, data)
        return run, task

    @staticmethod
    def may_ask(task: Task, data: dict, operator: bool) -> None:
        if "actor" in data and operator:
            return
        asker, holder = ((data["executor_id"], task.executor) if "executor_id" in data
                         else (data.get("staff_id"), task.staff))
        if asker is None or asker != holder:
            raise Rejected("not_entitled")

    def hang_task(self, data: dict) -> tuple:
        return self.hold(data, "processing", "pausing")

    def reset_task(self, data: dict) -> tuple:
        return self.hold(data, "pausing", "processing")

    def hold(self, data: dict, before: str, after: str) -> tuple:
        if "staff_id" not in data:
            raise Rejected("invalid_command")
        run, task = self.held(data, (before,), False)
        run.move_to(task, after)
        return self.finish(run, data, task)

    def release_task(self, data: dict) -> tuple:
        run, task = self.held(data, IN_HAND, True)
        run.release(task)
        return self.finish(run, data, task)

    def reassign_task(self, data: dict) -> tuple:
        instance = self.live(data)
        self.open_task(instance, data)
        run = self.begin(instance)
        task = self.open_task(run.instance, data)
        if task.state == "pending" or run.activity(task).type != "interaction":
            raise Rejected("wrong_state")
        if "to_staff_id" in data:
            self.reassign_to_person(run, task, data["to_staff_id"])
        elif "to" in data:
            (kind, group), = data["to"].items()
            run.give_to_group(task, KINDS[kind], group)
        else:
            run.give_to_rule(task)
        return self.finish(run, data, task)

    def reassign_to_person(self, run, task: Task, staff_id: str) -> None:
        person = self.person(staff_id)
        if person.on_leave:
            raise Rejected("on_leave")
        if run.assignment.bound(task, staff_id, None):
            raise Rejected("constraint")
        run.back_to_waiting(task)
        task.unassigned = False
        run.give(task, staff_id, None)

    def extend_task(self, data: dict) -> tuple:
        """STA-1: the limit that runs passes later; by the holder, or by an operator."""
        instance = self.live(data)
        self.open_task(instance, data)
        run = self.begin(instance)
        task = self.open_task(run.instance, data)
        if task.state == "pending":
            raise Rejected("wrong_state")
        waiting = task.state == "waiting"
        if not (waiting and "staff_id" in data and "executor_id" not in data):  # then she is no holder, but an operator
            self.may_ask(task, data, True)
        if "executor_id" in data:
            run.may_work(task, data)
        if waiting and run.activity(task).type == "automation" and not run.is_offered(task):
            raise Rejected("wrong_state")
        which = "take" if waiting else "end"
        within = data.get("within") or run.activity(task).limits.get(which, {}).get("within")
        if not within:
            raise Rejected("wrong_state")
        run.touch(task)
        run.run_for(task, which, duration(within))
        return self.finish(run, data, task)

    def fail_task(self, data: dict) -> tuple:
        instance = self.live(data)
        task = self.open_task(instance, data)
        if task.state == "processing" and instance.definition.activities[task.act_id].type != "automation":
            raise Rejected("wrong_state")
        run, task = self.held(data, ("processing",), False)
        run.failed(task, data.get("code", "failed"), True)
        return self.finish(run, data, task)

    # -- entity and variables

    @staticmethod
    def set_entity_of(run, data: dict) -> None:
        if "entity_id" in data and data["entity_id"] != run.instance.entity:
            run.touch_instance()
            run.instance.entity = data["entity_id"]
            run.ask_again = True

    @staticmethod
    def merge_variables(run, data: dict) -> None:
        if "variables" in data:
            run.touch_instance().variables = True
            run.ask_again = True
            kept = {name: value for name, value in (run.instance.variables or {}).items() if name not in data["variables"]}
            run.instance.variables = kept | data["variables"]

    def set_entity(self, data: dict) -> tuple:
        run = self.begin(self.live(data))
        self.set_entity_of(run, data)
        return self.finish(run, data)

    def set_variables(self, data: dict) -> tuple:
        run = self.begin(self.live(data))
        self.merge_variables(run, data)
        return self.finish(run, data)

    # -- instances

    def in_state(self, data: dict, *states: str):
        instance = self.live(data)
        if instance.state not in states:
            raise Rejected("wrong_state")
        return self.begin(instance)

    def awake(self, data: dict):
        instance = self.live(data)
        if instance.state == "suspended":
            raise Rejected("instance_suspended")
        return self.begin(instance)

    def suspend_instance(self, data: dict) -> tuple:
        run = self.in_state(data, "running", "stalled")
        run.set_state("suspended")
        if data.get("include_sub_processes"):
            run.include_sub_processes("suspend-instance")
        return self.finish(run, data)

    def resume_instance(self, data: dict) -> tuple:
        """FWD-3: where a pending task cannot go on, that is an incident of this task; the others do."""
        held: dict[int, str] = {}
        while True:
            run = self.resumed(data)
            for n, code in held.items():
                run.raise_incident(run.instance.open[n], code)
            try:
                return self.finish(run, data)
            except Rejected as why:
                task = self.live(data).open.get(run.checked)
                if task is None or run.activity(task).type in WORKS or len(held) >= MOST_HELD:
                    raise
                held[run.checked] = why.code

    def resumed(self, data: dict):
        run = self.in_state(data, "suspended")
        run.ask_again = True
        run.set_state("running")
        if data.get("include_sub_processes"):
            run.include_sub_processes("resume-instance")
        for task in list(run.instance.open.values()):
            activity = run.activity(task)
            if task.state == "waiting" and activity.type == "automation" and not activity.sub_process and run.is_offered(task):
                run.offer_job(task)
        return run

    def cancel_instance(self, data: dict) -> tuple:
        run = self.begin(self.live(data))
        run.cancel()
        return self.finish(run, data)

    def modify_instance(self, data: dict) -> tuple:
        run = self.awake(data)
        run.ask_again = True
        if "withdraw" in data:
            run.withdraw(self.open_task(run.instance, {"task_id": data["withdraw"]}))
        if data.get("check"):
            run.ask_how_it_stands()
        if "start" in data:
            activity = run.definition.activities.get(data["start"])
            if activity is None or activity.type == "initial":
                raise Rejected("unknown_activity")
            run.create(data["start"], Arrival(None, 1, 1, None))
        return self.finish(run, data)

    def show_instance(self, data: dict) -> tuple:
        instance = self.instances.get(data["instance_id"])
        if instance is None:
            raise Rejected("unknown_instance")
        outcome = {"result": "applied", "instance_id": instance.instance_id, "instance_state": instance.state,
                   "position": instance.position}
        if instance.open:
            outcome |= {"tasks": [f"{instance.instance_id}:{n}" for n in list(instance.open)[:100]],
                        "tasks_started": len(instance.open)}
        return outcome, []

    def retry_incident(self, data: dict) -> tuple:
        run = self.awake(data)
        task = next((t for t in run.instance.open.values()
                     if t.incident and t.incident.incident_id == data["incident_id"]), None)
        if task is None:
            raise Rejected("unknown_incident")
        run.ask_again = True
        run.retry(task)
        return self.finish(run, data, task)

    # -- interaction

    def subscribe(self, data: dict) -> tuple:
        run = self.begin(self.live(data))
        topics = run.instance.subscriptions
        if data["notifyto"] not in topics and len(topics) >= crossing.MOST_SUBSCRIPTIONS:
            raise Rejected("limit_exceeded")
        topics[data["notifyto"]] = {name: data[name] for name in ("filter", "requester") if name in data}
        return self.finish(run, data)

    def unsubscribe(self, data: dict) -> tuple:
        run = self.begin(self.live(data))
        run.instance.subscriptions.pop(data["notifyto"], None)
        return self.finish(run, data)

    def notify(self, data: dict) -> tuple:
        """Of a task: what became of its work.  What cannot be done with it is an incident, and is known all the same."""
        if "task_id" not in data:
            run = self.begin(self.live(data))
            run.touch_instance()
            return self.finish(run, data, heard=data["remote"])
        instance = self.instances.get(self.instance_id(data))
        if instance is None:
            raise Rejected("unknown_instance")
        run = self.begin(instance)
        try:
            task = run.notified(data)
            return self.finish(run, data, task)
        except Rejected as why:
            return self.notified_anyway(instance, data, why)

    def notified_anyway(self, instance: Instance, data: dict, why: Rejected) -> tuple:
        run = self.begin(instance)
        task = run.instance.open.get(int(data["task_id"].partition(":")[2]))
        if task is None or why.code in ("wrong_state", "instance_ended", "unknown_task"):
            raise why
        run.hear(run.find_remote(data), data)
        run.raise_incident(task, why.code)
        run.move_all = lambda: None
        return self.finish(run, data, task)
