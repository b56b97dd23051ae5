#!/usr/bin/env python3
"""What a database never published is not taken for its own: the wrong database, a new one, a backup that is too old (EOS-21)."""

from __future__ import annotations

import unittest

from desk import institution, single
from engine import Client, Engine, instance_in, wait_until

PARTITIONS = 4
ANOTHER = "published by another database"


def prepare(engine: Engine) -> Client:
    """Something was published from each partition."""
    engine.load(institution())
    engine.deploy(single())
    client = engine.client()
    start_everywhere(client)
    return client


def start_everywhere(client: Client) -> None:
    for partition in range(PARTITIONS):
        client.start("single", instance_id=instance_in(partition, PARTITIONS))


def incarnations(engine: Engine) -> list[str]:
    """The present one, and those before."""
    return engine.psql("select incarnation, earlier_incarnations from workflow.catalog")[0]


class Foreign(unittest.TestCase):
    """A database that has nothing to do with the engine, behind the engine's brokers and prefix."""

    live: Engine
    client: Client

    @classmethod
    def setUpClass(cls) -> None:
        cls.live = cls.enterClassContext(Engine("live", partitions=PARTITIONS))
        cls.client = prepare(cls.live)

    def check_untouched(self) -> None:
        start_everywhere(self.client)
        self.assertEqual(self.live.workers[0].process.poll(), None)
        self.live.pawl_ok("verify")

    def test_worker_and_person(self) -> None:
        """The worker stops, and neither a setting nor a person who does as usual makes the database the engine's."""
        other = self.enterContext(Engine("other", workers=0, partitions=PARTITIONS))
        before = incarnations(other)
        for on_restore in ("stop", "replay"):
            worker = other.start_worker(prefix=self.live.prefix, on_restore=on_restore)
            self.assertEqual(worker.wait(), 12, worker.text()[-2000:])
            self.assertIn(ANOTHER, worker.text())
        refused = other.pawl("db", "restored", prefix=self.live.prefix)
        self.assertEqual(refused.code, 3, refused)
        self.assertIn(ANOTHER, refused.err)
        self.assertIn(incarnations(self.live)[0], refused.err)
        self.assertEqual(incarnations(other), before)
        self.check_untouched()

    def test_new_database(self) -> None:
        """`pawl topics apply` looks whether somebody has worked on what a new database would have."""
        fresh = self.enterContext(Engine("fresh", workers=0, install=False))
        fresh.migrate()
        refused = fresh.pawl("topics", "apply", "--partitions", str(PARTITIONS), prefix=self.live.prefix)
        self.assertEqual(refused.code, 2, refused)
        self.assertIn("is another database's", refused.err)
        self.assertEqual(fresh.value("select partitions from workflow.catalog"), "0")
        self.check_untouched()


class Backup(unittest.TestCase):
    def test_from_before_an_earlier_restore(self) -> None:
        """It does not know what the database became since: a person says so, by name."""
        engine = self.enterContext(Engine("twice", partitions=PARTITIONS))
        client = prepare(engine)
        name = engine.name.replace("-", "_")
        self.assertEqual(engine.workers[0].terminate(), 0)
        engine.psql(f'create database "{name}_backup" template "{name}"', engine.server_database)
        engine.psql("update workflow.partition set outbox_number = 0, published_number = 0")
        engine.pawl_ok("db", "restored")
        since = incarnations(engine)[0]
        worker = engine.start_worker()
        start_everywhere(client)
        self.assertEqual(worker.terminate(), 0)
        engine.psql(f'drop database "{name}"', engine.server_database)
        engine.psql(f'alter database "{name}_backup" rename to "{name}"', engine.server_database)
        worker = engine.start_worker(on_restore="replay")
        self.assertEqual(worker.wait(), 12, worker.text()[-2000:])
        self.assertIn(f"--from {since}", worker.text())
        for arguments, code in (((), 3), (("--from", incarnations(engine)[0]), 3), (("--from", "everything"), 2)):
            self.assertEqual(engine.pawl("db", "restored", *arguments).code, code, arguments)
        engine.pawl_ok("db", "restored", "--from", f"{incarnations(engine)[0]},{since}")
        self.assertIn(since, incarnations(engine)[1])
        worker = engine.start_worker()
        wait_until("all is done again", lambda: engine.value("select count(*) from workflow.instance") == str(2 * PARTITIONS))
        start_everywhere(client)
        self.assertEqual(worker.terminate(), 0)
        engine.check_settled()


if __name__ == "__main__":
    unittest.main(verbosity=2)
