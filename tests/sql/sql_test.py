#!/usr/bin/env python3
"""Tests of sql/ through psql: installation, statements, functions, views and rights.

PAWL_TEST_DATABASE names a database (key=value form) whose user may create databases and roles.
"""
from __future__ import annotations

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SQL = ROOT / "sql"
DATABASE = os.environ.get("PAWL_TEST_DATABASE", "")
NAME = f"pawl_sql_test_{os.getpid()}"


class Failed(Exception):
    pass


def psql(sql: str, *arguments: str, database: str = NAME) -> str:
    done = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", f"{DATABASE} dbname={database}", *arguments],
        input=sql, capture_output=True, text=True, env=os.environ | {"PGOPTIONS": "-c client_min_messages=warning"})
    if done.returncode != 0:
        raise Failed(done.stderr)
    return done.stdout.strip()


def install(database: str = NAME) -> None:
    psql("", "-f", str(SQL / "install.sql"), database=database)


def create(name: str) -> None:
    subprocess.run(["psql", "-X", "-q", "-d", DATABASE, "-c", f"create database {name}"], check=True)


def drop(name: str) -> None:
    subprocess.run(["psql", "-X", "-q", "-d", DATABASE, "-c", f"drop database if exists {name} with (force)"], check=True)


def dump(database: str) -> str:
    done = subprocess.run(["pg_dump", "-s", "-n", "workflow", f"{DATABASE} dbname={database}"], check=True,
                          capture_output=True, text=True)
    return "\n".join(line for line in done.stdout.splitlines() if not re.match(r"\\(un)?restrict ", line))


def as_role(role: str, sql: str) -> str:
    """Runs SQL with the rights of a role alone, and leaves nothing."""
    return psql(f"begin; set local role {role}; {sql}; rollback;")


def literal(value: object) -> str:
    return "'" + json.dumps(value).replace("'", "''") + "'"


def setUpModule() -> None:
    if not DATABASE:
        raise unittest.SkipTest("PAWL_TEST_DATABASE is not set")
    create(NAME)
    install()


def tearDownModule() -> None:
    if DATABASE:
        drop(NAME)


class Install(unittest.TestCase):
    def test_again_changes_nothing(self) -> None:
        catalog = psql("select * from workflow.catalog")
        before = dump(NAME)
        install()
        self.assertEqual(dump(NAME), before)
        self.assertEqual(psql("select * from workflow.catalog"), catalog)
        self.assertEqual(psql("select step, name from workflow.schema_step order by 1").splitlines(),
                         [f"{int(p.name[:3])}|{p.stem}" for p in sorted((SQL / "steps").glob("*.sql"))])

    def test_two_installations_are_equal(self) -> None:
        other = NAME + "_other"
        create(other)
        try:
            install(other)
            self.assertEqual(dump(other), dump(NAME))
            self.assertNotEqual(psql("select database_id from workflow.catalog", database=other),
                                psql("select database_id from workflow.catalog"))
        finally:
            drop(other)

    def test_all_files_are_run(self) -> None:
        script = (SQL / "install.sql").read_text()
        cmake = (SQL / "files.cmake").read_text()
        for folder in ("steps", "views", "functions"):
            for path in (SQL / folder).glob("*.sql"):
                self.assertIn(f"\\ir {folder}/{path.name}", script)
                self.assertIn(f"{folder}/{path.name}", cmake)
        order = re.findall(r"\\ir (\S+)", script)
        listed = re.findall(r"^\s+(\S+\.sql)", cmake.split("set(PAWL_SQL_INSTALL")[1].split(")")[0], re.M)
        self.assertEqual([f for f in order if not f.startswith("steps/")], listed)

    def test_everything_has_a_comment(self) -> None:
        self.assertEqual(psql("""
            select c.oid::regclass
              from pg_class c
             where c.relnamespace = 'workflow'::regnamespace
               and c.relkind in ('r', 'p', 'v')
               and c.relname !~ '^(have_done|handed_on)_tasks_[0-9]'
               and obj_description(c.oid) is null"""), "")
        self.assertEqual(psql("""
            select a.attrelid::regclass || '.' || a.attname
              from pg_attribute a
              join pg_class c on c.oid = a.attrelid
             where c.relnamespace = 'workflow'::regnamespace
               and c.relkind in ('r', 'p', 'v')
               and not c.relispartition
               and a.attnum > 0
               and not a.attisdropped
               and col_description(c.oid, a.attnum) is null"""), "")
        self.assertEqual(psql("""
            select p.oid::regprocedure
              from pg_proc p
             where p.pronamespace = 'workflow'::regnamespace
               and (obj_description(p.oid) is null or not coalesce('search_path=workflow, pg_temp' = any (p.proconfig), false))
            """), "")

    def test_history_has_partitions_ahead(self) -> None:
        for table in ("have_done_tasks", "handed_on_tasks"):
            self.assertEqual(psql(f"select count(*) from pg_inherits where inhparent = 'workflow.{table}'::regclass"), "14")
        out = psql("""
            begin;
            insert into workflow.have_done_tasks (instance_id, date_created, date_ended, n, serial_no, branch_no, how, act_id)
            select gen_random_uuid(), now(), now() + i * interval '1 month', 1, 1, 1, 'ended', 'a'
              from generate_series(0, 14) i;
            select count(*) from workflow.have_done_tasks_default;
            select workflow.history_partitions_make(13);
            select count(*) from workflow.have_done_tasks_default;
            select count(*) from workflow.have_done_tasks;
            rollback;""")
        self.assertEqual(out.split(), ["2", "2", "1", "15"])  # a month, of each of two tables


