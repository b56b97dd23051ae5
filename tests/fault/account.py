"""What must hold after everything that was done to an engine (BUS-1 to BUS-4)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine import LIMIT, Engine, Message, SequenceCheck, wait_until

KINDS = ("end-task", "control", "get-task", "init-instance", "admin")


@dataclass
class Account:
    commands: int = 0      # records that clients have sent
    lost: int = 0          # of these without an outcome, or refused for what others did, and tasks that nobody will ever see
    doubled: int = 0       # outcomes too many, and ids that took effect twice
    out_of_order: int = 0  # events with a gap before them, repeated, or not in their order
    differences: int = 0   # between events and tables
    examples: list[str] = field(default_factory=list)

    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order or self.differences)

    def note(self, what: str) -> None:
        if len(self.examples) < 20:
            self.examples.append(what)


def from_client(message: Message) -> bool:
    """Whether the outcome topic owes it an outcome: not passed on, nor the engine's own request, nor answered elsewhere."""
    names = dict(message.headers)
    return "pawl_forwarded" not in names and names.get("ce_outcome") != b"rejected" and "ce_replyto" not in names


def command_id(message: Message) -> str:
    return message.header("ce_id") or f"{message.topic}/{message.partition}/{message.offset}"


def count_outcomes(engine: Engine, account: Account) -> None:
    """Each record has exactly one outcome, each id at most one `applied`."""
    records = Counter(command_id(message) for kind in KINDS for message in engine.read(f"command.{kind}")
                      if from_client(message))
    outcomes: dict[str, list[str]] = defaultdict(list)
    for message in engine.read("outcome"):
        found = message.json
        if found["command_id"] in records:
            outcomes[found["command_id"]].append(found["result"])
    account.commands = records.total()
    for one, sent in records.items():
        came, applied = len(outcomes[one]), outcomes[one].count("applied")
        account.lost += max(0, sent - came)
        account.doubled += max(0, came - sent) + max(0, applied - 1)
        if came != sent or applied > 1:
            account.note(f"command {one}: {sent} records, outcomes {outcomes[one]}")


def count_convicted(engine: Engine, account: Account) -> None:
    """No command of a load ends a worker or its session: none may be refused as if it did (EOS-23)."""
    for message in engine.read("outcome"):
        if "session came to an end" in message.json.get("detail", ""):
            account.lost += 1
            account.note(f"refused for what others did: {message.json}")


def count_events(engine: Engine, account: Account) -> None:
    check = SequenceCheck(engine)
    for message in [m for reader in engine.subscriber(follow=False).readers for m in reader.wait_end()]:
        check.see(message)
    problems = check.finish()
    account.out_of_order += len(problems)
    for problem in problems[:5]:
        account.note(problem)


def count_differences(engine: Engine, account: Account) -> None:
    done = engine.pawl("verify", "-o", "json", timeout_ms=5000)
    lines = [json.loads(line) for line in done.out.splitlines()]
    if not lines or "differences" not in lines[-1]:
        raise AssertionError(f"pawl verify: exit code {done.code}: {done.err}")
    account.differences += lines[-1]["differences"] + lines[-1]["not_compared"]
    for line in lines[:-1][:5]:
        account.note(json.dumps(line))


def wait_for_rest(engine: Engine, limit: float = 2 * LIMIT) -> None:
    """What no client waits for: work that was handed on comes back."""
    wait_until("every instance is over", lambda: engine.value(
        "select count(*) from workflow.instance where state not in ('completed', 'cancelled')") == "0", limit)


def count_tasks(engine: Engine, account: Account) -> None:
    """After the load every story is told: whatever is still open was lost by somebody."""
    for row in engine.psql("select instance_id, n, state from workflow.to_do_task_list limit 20"):
        account.lost += 1
        account.note(f"task {row} is open for ever")
    left = int(engine.value("select count(*) from workflow.reservation"))
    account.lost += left
    if left:
        account.note(f"{left} reservations left")


def count_submitted(engines: Sequence[Engine], account: Account, submitted: int) -> None:
    """Each command submitted by SQL has begun one instance (EOS-25), whichever database it came to be in."""
    wait_until("all that was submitted is taken", lambda: engines[0].value("select count(*) from workflow.submitted_list") == "0",
               2 * LIMIT)
    def sum_of(counted: str) -> int:
        return sum(int(engine.value(f"select count({counted}) from workflow.instance where entity_id like 'sql/%'"))
                   for engine in engines)
    def begun() -> int:
        return sum_of("distinct entity_id")
    try:
        wait_until("all that was submitted is begun", lambda: begun() == submitted)
    except AssertionError:
        account.lost += submitted - begun()
        account.note(f"{begun()} of {submitted} commands submitted by SQL took effect")
    account.doubled += sum_of("*") - begun()


def take(engine: Engine, submitted: int = 0, further: Sequence[Engine] = ()) -> Account:
    """Everything, of all its databases; workers may run, but nobody sends commands any more."""
    account, engines = Account(), [engine, *further]
    count_submitted(engines, account, submitted)
    for one in engines * len(engines):  # what one has waited for may have begun something in another
        wait_for_rest(one)
    count_outcomes(engine, account)
    count_convicted(engine, account)
    count_events(engine, account)
    for one in engines:
        count_differences(one, account)
        count_tasks(one, account)
    return account
