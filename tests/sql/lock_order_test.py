#!/usr/bin/env python3
"""Rows that several workers lock are locked in one order, whatever order they are asked for in (EOS-24).

Somebody holds the first row; who asks for the last and the first must wait for the first, and not hold the last meanwhile.
"""
from __future__ import annotations

import subprocess
import time
import unittest

from sql_test import DATABASE, NAME, SQL, psql, setUpModule, tearDownModule  # noqa: F401

LIMIT = 30.0


class Session:
    """A connection that stays; what it is told it does in order."""

    def __init__(self, name: str) -> None:
        self.name = name
        where = f"{DATABASE} dbname={NAME} application_name={name}"
        self.psql = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", where], stdin=subprocess.PIPE,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def tell(self, sql: str) -> None:
        assert self.psql.stdin
        self.psql.stdin.write(sql + "\n")
        self.psql.stdin.flush()

    def wait(self, state: str) -> None:
        """Until it is in this state: idle in transaction, or waiting for a lock."""
        wanted = ("wait_event_type = 'Lock'" if state == "waits" else "state = 'idle in transaction' and wait_event = 'ClientRead'")
        deadline = time.monotonic() + LIMIT
        while psql(f"select count(*) from pg_stat_activity where application_name = '{self.name}' and {wanted}") == "0":
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} never {state}")
            time.sleep(0.02)

    def close(self) -> None:
        self.psql.kill()
        self.psql.wait()
        assert self.psql.stdin
        self.psql.stdin.close()


def statement(name: str) -> str:
    return (SQL / f"statements/{name}.sql").read_text().rstrip().rstrip(";")


class Order(unittest.TestCase):
    def check(self, table: str, key: str, first: str, last: str, name: str, arguments: str) -> None:
        holder, asker = Session("holder"), Session("asker")
        self.addCleanup(holder.close)
        self.addCleanup(asker.close)
        holder.tell(f"begin; select from workflow.{table} where {key} = {first} for update;")
        holder.wait("holds")
        asker.tell(f"prepare it as {statement(name)};\nbegin; execute it({arguments});")
        asker.wait("waits")
        psql(f"select from workflow.{table} where {key} = {last} for update nowait")

    def test_loads(self) -> None:
        psql("insert into workflow.staff_load (staff_id, open_tasks) values ('zoe', 0), ('ann', 0)")
        self.check("staff_load", "staff_id", "'ann'", "'zoe'", "load_lock", "'{zoe,ann}'")

    def test_tokens(self) -> None:
        psql("insert into workflow.role_token (role_id) values ('zookeeper'), ('actor')")
        self.check("role_token", "role_id", "'actor'", "'zookeeper'", "token_lock", "'{zookeeper,actor}'")

    def test_partitions(self) -> None:
        psql("select workflow.partitions_set(4)")
        self.check("partition", "partition", "0", "3", "partition_claim", "'{3,1,0}', 0")

    def test_partitions_of_a_batch(self) -> None:
        psql("select workflow.partitions_set(4)")
        positions = "{" + ",".join(["0"] * 10) + "}"
        epochs = psql("select array_agg(epoch order by partition desc) from workflow.partition where partition in (0, 3)")
        self.check("partition", "partition", "0", "3", "partition_advance",
                   f"'{{3,0}}', '{epochs}', '{positions}', '{positions}', '{{0,0}}', '{{0,0}}'")

    def test_submitted_commands(self) -> None:
        """There is no order among them: what somebody has locked is left for later (EOS-25)."""
        psql("select workflow.submit_command('control', '{}', 'c' || n) from generate_series(1, 3) n")
        holder = Session("holder")
        self.addCleanup(holder.close)
        holder.tell("begin; select from workflow.submitted_command where id = 'c1' for update;")
        holder.wait("holds")
        taken = psql(f"prepare it as {statement('submitted_take')};\nset lock_timeout = 1; execute it(9, 1000)")
        self.assertEqual([line.split("|")[2] for line in taken.splitlines()], ["c2", "c3"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
