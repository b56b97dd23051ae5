"""The tables rebuilt from the events alone (LOG-1): a fold, one event after the other."""
from __future__ import annotations

OVER = ("ended", "withdrawn", "absorbed")
OF_TASK = ("act_id", "state", "pre_act_id", "serial_no", "branch_no", "staff_id", "grantor_id", "executor_id",
           "completion_flag", "date_created")


class Violation(Exception):
    """A property does not hold."""


class Folded:
    """An instance as its events tell it."""

    def __init__(self) -> None:
        self.row: dict = {"state": None}
        self.to_do: dict[int, dict] = {}
        self.have_done: dict[int, dict] = {}
        self.arrivals: dict[int, list] = {}
        self.batches: dict[int, dict] = {1: {"parent": (0, 0), "opened_by": 1, "closed_by": 0}}
        self.position = 0

    def add(self, event: dict) -> None:
        data = event["data"]
        self.position += 1
        self.process_id = data["process_id"]
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
        self.row["state"] = data["state"]
        self.row["completion_flag"] = data.get("completion_flag")
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
        row = {name: data[name] for name in OF_TASK if name in data}
        (self.have_done if row["state"] in OVER else self.to_do)[n] = row
        arrivals = self.arrivals.setdefault(n, [(data.get("pre_act_id"), data["branch_no"])] if before is None else [])
        arrivals += [(a.get("pre_act_id"), a["branch_no"]) for a in data.get("joined", ())]
        for serial in data.get("opened", ()):
            self.open_batch(serial, n)
        for serial in data.get("closed", ()):
            self.close_batch(serial, n)
        if "parent_serial_no" in data:
            self.nest(data)

    def open_batch(self, serial: int, n: int) -> None:
        if serial in self.batches:
            raise Violation(f"batch {serial} is opened twice")
        self.batches[serial] = {"parent": None, "opened_by": n, "closed_by": 0}

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


class Fold:
    """All instances."""

    def __init__(self) -> None:
        self.instances: dict[str, Folded] = {}
        self.sequences: dict[tuple, int] = {}

    def add(self, events: list[dict]) -> set[str]:
        """The instances that changed."""
        changed = set()
        for event in events:
            if event["topic"] in ("state.task", "state.instance"):
                instance_id = event["data"]["instance_id"]
                self.instances.setdefault(instance_id, Folded()).add(event)
                changed.add(instance_id)
                self.count(event, instance_id)
        for instance_id in changed:  # within one command their events may stand in another order
            batches = self.instances[instance_id].batches
            if max(batches) != len(batches):
                raise Violation(f"a batch of {sorted(batches)} is missing")
        return changed

    def count(self, event: dict, instance_id: str) -> None:
        sequence = event.get("headers", {}).get("ce_sequence")
        if sequence is not None:
            key = (instance_id, event["topic"])
            self.sequences[key] = self.sequences.get(key, 0) + 1
            if int(sequence) != self.sequences[key]:
                raise Violation(f"{event['topic']} has sequence {sequence}, not {self.sequences[key]}")


def differs(folded: Folded, dump: dict) -> str | None:
    """What the tables hold that the events did not tell, or None."""
    for name in ("state", "entity_id", "completion_flag", "variables"):
        if folded.row.get(name) != dump.get(name):
            return f"{name}: {folded.row.get(name)} by the events, {dump.get(name)} in the table"
    if folded.position != dump["position"]:
        return f"position: {folded.position} by the events, {dump['position']} in the table"
    for table, rows in (("to_do_task_list", folded.to_do), ("have_done_tasks", folded.have_done)):
        stored = {row["n"]: {name: row[name] for name in OF_TASK if name in row} for row in dump[table]}
        if table == "to_do_task_list":  # there it is the flag of a dummy's arrival
            for row in stored.values():
                row.pop("completion_flag", None)
        if stored != rows:
            return f"{table}: {pick_out(rows, stored)} by the events, {pick_out(stored, rows)} in the table"
    for row in dump["to_do_task_list"]:
        told = folded.arrivals[row["n"]]
        stored = [(a.get("pre_act_id"), a["branch_no"]) for a in row.get("arrivals", ())]
        if row["state"] == "pending" and stored and stored != told:
            return f"arrivals of task {row['n']}: {told} by the events, {stored} in the table"
    for row in dump["batches"]:
        told = folded.batches.get(row["serial_no"], {})
        if ((row["opened_by"], row["closed_by"]) != (told.get("opened_by"), told.get("closed_by"))
                or told.get("parent") not in (None, (row["parent_serial_no"], row["parent_branch_no"]))):
            return f"batch: {told} by the events, {row} in the table"
    if len(dump["batches"]) != len(folded.batches):
        return "the number of batches"
    return None


def pick_out(rows: dict, other: dict) -> dict:
    return {n: row for n, row in rows.items() if other.get(n) != row}
