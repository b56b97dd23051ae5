"""Plays cases in an engine: Kafka, PostgreSQL, workers; all cases in one, each with names of its own."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from case import Case, Step
from command import Command
from core import ROOT, Result
from play import Difference, Play, Played, compare_rows, plain_take
from tell import normal, row_line

sys.path.insert(0, str(ROOT / "tests/flow"))
from engine import Engine, Message  # noqa: E402  (the harness of the ring flow)

Json = dict[str, Any]
LIMIT = 30.0  # seconds that an event may take on a busy machine
HOUR = 6.0  # seconds that an hour of a case has in the engine
# Members that name what belongs to one case.
OWN = {"process_id", "staff_id", "grantor_id", "grantee_id", "to_staff_id", "dept_id", "super_dept_id", "team_id",
       "super_team_id", "role_id", "department", "team", "role", "function", "ex_pre_rule_func", "ex_post_rule_func"}


def scaled(value: Any, by: float) -> Any:
    """With time limits of seconds in the place of hours."""
    if isinstance(value, list):
        return [scaled(inner, by) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name: seconds(inner, by) if name in ("within", "check_every") and isinstance(inner, str) else scaled(inner, by)
            for name, inner in value.items()}


def seconds(text: str, by: float) -> str:
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if not found:
        return text
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return f"PT{((days * 24 + hours) * 3600 + minutes * 60 + rest) * by:g}S"


def prefixed(value: Any, prefix: str, member: str = "") -> Any:
    """With the names of a case made its own."""
    if isinstance(value, dict):
        return {name: prefixed(inner, prefix, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [prefixed(inner, prefix, {"teams": "team", "roles": "role"}.get(member, member)) for inner in value]
    return prefix + value if isinstance(value, str) and member in OWN else value


class Bus:
    """What the engine has said, by case: the cases' names begin with their prefix."""

    TOPICS = ("state.task", "state.instance", "state.definition", "state.institution", "outcome", "dead-letter", "reply.me")

    def __init__(self, engine: Engine, executives: set[str]) -> None:
        names = [*self.TOPICS, *(f"job.{name}" for name in sorted(executives))]
        self._readers = [(name, engine.reader(name)) for name in names]
        self._at = [0] * len(names)
        self._lock = threading.Lock()
        self.instances: dict[str, dict[str, dict[int, tuple[str, Message]]]] = defaultdict(lambda: defaultdict(dict))
        self.jobs: dict[str, list[tuple[str, Message]]] = defaultdict(list)  # by instance
        self.others: dict[str, list[tuple[str, Message]]] = defaultdict(list)  # by the command that caused it

    def poll(self) -> None:
        with self._lock:
            for i, (topic, reader) in enumerate(self._readers):
                new = reader.messages[self._at[i]:]
                self._at[i] += len(new)
                for message in new:
                    self._take(topic, message)

    def _take(self, topic: str, message: Message) -> None:
        data = message.json if topic != "dead-letter" else {}
        if topic in ("state.task", "state.instance"):
            prefix = data["process_id"].partition("_")[0] + "_"
            self.instances[prefix][data["instance_id"]][data["position"]] = (topic, message)
        elif topic.startswith("job."):
            self.jobs[data["instance_id"]].append((topic, message))
        elif topic == "outcome":
            self.others[data["command_id"]].append((topic, message))
        elif topic == "dead-letter":
            self.others[message.header("ce_id") or ""].append((topic, message))
        else:
            self.others[message.header("ce_causationid") or ""].append((topic, message))

    def wait(self, check: Any) -> None:
        """Until it holds, or has had its time: the comparison shows what is missing."""
        deadline = time.monotonic() + LIMIT
        while self.poll() or not check():
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)