class Statements(unittest.TestCase):
    def test_each_prepares(self) -> None:
        files = sorted((SQL / "statements").glob("*.sql"))
        self.assertGreater(len(files), 30)
        psql("".join(f"prepare {p.stem} as\n{p.read_text()}\n" for p in files))

    def test_each_is_listed_and_named(self) -> None:
        cmake = (SQL / "files.cmake").read_text()
        table = (ROOT / "worker/store/statement.h").read_text()
        for path in (SQL / "statements").glob("*.sql"):
            self.assertTrue(path.read_text().startswith(f"-- {path.name} - "), path)
            self.assertIn(f"statements/{path.name}\n", cmake.replace(")", "\n"))
            if path.stem != "schema_steps":
                self.assertIn(f'"{path.stem}"', table)

    def test_none_scans_a_table(self) -> None:
        """With the worker's settings every statement reaches its rows by an index and a key, also when the
        statistics say that the tables are empty: then a walk over a whole index looks free, and a burst takes seconds."""
        psql("vacuum analyze;")
        whole = {"latest_versions", "rules_in_use", "catalog_read", "schema_steps", "institution_load"}
        source = (ROOT / "worker/store/connection.c").read_text()
        settings = "".join(re.findall(r'^    "(set [^"]*)"', source, re.M))
        for path in sorted((SQL / "statements").glob("*.sql")):
            if path.stem in whole:
                continue
            numbers = [int(n) for n in re.findall(r"\$(\d+)", path.read_text())]
            arguments = f"({', '.join(['null'] * max(numbers))})" if numbers else ""
            plan = psql(f"begin; {settings}; prepare s as\n{path.read_text()}\n;explain (costs off) execute s{arguments}; rollback;")
            scans = [line for line in plan.splitlines() if "Seq Scan" in line and " on catalog" not in line]
            self.assertEqual(scans, [], f"{path.name}\n{plan}")
            lines = plan.splitlines()
            walks = [line for line, below in zip(lines, lines[1:] + [""])
                     if " Scan using " in line and "Index Cond" not in below
                     and not re.search(r" on (partition|process|catalog)\b", line)]  # these have a few rows
            self.assertEqual(walks, [], f"{path.name}\n{plan}")


