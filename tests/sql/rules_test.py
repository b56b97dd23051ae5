#!/usr/bin/env python3
"""User-defined functions as the worker asks them (FWD-4, ASG-1): sql/functions/rules_ask.sql through psql, as the worker's role.

PAWL_TEST_DATABASE names a database (key=value form) whose user may create databases and roles.
"""
from __future__ import annotations

import os
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DATABASE = os.environ.get("PAWL_TEST_DATABASE", "")
NAME = f"pawl_rules_test_{os.getpid()}"

FUNCTIONS = r'''
create schema rules;
grant usage on schema rules to pawl_worker;
create table rules.word (w text);
insert into rules.word values ('A'), ('B');
grant select, insert on rules.word to pawl_worker;
create function rules.is_e(c workflow.rule_call) returns bool language sql as $$select c.entity_id = 'e'$$;
create function rules.words(c workflow.rule_call) returns text[] language sql as 'select array_agg(w order by w) from word';
create function rules.told(c workflow.rule_call) returns text[] language sql as
    'select array[c.process_id, c.version::text, c.task_n::text, c.act_id, c.pre_act_id, c.completion_flag, c.arrivals::text, c.variables ->> ''x'']';
create function rules.odd(c workflow.rule_call) returns bool language plpgsql as
    'begin if c.task_n % 2 = 1 then raise exception ''odd: %'', c.task_n; end if; return true; end';
create function rules.loops_at_5(c workflow.rule_call) returns bool language plpgsql as
    'begin if c.task_n = 5 then loop end loop; end if; return true; end';
create function rules.writes(c workflow.rule_call) returns bool language plpgsql as
    'begin insert into word values (''C''); return true; end';
create function rules.writes_all_the_same(c workflow.rule_call) returns bool language plpgsql as
    'begin perform set_config(''transaction_read_only'', ''off'', true); insert into word values (''C''); return true; end';
create function rules.sets(c workflow.rule_call) returns bool language plpgsql as
    'begin perform set_config(''statement_timeout'', ''77s'', false), set_config(''role'', ''none'', false); return true; end';
create function rules.asserts(c workflow.rule_call) returns bool language plpgsql as
    'begin assert false, ''no way''; return true; end';
create function rules.cancels(c workflow.rule_call) returns bool language plpgsql as
    'begin raise query_canceled; end';
create function rules.commits(c workflow.rule_call) returns bool language plpgsql as 'begin commit; return true; end';
create function rules.says_done(c workflow.rule_call) returns bool language plpgsql as 'begin raise sqlstate ''PWLOK''; end';
create function rules.null_bool(c workflow.rule_call) returns bool language sql as 'select null::bool';
create function rules.null_ids(c workflow.rule_call) returns text[] language sql as 'select null::text[]';
create function rules.null_id(c workflow.rule_call) returns text[] language sql as 'select array[''A'', null]';
create function rules.many(c workflow.rule_call) returns text[] language sql as 'select array_fill(''A''::text, array[10001])';
create function rules.number(c workflow.rule_call) returns int language sql as 'select 1';
create function rules.rows(c workflow.rule_call) returns setof text[] language sql as 'select array[''A'']';
create function rules.other(c text) returns bool language sql as 'select true';
create function rules.private(c workflow.rule_call) returns bool language sql as 'select true';
revoke execute on function rules.private(workflow.rule_call) from public;
create function rules."od.d ""name"""(c workflow.rule_call) returns bool language sql as 'select true';
'''


def psql(sql: str, database: str = NAME) -> str:
    done = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", f"{DATABASE} dbname={database}"],
        input=sql, capture_output=True, text=True, env=os.environ | {"PGOPTIONS": "-c client_min_messages=warning"})
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


def admin(command: str) -> None:
    subprocess.run(["psql", "-X", "-q", "-d", DATABASE, "-c", command], check=True)


def setUpModule() -> None:
    if not DATABASE:
        raise unittest.SkipTest("PAWL_TEST_DATABASE is not set")
    admin(f"create database {NAME}")
    subprocess.run(["psql", "-X", "-q", "-d", f"{DATABASE} dbname={NAME}", "-f", str(ROOT / "sql/install.sql")], check=True,
                   env=os.environ | {"PGOPTIONS": "-c client_min_messages=warning"})
    psql("grant pawl_worker to current_user; set check_function_bodies = off;" + FUNCTIONS)


def tearDownModule() -> None:
    if DATABASE:
        admin(f"drop database if exists {NAME} with (force)")


