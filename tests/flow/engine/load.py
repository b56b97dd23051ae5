"""Many instances at once."""

from __future__ import annotations

import threading
import uuid

from .client import Client
from .common import LIMIT, Json


class Load:
    """Many instances of a process without branches, driven by outcomes, each command under an id of its own.

    A command without an answer is sent again under its id (BUS-2), so what is lost or done twice shows.
    """

    def __init__(self, client: Client, process_id: str, steps: list[tuple[str, str | None]], count: int,
                 window: int = 100) -> None:
        self.client, self.process_id, self.steps, self.count = client, process_id, steps, count
        self.done = self.sent_again = self.commands = 0
        self.rejected: list[Json] = []
        self._changed = threading.Condition()
        self._window = window
        self._begun = 0
        for _ in range(min(window, count)):
            self._begin()

    def _begin(self) -> None:
        with self._changed:
            if self._begun == self.count:
                return
            self._begun += 1
        instance_id = str(uuid.uuid4())
        self._send("init-instance", {"process_id": self.process_id, "instance_id": instance_id,
                                     "entity_id": f"load/{self._begun}"}, instance_id, 0)

    def _send(self, kind: str, data: Json, instance_id: str, step: int, command_id: str | None = None) -> None:
        command_id = command_id or str(uuid.uuid4())
        self.client.send(kind, data, id=command_id,
                         then=lambda outcome: self._answer(outcome, kind, data, instance_id, step, command_id))

    def _answer(self, outcome: Json, kind: str, data: Json, instance_id: str, step: int, command_id: str) -> None:
        if outcome["result"] == "unanswered":
            with self._changed:
                self.sent_again += 1
            self._send(kind, data, instance_id, step, command_id)
            return
        with self._changed:
            self.commands += 1
            if outcome["result"] == "rejected":
                self.rejected.append(outcome)
            self._changed.notify_all()
        if outcome["result"] != "rejected":
            self._next(kind, instance_id, step)

    def _next(self, kind: str, instance_id: str, step: int) -> None:
        if kind != "get-task" and step == len(self.steps):
            with self._changed:
                self.done += 1
                self._changed.notify_all()
            self._begin()
            return
        staff_id, flag = self.steps[step]
        task = {"task_id": f"{instance_id}:{step + 2}", "staff_id": staff_id}
        if kind == "get-task":
            self._send("end-task", {**task, **({"completion_flag": flag} if flag else {})}, instance_id, step + 1)
        else:
            self._send("get-task", task, instance_id, step)

    def wait_commands(self, count: int, limit: float = LIMIT) -> None:
        """Until so many more were answered; instances are added where the load would be over before."""
        with self._changed:
            wanted = self.commands + count
            of_each = 1 + 2 * len(self.steps)
            idle = max(0, self._window - (self._begun - self.done))
            self.count = max(self.count, self._begun + idle, wanted // of_each + self._window)
        for _ in range(idle):
            self._begin()
        with self._changed:
            if not self._changed.wait_for(lambda: self.commands >= wanted or self.rejected, limit):
                raise AssertionError(f"{self.commands} of {wanted} commands answered within {limit:g} s")

    def wait(self, limit: float = 4 * LIMIT) -> None:
        """Until every instance is through."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.done == self.count or self.rejected, limit):
                raise AssertionError(f"{self.done} of {self.count} instances done within {limit:g} s")
        if self.rejected:
            raise AssertionError(f"rejected: {self.rejected[:3]}")