class Definitions(unittest.TestCase):
    def round_trip(self, document: dict) -> None:
        out = psql(f"""
            begin;
            select workflow.definition_store({literal(document['process_id'])}::jsonb #>> '{{}}', 1, {literal(document)});
            select workflow.definition_document({literal(document['process_id'])}::jsonb #>> '{{}}', 1);
            rollback;""")
        self.assertEqual(json.loads(out), document)

    def test_round_trip(self) -> None:
        files = sorted((ROOT / "deploy/processes").glob("*.process.json"))
        files += sorted((ROOT / "schemas/examples/definition").glob("*.json"))
        self.assertGreaterEqual(len(files), 3)
        for path in files:
            with self.subTest(path.name):
                self.round_trip(json.loads(path.read_text()))

    def test_versions_are_counted(self) -> None:
        document = json.loads((ROOT / "schemas/examples/definition/two-steps.json").read_text())
        once = f"select workflow.definition_store('x', 1, {literal(document)})"
        with self.assertRaisesRegex(Failed, "is at version 1"):
            psql(f"begin; {once}; {once}; rollback;")
        out = psql(f"""
            begin;
            select workflow.definition_store('x', 1, {literal(document)});
            select workflow.definition_store('x', 2, {literal(document)});
            select version, is_latest, activities from workflow.process_list order by version;
            select definition_version from workflow.catalog;
            rollback;""")
        count = len(document["activities"])
        self.assertEqual(out.split(), [f"1|f|{count}", f"2|t|{count}", "2"])


class Institution(unittest.TestCase):
    @staticmethod
    def plain(document: dict) -> dict:
        """The document in the order and with the omissions of institution_document()."""
        keys = {"departments": "dept_id", "teams": "team_id", "roles": "role_id", "staff": "staff_id"}
        result = {}
        for name, key in keys.items():
            objects = [dict(o) for o in document.get(name, [])]
            for person in objects if name == "staff" else []:
                for member in ("teams", "roles"):
                    person[member] = sorted(person.get(member, []), key=lambda r: r["role_id"] if isinstance(r, dict) else r)
                    if not person[member]:
                        del person[member]
                for member, default in (("logging_on", True), ("on_leave", False)):
                    if person.get(member) == default:
                        del person[member]
            if objects:
                result[name] = sorted(objects, key=lambda o: o[key])
        return result

    def test_round_trip(self) -> None:
        files = sorted((ROOT / "deploy/processes").glob("*.institution.json"))
        files += sorted((ROOT / "schemas/examples/institution").glob("*.json"))
        for path in files:
            with self.subTest(path.name):
                document = json.loads(path.read_text())
                out = psql(f"""
                    begin;
                    select workflow.institution_store({literal(document)}, 1);
                    select workflow.institution_document() as d \\gset
                    \\echo :d
                    select workflow.institution_store(:'d', 2);
                    select workflow.institution_document() = :'d',
                           not exists (select from workflow.institution_change where institution_version = 2);
                    select workflow.institution_store('{{}}', 3);
                    select workflow.institution_document();
                    rollback;""")
                lines = [line for line in out.splitlines() if line]
                found = json.loads(lines[0])
                grants = len(found.pop("authorizations", []))
                self.assertEqual(grants, len(document.get("authorizations", [])))
                self.assertEqual(found, self.plain(document))
                self.assertEqual(lines[1:], ["t|t", "{}"])

    def test_only_differences_are_written(self) -> None:
        first = {"departments": [{"dept_id": "d"}], "roles": [{"role_id": "r"}, {"role_id": "s"}], "staff": [
            {"staff_id": "a", "dept_id": "d", "roles": ["r"]}, {"staff_id": "b"}, {"staff_id": "c", "roles": ["s"]}]}
        second = {"departments": [{"dept_id": "d"}], "roles": [{"role_id": "r"}], "staff": [
            {"staff_id": "a", "dept_id": "d", "roles": [{"role_id": "r", "priority_num": 2}]}, {"staff_id": "b"}],
            "authorizations": [{"grantor_id": "a", "grantee_id": "b"}]}
        out = psql(f"""
            begin;
            select workflow.institution_store({literal(first)}, 1);
            insert into workflow.role_token values ('r', 'a');
            select workflow.institution_store({literal(second)}, 2);
            select kind, object_id, removed from workflow.institution_change where institution_version = 2 order by 1, 2;
            select staff_id from workflow.role_token;
            rollback;""")
        self.assertEqual([line for line in out.splitlines() if line],
                         ["authorization|a|f", "role|s|t", "staff|a|f", "staff|c|t", "a"])

    def test_what_dangles_is_refused(self) -> None:
        for document in ({"staff": [{"staff_id": "a", "dept_id": "x"}]}, {"teams": [{"team_id": "a", "super_team_id": "x"}]},
                         {"staff": [{"staff_id": "a", "roles": ["x"]}]}):
            with self.assertRaisesRegex(Failed, "violates foreign key"):
                psql(f"select workflow.institution_store({literal(document)}, 1)")
        with self.assertRaisesRegex(Failed, "not at version 1"):
            psql("select workflow.institution_store('{}', 2)")


