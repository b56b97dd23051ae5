#!/usr/bin/python3
"""Organisations and resourcing of YAWL models: converted (tests/org/yawl), loaded, and every task assigned and done.

The real model is used where it is there, else the test says `skipped`; a small one of everything is always converted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from engine import ROOT, Client, Engine

sys.path.insert(0, str(ROOT / "tests/unit"))
import schemas_test  # noqa: E402  (its validators)

Json = dict[str, Any]
MODELS = Path(os.environ.get("PAWL_ORGANISATIONS") or ROOT.parent / "shared/inputs/org")
PROGRAM = ROOT / "tests/org/yawl"
NOBODY = "~unoffered"
INSTANCES = 4


def convert(folder: Path, *arguments: str) -> tuple[Json, Json, list[Json], str]:
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([PROGRAM, folder, "--out", out, *arguments], text=True, capture_output=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        institution, definition, notes = (json.loads((Path(out) / f"{name}.json").read_text())
                                          for name in ("institution", "definition", "notes"))
    return institution, definition, notes, done.stdout


class Run:
    """An instance, whose every task is done by somebody who may; who did what."""

    def __init__(self, engine: Engine, client: Client, institution: Json, definition: Json) -> None:
        self.engine, self.client = engine, client
        self.rules = {rule["act"]: rule for rule in definition["assignment"]}
        self.members: dict[str, list[str]] = defaultdict(list)
        for person in institution["staff"]:
            for role in person["roles"]:
                self.members[role].append(person["staff_id"])
        self.everybody = [person["staff_id"] for person in institution["staff"]]
        self.outcome = client.start(definition["process_id"])
        self.instance = self.outcome["instance_id"]
        self.did: dict[str, str] = {}
        self.waited: list[str] = []  # for an administrator

    def finish(self) -> None:
        while self.outcome["instance_state"] == "running":
            [[task, act, staff]] = self.engine.psql(
                f"select task_id, act_id, coalesce(staff_id, '') from workflow.task_list where instance_id = '{self.instance}'")
            self.did[act] = self.take(task, act, staff)
            self.outcome = self.client.end(task, self.did[act])

    def take(self, task: str, act: str, staff: str) -> str:
        rule = self.rules[act]
        if staff:
            self.client.get(task, staff)
            return staff
        for person in self.members[rule["role"]]:
            outcome = self.client.call("get-task", {"task_id": task, "staff_id": person})
            if outcome["result"] == "applied":
                return person
            if outcome["code"] not in ("constraint", "on_leave"):
                raise AssertionError(f"{act}: {outcome}")
        return self.take_from_nobody(task, act)

    def take_from_nobody(self, task: str, act: str) -> str:
        """Nobody has the role, as YAWL's administrator has not yet offered it; or nobody of it may: an administrator finds one."""
        self.waited.append(act)
        for person in self.everybody:
            refused = self.client.call("get-task", {"task_id": task, "staff_id": person})
            self.client.call("control", {"operation": "reassign-task", "task_id": task, "to_staff_id": person,
                                         "actor": "administrator"})
            given = self.client.call("get-task", {"task_id": task, "staff_id": person})
            if (refused["result"], given["result"]) == ("rejected", "applied"):
                return person
        raise AssertionError(f"{act}: nobody may take it")


def spread(counts: Counter[str], people: list[str]) -> int:
    return max(counts[p] for p in people) - min(counts[p] for p in people)


