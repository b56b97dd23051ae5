#!/usr/bin/python3
"""User-defined rules (FWD-4) and conditions (FWD-6): what functions of the deployment's own and expressions decide, and that
one which loops, allocates without end, raises or answers nonsense fails its command alone, in a batch of a thousand.
"""

from __future__ import annotations

import json
import unittest

import desk
from engine import Engine, Json, wait_until

MANY = 1000

FUNCTIONS = """
create schema pawl_rules;
create table pawl_rules.stock (item text primary key, quantity int4 not null);
insert into pawl_rules.stock values ('bolt', 0);

create function pawl_rules.in_stock(c workflow.rule_call) returns boolean language sql as $$
    select exists (select from pawl_rules.stock where item = c.variables ->> 'item' and quantity > 0)
$$;

create function pawl_rules.named(c workflow.rule_call) returns text[] language sql as $$
    select array(select jsonb_array_elements_text(c.variables -> 'people'))
$$;

create function pawl_rules.choose(c workflow.rule_call) returns text[] language plpgsql as $$
declare
    v_text text := 'x';
begin
    if c.entity_id = 'loops' then
        loop end loop;
    elsif c.entity_id = 'allocates' then
        loop v_text := v_text || v_text || repeat('x', 1000000); end loop;
    elsif c.entity_id = 'raises' then
        raise exception 'no "%" here', c.entity_id;
    elsif c.entity_id = 'returns null' then
        return null;
    elsif c.entity_id = 'returns nonsense' then
        return array['done'];
    elsif c.entity_id = 'writes' then
        delete from workflow.instance;
    elsif c.entity_id = 'cancels' then
        raise query_canceled;
    end if;
    return array['work'];
end
$$;
"""

BY_CONDITION = """(function()
    while mode == 'loops' do end
    local text = 'x'
    while mode == 'allocates' do text = text .. text end
    if mode == 'returns nonsense' then return 7 end
    if mode == 'raises' then return mode.x.y end
    return n > 0
end)()"""


def by_function() -> Json:
    return {
        "process_id": "by_function",
        "activities": [desk.act("start", "initial", rule_applied="user_defined_post_routing_rule", ex_post_rule_func="choose"),
                       desk.act("work", "interaction"), desk.act("done", "completion")],
        "routing": [desk.route("start", None, "work"), desk.route("work", None, "done")],
        "assignment": [desk.by_department("work", "office")],
    }


def by_condition() -> Json:
    return {
        "process_id": "by_condition",
        "activities": [desk.act("start", "initial"), desk.act("work", "interaction"), desk.act("done", "completion")],
        "routing": [desk.route("start", None, "work") | {"condition": BY_CONDITION},
                    desk.route("start", None, "done") | {"default": True}, desk.route("work", None, "done")],
        "assignment": [desk.by_department("work", "office")],
    }


def from_stock() -> Json:
    return {
        "process_id": "from_stock",
        "activities": [desk.act("start", "initial"), desk.act("fetch", "interaction", rule_applied="user_defined_pre_rule",
                                                              ex_pre_rule_func="in_stock"),
                       desk.act("done", "completion")],
        "routing": [desk.route("start", None, "fetch"), desk.route("fetch", None, "done")],
        "assignment": [desk.by_department("fetch", "office")],
    }


def by_name() -> Json:
    return {
        "process_id": "by_name",
        "activities": [desk.act("start", "initial"), desk.act("work", "interaction"), desk.act("done", "completion")],
        "routing": [desk.route("start", None, "work"), desk.route("work", None, "done")],
        "assignment": [{"act": "work", "based_on": "user_defined", "function": "named", "method": "fcfa"}],
    }


