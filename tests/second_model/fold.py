"""The tables rebuilt from the events alone (LOG-1): a fold, one command after the other."""
from __future__ import annotations

import collections

OVER = ("ended", "withdrawn", "absorbed")
OF_TASK = ("act_id", "state", "pre_act_id", "serial_no", "branch_no", "staff_id", "grantor_id", "executor_id",
           "completion_flag", "date_created")
OF_INSTANCE = ("state", "entity_id", "completion_flag", "variables", "requester")


class Violation(Exception):
    """A property does not hold."""


class Loads:
    """How many open tasks everybody has, in all instances (ASG-4); and what the last command did to that."""

    def __init__(self) -> None:
        self.open: collections.Counter = collections.Counter()
        self.begin()

    def begin(self) -> None:
        self.got: collections.Counter = collections.Counter()
        self.lost: collections.Counter = collections.Counter()  # but for what somebody ended

    def change(self, before: dict | None, row: dict, assigned: bool) -> None:
        """`assigned`: by a rule, perhaps to who had it before."""
        old = before.get("staff_id") if before else None
        new = row.get("staff_id") if row["state"] not in OVER else None
        if row["state"] in OVER and row.get("staff_id") not in (None, old):
            self.lost[row["staff_id"]] += 1  # given and taken back within the command
        if old == new and not assigned:
            return
        if old:
            self.open[old] -= 1
            self.lost[old] += row["state"] != "ended"
        if new:
            self.open[new] += 1
            self.got[new] += 1


class Folded:
    """An instance as its events tell it."""

    def __init__(self, loads: Loads) -> None:
        self.row: dict = {"state": None}
        self.to_do: dict[int, dict] = {}
        self.have_done: dict[int, dict] = {}
        self.arrivals: dict[int, list] = {}
        self.batches: dict[int, dict] = {1: {"parent": (0, 0), "opened_by": 1, "closed_by": 0}}
        self.position = 0
        self.loads = loads
        self.compared: list = []    # rows of have_done_tasks that were found right; they never change again

    def add(self, event: dict) -> None:
        data = event["data"]
        self.position += 1
        self.process_id, self.version = data["process_id"], data["version"]
        if data["position"] != self.position:
            raise Violation(f"position {data['position']} follows {self.position - 1}")
        self.row["entity_id"] = data.get("entity_id")
        if event["topic"] == "state.instance":
            self.add_instance(data)
        else:
            self.add_task(data)

    def add_instance(self, data: dict) -> None:
        if data.get("previous_state") != self.row["state"]:
            raise Violation(f"the instance was {self.row['state']}, not {data.get('previous_state')}")
        if self.row["state"] in ("completed", "cancelled"):
            raise Violation(f"an event of an instance that is {self.row['state']}")
        if data["state"] == "stalled" != self.row["state"] and not data.get("waits"):
            raise Violation("the instance is stalled and does not say what waits")
        self.row["state"] = data["state"]
        self.row["completion_flag"] = data.get("completion_flag")
        self.row["requester"] = data.get("requester")
        if "variables" in data:
            self.row["variables"] = data["variables"]

    def add_task(self, data: dict) -> None:
        n = int(data["task_id"].rpartition(":")[2])
        before = self.to_do.pop(n, None)
        if n in self.have_done:
            raise Violation(f"task {n} is over and has an event")
        if data.get("previous_state") != (before["state"] if before else None):
            raise Violation(f"task {n} was {before and before['state']}, not {data.get('previous_state')}")
        if before is None and n != len(self.to_do) + len(self.have_done) + 1:
            raise Violation(f"task {n} is new, out of turn")
        row = row_of(data)
        (self.have_done if row["state"] in OVER else self.to_do)[n] = row
        self.loads.change(before, row, "assignment" in data)
        arrivals = self.arrivals.setdefault(n, [(data.get("pre_act_id"), data["branch_no"])] if before is None else [])
        arrivals += [(a.get("pre_act_id"), a["branch_no"]) for a in data.get("joined", ())]
        for serial in data.get("closed", ()):
            self.close_batch(serial, n)
        if "parent_serial_no" in data:
            self.nest(data)

    def open_batches(self, data: dict) -> None:
        for serial in data.get("opened", ()):
            if serial in self.batches:
                raise Violation(f"batch {serial} is opened twice")
            self.batches[serial] = {"parent": None, "opened_by": int(data["task_id"].rpartition(":")[2]), "closed_by": 0}

    def close_batch(self, serial: int, n: int) -> None:
        if serial not in self.batches:
            raise Violation(f"batch {serial} is closed and was never opened")
        if self.batches[serial]["closed_by"]:
            raise Violation(f"batch {serial} is closed twice")
        self.batches[serial]["closed_by"] = n

    def nest(self, data: dict) -> None:
        parent = (data["parent_serial_no"], data["parent_branch_no"])
        batch = self.batches.get(data["serial_no"])
        if batch is None or batch["parent"] not in (None, parent):
            raise Violation(f"batch {data['serial_no']} has not the parent {parent}")
        batch["parent"] = parent