class Models(unittest.TestCase):
    def test_each_is_run(self) -> None:
        models = sorted(path.parent for path in MODELS.glob("yawl-*/assignment.json"))
        if not models:
            self.skipTest(f"no models in {MODELS}")
        for model in models:
            with self.subTest(model.name):
                self.run_model(model)

    def run_model(self, model: Path) -> None:
        institution, definition, notes, said = convert(model)
        tasks = json.loads((model / "assignment.json").read_text())
        renamed = {note["where"]: note["here"] for note in notes if note["what"] == "id of a task"}
        by_act = {renamed.get(t["id"], t["id"]): t for t in reversed(tasks)}  # of two of an id the first
        self.assertEqual({a["act_id"] for a in definition["activities"]} - {"~start", "~end"}, set(by_act))
        with Engine("yawl", workers=2) as engine, engine.client() as client:
            engine.load(institution)
            engine.deploy(definition)
            runs = [Run(engine, client, institution, definition) for _ in range(INSTANCES)]
            with ThreadPoolExecutor(INSTANCES) as pool:
                list(pool.map(Run.finish, runs))
            for run in runs:
                self.check(run, definition, by_act)
            self.check_turns(runs, definition)
            done = engine.value("select count(*) from workflow.history_list where how = 'ended' and act_id <> all"
                                " (array['~start', '~end'])")
            self.assertEqual(int(done), INSTANCES * len(by_act))
        print(f"\nfigure {model.name}: {said.splitlines()[-1]}; {len(notes)} notes; {INSTANCES} instances completed, "
              f"{INSTANCES * len(runs[0].did)} tasks assigned and done")

    def check(self, run: Run, definition: Json, tasks: dict[str, Json]) -> None:
        """Who did it was of the group; nobody did what they were kept from; the familiar did it again."""
        self.assertEqual(set(run.did), {r["act"] for r in definition["assignment"]})
        by_admin = {act for act, t in tasks.items() if t.get("offer") and t["offer"].get("initiator") == "user"}
        self.assertLessEqual(by_admin, set(run.waited))
        for rule in definition["assignment"]:
            who = run.did[rule["act"]]
            if rule["act"] not in run.waited:
                self.assertIn(who, run.members[rule["role"]], rule)
            for other in rule.get("not_by", []):
                self.assertNotEqual(who, run.did[other], rule)
            if "same_as" in rule:
                self.assertEqual(who, run.did[rule["same_as"]], rule)

    def check_turns(self, runs: list[Run], definition: Json) -> None:
        """All turns of a role are fair together, where nobody was kept from one."""
        turns: dict[str, Counter[str]] = defaultdict(Counter)
        for run in runs:
            for rule in definition["assignment"]:
                if rule["method"] == "round_robin" and not {"same_as", "not_by"} & rule.keys():
                    turns[rule["role"]][run.did[rule["act"]]] += 1
        shared = {r["role"] for r in definition["assignment"] if r["method"] == "round_robin" and {"same_as", "not_by"} & r.keys()}
        for role in turns.keys() - shared:
            self.assertLessEqual(spread(turns[role], runs[0].members[role]), 1, (role, turns[role]))


ORGANISATION: Json = {
    "departments": [{"name": "head", "parent": None}, {"name": "north", "parent": "head"}, {"name": "x", "parent": "y"}],
    "roles": ["clerk", "boss"],
    "positions": [{"title": "chief", "department": "head", "reportsTo": None},
                  {"title": "aide", "department": "north", "reportsTo": "chief"}],
    "staff": [
        {"id": "ann", "name": "Ann", "roles": ["clerk"], "positions": ["aide"], "departments": ["north"], "capabilities": ["law"]},
        {"id": "bob", "roles": ["clerk", "boss"], "positions": ["chief"], "departments": ["head", "north"], "available": False},
        {"id": "cid", "roles": ["boss"], "positions": [], "departments": [], "shoe_size": 43}],
}


def task(task_id: str, allocator: str | None = None, **offer: Any) -> Json:
    allocate = {"initiator": "system", "allocator": [allocator]} if allocator else {"initiator": "user"}
    return {"id": task_id, "name": task_id, "join": "xor", "split": "and", "offer": {"initiator": "system", **offer},
            "allocate": allocate, "start": {"initiator": "user"}}


