"""What must hold after every command, whatever model and core agree on."""
from __future__ import annotations

from fold import Fold, Folded, Violation, differs


class Properties:
    """Watches the core's answers; raises Violation."""

    def __init__(self) -> None:
        self.fold = Fold()
        self.asking: dict[str, set] = {}  # process -> activities with a user-defined pre rule, which are no stall
        self.not_by: dict[tuple, dict] = {}  # process and version -> activity -> whose people may not do it (ASG-10)
        self.round_robin = RoundRobin()

    def after(self, answer: dict, choices=()) -> None:
        """Of one result; `choices`: the task, method and role of each pick, and who was equally eligible (ASG-2)."""
        events = answer["events"]
        for event in events:
            if event["topic"] == "state.definition":
                self.learn(event["data"]["definition"], event["data"]["version"])
        for instance_id in self.fold.add(events):
            self.not_stuck(instance_id, self.fold.instances[instance_id])
            self.not_dead(self.fold.instances[instance_id])
        self.separated(events)
        self.outcome_fits(answer)
        if "tables" in answer:
            self.rebuilt(answer["tables"])
        if choices:
            self.balanced(events, choices)

    def learn(self, file: dict, version: int) -> None:
        self.not_by[file["process_id"], version] = {
            rule["act"]: rule["not_by"] for rule in file.get("assignment", ()) if "not_by" in rule}
        self.asking.setdefault(file["process_id"], set()).update(
            a["act_id"] for a in file["activities"] if "ex_pre_rule_func" in a)

    def outcome_fits(self, answer: dict) -> None:
        outcome = answer.get("outcome", {})
        if outcome.get("result") == "rejected" and any(
                e["topic"] in ("state.task", "state.instance") for e in answer["events"]):
            raise Violation("a rejected command has events")
        if "position" in outcome and outcome["result"] == "applied":
            if outcome["position"] != self.fold.instances[outcome["instance_id"]].position:
                raise Violation("the outcome's position is not that of the last event")

    def rebuilt(self, tables: dict) -> None:
        """LOG-1: no task is lost or doubled, none changes without an event."""
        what = differs(self.fold.instances[tables["instance_id"]], tables)
        if what:
            raise Violation(what)

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

    # -- ASG-10

    def bars(self, folded: Folded, row: dict, staff_id: str | None) -> bool:
        """Whether somebody had a part in what bars from a task, by all that has ended but the task itself."""
        others = self.not_by.get((folded.process_id, folded.version), {}).get(row["act_id"], ())
        return staff_id is not None and any(
            done is not row and done["state"] == "ended" and done["act_id"] in others
            and staff_id in (done.get("staff_id"), done.get("grantor_id")) for done in folded.have_done.values())

    def not_dead(self, folded: Folded) -> None:
        """Nobody is waited for who may not do the task."""
        for n, row in folded.to_do.items():
            if row["state"] == "waiting" and self.bars(folded, row, row.get("staff_id")):
                raise Violation(f"task {n} waits for {row['staff_id']}, who may not do it")

    def separated(self, events: list[dict]) -> None:
        """Nobody ends what they may not do, for themselves or for another one."""
        for data in (e["data"] for e in events if e["topic"] == "state.task"):
            if data["state"] != "ended" or data.get("staff_id") is None or data.get("actor") != data["staff_id"]:
                continue
            folded = self.fold.instances[data["instance_id"]]
            row = folded.have_done[int(data["task_id"].rpartition(":")[2])]
            if any(self.bars(folded, row, row.get(name)) for name in ("staff_id", "grantor_id")):
                raise Violation(f"{data['task_id']} was ended by {data['staff_id']}, who may not do it")

    # -- ASG-4, ASG-6

    def balanced(self, events: list[dict], choices) -> None:
        told = {e["data"]["task_id"]: e["data"] for e in events if e["topic"] == "state.task"}
        for task, method, role, eligible in choices:
            if task not in told:
                continue  # the core did something else, which is a difference
            staff_id = told[task].get("staff_id")
            if staff_id not in eligible:
                raise Violation(f"{staff_id} was assigned, who is not of the eligible: {eligible}")
            if method == "round_robin":
                self.round_robin.given(role, eligible, staff_id)
            elif method == "least_working_list":
                self.least(staff_id, eligible)

    def least(self, staff_id: str, eligible: tuple) -> None:
        """Nobody is given a task while an equally eligible colleague has fewer; whatever else the command did, in whatever order."""
        loads = self.fold.loads
        had = loads.open[staff_id] - loads.got[staff_id]  # at least
        fewer = [other for other in eligible if other != staff_id and loads.open[other] + loads.lost[other] < had]
        if fewer:
            raise Violation(f"least working list: {staff_id} had {had}, while {fewer} had fewer")


class RoundRobin:
    """ASG-6: fair to one over any run among people equally eligible throughout: of any two of them nobody comes twice
    before the other."""

    def __init__(self) -> None:
        self.latest: dict[str, dict[frozenset, str]] = {}  # role -> pair -> which of them came last

    def given(self, role: str, eligible: tuple, staff_id: str) -> None:
        among = frozenset(eligible)
        pairs = {pair: last for pair, last in self.latest.get(role, {}).items() if pair <= among}
        for other in among - {staff_id}:
            pair = frozenset((staff_id, other))
            if pairs.get(pair) == staff_id:
                raise Violation(f"round robin of {role!r} is not fair: {staff_id} twice before {other}")
            pairs[pair] = staff_id
        self.latest[role] = pairs
