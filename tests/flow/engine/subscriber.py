"""Both state topics, and what must hold of all their events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .bus import Message, partition_of
from .common import LIMIT, Json, wait_until

if TYPE_CHECKING:
    from .installation import Engine


class Subscriber:
    """Both state topics; knows of each instance whether an event is missing, repeated or out of order."""

    TOPICS = ("state.task", "state.instance")

    def __init__(self, engine: Engine, follow: bool = True) -> None:
        self.engine = engine
        self.readers = [engine.reader(topic, follow) for topic in self.TOPICS]

    def wait(self, instance_id: str, what: str, check: Callable[[Json], bool], limit: float = LIMIT) -> Message:
        """The first event of the instance that fits."""
        def fits(message: Message) -> bool:
            return message.key == instance_id.encode() and check(message.json)
        reader = self.readers[0 if what.startswith("task") else 1]
        return reader.wait(f"{what} of {instance_id}", fits, limit)

    def task(self, instance_id: str, act_id: str, state: str) -> Message:
        return self.wait(instance_id, f"task {act_id} {state}", lambda e: (e["act_id"], e["state"]) == (act_id, state))

    def instance(self, instance_id: str, state: str) -> Message:
        return self.wait(instance_id, f"instance {state}", lambda e: e["state"] == state)

    def wait_position(self, instance_id: str, position: int) -> list[Json]:
        """The instance's events up to this position, in order."""
        def come() -> list[Json] | None:
            events = self.events(instance_id)
            return events if {e["position"] for e in events} >= set(range(1, position + 1)) else None
        return wait_until(f"events 1 to {position} of {instance_id}", come)

    def events(self, instance_id: str) -> list[Json]:
        found = [m.json for r in self.readers for m in list(r.messages) if m.key == instance_id.encode()]
        return sorted(found, key=lambda event: event["position"])

    def all(self) -> list[Message]:
        """Everything there is, of one that does not follow."""
        return [message for reader in self.readers for message in reader.wait_end()]

    def messages(self) -> Iterator[Message]:
        for reader in self.readers:
            yield from list(reader.messages)

    def problems(self) -> list[str]:
        """What is wrong with what has been seen so far; nothing should be."""
        check = SequenceCheck(self.engine)
        for message in self.messages():
            check.see(message)
        return check.finish()


class SequenceCheck:
    """BUS-1 from outside: sequence 1, 2, 3, … in each topic, and positions 1 to n over both."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.problems: list[str] = []
        self.last: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))  # sequence, position
        self.positions: dict[str, list[int]] = defaultdict(list)
        self.states: dict[str, str] = {}  # of each task and instance

    def see(self, message: Message) -> None:
        event, instance_id = message.json, (message.key or b"").decode()
        sequence, position = int(message.header("ce_sequence") or 0), event["position"]
        before, last_position = self.last[message.topic, instance_id]
        self.last[message.topic, instance_id] = (sequence, position)
        self.positions[instance_id].append(position)
        where = f"{message.topic} {instance_id} position {position}"
        self._expect(sequence == before + 1, f"{where}: sequence {sequence} after {before}")
        self._expect(position > last_position, f"{where}: after position {last_position}")
        self._expect(event["instance_id"] == instance_id, f"{where}: of instance {event['instance_id']}")
        self._expect(message.header("ce_id") == f"{instance_id}/{position}", f"{where}: id {message.header('ce_id')}")
        self._expect(message.partition == partition_of(instance_id, self.engine.partitions),
                     f"{where}: on partition {message.partition}")
        whose = event.get("task_id", instance_id)
        self._expect(event.get("previous_state") == self.states.get(whose),
                     f"{where}: {whose} was {self.states.get(whose)}, previous_state {event.get('previous_state')}")
        self.states[whose] = event["state"]

    def _expect(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)

    def finish(self) -> list[str]:
        for instance_id, positions in self.positions.items():
            self._expect(sorted(positions) == list(range(1, len(positions) + 1)),
                         f"{instance_id}: positions {sorted(positions)[:20]}")
        return self.problems