ORGANISATION_XML = """<orgdata>
<orggroups><orggroup id="OG-1"><groupName>head</groupName><belongsToID/></orggroup>
<orggroup id="OG-2"><groupName>north</groupName><belongsToID>OG-1</belongsToID></orggroup></orggroups>
<roles><role id="RO-1"><name>clerk</name></role><role id="RO-2"><name>boss</name></role></roles>
<positions><position id="PO-1"><title>chief</title><orggroupid>OG-1</orggroupid></position>
<position id="PO-2"><title>aide</title><orggroupid>OG-2</orggroupid><reportstoid>PO-1</reportstoid></position></positions>
<capabilities><capability id="CA-1"><name>law</name></capability></capabilities>
<participants><participant id="PA-1"><userid>ann</userid><firstname>Ann</firstname><lastname>Ash</lastname>
<roles><role>RO-1</role></roles><positions><position>PO-2</position></positions><capabilities><capability>CA-1</capability></capabilities>
</participant><participant id="PA-2"><userid>bob</userid><roles><role>RO-1</role><role>RO-2</role></roles><positions/></participant>
</participants></orgdata>"""
SPECIFICATION_XML = """<specificationSet xmlns="http://www.yawlfoundation.org/yawlschema" version="2.0"
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><specification uri="o"><decomposition id="N"><processControlElements>
<task id="ask"><name>Ask</name><join code="xor"/><split code="and"/><resourcing><offer initiator="system"><distributionSet><initialSet>
<role>RO-1</role></initialSet><filters><filter><name>CapabilityFilter</name><params><param><key>Capability</key><value>law</value>
</param></params></filter></filters></distributionSet></offer><allocate initiator="user"/><start initiator="user"/></resourcing></task>
<task id="pay" xsi:type="MultipleInstanceExternalTaskFactsType"><join code="and"/><split code="and"/><removesTokens id="ask"/>
<timer><trigger>OnEnabled</trigger><duration>P3D</duration></timer><resourcing><offer initiator="system"><distributionSet><initialSet>
<participant>PA-2</participant></initialSet><constraints><constraint><name>SeparationOfDuties</name><params><param><key>familiarTask</key>
<value>ask</value></param></params></constraint></constraints><familiarParticipant taskID="net"/></distributionSet></offer>
<allocate initiator="system"><allocator><name>ShortestQueue</name></allocator></allocate><start initiator="system"/></resourcing></task>
<task id="net"><name>Net</name><join code="xor"/><split code="and"/></task>
</processControlElements></decomposition></specification></specificationSet>"""


