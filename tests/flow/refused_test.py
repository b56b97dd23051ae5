#!/usr/bin/python3
"""A command that the database refuses, or that ends its session, is found and refused alone; trouble that is not its own only lasts (EOS-23)."""

from __future__ import annotations

import math
import random
import subprocess
import unittest

import desk
from engine import Client, Engine, Worker, wait_until


class Refused(unittest.TestCase):
    engine: Engine
    client: Client

    def begin(self, name: str, partitions: int, **settings: object) -> None:
        self.engine = self.enterContext(Engine(name, workers=1, partitions=partitions, **settings))
        self.client = self.engine.client()
        self.engine.load(desk.institution())
        self.engine.deploy(desk.single())


class RefusedByTheDatabase(Refused):
    """Data that only PostgreSQL finds wrong: the batch is cut until that command is alone (EOS-23)."""

    def test_in_the_middle(self) -> None:
        self.begin("refused", 2)
        self.engine.psql("alter table workflow.instance add constraint no_poison check (entity_id not like 'poison%')")
        self.engine.workers[0].terminate()
        good = [self.client.send("init-instance", {"process_id": "single"}) for _ in range(200)]
        bad = [self.client.send("init-instance", {"process_id": "single", "entity_id": f"poison/{n}"})
               for n in range(3)]
        good += [self.client.send("init-instance", {"process_id": "single"}) for _ in range(200)]
        worker = self.engine.start_worker()
        self.assertEqual({self.client.outcome(command)["result"] for command in good}, {"applied"})
        letters = self.engine.reader("dead-letter")
        for command in bad:
            outcome = self.client.outcome(command)
            self.assertEqual((outcome["result"], outcome["code"]), ("rejected", "invalid_command"))
            self.assertIn("no_poison", outcome["detail"])
            letters.wait("the dead letter", lambda m: m.header("ce_id") == command and m.json["process_id"] == "single")
        self.assertEqual(len(letters.messages), len(bad))
        self.assertEqual(self.engine.value("select count(*) from workflow.instance"), str(len(good)))
        self.assertEqual(worker.terminate(), 0)
        self.engine.check_settled()


class OneOfAThousand(Refused):
    """BUS-4: the price that the others pay for one bad command grows with the logarithm of the batch."""

    COUNT = 1000

    def setUp(self) -> None:
        self.begin("thousand", 1, log_level="debug")
        self.assertEqual(self.engine.workers[0].terminate(), 0)

    def send(self, bad: int | None) -> list[str]:
        """All stand in the topic when the worker begins."""
        before = self.engine.records("command.init-instance")
        sent = [self.client.send("init-instance", {"process_id": "single", "entity_id": "poison" if n == bad else f"good/{n}"})
                for n in range(self.COUNT)]
        wait_until("they are in Kafka", lambda: self.engine.records("command.init-instance") >= before + self.COUNT)
        return sent

    def rounds(self, worker: Worker) -> tuple[int, int, int]:
        """Transactions that were tried, how many of them were cut, and how often it began (anew, where Kafka failed it)."""
        text = worker.text()
        cut, alone = text.count("cutting a batch"), text.count("dead letters")
        return cut + alone + len(worker.batches()), cut, text.count("serving  partition")

    def check(self, where: int) -> None:
        commands = self.send(where)
        worker = self.engine.start_worker()
        outcomes = [self.client.outcome(command) for command in commands]
        self.assertEqual(worker.terminate(), 0)
        self.assertEqual([n for n, outcome in enumerate(outcomes) if outcome["result"] != "applied"], [where])
        self.assertEqual(outcomes[where]["code"], "invalid_command")
        self.assertIn("poison", outcomes[where]["detail"])
        largest = max(batch["commands"] for batch in worker.batches())
        rounds, cut, begun = self.rounds(worker)
        print(f"figure one bad command of {self.COUNT}, number {where}: {rounds} transactions tried, {cut} of them cut")
        # Each cut halves what the command is in, and leaves one half to be applied; a few batches come before and after.
        most = math.ceil(math.log2(self.COUNT))
        self.assertGreater(largest, self.COUNT / 8, "it stood in a large batch")
        self.assertLessEqual(cut, most * begun)
        self.assertLessEqual(rounds, (2 * most + 30) * begun)

    def test_a_value_that_the_database_refuses(self) -> None:
        self.engine.psql("alter table workflow.instance add constraint no_poison check (entity_id <> 'poison')")
        for where in (0, random.randrange(1, self.COUNT - 1), self.COUNT - 1):
            with self.subTest(where=where):
                self.check(where)
        self.check_history()

    def test_a_function_that_raises(self) -> None:
        self.engine.psql("""
            create function raise_poison() returns trigger language plpgsql as $$
            begin
                if new.entity_id = 'poison' then raise exception 'poison is not for us'; end if;
                return new;
            end $$;
            create trigger no_poison before insert on workflow.instance for each row execute function raise_poison()""")
        self.check(random.randrange(self.COUNT))
        self.check_history()

    def check_history(self) -> None:
        """Each good one took effect once; the events say the same."""
        rows = self.engine.psql("select entity_id, count(*) from workflow.instance group by 1 having entity_id = 'poison'")
        self.assertEqual(rows, [])
        started = int(self.engine.value("select count(*) from workflow.instance"))
        self.assertEqual(started % (self.COUNT - 1), 0)
        self.engine.check_settled()


