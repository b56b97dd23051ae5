#!/usr/bin/python3
"""Particular interleavings of the exactly-once protocol, each brought about on purpose, each once.

What the loop over all points meets by chance is made certain here.  Each names the rule that it would fail without.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "flow")]
os.environ["PATH"] = f"{HERE.parents[1] / 'build/fault/bin'}:{os.environ['PATH']}"

import account  # noqa: E402
import loop  # noqa: E402
from engine import LIMIT, SHORT_SESSION, Engine, Worker, instance_in, wait_until  # noqa: E402

TOGETHER = 3
# The alarm of a worker that stands still goes on meanwhile; it is to wake up, not to be ended.
SETTINGS = {**SHORT_SESSION, "retry_max_ms": 300, "watchdog_ms": int(10 * LIMIT * 1000)}


class Quiet(unittest.TestCase):
    """A quiet engine: what is sent is what happens."""

    transaction_ms = 8000

    def setUp(self) -> None:
        self.engine = self.enterContext(Engine("interleaving", workers=0, transaction_timeout_ms=self.transaction_ms,
                                               **SETTINGS))
        self.arena = loop.Arena(self.engine, 1, load=False)
        self.arena.stop_all()
        self.client = self.engine.client(timeout_ms=int(3 * LIMIT * 1000))
        self.database = f"cut/{loop.port(self.engine.database, 'port=')}"

    def worker(self, fault: str = "", **settings: int) -> Worker:
        return self.arena.start(fault, **settings)

    def serving(self, worker: Worker, partitions: int = 4) -> Worker:
        worker.wait_log("serving  partition", partitions)
        return worker

    def hung(self, worker: Worker) -> Worker:
        loop.victim_said(worker, "kind=hang")
        wait_until("it stands still", lambda: loop.state_of(worker) == "T")
        return worker

    def begin(self, process_id: str = "steps", partition: int = 0) -> str:
        """A command that nobody waits for yet; its id."""
        return self.client.send("init-instance", {"process_id": process_id,
                                                  "instance_id": instance_in(partition, self.engine.partitions)})

    def applied(self, command_id: str) -> None:
        self.assertEqual(self.client.outcome(command_id)["result"], "applied")

    def numbers(self) -> list[int]:
        return [int(row[0]) for row in self.engine.psql("select outbox_number from workflow.partition order by partition")]

    def check(self, tasks: int = 0) -> None:
        """The books, and so many tasks open."""
        self.arena.stop_all()
        found = account.Account()
        account.count_outcomes(self.engine, found)
        account.count_events(self.engine, found)
        account.count_differences(self.engine, found)
        self.assertTrue(found.clean(), found)
        self.assertEqual(self.engine.value("select count(*) from workflow.to_do_task_list"), str(tasks))
        self.engine.check_settled()


class Interleaving(Quiet):
    def test_zombie_with_a_batch_that_consumed_nothing(self) -> None:
        """EOS-4: a timer's batch of a worker that lost its partition, between its successor's claim and first batch."""
        zombie = self.serving(self.worker("own-taken=hang"))
        self.applied(self.begin("late"))
        self.hung(zombie)
        self.arena.remove(zombie)
        successor = self.hung(self.worker(f"serving=hang*{self.engine.partitions}"))
        zombie.signal(signal.SIGCONT)
        zombie.wait_log('verdict="not owner"')
        zombie.kill()
        self.arena.gone(zombie)
        successor.signal(signal.SIGCONT)
        account.wait_for_rest(self.engine)
        self.check()

    def test_stopped_in_mid_pipeline(self) -> None:
        """EOS-5: a stopped process holds its row locks; whoever claims ends its connection."""
        sleeper = self.serving(self.worker("save-filled=hang"))
        command = self.begin()
        self.hung(sleeper)
        self.arena.remove(sleeper)
        self.serving(self.worker())
        self.applied(command)
        sleeper.signal(signal.SIGCONT)
        self.check(tasks=1)

    def test_commit_in_doubt_in_postgresql(self) -> None:
        """EOS-22: the connection ends when COMMIT is on its way, and before; the row tells which."""
        for point, left in (("commit-sent", 1), ("save-filled", 0)):
            worker = self.serving(self.worker(f"{point}={self.database}"))
            self.applied(self.begin())
            self.serving(worker, 8)
            self.assertEqual(worker.text().count("published what an earlier owner left"), left, point)
            self.arena.stop_all()
        self.check(tasks=2)

    def test_commit_in_doubt_in_kafka(self) -> None:
        """EOS-11: a worker dies when the end of its transaction is on its way, and when it is there; the group's number tells."""
        for point in ("end-sent", "published"):
            worker = self.serving(self.worker(f"{point}=crash"))
            command = self.begin()
            loop.die(self.arena, worker)
            successor = self.serving(self.worker())
            self.applied(command)
            if point == "published":
                self.assertNotIn("published what an earlier owner left", successor.text())
            self.arena.stop_all()
        self.check(tasks=2)

    def test_connection_lost_at_the_end_of_the_transaction(self) -> None:
        """EOS-11: the same call again, in the same process."""
        worker = self.serving(self.worker(f"end-sent=cut/{self.engine.brokers.rpartition(':')[2]}"))
        self.applied(self.begin())
        loop.victim_said(worker, "point=end-sent")
        self.applied(self.begin())
        self.check(tasks=2)

    def test_database_lost_while_a_dead_owner_is_fenced(self) -> None:
        """EOS-13: another slot after that, other transactional ids; what was being published under the old ones goes out."""
        dying = self.serving(self.worker("publish-offsets=crash"))
        living = self.worker(f"fenced={self.database},publish-begun=slow")
        mine = self.shared(living)
        [other, *_] = sorted(set(range(self.engine.partitions)) - set(mine))
        self.begin(partition=other)
        loop.die(self.arena, dying)
        wait_until("its own are served again", lambda: set(mine) <= set(self.served(living)) and
                   living.text().count("partitions assigned") > 1)
        command = self.begin(partition=mine[0])
        loop.victim_said(living, "point=fenced")
        self.applied(self.begin(partition=mine[0]))
        self.applied(command)
        self.check(tasks=3)

    def served(self, worker: Worker) -> list[int]:
        """Partitions that it serves, of those that it was assigned last."""
        return [int(number) for number in re.findall(r"serving  partition=(\d+)", worker.text().rpartition("assigned  count")[2])]

    def shared(self, worker: Worker) -> list[int]:
        """The partitions of one of two workers, when both have theirs."""
        wait_until("half of them are served", lambda: "assigned  count=2 " in worker.text() and len(self.served(worker)) == 2)
        return self.served(worker)

    def test_publisher_that_takes_longer_than_the_watchdog(self) -> None:
        """EOS-17: who waits for it, for a batch in parts, has its limits and not the watchdog's."""
        self.engine.psql("alter table workflow.instance add constraint no_poison check (entity_id <> 'poison')")
        commands = [self.client.send("init-instance", {"process_id": "steps", "entity_id": "poison" if n == 13 else "good"})
                    for n in range(16)]
        worker = self.worker("publish-begun=stall*2", watchdog_ms=5000, transaction_timeout_ms=6000)
        self.assertEqual(worker.wait(), loop.WATCHDOG)
        self.assertIn("the publisher makes no progress", worker.text())
        self.arena.gone(worker)
        self.worker()
        self.assertEqual([n for n, command in enumerate(commands) if self.client.outcome(command)["result"] != "applied"], [13])
        self.check(tasks=15)

    def test_one_of_two_partitions_moves(self) -> None:
        """EOS-4: a batch over all partitions, of which one is somebody else's by now, is not applied in any."""
        worker = self.serving(self.worker("loading=hang*2"))
        self.applied(self.begin("single", 0))
        taken = self.client.send("get-task", {"staff_id": "cid"})
        self.hung(worker)
        before = self.numbers()
        self.engine.psql("update workflow.partition set epoch = epoch + 1 where partition = 2")
        worker.signal(signal.SIGCONT)
        worker.wait_log('verdict="not owner"')
        self.applied(taken)
        self.assertEqual(self.numbers(), [number + 1 for number in before])
        self.check(tasks=1)

    def test_event_that_cannot_be_published(self) -> None:
        """EOS-14: its topic has gone after it was put into the outbox; a dead letter takes its place."""
        worker = loop.topic_deleted(self.arena, loop.Fault("refused", "slow"), {})
        letter = self.engine.reader("dead-letter").wait("the dead letter", lambda message: True, 2 * LIMIT)
        self.assertEqual((letter.header("pawl_code"), letter.json["result"]), ("too_large", "applied"))
        self.applied(self.begin())
        self.assertTrue(worker.running())
        self.check(tasks=1)