class EnginePlay(Play):
    """A case in an engine."""

    def __init__(self, case: Case, number: int, engine: Engine, client: Any, hour: float = HOUR) -> None:
        super().__init__(case)
        self.prefix = f"c{number:03}_"
        self.teller.scale = 3600 / hour
        self.trouble: str | None = None
        self.bus: Bus
        self.engine, self.client = engine, client
        self.taken: dict[str, int] = defaultdict(int)  # events of each instance that commands have been told
        self.jobs: dict[str, int] = defaultdict(int)

    def setup(self) -> tuple[list[Json], Json]:
        """The definitions and the institution that it needs."""
        return ([self.own(file) for file in self.deployed_first()],
                prefixed(self.institution(), self.prefix))

    def own(self, data: Json) -> Json:
        """With names of its own and shorter times."""
        return scaled(prefixed(data, self.prefix), 1 / self.teller.scale)

    def functions(self) -> list[tuple[str, str]]:
        """The user-defined functions that its definitions name, with what each returns."""
        found = set()
        for files, kind in (("ex_pre_rule_func", "boolean"), ("ex_post_rule_func", "text[]")):
            found |= {(a[files], kind) for file in self.files.values() for a in file["activities"] if files in a}
        found |= {(rule["function"], "text[]") for file in self.files.values() for rule in file.get("assignment", [])
                  if "function" in rule}
        return [(self.prefix + name, kind) for name, kind in sorted(found)]

    def set_answers(self, answers: Json) -> None:
        """What its functions answer from now on."""
        groups = {rule.get("function") for file in self.files.values() for rule in file.get("assignment", [])}
        own = {self.prefix + name: [self.prefix + one for one in answer] if name in groups and isinstance(answer, list)
               else answer for name, answer in answers.items()}
        self.engine.psql(f"""
            insert into pawl_rules.told select * from jsonb_each($${json.dumps(own)}$$)
                on conflict (function) do update set answer = excluded.answer""")

    def run(self) -> None:
        try:
            for file in self.deployed_first():
                self.deployed(file, 1)
            for step in self.case.steps:
                self.step(step)
            if self.timed():
                self.stop_timers()
        except Exception as error:  # the others go on
            self.trouble = f"{type(error).__name__}: {error}"

    def failed(self) -> bool:
        return bool(self.trouble or self.played.differences)

    def timed(self) -> bool:
        return any({"time_limits", "check_every"} & set(activity) or "time_limit" in file
                   for file in self.files.values() for activity in file["activities"])

    def stop_timers(self) -> None:
        """What is still open is cancelled: the case is over, and its timers would go on."""
        for instance_id, seen in list(self.teller.seen.items()):
            if seen.state not in ("completed", "cancelled"):
                self.send(Command("control", {"operation": "cancel-instance", "instance_id": instance_id, "actor": "op"}), [])

    def plain(self, data: Any) -> Any:
        """With the names of the case, and of an engine that is called workflow."""
        return json.loads(json.dumps(data).replace(self.prefix, "").replace(self.engine.prefix, "workflow"))

    def step(self, step: Step) -> None:
        if step.command.startswith("do "):
            taken, ended = self.reader.read_do(step.command)
            who = taken.data.get("staff_id") or "!" + taken.data["executor_id"]
            n = taken.data["task_id"].rpartition(":")[2]
            lines = self.send(taken, [])
            if unlike := [line for line in lines if not plain_take(line, n, who)]:
                self.judge(step, unlike)
            else:
                self.judge(step, self.send(ended, step.expected))
            return
        command = self.read(step)
        if command.kind == "answers":
            self.set_answers(command.value)
        elif command.kind == "rows":
            self.judge(step, [row_line(n, row) for n, row in sorted(self.rows(self.instances[command.instance]).items())])
        else:
            self.judge(step, self.send(command, step.expected))

    def judge(self, step: Step, actual: list[str]) -> None:
        """As expected, in the order of each instance; between topics and instances there is none."""
        whose = [self.whose(line) for line in step.expected]
        order = sorted(actual, key=lambda line: whose.index(self.whose(line)) if self.whose(line) in whose else 99)
        expected = sorted(map(normal, step.expected), key=lambda line: whose.index(self.whose(line)))
        for lines in (expected, order):
            lines[:] = [line for line in lines if self.whose(line) != "other"] + \
                sorted(line for line in lines if self.whose(line) == "other")
        self.played.actuals.append((step, order))
        if expected != order:
            self.played.differences.append(Difference(step, order))

    @staticmethod
    def whose(line: str) -> str:
        """The instance that a line is about, or "other"."""
        head, colon, rest = line.partition(":")
        name, rest = (head, rest) if colon and " " not in head else ("i", line)
        word = rest.split()[0]
        if word == "job":
            return f"{name} jobs"
        return name if word.isdigit() or word == "instance" else "other"

    # commands

    def send(self, command: Command, expected: list[str]) -> list[str]:
        """All that it did, and what that brought about as far as it is expected."""
        if command.kind == "advance":
            return self.told(command, None, None, expected)
        command_id = f"{self.prefix}{command.id}" if command.id else str(uuid.uuid4())
        if command.value is not None:
            return self.told(command, self.send_raw(command, command_id), command_id, expected)
        data = self.own(command.data)
        data = json.loads(json.dumps(data).replace('"workflow', f'"{self.engine.prefix}'))
        outcome = self.client.call(command.kind, data, id=command_id)
        return self.told(command, outcome, command_id, expected)

    def send_raw(self, command: Command, command_id: str) -> Json:
        value = command.value.replace("workflow", self.engine.prefix)
        try:
            value = json.dumps(prefixed(json.loads(value), self.prefix))
        except ValueError:
            pass
        self.engine.produce(f"command.{command.kind}", value.encode(), headers=[(b"ce_id", command_id.encode())])
        self.bus.wait(lambda: any(topic == "outcome" for topic, _ in self.bus.others[command_id]))
        return next((m.json for topic, m in self.bus.others[command_id] if topic == "outcome"), {})

    def told(self, command: Command, outcome: Json | None, command_id: str | None, expected: list[str]) -> list[str]:
        if outcome and "instance_id" in outcome and command.kind == "init-instance" and outcome["result"] == "applied":
            self.instances.setdefault(command.instance, outcome["instance_id"])
        if outcome and outcome.get("result") == "unanswered":
            return [f"! unanswered: {outcome}"]
        self.bus.wait(lambda: self.complete(outcome, command_id, expected))
        results = self.results(self.plain(outcome) if outcome else None, command_id)
        return self.lines(command, results)

    def complete(self, outcome: Json | None, command_id: str | None, expected: list[str]) -> bool:
        """Whether all has come that the outcome tells of and that is expected."""
        mine = self.bus.instances[self.prefix]
        position = (outcome or {}).get("position", 0)
        if position and len(mine[outcome["instance_id"]]) < position:  # type: ignore[index]
            return False
        kinds = [self.whose(line) for line in expected]
        told = [line for line, kind in zip(expected, kinds) if kind == "other" and line.split()[0] not in
                ("rejected", "duplicate", "shows", "deployed")]
        jobs = sum(len(self.bus.jobs[one]) - self.jobs[one] for one in mine)
        events = sum(len(mine[one]) - self.taken[one] for one in mine)
        others = sum(topic != "outcome" for topic, _ in self.bus.others[command_id or "-"])
        return jobs >= sum(kind.endswith(" jobs") for kind in kinds) and others >= len(told) and \
            events >= sum(kind != "other" and not kind.endswith(" jobs") for kind in kinds)

    def in_turn(self) -> Iterator[str]:
        """The instances of the case that have news, in the order in which they were first mentioned."""
        mine = self.bus.instances[self.prefix]
        while True:
            waiting = [one for one in [*self.instances.values(), *self.teller.seen, *mine]
                       if self.taken[one] + 1 in mine[one] or len(self.bus.jobs[one]) > self.jobs[one]]
            if not waiting:
                return
            yield waiting[0]

    def results(self, outcome: Json | None, command_id: str | None) -> list[Result]:
        """What the command did first, then what others did."""
        own, rest = Result(outcome), []
        for instance_id in self.in_turn():
            events = self.bus.instances[self.prefix][instance_id]
            while self.taken[instance_id] + 1 in events:
                topic, message = events[self.taken[instance_id] + 1]
                self.taken[instance_id] += 1
                event = (topic, self.plain(message.json))
                self.mention(event[1])
                if message.header("ce_causationid") == command_id:
                    own.events.append(event)
                else:
                    rest.append(Result(None, [event]))
            for topic, message in self.bus.jobs[instance_id][self.jobs[instance_id]:]:
                self.jobs[instance_id] += 1
                job = (topic, self.plain(message.json))
                if message.header("ce_causationid") == command_id:
                    own.events.append(job)
                else:
                    rest.append(Result(None, [job]))
        own.events += [(topic, self.plain(message.json) if topic != "dead-letter" else None)
                       for topic, message in self.bus.others.get(command_id or "-", []) if topic != "outcome"]
        return [own, *rest]

    def mention(self, event: Json) -> None:
        """A sub-process has a name as soon as an event mentions it."""
        if "remote" in event and "task_id" in event:
            self.teller.remote(event["remote"])

    # the tables

    def rows(self, instance_id: str) -> dict[int, Json]:
        return self.plain_rows(read_rows(self.engine, [instance_id])[instance_id])

    def plain_rows(self, rows: dict[int, Json]) -> dict[int, Json]:
        return {n: self.plain(row) for n, row in rows.items()}

    def finish(self, rows: dict[str, dict[int, Json]]) -> None:
        """When all is over: the tables hold what the events rebuild, and no event has come late."""
        for instance_id, seen in self.teller.seen.items():
            if seen.last:
                compare_rows(self.played, seen, self.plain_rows(rows.get(instance_id, {})))
        for instance_id, events in self.bus.instances[self.prefix].items():
            if len(events) != self.taken[instance_id] or len(self.bus.jobs[instance_id]) != self.jobs[instance_id]:
                step = Step(self.case.line, "no event comes that no command tells of", [str(self.taken[instance_id])])
                late = [(message.value or b"").decode() for _, (_, message) in sorted(events.items())]
                self.played.differences.append(Difference(step, late))