def asked(kind: str, *functions: str, limit: int = 60000, careful: bool = False, then: str = "") -> list[str]:
    """What the functions answer, the n-th of them for task n, one line each: `no|holds|ids|error|late`."""
    names = ", ".join("'" + f.replace("'", "''") + "'" for f in functions)
    out = psql(f"""
        begin;
        set local role pawl_worker;
        set local statement_timeout = {limit};
        select no, holds, ids, error, late
          from workflow.rules_ask('rules', {careful}, {limit}, array_fill('{kind}'::text, array[{len(functions)}]),
                                  array[{names}],
                                  array(select row('p', 1, null, i, 'A', 'P', 'ok', 2, 'e', '{{"x": 3}}')::workflow.rule_call
                                          from generate_series(1, {len(functions)}) as i))
         order by no;
        {then}
        rollback;""")
    return out.splitlines()


class Answers(unittest.TestCase):
    def test_set_based(self) -> None:
        self.assertEqual(asked("pre rule", *["is_e"] * 500), [f"{i}|t|||f" for i in range(1, 501)])

    def test_ids(self) -> None:
        self.assertEqual(asked("group", "words", "told"), ["1||{A,B}||f", "2||{p,1,2,A,P,ok,2,3}||f"])

    def test_odd_name(self) -> None:
        self.assertEqual(asked("pre rule", 'od.d "name"'), ["1|t|||f"])


class Failures(unittest.TestCase):
    def test_of_one_is_its_own(self) -> None:
        self.assertEqual(asked("pre rule", "odd", "odd", "odd", "is_e"),
                         ["1|||odd: 1|f", "2|t|||f", "3|||odd: 3|f", "4|t|||f"])

    def test_reasons(self) -> None:
        reasons = {"asserts": "no way", "commits": "invalid transaction termination", "says_done": "it returned null",
                   "null_bool": "it returned null", "writes": "cannot execute INSERT in a read-only transaction",
                   "writes_all_the_same": "cannot set transaction read-write mode inside a read-only transaction",
                   "nowhere": "there is no function rules.nowhere(workflow.rule_call)",
                   "other": "there is no function rules.other(workflow.rule_call)",
                   "number": "rules.number(workflow.rule_call) does not return boolean",
                   "private": "pawl_worker may not call rules.private(workflow.rule_call)"}
        for name, reason in reasons.items():
            with self.subTest(name):
                self.assertEqual(asked("pre rule", "is_e", name, "is_e"), ["1|t|||f", f"2|||{reason}|f", "3|t|||f"])

    def test_reasons_of_ids(self) -> None:
        for name, reason in {"null_ids": "it returned null", "many": "it returned more than 10000 ids",
                             "rows": "rules.rows(workflow.rule_call) does not return text[]"}.items():
            with self.subTest(name):
                lines = asked("post rule", "words", name)
                self.assertEqual(lines[0], "1||{A,B}||f")
                self.assertEqual((lines[1].split("|")[0], lines[1].split("|")[3]), ("2", reason))
        self.assertEqual(asked("post rule", "null_id")[0].split("|")[3], "it returned null")

    def test_nothing_stays(self) -> None:
        lines = asked("pre rule", "sets", "writes", "sets",
                      then="show statement_timeout; show transaction_read_only; select current_user, count(*) from rules.word;")
        self.assertEqual(lines[3:], ["1min", "off", "pawl_worker|2"])


class Limits(unittest.TestCase):
    """The time limit of the statement, as the worker goes about it: all at once, then carefully."""

    def test_nothing_is_lost(self) -> None:
        functions = ["loops_at_5"] * 7
        self.assertEqual(asked("pre rule", *functions, limit=1500), []) # the first rows of one query
        self.assertEqual(asked("pre rule", *functions, limit=1500, careful=True), [f"{i}|t|||f" for i in range(1, 5)])

    def test_alone(self) -> None:
        functions = ["is_e"] * 4 + ["loops_at_5"]
        self.assertEqual(asked("pre rule", *functions, limit=1500), [f"{i}|t|||f" for i in range(1, 5)])
        line = psql("""
            set role pawl_worker; set statement_timeout = 1500;
            select * from workflow.rules_ask('rules', false, 1500, array['pre rule'], array['loops_at_5'],
                                             array[row('p', 1, null, 5, 'A', null, null, 0, null, null)::workflow.rule_call]);
            reset statement_timeout;
            select 'still there'""")
        self.assertEqual(line.splitlines(), ["1|||it takes longer than 1500 ms|t", "still there"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
