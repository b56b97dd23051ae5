"""One `pawl command send --wait`."""

from __future__ import annotations

import json
import subprocess
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .common import Json, program

if TYPE_CHECKING:
    from .installation import Engine


class Client:
    """One `pawl command send --wait`, for any number of threads."""

    def __init__(self, engine: Engine, **settings: str | int) -> None:
        environment = engine.environment | {f"PAWL_{name.upper()}": str(value) for name, value in settings.items()}
        self.limit = int(environment["PAWL_TIMEOUT_MS"]) / 1000 + 10
        self._changed = threading.Condition()
        self._writing = threading.Lock()  # another one: pawl may have to be read before it reads on
        self._outcomes: dict[str, Json] = {}
        self._callbacks: dict[str, Callable[[Json], None]] = {}
        self._log = (engine.folder / f"client-{uuid.uuid4().hex[:6]}.log").open("wb")
        self._pawl = subprocess.Popen([program("pawl"), "command", "send", "--wait"], env=environment, text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._pawl.kill()
        self._pawl.wait()
        self._thread.join()
        for stream in (self._pawl.stdin, self._pawl.stdout, self._log):
            try:
                stream.close()  # type: ignore[union-attr]
            except BrokenPipeError:
                pass

    def _read(self) -> None:
        assert self._pawl.stdout
        for line in self._pawl.stdout:
            found = json.loads(line)
            outcome = found.get("outcome") or {"result": "unanswered", "detail": found.get("error", "")}
            with self._changed:
                callback = self._callbacks.pop(found.get("id", ""), None)
                if callback is None:
                    self._outcomes[found.get("id", "")] = outcome
                self._changed.notify_all()
            if callback is not None:
                callback(outcome)

    def send(self, kind: str, data: Json, *, then: Callable[[Json], None] | None = None, **attributes: str) -> str:
        """Does not wait; returns the command's id."""
        command_id = attributes.setdefault("id", str(uuid.uuid4()))
        line = json.dumps({"command": kind, **attributes, "data": data})
        with self._changed:
            if then is not None:
                self._callbacks[command_id] = then
        with self._writing:
            assert self._pawl.stdin
            self._pawl.stdin.write(line + "\n")
            self._pawl.stdin.flush()
        return command_id

    def outcome(self, command_id: str) -> Json:
        with self._changed:
            if not self._changed.wait_for(lambda: command_id in self._outcomes, self.limit):
                raise AssertionError(f"no outcome of {command_id} within {self.limit:g} s")
            return self._outcomes.pop(command_id)

    def call(self, kind: str, data: Json, **attributes: str) -> Json:
        return self.outcome(self.send(kind, data, **attributes))

    def applied(self, kind: str, data: Json, **attributes: str) -> Json:
        outcome = self.call(kind, data, **attributes)
        if outcome["result"] != "applied":
            raise AssertionError(f"{kind} {data}: {outcome}")
        return outcome

    # the three commands of every day

    def start(self, process_id: str, **data: Any) -> Json:
        return self.applied("init-instance", {"process_id": process_id, **data})

    def get(self, task_id: str, staff_id: str) -> Json:
        return self.applied("get-task", {"task_id": task_id, "staff_id": staff_id})

    def end(self, task_id: str, staff_id: str, flag: str | None = None, **data: Any) -> Json:
        given = {"task_id": task_id, "staff_id": staff_id, **({"completion_flag": flag} if flag else {}), **data}
        return self.applied("end-task", given)

    def do(self, task_id: str, staff_id: str, flag: str | None = None, **data: Any) -> Json:
        """Takes and ends it."""
        self.get(task_id, staff_id)
        return self.end(task_id, staff_id, flag, **data)