class Partitions(unittest.TestCase):
    def test_number_is_fixed_while_instances_are_open(self) -> None:
        out = psql("""
            begin;
            select workflow.partitions_set(4);
            select workflow.partitions_set(4);
            select workflow.partitions_set(6);
            select count(*), max(partition) from workflow.partition;
            rollback;""")
        self.assertEqual(out.split(), ["6|5"])
        out = psql("""
            begin;
            select workflow.partitions_set(5, 3, 1);
            select workflow.partitions_set(5);
            select workflow.partitions_set(8, 3, 1);
            select array_agg(partition order by partition) from workflow.partition;
            rollback;""")
        self.assertEqual(out.split(), ["{1,4,7}"])
        for wrong in ("2, 3, 0", "4, 0, 0", "4, 2, 2", "4, 2, -1"):
            with self.assertRaisesRegex(Failed, "can have none"):
                psql(f"begin; select workflow.partitions_set({wrong}); rollback;")
        for other in ("4, 2, 1", "4, 1, 0"):
            with self.assertRaisesRegex(Failed, "this is database 0 of 2, and cannot become"):
                psql(f"begin; select workflow.partitions_set(4, 2, 0); select workflow.partitions_set({other}); rollback;")
        split = "select workflow.partitions_set(4); select workflow.database_split"
        for wrong in ("1, 0", "2, 2", "2, -1", "5, 0", "null, 0"):
            with self.assertRaisesRegex(Failed, "cannot be split"):
                psql(f"begin; {split}({wrong}); rollback;")
        with self.assertRaisesRegex(Failed, "cannot be split"):
            psql(f"begin; {split}(2, 1); select workflow.database_split(4, 2); rollback;")
        with self.assertRaisesRegex(Failed, "not known to be published"):
            psql("begin; select workflow.partitions_set(4); update workflow.partition set outbox_number = 1;"
                 " select workflow.database_split(2, 1); rollback;")
        out = psql(f"""
            begin;
            {split}(2, 1);
            select workflow.database_split(4, 3);
            select array_agg(partition) from workflow.partition;
            rollback;""")
        self.assertEqual(out.split()[-1], "{3}")
        for wrong in ("0", "null", "3"):
            with self.assertRaisesRegex(Failed, "cannot be"):
                psql(f"begin; select workflow.partitions_set(4); select workflow.partitions_set({wrong}); rollback;")
        with self.assertRaisesRegex(Failed, "while instances are open"):
            psql(f"begin; select workflow.partitions_set(4); {INSTANCE}; select workflow.partitions_set(5); rollback;")


INSTANCE = """insert into workflow.instance (instance_id, date_created, date_changed, version, partition, next_n,
    next_serial, ends, position, task_sequence, state, process_id, entity_id)
    values ('01934c00-0000-7000-8000-000000000001', now(), now(), 1, 0, 4, 2, 0, 1, 1, 'running', 'p', 'e')"""


def task(n: int, **columns: str) -> str:
    columns = {"instance_id": "01934c00-0000-7000-8000-000000000001", "n": str(n), "serial_no": "1", "branch_no": "1",
               "date_created": f"2026-01-0{n} 00:00:00Z", "date_changed": "now", "state": "waiting", "act_id": "a"} | columns
    values = ", ".join(f"'{v}'" for v in columns.values())
    return f"insert into workflow.to_do_task_list ({', '.join(columns)}) values ({values});"