class SecondBatch(Quiet):
    """A batch is applied while the one before it is being published."""

    transaction_ms = 60000  # the publication stands still for as long as this takes

    def second(self, worker: Worker, instance: str) -> str:
        """A command that is in PostgreSQL while the first one's publication is held; its id."""
        loop.victim_said(worker, "kind=hold")
        before = self.numbers()[0]
        command = self.client.send("get-task", {"task_id": f"{instance}:2", "staff_id": "cid"})
        wait_until("the second is in PostgreSQL", lambda: self.numbers()[0] > before)
        return command

    def test_second_batch_while_the_first_is_in_doubt(self) -> None:
        """EOS-10: two batches are in PostgreSQL, the first one's Kafka transaction may have ended."""
        worker = self.serving(self.worker("publish-offsets=hold,end-sent=crash"))
        instance = instance_in(0, self.engine.partitions)
        first = self.client.send("init-instance", {"process_id": "steps", "instance_id": instance})
        second = self.second(worker, instance)
        worker.signal(signal.SIGUSR1)
        loop.die(self.arena, worker)
        self.serving(self.worker())
        self.applied(first)
        self.applied(second)
        self.check(tasks=1)

    def test_second_batch_while_the_first_fails(self) -> None:
        """EOS-10: the first one's producer is fenced, the second one's is not; it must not go before the first."""
        worker = self.serving(self.worker("publish-flushed=hold,recovering=slow"))
        instance = instance_in(0, self.engine.partitions)
        first = self.client.send("init-instance", {"process_id": "steps", "instance_id": instance})
        second = self.second(worker, instance)
        database_id = self.engine.value("select database_id from workflow.catalog")
        self.engine.broker().fence(f"{self.engine.prefix}-{database_id}-0-a")
        worker.signal(signal.SIGUSR1)
        worker.wait_log("publishing failed")
        worker.wait_log("published what an earlier owner left")
        self.applied(first)
        self.applied(second)
        self.check(tasks=1)