def parcels() -> Json:
    """An inclusive choice: fragile goods are packed by hand, heavy ones weighed, and each may be both or neither."""
    return {
        "process_id": "parcels",
        "activities": [desk.act("start", "initial", inclusive=True), desk.act("wrap", "interaction"),
                       desk.act("weigh", "interaction"), desk.act("skip", "dummy"), desk.act("join", "and_merge"),
                       desk.act("done", "completion")],
        "routing": [desk.route("start", None, "wrap") | {"condition": "fragile == true"},
                    desk.route("start", None, "weigh") | {"condition": "weight > 30 or #parts > 2"},
                    desk.route("start", None, "skip") | {"default": True},
                    desk.route("wrap", None, "join"), desk.route("weigh", None, "join"), desk.route("skip", None, "join"),
                    desk.route("join", None, "done")],
        "assignment": [desk.by_department("wrap", "office"), desk.by_department("weigh", "office")],
    }


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.engine = cls.enterClassContext(Engine("rules", workers=0, partitions=1))
        cls.engine.psql(FUNCTIONS)
        cls.engine.start_worker(rule_timeout_ms=500)
        cls.engine.load(desk.institution())
        cls.engine.deploy(by_function(), by_condition(), from_stock(), parcels(), by_name())
        cls.client = cls.enterClassContext(cls.engine.client())

    def together(self, commands: list[Json]) -> list[Json]:
        """The outcomes of commands that a worker finds all at once."""
        topic = self.engine.topic("command.init-instance")
        before = len(self.engine.read("command.init-instance"))
        self.engine.workers[-1].terminate()
        sent = [self.client.send("init-instance", data) for data in commands]
        wait_until(f"{len(sent)} commands on {topic}",
                   lambda: len(self.engine.read("command.init-instance")) >= before + len(sent))
        self.engine.start_worker(rule_timeout_ms=500)
        return [self.client.outcome(command) for command in sent]

    def one_of_many(self, good: Json, bad: Json, code: str, words: str) -> None:
        commands = [good] * (MANY // 2) + [bad] + [good] * (MANY // 2 - 1)
        outcomes = self.together(commands)
        failed = outcomes.pop(MANY // 2)
        self.assertEqual({o["result"] for o in outcomes}, {"applied"})
        self.assertEqual((failed["result"], failed.get("code")), ("rejected", code), failed)
        self.assertIn(words, failed["detail"])

    def test_function_fails_alone(self) -> None:
        for entity, words in {
            "loops": 'the post rule "choose" of "start" failed: it takes longer than 500 ms',
            "allocates": 'the post rule "choose" of "start" failed: ',
            "raises": 'failed: no "raises" here',
            "returns null": "failed: it returned null",
            "returns nonsense": 'names "done", which no routing rule of it names',
            "writes": "failed: cannot execute DELETE in a read-only transaction",
            "cancels": "failed: ",
        }.items():
            with self.subTest(entity):
                self.one_of_many({"process_id": "by_function", "entity_id": "fine"},
                                 {"process_id": "by_function", "entity_id": entity}, "rule_failed", words)
        self.engine.check_settled()

    def test_condition_fails_alone(self) -> None:
        for mode, words in {
            "loops": "it takes more than 100000 steps",
            "allocates": "it takes more than 1048576 bytes of memory",
            "raises": "attempt to index a",
            "returns nonsense": "its value is a number, not true or false",
        }.items():
            with self.subTest(mode):
                self.one_of_many({"process_id": "by_condition", "variables": {"n": 1}},
                                 {"process_id": "by_condition", "variables": {"n": 1, "mode": mode}},
                                 "condition_failed", words)
        self.engine.check_settled()

    def test_function_that_always_loops(self) -> None:
        """Its commands fail, the partition goes on: it is not asked a thousand times."""
        outcomes = self.together([{"process_id": "by_function", "entity_id": "loops"}] * 100)
        self.assertEqual({o.get("code") for o in outcomes}, {"rule_failed"})
        self.client.start("by_function", entity_id="fine")

    def test_pre_rule_waits_and_is_asked_again(self) -> None:
        started = self.client.start("from_stock", variables={"item": "bolt"})
        instance = started["instance_id"]
        self.assertEqual(started["instance_state"], "running") # FWD-7: not stalled
        state = f"select state from workflow.to_do_task_list where instance_id = '{instance}'"
        self.assertEqual(self.engine.value(state), "pending")
        self.client.applied("control", {"operation": "modify-instance", "instance_id": instance, "check": True, "actor": "op"})
        self.assertEqual(self.engine.value(state), "pending")
        self.engine.psql("update pawl_rules.stock set quantity = 1")
        self.client.applied("control", {"operation": "modify-instance", "instance_id": instance, "check": True, "actor": "op"})
        self.assertEqual(self.engine.value(state), "waiting")
        self.engine.psql("insert into pawl_rules.stock values ('nut', 0)")
        other = self.client.start("from_stock", variables={"item": "nut"})["instance_id"]
        self.client.applied("control", {"operation": "set-variables", "instance_id": other, "variables": {"item": "bolt"},
                                        "actor": "op"})
        self.client.do(f"{other}:2", "cid")

    def test_inclusive(self) -> None:
        def started(**variables: object) -> list[str]:
            instance = self.client.start("parcels", variables=variables)["instance_id"]
            return [row[0] for row in self.engine.psql(
                f"select act_id from workflow.to_do_task_list where instance_id = '{instance}' order by n")]

        self.assertEqual(started(fragile=True, weight=31), ["wrap", "weigh"])
        self.assertEqual(started(fragile=True, weight=1, parts=[1, 2, 3]), ["wrap", "weigh"])
        self.assertEqual(started(weight=30.5), ["weigh"])
        self.assertEqual(started(fragile=None, weight=1, parts=[]), []) # the default, to the end
        outcome = self.client.call("init-instance", {"process_id": "parcels", "variables": {"weight": 1}})
        self.assertEqual(outcome["code"], "condition_failed")
        self.assertIn("attempt to get length of a nil value (global 'parts')", outcome["detail"])

    def test_group(self) -> None:
        """ASG-1: the people are kept with the task; whoever of them asks first gets it, also for the next one."""
        started = self.client.start("by_name", variables={"people": ["zoe", "eve", "zoe", "dan"]})
        instance = started["instance_id"]
        waiting = self.engine.subscriber().task(instance, "work", "waiting").json
        self.assertEqual(waiting["candidates"], {"staff": ["dan", "eve", "zoe"]})
        self.assertEqual(waiting["assignment"], {"rule": "user_defined", "group": "named", "method": "fcfa", "considered": 2})
        listed = self.engine.pawl_ok("task", "list", "--staff", "zoe", "-o", "json").json
        self.assertIn(f"{instance}:2", json.dumps(listed))
        self.assertEqual(self.client.call("get-task", {"task_id": f"{instance}:2", "staff_id": "ann"})["code"], "not_entitled")
        self.assertEqual(self.client.applied("get-task", {"staff_id": "zoe", "process_id": "by_name"})["instance_id"], instance)
        self.client.applied("control", {"operation": "release-task", "task_id": f"{instance}:2", "staff_id": "zoe"})
        self.assertEqual(self.client.applied("get-task", {"staff_id": "eve", "process_id": "by_name"})["instance_id"], instance)
        self.client.end(f"{instance}:2", "eve")
        self.assertEqual(self.engine.value("select count(*) from workflow.task_candidate"), "0")
        nobody = self.client.call("init-instance", {"process_id": "by_name", "variables": {"people": ["nobody"]}})
        self.assertEqual((nobody["code"], nobody["detail"]),
                         ("rule_failed", 'the group "named" of "work" names "nobody", who is no staff member'))

    def test_definitions_are_checked(self) -> None:
        wrong = by_condition()
        wrong["routing"][0]["condition"] = "n >"
        missing = by_function()
        missing["activities"][0]["ex_post_rule_func"] = "nowhere"
        turned = from_stock()
        turned["activities"][1]["ex_pre_rule_func"] = "choose"
        for definition, code, words in [
            (wrong, "condition_syntax", "unexpected symbol"),
            (missing, "unknown_function", "there is no function pawl_rules.nowhere(workflow.rule_call)"),
            (turned, "unknown_function", "pawl_rules.choose(workflow.rule_call) does not return boolean"),
        ]:
            with self.subTest(code):
                outcome = self.client.call("admin", {"operation": "deploy-process", "actor": "op", "definition": definition})
                self.assertEqual(outcome["code"], "definition_invalid", outcome)
                self.assertEqual([f["code"] for f in outcome["faults"]], [code])
                self.assertIn(words, outcome["faults"][0]["message"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
