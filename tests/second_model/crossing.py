"""What crosses to other instances, here and in other engines, as commands (section 9)."""
from __future__ import annotations

from definition import Definition
from rejection import Rejected
from state import OVER, Instance, Remote, Task

ENGINE, SOURCE = "workflow", "/workflow"
MOST_HOPS = 16
MOST_SUBSCRIPTIONS = 20
PRIME, BASIS = (1 << 88) + 0x13b, 0x6c62272e07bb014262b821756295c58d


def remote_id(instance_id: str, n: int, attempt: int) -> str:
    """How an engine names what it starts: FNV-1a of engine, database, instance, task and attempt, as a UUID."""
    value = BASIS
    numbers = n.to_bytes(4, "little") + attempt.to_bytes(4, "little")
    for part in (ENGINE.encode(), bytes(16), bytes.fromhex(instance_id.replace("-", "")), numbers):
        for byte in (*part, 0xff):
            value = ((value ^ byte) * PRIME) & ((1 << 128) - 1)
    digits = bytearray(value.to_bytes(16, "big"))
    digits[6], digits[8] = 0x80 | digits[6] & 0x0f, 0x80 | digits[8] & 0x3f
    text = digits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def message(engine: str, topic: str, message_id: str, data: dict) -> dict:
    topic = f"command.{topic}" if engine == ENGINE else f"{engine}.command.{topic}"
    return {"topic": topic, "id": message_id, "source": SOURCE,
            "data": {name: value for name, value in data.items() if value is not None}}


def is_uuid(text) -> bool:
    return isinstance(text, str) and len(text) == 36 and text.count("-") == 4


def notification(requester: dict | None, about: str, state: str, kind: str, **more) -> dict | None:
    """A notify to whoever asked, if it is an instance of an engine."""
    requester = requester or {}
    member = "task_id" if "task_id" in requester else "instance_id"
    name = requester.get(member, "")
    if "engine" not in requester or not is_uuid(name[:36]) or (member == "task_id") != (len(name) > 36):
        return None
    position = more.get("position")
    number = f"{about}/{position}/{kind}" if position else f"{about}/{kind}"
    data = {"operation": "notify", member: name, "remote": {"engine": ENGINE, "instance_id": about, "state": state},
            **more, "actor": SOURCE}
    return message(requester["engine"], "control", number, data)


def same_task(one: dict | None, other: dict) -> bool:
    return one is not None and "task_id" in one and all(one.get(name) == other.get(name) for name in ("engine", "task_id"))


def refusal(data: dict, code: str) -> dict | None:
    """Who asked for an instance learns why it was not started."""
    about = data["instance_id"]
    return notification(data.get("requester"), about, "cancelled", "rejected",
                        incident={"id": f"{about}/rejected", "code": code})