class Killers(Quiet):
    """A command with which the worker dies whenever it is begun, among others; and a timer that comes before it each time."""

    def refused_after(self, point: str) -> int:
        """How many workers die until it is refused."""
        self.serving(self.worker())
        self.applied(self.begin())
        self.arena.stop_all()
        good = [self.begin() for _ in range(20)]
        killer = self.client.send("init-instance", {"process_id": "steps", "entity_id": "killer", "instance_id":
                                                    instance_in(0, self.engine.partitions)})
        good += [self.begin() for _ in range(20)]
        letters, died = self.engine.reader("dead-letter").messages, 0
        before = len(self.engine.read("dead-letter"))
        while len(letters) <= before:
            self.engine.psql("insert into workflow.timer select instance_id, now(), partition, 2, 'take'"
                             " from workflow.instance limit 1 on conflict do nothing")
            worker = self.worker(f"{point}=crash@killer")
            wait_until("it dies, or is through", lambda: len(letters) > before or not worker.running(), 2 * LIMIT)
            if not worker.running():
                loop.die(self.arena, worker)
                died += 1
            self.assertLess(died, 10)
        for command in good:
            self.applied(command)
        refused = self.client.outcome(killer)
        self.assertIn("the worker or its database session came to an end", refused["detail"])
        self.assertEqual([letter.header("ce_id") for letter in letters[before:]], [killer])
        self.arena.stop_all()
        return died

    def test_command_that_ends_the_worker(self) -> None:
        """EOS-23: found after five deaths; after six, if it is its decoding that ends the worker."""
        self.assertLessEqual(self.refused_after("applying"), 5)
        self.assertLessEqual(self.refused_after("decoding"), 6)
        self.check(tasks=82)


class Topics(Quiet):
    def test_made_anew_and_filled(self) -> None:
        """EOS-19: another topic under the same name has the position too, but not the record before it."""
        self.serving(self.worker())
        for _ in range(3):
            self.applied(self.begin(partition=0))
        self.arena.stop_all()
        name = self.engine.topic("command.init-instance")
        self.engine.broker().delete_topic(name)
        wait_until("the topic is made anew", lambda: self.made(name))
        subprocess.run(["kcat", "-P", "-b", self.engine.brokers, "-t", name, "-p", "0"], text=True, check=True,
                       input='{"process_id": "steps"}\n' * 10)
        worker = self.worker()
        worker.wait_log("was the topic made anew?")
        self.assertEqual(self.engine.value("select count(*) from workflow.instance"), "3")
        self.arena.stop_all()

    def made(self, topic: str) -> bool:
        """Kafka takes a moment to forget the old one."""
        try:
            self.engine.broker().create_topic(topic, self.engine.partitions)
        except AssertionError:
            return False
        return True