class Views(unittest.TestCase):
    COLUMNS = {
        "process_list": "process_id version name deployed_at activities is_latest",
        "instance_list": "instance_id process_id version entity_id state completion_flag date_created date_completed open_tasks"
                         " date_changed actor variables incidents due_at",
        "task_list": "task_id instance_id process_id version act_id name act_type state staff_id grantor_id executor_id"
                     " candidates date_created date_waiting date_processing entity_id date_changed due_at n pre_act_id serial_no"
                     " branch_no instance_state attempt incident_id incident_code",
        "history_list": "task_id instance_id process_id act_id act_type how completion_flag staff_id grantor_id executor_id"
                        " date_created date_waiting date_processing date_ended pre_act_id waiting_time paused_time due_at attempt"
                        " serial_no branch_no n version entity_id working_time on_time",
        "handed_on_list": "task_id instance_id process_id act_id state staff_id to_staff_id date_handed_on",
        "sub_process_list": "task_id instance_id process_id attempt engine remote_process_id remote_instance_id state"
                            " completion_flag code detail date_created date_changed entity_id",
        "incident_list": "incident_id instance_id process_id task_id code detail attempt date_created date_resolved"
                         " act_id entity_id",
        "process_status": "process_id running stalled suspended completed cancelled open_tasks overdue incidents oldest_open",
        "submitted_list": "command_no date_created command id key size",
        "activity_status": "process_id act_id open_tasks pending waiting processing pausing overdue mean_waiting_time oldest",
    }

    def test_columns_keep_their_names_and_places(self) -> None:
        for view, columns in self.COLUMNS.items():
            found = psql("select string_agg(attname, ' ' order by attnum) from pg_attribute"
                         f" where attrelid = 'workflow.{view}'::regclass and attnum > 0")
            self.assertTrue((found + " ").startswith(columns + " "), f"{view}: {found}")

    def test_tasks_of_a_person(self) -> None:
        institution = {
            "departments": [{"dept_id": "all"}, {"dept_id": "part", "super_dept_id": "all"}],
            "teams": [{"team_id": "t"}], "roles": [{"role_id": "r"}],
            "staff": [{"staff_id": "anna", "dept_id": "part", "roles": ["r"]},
                      {"staff_id": "ben"}, {"staff_id": "carl", "teams": ["t"]}],
            "authorizations": [{"grantor_id": "carl", "grantee_id": "ben", "act_id": "a"},
                               {"grantor_id": "anna", "grantee_id": "ben", "valid_to": "2020-01-01T00:00:00Z"}]}
        out = psql(f"""
            begin;
            select workflow.institution_store({literal(institution)}, 1);
            {INSTANCE};
            {task(1, group_based_on='role_based', group_id='r')}
            {task(2, group_based_on='dept_based', group_id='all')}
            {task(3, group_based_on='team_based', group_id='t')}
            {task(4, group_based_on='team_based', group_id='t', act_id='b')}
            {task(5, group_based_on='role_based', group_id='r', staff_id='carl')}
            {task(6, state='processing', staff_id='ben', act_id='b')}
            {task(7, state='pending')}
            {task(8, group_based_on='role_based', group_id='r', barred='{anna}')}
            {task(9, staff_id='carl', barred='{ben}')}
            select 'anna', string_agg(right(task_id, 2), '') from workflow.task_list_of('anna');
            select 'ben', string_agg(right(task_id, 2), '') from workflow.task_list_of('ben');
            select 'carl', string_agg(right(task_id, 2), '') from workflow.task_list_of('carl');
            select count(*) from workflow.task_list_of('nobody');
            select candidates from workflow.task_list order by task_id;
            select open_tasks from workflow.instance_list;
            rollback;""")
        self.assertEqual([line for line in out.splitlines() if line],
                         ["anna|:1:2", "ben|:3:5:6", "carl|:3:4:5:9", "0", "role:r", "department:all", "team:t", "team:t", "role:r",
                          "role:r", "9"])