class Converter(unittest.TestCase):
    """Each thing that a model can say, and what becomes of it."""

    def convert(self, *tasks: Json, **organisation: Any) -> tuple[Json, dict[str, Json], list[Json]]:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "orgmodel.json").write_text(json.dumps(ORGANISATION | organisation))
            (Path(folder) / "assignment.json").write_text(json.dumps(list(tasks)))
            institution, self.definition, notes, _ = convert(Path(folder), "--process", "p")
        self.assertEqual(schemas_test.faults("institution", institution) + schemas_test.faults("definition", self.definition), [])
        return institution, {rule["act"]: rule for rule in self.definition["assignment"]}, notes

    def members(self, institution: Json, role: str) -> list[str]:
        return [s["staff_id"] for s in institution["staff"] if role in s["roles"]]

    def test_people(self) -> None:
        institution, _, notes = self.convert()
        self.assertIn({"dept_id": "north", "super_dept_id": "head"}, institution["departments"])
        self.assertIn({"dept_id": "x"}, institution["departments"])  # what it is below is not there
        self.assertIn({"team_id": "aide", "super_team_id": "chief"}, institution["teams"])
        bob = institution["staff"][1]
        self.assertEqual((bob["dept_id"], bob["teams"], bob["on_leave"]), ("head", ["chief", "also north"], True))
        self.assertIn(("cid", "member `shoe_size` of a person"), [(n["where"], n["what"]) for n in notes])

    def test_ids(self) -> None:
        """What cannot be an id gets another one, wherever it is named; of two people of an id the first stays."""
        odd, long = "x\u0085y", "x" * 250
        institution, rules, notes = self.convert(
            {**task(odd, participants=[odd, 7, "ann"]), "name": "odd"}, task("long", participants=[long, "0"]),
            task("after", roles=["clerk"], familiarParticipant=[odd]),
            staff=[*ORGANISATION["staff"], {"id": odd}, {"id": long, "name": "Lo"}, {"id": 7}, {"id": 0}, {"id": "ann", "name": "Anne"}])
        people = [person["staff_id"] for person in institution["staff"]]
        self.assertEqual(people, ["ann", "bob", "cid", "~person-4", "~person-5", "7", "0"])
        act = next(a["act_id"] for a in self.definition["activities"] if a.get("name") == "odd")
        self.assertEqual(self.members(institution, rules[act]["role"]), ["ann", "~person-4", "7"])
        self.assertEqual(self.members(institution, rules["long"]["role"]), ["~person-5", "0"])
        self.assertEqual(rules["after"]["same_as"], act)
        self.assertLessEqual({(odd, "id of a person", "~person-4"), (long, "id of a person", "~person-5"), (odd, "id of a task", act),
                              ("ann", "a second person of this id", "left out")}, {(n["where"], n["what"], n["here"]) for n in notes})

    def test_allocators(self) -> None:
        methods = {"ShortestQueue": "least_working_list", "RoundRobinByTime": "round_robin", "RandomChoice": "round_robin",
                   "RoundRobinByLeastFrequency": "round_robin", "Horoscope": "round_robin"}
        _, rules, notes = self.convert(task("offered", roles=["clerk"]), *(task(a, a, roles=["clerk"]) for a in methods))
        self.assertEqual({a: rules[a]["method"] for a in methods}, methods)
        self.assertEqual(rules["offered"], {"act": "offered", "based_on": "role_based", "role": "clerk", "method": "fcfa"})
        self.assertIn("none", [n["nearness"] for n in notes if n["where"] == "Horoscope"])

    def test_distribution_sets(self) -> None:
        law = "CapabilityFilter Capability law"
        institution, rules, _ = self.convert(
            task("two", roles=["clerk", "boss"]), task("one", participants=["cid", "nobody"]), task("law", roles=["clerk"], filter=[law]),
            task("below", roles=["clerk", "boss"], filter=["OrganisationalFilter OrgGroup head"]),
            task("chief", roles=["clerk"], filter=["OrganisationalFilter Position chief"]), task("empty"),
            task("admin", initiator="user"))
        found = {act: self.members(institution, rule["role"]) for act, rule in rules.items()}
        self.assertEqual(found, {"two": ["ann", "bob", "cid"], "one": ["cid"], "law": ["ann"], "below": ["ann", "bob"],
                                 "chief": ["bob"], "empty": [], "admin": []})
        self.assertEqual((rules["empty"]["role"], rules["admin"]["role"]), (NOBODY, NOBODY))

    def test_sets_are_kept_apart(self) -> None:
        boss = {"id": "boss", "roles": ["clerk"], "capabilities": ["north"]}
        institution, rules, _ = self.convert(
            task("role", roles=["boss"]), task("person", participants=["boss"]),
            task("skill", roles=["clerk"], filter=["CapabilityFilter Capability north"]),
            task("unit", roles=["clerk"], filter="OrganisationalFilter OrgGroup north"),
            staff=[*ORGANISATION["staff"], boss])
        found = {act: self.members(institution, rule["role"]) for act, rule in rules.items()}
        self.assertEqual(found, {"role": ["bob", "cid"], "person": ["boss"], "skill": ["boss"], "unit": ["ann", "bob"]})

    def test_constraints(self) -> None:
        late = task("late", roles=["boss"], familiarParticipant=["early"],
                    constraint=["SeparationOfDuties familiarTask last", "PiledExecution", "SeparationOfDuties familiarTask gone"])
        _, rules, notes = self.convert(late, task("early", roles=["boss"]), task("last", roles=["boss"]))
        self.assertEqual((rules["late"]["same_as"], rules["late"]["not_by"]), ("early", ["last"]))
        order = [a["act_id"] for a in self.definition["activities"]]
        self.assertEqual(order, ["~start", "early", "last", "late", "~end"])  # what is referred to is done before
        self.assertEqual(len([n for n in notes if n["where"] == "late"]), 2)

    def test_what_is_no_work(self) -> None:
        _, rules, notes = self.convert({"id": "net", "offer": None, "join": "xor"}, {**task("t", roles=["boss"]), "colour": "red",
                                        "timer": {"trigger": "OnExecuting", "duration": "PT2H"}, "mi": True})
        self.assertEqual(list(rules), ["t"])
        [net] = [a for a in self.definition["activities"] if a["act_id"] == "net"]
        self.assertEqual(net["act_type"], "dummy")
        [t] = [a for a in self.definition["activities"] if a["act_id"] == "t"]
        self.assertEqual(t["time_limits"], {"end": {"within": "PT2H", "then": "end", "flag": "expired"}})
        self.assertEqual({n["what"] for n in notes if n["where"] == "t"},
                         {"member `colour` of a task", "multiple instances", "timer OnExecuting PT2H"})

    def test_timers_without_a_duration(self) -> None:
        timers = [{"netparam": "Deadline"}, {"trigger": "OnEnabled", "duration": "P1M"}, {"trigger": "OnEnabled", "expiry": "2027"}]
        _, _, notes = self.convert(*({**task(f"t{n}", roles=["boss"]), "timer": timer} for n, timer in enumerate(timers)))
        self.assertEqual([n["where"] for n in notes if n["what"].startswith("timer")], ["t0", "t1", "t2"])
        self.assertFalse([a for a in self.definition["activities"] if "time_limits" in a])

    def test_files_of_yawl(self) -> None:
        """By the schemas of YAWL 2; names and spelling differ between its versions."""
        with tempfile.TemporaryDirectory() as folder:
            paths = Path(folder) / "company.ybkp", Path(folder) / "order.yawl"
            paths[0].write_text(ORGANISATION_XML)
            paths[1].write_text(SPECIFICATION_XML)
            institution, definition, notes, _ = convert(Path(folder), "--organisation", str(paths[0]), "--tasks", str(paths[1]))
        self.assertEqual(institution["departments"], [{"dept_id": "head"}, {"dept_id": "north", "super_dept_id": "head"}])
        self.assertEqual([(s["staff_id"], s["teams"]) for s in institution["staff"]], [("ann", ["aide"]), ("bob", [])])
        rules = {rule["act"]: rule for rule in definition["assignment"]}
        self.assertEqual({act: self.members(institution, rule["role"]) for act, rule in rules.items()}, {"ask": ["ann"], "pay": ["bob"]})
        self.assertEqual((rules["ask"]["method"], rules["pay"]["method"], rules["pay"]["not_by"]), ("fcfa", "least_working_list", ["ask"]))
        self.assertEqual({a["act_id"]: a["act_type"] for a in definition["activities"]}["net"], "dummy")
        said = {note["what"] for note in notes if note["where"] == "pay"}
        self.assertLessEqual({"multiple instances", "timer OnEnabled P3D", "started by the system", "familiar participant of net"}, said)

    def test_what_cannot_be_read(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([PROGRAM, folder], text=True, capture_output=True)
            self.assertEqual((done.returncode, "orgmodel.json" in done.stderr), (1, True))
            (Path(folder) / "orgmodel.json").write_text('{"staff": [{}]}')
            (Path(folder) / "assignment.json").write_text("[]")
            done = subprocess.run([PROGRAM, folder], text=True, capture_output=True)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