class Rebalances(Quiet):
    def test_what_is_under_way_is_published_by_whom_it_was_applied(self) -> None:
        """EOS-16: partitions are given back when their batches are out; the next owner finds nothing to publish."""
        # A cut of no port does nothing but say that it is there.
        owner = self.serving(self.worker("publish-begun=hold,revoking=cut,published=cut,drained=cut"))
        other = self.hung(self.worker("publisher-opened=hang"))
        command = self.begin()
        loop.victim_said(owner, "kind=hold")
        other.signal(signal.SIGCONT)  # it joins, and the owner hears of it before its publication is out
        loop.victim_said(owner, "point=revoking")
        owner.signal(signal.SIGUSR1)
        self.serving(owner, 6)
        self.serving(other, 2)
        said = owner.text()
        self.assertLess(said.index("point=published"), said.index("point=drained"))
        self.assertNotIn("published what an earlier owner left", said + other.text())
        self.applied(command)
        self.check(tasks=1)


class Fairness(Quiet):
    def test_many_of_one_kind(self) -> None:
        """EOS-18: who takes a task does not wait behind a thousand new instances that came before."""
        self.serving(self.worker(batch_commands=40))
        [task] = self.client.start("steps")["tasks"]
        count = 4000
        commands = "".join('{"process_id": "steps"}\n' for _ in range(count))
        subprocess.run(["kcat", "-P", "-b", self.engine.brokers, "-t", self.engine.topic("command.init-instance")],
                       input=commands, text=True, check=True)
        self.client.get(task, "cid")
        begun = int(self.engine.value("select count(*) from workflow.instance"))
        self.assertLess(begun, count / 2)
        wait_until("all have begun", lambda: self.engine.value("select count(*) from workflow.instance") == str(count + 1),
                   4 * LIMIT)
        self.check(tasks=count + 1)


class OpenTransactions(Quiet):
    """What must not wait until Kafka gives a transaction up."""

    transaction_ms = 60000

    def test_open_transaction_of_a_dead_worker(self) -> None:
        """EOS-13: it would last a minute; whoever takes the dead worker's slot ends it."""
        living = self.serving(self.worker())
        dying = self.serving(self.worker("publish-offsets=crash"), 2)
        commands = [self.begin(partition=p) for p in range(self.engine.partitions)]
        loop.die(self.arena, dying)
        living.wait_log("ended the transactions of a dead worker")
        for command in commands:
            self.applied(command)
        self.check(tasks=len(commands))

    def test_publication_of_an_earlier_generation(self) -> None:
        """EOS-8: a worker that was thrown out of the group sends its offsets when its successor has published its batch."""
        zombie = self.serving(self.worker("publish-flushed=hang"))
        command = self.begin()
        self.hung(zombie)
        self.arena.remove(zombie)
        successor = self.serving(self.worker())
        self.assertIn("published what an earlier owner left", successor.text())
        zombie.signal(signal.SIGCONT)
        zombie.wait_log("partitions lost")
        self.applied(command)  # until the zombie's transaction has ended no read_committed reader sees what is behind it
        self.check(tasks=1)


class SideBySide(unittest.TestSuite):
    """Most of what these tests do is wait."""

    def run(self, result: unittest.TestResult, debug: bool = False) -> unittest.TestResult:
        def alone(test: unittest.TestCase) -> tuple[unittest.TestCase, unittest.TestResult]:
            own = unittest.TestResult()
            test.run(own)
            return test, own
        with ThreadPoolExecutor(TOGETHER) as threads:
            for test, own in threads.map(alone, list(self)):
                result.startTest(test)
                for error in (problem for _, problem in own.failures + own.errors):
                    result.failures.append((test, error))
                if own.wasSuccessful():
                    result.addSuccess(test)
                result.stopTest(test)
        return result


def load_tests(loader: unittest.TestLoader, found: unittest.TestSuite, _: str | None) -> unittest.TestSuite:
    return SideBySide(test for case in found for test in case)


if __name__ == "__main__":
    unittest.main(verbosity=2)