class Reports(unittest.TestCase):
    """work_report() over history rows that were not written by the engine (LOG-2)."""

    HISTORY = f"""
        insert into workflow.process values ('p', 1, now(), null, null, null, '');
        insert into workflow.activity (process_id, version, act_order, act_id, act_type)
        values ('p', 1, 1, 'a', 'interaction'), ('p', 1, 2, 'm', 'and_merge'), ('p', 1, 3, 'x', 'automation');
        {INSTANCE};
        insert into workflow.have_done_tasks (instance_id, n, serial_no, branch_no, act_id, staff_id, how, date_created,
                                              date_waiting, date_ended, waiting_time, paused_time, due_at)
        select '01934c00-0000-7000-8000-000000000001', i, 1, 1, 'a', 'ann', 'ended', d, d, d + i * interval '10 s',
               i * 1000000, nullif(i - 1, 0) * 1000000, d + interval '25 s'
          from (values (timestamptz '2026-03-31 23:59:00Z')) v (d), generate_series(1, 5) i;
        insert into workflow.have_done_tasks (instance_id, n, serial_no, branch_no, act_id, staff_id, how, date_created, date_ended)
        select '01934c00-0000-7000-8000-000000000001', n, 1, 1, 'a', 'ann', how::workflow.how, '2026-03-01Z', '2026-03-31Z'
          from (values (6, 'withdrawn'), (7, 'absorbed')) v (n, how);
        insert into workflow.have_done_tasks (instance_id, n, serial_no, branch_no, act_id, how, date_created, date_ended)
        select '01934c00-0000-7000-8000-000000000001', n, 1, 1, act_id, 'ended', '2026-03-01Z', '2026-03-31Z'
          from (values (8, 'm'), (9, 'x')) v (n, act_id);"""

    def report(self, columns: str, arguments: str) -> list[str]:
        out = psql(f"begin; set local timezone = 'UTC'; {self.HISTORY}"
                   f"select {columns} from workflow.work_report({arguments}); rollback;")
        return [line for line in out.splitlines() if line]

    def test_quantities(self) -> None:
        """Working time is what was neither waiting nor pausing; withdrawn and absorbed tasks were not done."""
        self.assertEqual(
            self.report("person, done, waiting_time, waiting_median, waiting_p90, working_time, working_median, paused_time,"
                        " paused_median, on_time, late", "'{person}', '2026-03-01', '2026-05-01'"),
            ["ann|5|15|3|4.6|125|25|10|2|2|3"])
        self.assertEqual(self.report("act_id, done", "'{activity}', '2026-03-01', '2026-05-01'"), ["a|5", "x|1"])

    def test_periods(self) -> None:
        """A task belongs to the day on which it ended; --to is not in the period."""
        self.assertEqual(self.report("to_char(period, 'MM-DD'), done", "'{person}', '2026-03-01', '2026-05-01', 'day'"),
                         ["03-31|5"])
        self.assertEqual(self.report("done", "'{person}', '2026-03-31 23:59:20Z', '2026-03-31 23:59:50Z'"), ["3"])

    def test_unknown_words_are_refused(self) -> None:
        for arguments in ("'{shoe}', now(), now()", "'{person}', now(), now(), 'year'", "'{null}', now(), now()"):
            with self.assertRaisesRegex(Failed, "is none of"):
                self.report("*", arguments)

    def test_a_period_reads_its_partitions_alone(self) -> None:
        plan = psql("explain (costs off) select * from workflow.history_list"
                    " where date_ended >= date_trunc('month', now()) and date_ended < now()")
        month = psql("select to_char(now() at time zone 'UTC', 'YYYY_MM')")
        self.assertEqual(set(re.findall(r" on (have_done_tasks_?\w*)", plan)), {f"have_done_tasks_{month}"}, plan)