class EndsTheSession(Refused):
    """A command that ends the session, or the worker, whenever it is begun: found by its tries, and refused (EOS-23)."""

    def test_ends_the_session(self) -> None:
        self.check("perform pg_terminate_backend(pg_backend_pid())")

    def test_an_error_that_nobody_knows(self) -> None:
        self.check("raise exception 'odd' using errcode = 'ZZ999'")

    def check(self, harm: str) -> None:
        self.begin("session", 2)
        self.engine.psql(f"""
            create function do_harm() returns trigger language plpgsql as $$
            begin
                if new.entity_id = 'killer' then {harm}; end if;
                return new;
            end $$;
            create trigger killer before insert on workflow.instance for each row execute function do_harm()""")
        self.engine.workers[0].terminate()
        good = [self.client.send("init-instance", {"process_id": "single"}) for _ in range(50)]
        killer = self.client.send("init-instance", {"process_id": "single", "entity_id": "killer"})
        good += [self.client.send("init-instance", {"process_id": "single"}) for _ in range(50)]
        worker = self.engine.start_worker()
        self.assertEqual({self.client.outcome(command)["result"] for command in good}, {"applied"})
        refused = self.client.outcome(killer)
        self.assertEqual((refused["result"], refused["code"]), ("rejected", "invalid_command"))
        self.assertIn("session came to an end", refused["detail"])
        letters = self.engine.reader("dead-letter")
        letters.wait("the dead letter", lambda m: m.header("ce_id") == killer)
        self.assertEqual(len(letters.messages), 1)
        self.assertEqual(self.engine.value("select count(*) from workflow.instance"), "100")
        self.assertEqual(self.client.start("single")["result"], "applied")
        self.assertEqual(worker.terminate(), 0)
        self.engine.check_settled()


class TroubleElsewhere(Refused):
    """What fails for a reason that is not the command's own is tried until that is over: nobody is refused for it."""

    OFTEN = 8  # more than it takes to refuse what ends the session

    def setUp(self) -> None:
        self.begin("trouble", 1, retry_max_ms=50)
        self.engine.psql("""
            create table public.trouble (code text not null);
            grant select on public.trouble to public;
            create function public.be_in_trouble() returns trigger language plpgsql as $$
            declare
                trouble text := (select code from public.trouble);
            begin
                if trouble is not null then raise exception 'in trouble' using errcode = trouble; end if;
                return new;
            end $$;
            create trigger trouble before insert on workflow.instance
            for each row execute function public.be_in_trouble()""")

    def in_trouble(self, code: str) -> list[str]:
        """Commands sent while it lasts."""
        self.engine.psql(f"insert into public.trouble values ('{code}')")
        return [self.client.send("init-instance", {"process_id": "single"}) for _ in range(5)]

    def over(self, commands: list[str]) -> None:
        self.engine.psql("delete from public.trouble")
        if not self.engine.workers[-1].running():
            self.engine.start_worker()
        self.assertEqual([self.client.outcome(command)["result"] for command in commands], ["applied"] * len(commands))
        self.assertEqual(self.engine.read("dead-letter"), [])
        self.engine.check_settled()

    def test_the_worker_waits(self) -> None:
        worker = self.engine.workers[0]
        for code, name in (("53100", "the disk is full"), ("55P03", "somebody holds a lock"), ("40001", "somebody was faster"),
                           ("58030", "the disk cannot be read")):
            with self.subTest(name):
                so_far = worker.text().count("a batch was not applied")
                commands = self.in_trouble(code)
                worker.wait_log("a batch was not applied", so_far + self.OFTEN)
                self.over(commands)

    def test_a_definition_that_cannot_be_read(self) -> None:
        """Looked for while a command is applied: somebody has locked its tables."""
        self.assertEqual(self.engine.workers[0].terminate(), 0)
        worker = self.engine.start_worker()
        worker.wait_log("serving  partition")
        with subprocess.Popen(["psql", "-X", "-q", "-d", self.engine.database], stdin=subprocess.PIPE, text=True) as locker:
            assert locker.stdin
            print("begin; lock table workflow.routing_rule in access exclusive mode;", file=locker.stdin, flush=True)
            wait_until("it is locked", lambda: self.engine.value(
                "select count(*) from pg_locks where relation = 'workflow.routing_rule'::regclass and granted"
                " and mode = 'AccessExclusiveLock'") == "1")
            command = self.client.send("init-instance", {"process_id": "single"})
            worker.wait_log("a definition could not be read")
            worker.wait_log("a batch was not applied")
        self.over([command])
        self.assertNotIn('verdict="reconnect"', worker.text())

    def test_the_worker_ends(self) -> None:
        """A right that is missing, say, and whoever supervises it starts it again."""
        commands = self.in_trouble("42501")
        self.assertEqual(self.engine.workers[0].wait(), 10)
        for _ in range(self.OFTEN):
            self.assertEqual(self.engine.start_worker().wait(), 10)
        self.over(commands)


if __name__ == "__main__":
    unittest.main(verbosity=2)
