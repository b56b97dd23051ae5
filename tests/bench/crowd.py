"""Many people of one role at work: what `assignment` lets them do, wave after wave.

At the beginning of a wave some people are sent away or called back.  Then instances are begun from one side, while from the
other people take what they were given and end it, race for what is free, authorize each other, log off and come back,
all at once.  A wave is over when everything is answered; so what stood still in it is known, and fairness.py
can judge by it.
"""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

ROLE = "desk"
METHODS = {"turn": "round_robin", "least": "least_working_list", "free": "fcfa"}
WINDOW = 600        # commands under way
FLAP_EVERY = 25     # instances begun for each change of somebody's presence or authorizations
WAVES_MIN, WAVE_SIZE = 8, 1500
LIMIT = 600.0       # seconds for a wave


def definition(process_id: str) -> Json:
    return {
        "process_id": process_id,
        "activities": [{"act_id": "begin", "act_type": "initial"}, {"act_id": "work", "act_type": "interaction"},
                       {"act_id": "done", "act_type": "completion"}],
        "routing": [{"from": "begin", "to": ["work"]}, {"from": "work", "to": ["done"]}],
        "assignment": [{"act": "work", "based_on": "role_based", "role": ROLE, "method": METHODS[process_id]}],
    }


def institution(people: list[str]) -> Json:
    return {"roles": [{"role_id": ROLE}], "staff": [{"staff_id": p, "roles": [ROLE]} for p in people]}


@dataclass
class Wave:
    """Who did what while it lasted: nothing of this changed between its first command and its last outcome."""

    number: int
    processes: list[str]                          # what is begun in it, in these shares
    present: set[str] = field(default_factory=set)  # logged on and not on leave
    idle: set[str] = field(default_factory=set)     # of these: took nothing and ended nothing
    away: set[str] = field(default_factory=set)     # on leave or logged off