class Submitted(unittest.TestCase):
    """What submit_command() puts into the queue, and what it refuses, naming it (EOS-25)."""

    def row(self, arguments: str, columns: str) -> str:
        return psql(f"begin; create temp table s as select workflow.submit_command({arguments}) as id;"
                    f"select {columns} from workflow.submitted_command c join s using (id); rollback;")

    def test_id(self) -> None:
        self.assertEqual(self.row("'control', '{}', 'mine'", "id"), "mine")
        self.assertRegex(self.row("'control', '{}'", "id"), "^[0-9a-f-]{36}$")

    def test_key_follows_from_the_data(self) -> None:
        u = "01934C00-0000-7000-8000-00000000000A"
        for command, data, key in (("init-instance", {"instance_id": u}, u.lower()), ("init-instance", {"process_id": "p"}, ""),
                                   ("end-task", {"task_id": f"{u}:12", "staff_id": "ann"}, u.lower()),
                                   ("get-task", {"task_id": f"{u}:12", "staff_id": "ann"}, u.lower()),
                                   ("get-task", {"staff_id": "Ann"}, "Ann"), ("control", {"instance_id": u, "task_id": "x"}, u.lower()),
                                   ("admin", {"operation": "deploy-process", "definition": {"process_id": "p"}}, "p"),
                                   ("admin", {"operation": "set-presence", "staff_id": "ann"}, "institution"),
                                   ("control", {"task_id": "x" * 201}, ""), ("control", {"instance_id": {"a": 1}}, '{"a": 1}'),
                                   ("get-task", {"staff_id": "a\x01"}, ""), ("end-task", {"task_id": ""}, ""), ("control", {}, "")):
            with self.subTest(data):
                self.assertEqual(self.row(f"'{command}', {literal(data)}", "key"), key)
        self.assertEqual(self.row("'control', '{}', p_key => 'K'", "key"), "K")

    def test_size(self) -> None:
        self.assertEqual(self.row("""'control', '{"a": "é"}', p_headers => '{"source": "/crm"}'""", "size"), "29")
        largest = """'control', jsonb_build_object('a', repeat('x', 900000 - 9))"""
        self.assertEqual(self.row(largest, "size"), "900000")
        with self.assertRaisesRegex(Failed, 'the command "big" has 900001 bytes, more than 900000'):
            self.row(largest.replace("- 9", "- 8") + ", 'big'", "1")

    def test_what_is_wrong_is_refused_by_name(self) -> None:
        for arguments, message in (
                ("'start', '{}'", 'there is no command "start"'), ("null, '{}'", 'there is no command ""'),
                ("'control', '[]'", 'the data of a command must be a JSON object, not "array"'),
                ("'control', null", 'the data of a command must be a JSON object, not "null"'),
                ("'control', '{}', p_headers => '[]'", 'the headers of a command must be a JSON object, not "array"'),
                ("'control', '{}', ''", '"id" must be a text of 1 to 200 bytes without control characters, not ""'),
                ("'control', '{}', repeat('é', 101)", '"id" must be a text of 1 to 200 bytes'),
                ("'control', '{}', e'a\\nb'", '"id" must be'), ("'control', '{}', e'a\\u0085b'", '"id" must be'),
                ("'control', '{}', p_key => ''", '"key" must be'), ("'control', '{}', p_key => repeat('x', 201)", '"key" must be')):
            with self.subTest(arguments), self.assertRaisesRegex(Failed, re.escape(message)):
                psql(f"select workflow.submit_command({arguments})")

    def test_headers(self) -> None:
        good = {"source": "/crm", "correlationid": "x", "replyto": "a.b-C_1", "outcome": "rejected", "traceparent": "00-x", "tenant": "=, "}
        self.assertEqual(json.loads(self.row(f"'control', '{{}}', p_headers => {literal(good)}", "headers")), good)
        for headers, message in (
                ({"reply_to": "x"}, '"reply_to" cannot be among the headers'), ({"Source": "x"}, '"Source" cannot be'),
                ({"id": "x"}, '"id" cannot be'), ({"type": "x"}, '"type" cannot be'), ({"x" * 21: "x"}, 'cannot be'),
                ({"specversion": "1.0"}, '"specversion" cannot be'), ({"source": "x" * 201}, '"source" must be a text of 1 to 200'),
                ({"tenant": 1}, '"tenant" must be a text'), ({"tenant": None}, '"tenant" must be a text'),
                ({"tenant": ""}, '"tenant" must be a text'), ({"tenant": "a\x1fb"}, '"tenant" must be a text'),
                ({"replyto": "a b"}, '"replyto" must be the name of a topic, not "a b"'), ({"replyto": "x" * 250}, '"replyto" must be'),
                ({"outcome": "never"}, '"outcome" must be always or rejected, not "never"')):
            with self.subTest(headers), self.assertRaisesRegex(Failed, re.escape(message)):
                psql(f"select workflow.submit_command('control', '{{}}', p_headers => {literal(headers)})")

    def test_taken_in_order_within_limits(self) -> None:
        """As many as fit, and the first always does."""
        take = (SQL / "statements/submitted_take.sql").read_text()
        out = psql(f"""begin; prepare take as {take};
            select workflow.submit_command('control', '{{}}', 'c' || n) from generate_series(1, 9) n \\g /dev/null
            update workflow.submitted_command set size = 40;
            execute take(3, 1000); execute take(9, 41); execute take(9, 0); execute take(9, 1000); execute take(9, 1000); rollback;""")
        self.assertEqual([line.split("|")[2] for line in out.splitlines()], [f"c{n}" for n in range(1, 10)])