class Crossing:
    """The part of a run that talks to other instances; what is sent is numbered when the events are."""

    def send(self, make) -> None:
        self.requests.append(make)

    # -- a task hands its work on (ENG-2)

    def hand_on(self, task: Task) -> None:
        sub = self.activity(task).sub_process
        self.touch(task)
        task.attempt += 1
        if self.instance.hops >= MOST_HOPS:
            return self.raise_incident(task, "limit_exceeded")
        if task.state == "waiting":
            self.move_to(task, "processing")
        engine = sub.get("engine", ENGINE)
        remote = Remote(task.n, task.attempt, engine, remote_id(self.instance.instance_id, task.n, task.attempt))
        self.instance.remotes.append(remote)
        self.send_start(task, remote)

    def send_start(self, task: Task, remote: Remote) -> None:
        sub, name = self.activity(task).sub_process, f"{self.instance.instance_id}:{task.n}"
        self.send(lambda instance: message(remote.engine, "init-instance", f"{name}/{remote.attempt}", {
            "process_id": sub["process_id"], "version": sub.get("version"), "instance_id": remote.instance_id,
            "entity_id": instance.entity, "variables": instance.variables,
            "requester": {"engine": ENGINE, "instance_id": instance.instance_id, "task_id": name},
            "hops": instance.hops + 1}))

    def ask_how_it_stands(self) -> None:
        """modify-instance with `check`: the start once more, for messages may have been lost."""
        for task in self.instance.open.values():
            remote = self.instance.remote_of(task)
            if remote and not remote.over:
                self.send_start(task, remote)

    def hand_on_again(self, task: Task) -> None:
        """retry-incident: with the flag that is known, or by another instance."""
        remote = self.instance.remote_of(task)
        if remote and remote.position and remote.state == "completed":
            return self.end(task, remote.flag)
        if remote and not remote.over:
            raise Rejected("wrong_state")
        self.hand_on(task)

    def send_change(self, remote: Remote, operation: str) -> None:
        engine, instance_id = remote.engine, remote.instance_id
        once = operation == "cancel-instance"
        self.send(lambda instance: message(
            engine, "control", f"{instance_id}/{operation}" + ("" if once else f"/{instance.position}"),
            {"operation": operation, "instance_id": instance_id, "include_sub_processes": True, "actor": SOURCE}))

    def call_off(self, task: Task) -> None:
        """The task is over: so is what works for it, once it was heard of."""
        remote = self.instance.remote_of(task)
        if remote and remote.position and not remote.over:
            self.send_change(remote, "cancel-instance")

    def include_sub_processes(self, operation: str) -> None:
        """TSK-6; what was not heard of yet is told later."""
        for task in self.instance.open.values():
            remote = self.instance.remote_of(task)
            suspend = operation == "suspend-instance"
            if remote and not remote.over and (suspend or remote.held or remote.state == "suspended"):
                remote.held = suspend
                if remote.position:
                    self.send_change(remote, operation)

    # -- notify

    def find_remote(self, data: dict) -> Remote:
        n = int(data["task_id"].partition(":")[2])
        wanted = (n, data["remote"].get("engine"), data["remote"].get("instance_id"))
        found = next((r for r in self.instance.remotes if (r.n, r.engine, r.instance_id) == wanted), None)
        if found and found.position and found.over and n not in self.instance.open:
            found = None  # nobody waits for it any more
        if found is None and self.instance.state in OVER:
            raise Rejected("instance_ended")
        if found is None:
            raise Rejected("unknown_task" if n > self.instance.tasks_made else "wrong_state")
        return found

    @staticmethod
    def is_news(remote: Remote, data: dict) -> bool:
        """The state there only moves forward, by positions; a refusal counts only as the first thing that is heard."""
        if remote.position and remote.over:
            return False
        if "incident" in data and "position" not in data:
            return not remote.position and not remote.refused
        return data.get("position", remote.position + 1) > remote.position

    @staticmethod
    def hear(remote: Remote, data: dict) -> None:
        remote.state = data["remote"]["state"]
        refused = "incident" in data and "position" not in data
        remote.refused = data["incident"]["code"] if refused else None
        if not refused:
            remote.position = data.get("position", remote.position + 1)
            remote.flag = data.get("completion_flag")

    def notified(self, data: dict) -> Task | None:
        remote = self.find_remote(data)
        task = self.instance.open.get(remote.n)
        if not self.is_news(remote, data):
            return task
        first, needed = not remote.position, task is not None and self.instance.remote_of(task) is remote
        self.hear(remote, data)
        if remote.position and not remote.over:
            if not needed:
                self.send_change(remote, "cancel-instance")
            elif first and remote.held and remote.state != "suspended":
                self.send_change(remote, "suspend-instance")
        if needed:
            self.follow(task, remote)
        return task

    def follow(self, task: Task, remote: Remote) -> None:
        self.touch(task)
        task.incident = None
        if remote.refused:
            self.raise_incident(task, remote.refused)
        elif remote.state == "cancelled":
            self.raise_incident(task, "sub_process_cancelled")
        elif remote.state == "completed":
            self.end(task, remote.flag)

    # -- who is told (ENG-1)

    def messages(self, events: list[dict]) -> list[dict]:
        """What follows the events: what subscribers are told, what was asked of others, what the requester is told."""
        told = [one for event in events for topic, wish in self.instance.subscriptions.items()
                for one in [tell(topic, wish, event)] if one]
        sent = [make(self.instance) for make in self.requests]
        change = self.changes.get("instance")
        if change and change.previous != self.instance.state:
            sent.append(report(self.instance, "notify"))
        return told + [one for one in sent if one]


def report(instance: Instance, kind: str) -> dict | None:
    return notification(instance.requester, instance.instance_id, instance.state, kind,
                        completion_flag=instance.completion_flag, position=instance.position)


def tell(topic: str, wish: dict, event: dict) -> dict | None:
    """What a subscriber is told of an event: the event; or, where an instance asked, a notify of a change of state."""
    data = event["data"]
    heard = notification(wish.get("requester"), data["instance_id"], data["state"], "notify",
                         completion_flag=data.get("completion_flag"), position=data["position"])
    if not wants(wish.get("filter", {}), event):
        return None
    if heard is None:
        return {"topic": topic.removeprefix(f"{ENGINE}."), "data": data}
    if event["topic"] == "state.task" or data.get("previous_state") == data["state"]:
        return None
    return heard | {"topic": topic.removeprefix(f"{ENGINE}.")}


def wants(filters: dict, event: dict) -> bool:
    def admits(name: str, value: str) -> bool:
        return not filters.get(name) or value in filters[name]

    kind, data = event["topic"].partition(".")[2], event["data"]
    return admits("events", kind) and admits("states", data["state"]) and (
        kind == "instance" or admits("acts", data["act_id"]))