def row_of(data: dict) -> dict:
    """What of a task's row its event tells."""
    row = {name: data[name] for name in OF_TASK if name in data}
    row["attempt"] = data.get("attempt", 0)
    if "incident" in data:
        row["incident_id"] = data["incident"]["id"]
    return row


class Fold:
    """All instances."""

    def __init__(self) -> None:
        self.instances: dict[str, Folded] = {}
        self.sequences: dict[tuple, int] = {}
        self.loads = Loads()

    def add(self, events: list[dict]) -> set[str]:
        """The events of one command; returns the instances that changed.

        A command is one step: the event that opens a batch may stand behind that of a task that is of it by now.
        """
        events = [e for e in events if e["topic"] in ("state.task", "state.instance")]
        self.loads.begin()
        changed = {e["data"]["instance_id"] for e in events}
        for instance_id in changed:
            self.instances.setdefault(instance_id, Folded(self.loads))
        for event in events:
            self.instances[event["data"]["instance_id"]].open_batches(event["data"])
        for event in events:
            self.instances[event["data"]["instance_id"]].add(event)
            self.count(event, event["data"]["instance_id"])
        for instance_id in changed:
            batches = self.instances[instance_id].batches
            if max(batches) != len(batches):
                raise Violation(f"a batch of {sorted(batches)} is missing")
        return changed

    def count(self, event: dict, instance_id: str) -> None:
        key = (instance_id, event["topic"])
        self.sequences[key] = self.sequences.get(key, 0) + 1
        sequence = event["headers"]["ce_sequence"]
        if int(sequence) != self.sequences[key]:
            raise Violation(f"{event['topic']} has sequence {sequence}, not {self.sequences[key]}")


def differs(folded: Folded, tables: dict) -> str | None:
    """What the tables hold that the events did not tell, or None."""
    for name in OF_INSTANCE:
        if folded.row.get(name) != tables.get(name):
            return f"{name}: {folded.row.get(name)} by the events, {tables.get(name)} in the table"
    if folded.position != tables["position"]:
        return f"position: {folded.position} by the events, {tables['position']} in the table"
    return to_do_differs(folded, tables["to_do_task_list"]) or have_done_differs(folded, tables["have_done_tasks"]) or \
        batches_differ(folded, tables["batches"])


def to_do_differs(folded: Folded, rows: list[dict]) -> str | None:
    if [row["n"] for row in rows] != sorted(folded.to_do):
        return f"to_do_task_list: {sorted(folded.to_do)} by the events, {[row['n'] for row in rows]} in the table"
    for row in rows:
        told = folded.to_do[row["n"]]
        stored = stored_row(row)
        stored.pop("completion_flag", None)  # there it is the flag of a dummy's arrival
        if stored != told:
            return f"to_do_task_list, {row['n']}: {told} by the events, {stored} in the table"
        if row["state"] == "pending" and "arrivals" in row:
            came = [(a.get("pre_act_id"), a["branch_no"]) for a in row["arrivals"]]
            if came != folded.arrivals[row["n"]]:
                return f"arrivals of task {row['n']}: {folded.arrivals[row['n']]} by the events, {came} in the table"
    return None


def have_done_differs(folded: Folded, rows: list[dict]) -> str | None:
    known = len(folded.compared)
    if rows[:known] != folded.compared:
        return "have_done_tasks: a row has changed"
    if len(rows) != len(folded.have_done):
        return f"have_done_tasks: {len(folded.have_done)} rows by the events, {len(rows)} in the table"
    for row in rows[known:]:
        told = folded.have_done.get(row["n"])
        if stored_row(row) != told:
            return f"have_done_tasks, {row['n']}: {told} by the events, {stored_row(row)} in the table"
    folded.compared = rows
    return None


def stored_row(row: dict) -> dict:
    return {name: row[name] for name in (*OF_TASK, "attempt", "incident_id") if name in row}


def batches_differ(folded: Folded, rows: list[dict]) -> str | None:
    if len(rows) != len(folded.batches):
        return f"{len(folded.batches)} batches by the events, {len(rows)} in the table"
    for row in rows:
        told = folded.batches.get(row["serial_no"], {})
        if ((row["opened_by"], row["closed_by"]) != (told.get("opened_by"), told.get("closed_by"))
                or told.get("parent") not in (None, (row["parent_serial_no"], row["parent_branch_no"]))):
            return f"batch: {told} by the events, {row} in the table"
    return None