class Roles(unittest.TestCase):
    def refused(self, role: str, sql: str) -> None:
        with self.assertRaisesRegex(Failed, "permission denied", msg=f"{role}: {sql}"):
            as_role(role, sql)

    def setUp(self) -> None:
        for role in ("pawl_worker", "pawl_reader", "pawl_submitter"):
            psql(f"grant {role} to current_user")

    def test_worker(self) -> None:
        as_role("pawl_worker", "insert into workflow.outbox values (1, 1, ''); select * from workflow.catalog; "
                               "select workflow.institution_store('{}', 1); select pg_try_advisory_lock(1346459468, 999)")
        for sql in ("select * from workflow.have_done_tasks", "select * from workflow.handed_on_tasks", "delete from workflow.instance", "update workflow.command_id set position = 1",
                    "delete from workflow.partition", "update workflow.process set name = ''", "insert into workflow.staff values ('x')",
                    "update workflow.catalog set partitions = 3", "select workflow.partitions_set(3)",
                    "create table workflow.x ()", "select workflow.history_partitions_make(1)"):
            self.refused("pawl_worker", sql)

    def test_worker_may_run_every_statement(self) -> None:
        for path in sorted((SQL / "statements").glob("*.sql")):
            numbers = [int(n) for n in re.findall(r"\$(\d+)", path.read_text())]
            arguments = f"({', '.join(['null'] * max(numbers))})" if numbers else ""
            if path.stem in ("definition_write", "institution_write", "people_write", "slot_release", "outbox_read"):
                continue  # null is not a value for them
            with self.subTest(path.name):
                as_role("pawl_worker", f"prepare s as\n{path.read_text()}\n;execute s{arguments}")

    def test_reader(self) -> None:
        for view in Views.COLUMNS:
            as_role("pawl_reader", f"select * from workflow.{view}")
        as_role("pawl_reader", "select * from workflow.task_list_of('anna')")
        as_role("pawl_reader", "select * from workflow.work_report('{person,department,team,role}', now(), now(), 'week')")
        as_role("pawl_reader", "select * from workflow.instance_needs(p_instance_id => gen_random_uuid())")
        as_role("pawl_reader", "select workflow.definition_document(p_process_id => 'a', p_version => 1), workflow.institution_document()")
        for sql in ("select * from workflow.instance", "select * from workflow.to_do_task_list", "select * from workflow.staff",
                    "select * from workflow.outbox", "select workflow.institution_store('{}', 1)", "select workflow.partitions_set(3)"):
            self.refused("pawl_reader", sql)

    def test_submitter(self) -> None:
        as_role("pawl_submitter", "select workflow.submit_command('control', '{}')")
        for sql in ("select * from workflow.instance_list", "select * from workflow.instance", "insert into workflow.submitted_command "
                    "(command, id, data) values ('control', 'x', '{}')", "select * from workflow.submitted_list",
                    "select * from workflow.submitted_command", "delete from workflow.submitted_command",
                    "select workflow.command_key('control', '{}')", "select workflow.institution_document()",
                    "create table workflow.x ()", "create function workflow.x() returns int4 language sql as 'select 1'"):
            self.refused("pawl_submitter", sql)
        for role in ("pawl_worker", "pawl_reader"):
            self.refused(role, "select workflow.submit_command('control', '{}')")
        self.refused("pawl_worker", "insert into workflow.submitted_command (command, id, data) values ('control', 'x', '{}')")
        self.refused("pawl_worker", "update workflow.submitted_command set data = '{}'")

    def test_missing_right_to_make_roles_is_a_notice(self) -> None:
        makes = (SQL / "roles.sql").read_text().split("revoke all")[0].replace("pawl_", f"{NAME}_")
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", f"{DATABASE} dbname={NAME}"], text=True,
                              input=f"begin; create role {NAME}_plain; grant {NAME}_plain to current_user;"
                                    f"set local role {NAME}_plain; {makes}; rollback;", capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f'NOTICE:  cannot create role "{NAME}_worker"', done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