class Crowd:
    """People, and the wave in which they are."""

    def __init__(self, engine: Any, people: int, seed: int) -> None:
        self.people = [f"p{n:02}" for n in range(people)]
        self.engine, self.random = engine, random.Random(seed)
        self.client = engine.client()
        self.waves: list[Wave] = []
        self.counts: Counter[str] = Counter()     # commands by what they were
        self.rejected: Counter[str] = Counter()   # outcomes by code
        self.taken: Counter[str] = Counter()      # applied get-task, by free task
        self._state = {p: (True, False) for p in self.people}  # logged on, on leave
        self._granted: set[tuple[str, str]] = set()
        self._changed = threading.Condition()
        self._under_way = self._number = 0

    def prepare(self) -> None:
        self.engine.load(institution(self.people))
        self.engine.deploy(*(definition(p) for p in METHODS))

    # commands

    def send(self, what: str, kind: str, data: Json, then: Callable[[Json], None] | None = None) -> None:
        """Its wave is in its id, which is the `causationid` of all events that it causes."""
        def answered(outcome: Json) -> None:
            try:
                if outcome["result"] == "rejected":
                    self.rejected[outcome["code"]] += 1
                elif outcome["result"] != "applied":
                    self.rejected[outcome["result"]] += 1
                elif then:
                    then(outcome)
            finally:
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify_all()
        with self._changed:
            self._under_way += 1
            self._number += 1
            self.counts[what] += 1
            command_id = f"{len(self.waves)}.{self._number}"
        self.client.send(kind, data, then=answered, id=command_id)

    def wait(self, most: int) -> None:
        """Until no more than so many commands are under way."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._under_way <= most, LIMIT):
                raise AssertionError(f"{self._under_way} commands are not answered within {LIMIT:g} s")

    def presence(self, person: str, logging_on: bool, on_leave: bool) -> None:
        self._state[person] = (logging_on, on_leave)
        self.send("presence", "admin", {"operation": "set-presence", "staff_id": person, "logging_on": logging_on,
                                        "on_leave": on_leave})

    def authorization(self, operation: str, grantor: str, grantee: str) -> None:
        (self._granted.add if operation == "authorize" else self._granted.discard)((grantor, grantee))
        self.send(operation, "admin", {"operation": operation, "grantor_id": grantor, "grantee_id": grantee})

    # a wave

    def play(self, assignments: int, kills: int = 0) -> None:
        """So often, in the middle of things, a worker is killed and another one started."""
        count = max(WAVES_MIN, assignments // WAVE_SIZE)
        moments = Counter(self.random.randrange(assignments) for _ in range(kills))
        begun = 0
        for number in range(count):
            size = assignments // count + (number < assignments % count)
            self.wave(size, Counter({at - begun: n for at, n in moments.items() if 0 <= at - begun < size}))
            begun += size

    def kill(self) -> None:
        running = [worker for worker in self.engine.workers if worker.running()]
        self.random.choice(running).signal(signal.SIGKILL)
        self.engine.start_worker()

    def wave(self, size: int, kills: Counter[int]) -> None:
        """Every third one only by working list: then the lists of the idle grow by nothing else, and all is known of them."""
        number = len(self.waves) + 1
        only_least = number % 3 == 0
        wave = Wave(number, ["least"] if only_least else ["turn", "turn", "least", "free"])
        self.waves.append(wave)
        self.gather(wave)
        busy = sorted(wave.present - wave.idle)
        restless = self.random.sample(self.people, 4)  # of them nothing is known in this wave
        for people in (wave.present, wave.idle, wave.away):
            people.difference_update(restless)
        work = self.work_of(busy, size)
        for n in range(size):
            self.begin(wave, busy)
            for _ in range(kills[n]):
                self.kill()
            if task := next(work, None):
                self.do(*task, busy)
            if n % FLAP_EVERY == 0:
                self.flap(restless, busy)
            self.wait(WINDOW)
        for task in work:
            self.do(*task, busy)
            self.wait(WINDOW)
        self.wait(0)

    def gather(self, wave: Wave) -> None:
        """Sends some away, calls the others, and waits until the engine knows."""
        away = set(self.random.sample(self.people, len(self.people) // 4))
        for person in self.people:
            state = self.random.choice([(False, False), (True, True)]) if person in away else (True, False)
            if self._state[person] != state:
                self.presence(person, *state)
        for grantor, grantee in list(self._granted):  # whoever is on leave is represented by nobody
            self.authorization("revoke", grantor, grantee)
        self.wait(0)
        wave.away, wave.present = away, set(self.people) - away
        wave.idle = set(self.random.sample(sorted(wave.present), len(wave.present) // 2))

    def work_of(self, busy: list[str], size: int) -> Iterator[tuple[str, str]]:
        """What the busy were given before."""
        rows = self.engine.psql("select task_id, staff_id from workflow.task_list where state = 'waiting' and staff_id ="
                                f" any ('{{{','.join(busy)}}}') limit {2 * size}")
        self.random.shuffle(rows)
        return iter([(task, holder) for task, holder in rows])

    def begin(self, wave: Wave, busy: list[str]) -> None:
        process_id = self.random.choice(wave.processes)
        self.send(process_id, "init-instance", {"process_id": process_id},
                  (lambda outcome: self.race(outcome["tasks"][0], busy)) if process_id == "free" else None)

    def do(self, task: str, holder: str, busy: list[str]) -> None:
        """The holder takes it and ends it; or somebody whom the holder has authorized, or had."""
        grantees = [grantee for grantor, grantee in sorted(self._granted) if grantor == holder and grantee in busy]
        person = self.random.choice(grantees) if grantees and self.random.random() < 0.5 else holder
        self.send("delegated" if person != holder else "get", "get-task", {"task_id": task, "staff_id": person},
                  lambda outcome: self.end(task, person))

    def race(self, task: str, busy: list[str]) -> None:
        """Two ask for this one, and one for any."""
        def got(person: str, outcome: Json) -> None:
            taken = outcome["task"]["task_id"]
            with self._changed:
                self.taken[taken] += 1
            if self.random.random() < 0.7:
                self.end(taken, person)
        for person in self.random.sample(busy, 2):
            self.send("race", "get-task", {"task_id": task, "staff_id": person},
                      lambda outcome, person=person: got(person, outcome))
        person = self.random.choice(busy)
        self.send("next", "get-task", {"staff_id": person, "process_id": "free"},
                  lambda outcome: got(person, outcome))

    def end(self, task: str, person: str) -> None:
        self.send("end", "end-task", {"task_id": task, "staff_id": person})

    def flap(self, restless: list[str], busy: list[str]) -> None:
        """Somebody logs on or off, goes or comes back; somebody authorizes another, or takes it back."""
        person = self.random.choice(restless)
        self.presence(person, self.random.random() < 0.5, self.random.random() < 0.5)
        if self._granted and self.random.random() < 0.4:
            self.authorization("revoke", *self.random.choice(sorted(self._granted)))
        else:
            self.authorization("authorize", *self.random.sample(busy, 2))