FUNCTIONS = """
    create schema pawl_rules;
    create table pawl_rules.told (function text primary key, answer jsonb not null);
    create function pawl_rules.told(p_function text) returns jsonb language plpgsql stable as $$
    declare
        v_answer jsonb := (select answer from pawl_rules.told where function = p_function);
    begin
        if v_answer ->> 'does' = 'loops' then
            loop end loop;
        elsif v_answer ->> 'does' = 'recurses' then
            return pawl_rules.told(p_function);
        elsif jsonb_typeof(v_answer) = 'object' then
            raise exception '%', v_answer ->> 'error';
        end if;
        return v_answer;
    end
    $$;"""


def functions_sql(functions: list[tuple[str, str]]) -> str:
    """Functions that answer what the table of FUNCTIONS tells them to."""
    script = ""
    truth = "(pawl_rules.told('{}') #>> '{{}}')::boolean"
    texts = "case jsonb_typeof(pawl_rules.told('{0}')) when 'array' then " \
            "array(select jsonb_array_elements_text(pawl_rules.told('{0}'))) end"
    for name, kind in functions:
        body = (truth if kind == "boolean" else texts).format(name)
        script += f"""
        create function pawl_rules.{name}(c workflow.rule_call) returns {kind} language sql stable as $$ select {body} $$;"""
    return script


def read_rows(engine: Engine, instance_ids: list[str]) -> dict[str, dict[int, Json]]:
    """The rows of both task tables, by instance and number."""
    members = "act_id, {}, pre_act_id, serial_no, branch_no, staff_id, grantor_id, executor_id, completion_flag"
    listed = ",".join(f"'{one}'" for one in instance_ids)
    found = engine.value(f"""
        select coalesce(jsonb_object_agg(instance_id, tasks), '{{}}')
          from (select instance_id, jsonb_object_agg(n, to_jsonb(t) - 'instance_id' - 'n') as tasks
                  from (select instance_id, n, {members.format("state::text as state")}
                          from workflow.to_do_task_list where instance_id in ({listed})
                        union all
                        select instance_id, n, {members.format("how::text as state")}
                          from workflow.have_done_tasks where instance_id in ({listed})) t
                 group by instance_id) i""")
    return {one: {int(n): row for n, row in tasks.items()} for one, tasks in json.loads(found).items()}
