"""What must hold after every command, whatever model and core agree on."""
from __future__ import annotations

import collections

from fold import Fold, Folded, Violation


class Properties:
    """Watches the core's answers; raises Violation."""

    def __init__(self) -> None:
        self.fold = Fold()
        self.asking: dict[str, set] = {}  # process -> activities with a user-defined pre rule, which are no stall

    def after(self, answer: dict) -> None:
        for event in answer["events"]:
            if event["topic"] == "state.definition":
                file = event["data"]["definition"]
                self.asking.setdefault(file["process_id"], set()).update(
                    a["act_id"] for a in file["activities"] if "ex_pre_rule_func" in a)
        for instance_id in self.fold.add(answer["events"]):
            self.not_stuck(instance_id, self.fold.instances[instance_id])
        outcome = answer.get("outcome", {})
        if outcome.get("result") == "rejected" and any(e["topic"].startswith("state.") for e in answer["events"]):
            raise Violation("a rejected command has events")
        if "position" in outcome and outcome["result"] == "applied":
            if outcome["position"] != self.fold.instances[outcome["instance_id"]].position:
                raise Violation("the outcome's position is not that of the last event")

    def not_stuck(self, instance_id: str, folded: Folded) -> None:
        """FWD-7: no instance is stuck in silence; TSK-5: what is over has no open task."""
        state, asking = folded.row["state"], self.asking.get(folded.process_id, set())
        if state in ("completed", "cancelled") and folded.to_do:
            raise Violation(f"{instance_id} is {state} and has open tasks")
        if state == "running" and all(row["state"] == "pending" and row["act_id"] not in asking
                                        for row in folded.to_do.values()):
            raise Violation(f"{instance_id} is stuck and not stalled")
        if state == "stalled" and any(row["state"] != "pending" for row in folded.to_do.values()):
            raise Violation(f"{instance_id} is stalled and has work")


class RoundRobin:
    """ASG-6: over a run in which the same people are eligible, fair to one."""

    def __init__(self) -> None:
        self.counts: dict[tuple, collections.Counter] = {}

    def given(self, role: str, eligible: tuple, staff_id: str) -> None:
        counts = self.counts.setdefault((role, eligible), collections.Counter({who: 0 for who in eligible}))
        counts[staff_id] += 1
        if max(counts.values()) - min(counts.values()) > 1:
            raise Violation(f"round robin of {role!r} is not fair: {dict(counts)}")
