"""Who got what, from the events alone, and whether it was fair (ASG-4, ASG-5, ASG-6).

Workers assign side by side, so events of different partitions have no order.  But waves have: what is said of somebody in
a wave (crowd.py) holds from its first command to its last outcome, and each event names, by the id of its command, its wave.

  round_robin         in any run of waves, among people present in all of them, nobody has two turns more than another
  least_working_list  nobody idle was given one, in a wave, while another idle person had fewer: the lists of the idle only
                      grow, so what the other has at the end of the wave is the most that they ever had in it
  fcfa                a task is taken once
  all                 nobody who was away is chosen
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from crowd import Wave

Json = dict[str, Any]
OPEN = {"pending", "waiting", "processing", "pausing"}


def task_events(brokers: str, prefix: str) -> Iterator[Json]:
    """All of the topic, each with the id of its command as `cause`; of the order only that within an instance counts."""
    command = ["kcat", "-C", "-J", "-u", "-q", "-e", "-X", "isolation.level=read_committed", "-o", "beginning",
               "-b", brokers, "-t", f"{prefix}.state.task"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as kcat:
        assert kcat.stdout
        for line in kcat.stdout:
            message = json.loads(line)
            headers = message["headers"]
            cause = headers[headers.index("ce_causationid") + 1]
            yield {**json.loads(message["payload"]), "cause": cause}
    if kcat.returncode != 0:
        raise AssertionError(f"kcat ended with {kcat.returncode}")


class Tally:
    """What the events say, by wave."""

    def __init__(self, events: Iterable[Json]) -> None:
        self.given: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))  # method, wave, person
        self.change: dict[int, Counter[str]] = defaultdict(Counter)  # of working lists, by wave
        self.taken: Counter[str] = Counter()                         # free tasks
        self.offered = self.unassigned = self.delegated = 0
        self.holder: dict[str, str | None] = {}
        for event in events:
            self.note(event)

    def note(self, event: Json) -> None:
        if event["act_type"] != "interaction":
            return
        wave, task, staff = int(event["cause"].split(".")[0]), event["task_id"], event.get("staff_id")
        if event["state"] == "waiting" and (assignment := event.get("assignment")):
            self.given[assignment["method"]][wave][staff or ""] += 1
            self.offered += 1
            self.unassigned += assignment["considered"] == 0
        if event["state"] == "processing":
            self.taken[task] += event["process_id"] == "free"
            self.delegated += "grantor_id" in event
        held = staff if event["state"] in OPEN else None
        if held != self.holder.get(task):
            self.change[wave][self.holder.get(task) or ""] -= 1
            self.change[wave][held or ""] += 1
        self.holder[task] = held

    def lists(self) -> Counter[str]:
        """Everybody's working list at the end."""
        return Counter(staff for staff in self.holder.values() if staff)


def spread(counts: Counter[str], people: set[str]) -> int:
    found = [counts[p] for p in people]
    return max(found) - min(found) if found else 0


def judge_turns(waves: list[Wave], given: dict[int, Counter[str]]) -> tuple[int, int]:
    """Runs of waves compared, and those in which somebody had two turns more than somebody else."""
    compared = unfair = 0
    for first in range(len(waves)):
        people, total = set(waves[first].present), Counter[str]()
        for wave in waves[first:]:
            people &= wave.present
            total += given[wave.number]
            if len(people) < 2:
                break
            compared += 1
            unfair += spread(total, people) > 1
    return compared, unfair


def judge_lists(waves: list[Wave], tally: Tally) -> tuple[int, int]:
    """Pairs of idle people compared, and those of whom one was given a task while the other had fewer."""
    before, compared, unfair = Counter[str](), 0, 0
    for wave in waves:
        given, change = tally.given["least_working_list"][wave.number], tally.change[wave.number]
        for person in wave.idle:
            had = before[person] + given[person] - 1  # at least, when given the last one
            for other in wave.idle - {person} if given[person] else ():
                compared += 1
                unfair += had > before[other] + change[other]
        before.update(change)  # Counter.update adds, negative counts too
    return compared, unfair


def judge(waves: list[Wave], tally: Tally) -> Json:
    turns, unfair_turns = judge_turns(waves, tally.given["round_robin"])
    pairs, unfair_pairs = judge_lists(waves, tally)
    to_away = sum(tally.given[method][wave.number][person] for method in ("round_robin", "least_working_list")
                  for wave in waves for person in wave.away)
    total = {method: sum(sum(c.values()) for c in tally.given[method].values()) for method in
             ("round_robin", "least_working_list", "fcfa")}
    return {
        "round_robin": {"assignments": total["round_robin"], "runs_compared": turns, "unfair": unfair_turns},
        "least_working_list": {"assignments": total["least_working_list"], "pairs_compared": pairs,
                               "unfair": unfair_pairs},
        "fcfa": {"assignments": total["fcfa"], "taken": len([n for n in tally.taken.values() if n]),
                 "taken_twice": len([n for n in tally.taken.values() if n > 1])},
        "delegated": tally.delegated, "given_to_absent": to_away, "unassigned": tally.unassigned,
    }
