#!/usr/bin/python3
"""Servers that go away and workers that stop, under load: nothing is lost, nothing is done or seen twice.

Each scenario is a function with an engine of its own; they run side by side, for most of what they do is wait.
Those that stop servers have servers of their own.
"""

from __future__ import annotations

import signal
import subprocess
import unittest
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import desk
from engine import (LIMIT, SHORT_SESSION, Client, Engine, Json, Load, Message, SequenceCheck, Servers, program,
                    wait_until)

TOGETHER = 3
EXIT_USAGE, EXIT_DATABASE, EXIT_BUS, EXIT_RESTORED = 2, 10, 11, 12


def expect(holds: bool, what: object) -> None:
    if not holds:
        raise AssertionError(what)


def prepare(engine: Engine, count: int, window: int = 60) -> Load:
    """Institution, process, and instances under way through it."""
    engine.load(desk.institution())
    engine.deploy(desk.steps())
    return Load(engine.client(timeout_ms=8000), "steps", desk.STEPS, count, window)


def serving(engine: Engine) -> int:
    """Partitions that the workers have begun to serve, ever."""
    return sum(worker.text().count("serving") for worker in engine.workers)


def check_seen(engine: Engine, messages: list[Message]) -> None:
    check = SequenceCheck(engine)
    for message in messages:
        check.see(message)
    problems = check.finish()
    expect(not problems, problems[:5])


def check_all(engine: Engine, load: Load) -> None:
    """After the load: every task once in the history, every event once on the bus, everything settled."""
    load.wait()
    for worker in engine.workers:
        if worker.process.returncode is None:
            expect(worker.terminate() == 0, f"exit code {worker.process.returncode}: {worker.text()[-2000:]}")
    rows = engine.psql("""
        select act_id, count(*), count(distinct instance_id) from workflow.history_list
         where how = 'ended' and act_type = 'interaction' group by act_id order by act_id""")
    count = str(load.count)
    expect(rows == [[act, count, count] for act in ("one", "three", "two")], rows)
    expect(engine.psql("select state, count(*) from workflow.instance group by 1") == [["completed", count]], "states")
    check_seen(engine, engine.subscriber(follow=False).all())
    engine.check_settled()


# --- servers away ----------------------------------------------------------------------------------------------


def go_on(engine: Engine, load: Load) -> None:
    """
    Work goes on.  A worker that could not get out of a call into librdkafka (13) is started again, as systemd would; no
    other may end.
    """
    wanted = load.commands + 200
    def there() -> bool:
        codes = [worker.process.poll() for worker in engine.workers]
        expect(set(codes) <= {None, 13}, f"workers ended: {codes}")
        engine.start_workers(2 - codes.count(None))
        return load.commands >= wanted
    wait_until("commands are answered", there, 4 * LIMIT)


def servers_away() -> None:
    """PostgreSQL and Kafka, stopped and killed in the middle: the workers wait and go on by themselves."""
    with Servers("outage") as servers, Engine("outage", servers=servers, workers=2, **SHORT_SESSION) as engine:
        load = prepare(engine, 2000)
        for server in ("postgres", "kafka"):
            for end in (servers.stop, servers.kill):
                go_on(engine, load)
                waited = [(worker, worker.text().count("waiting to try again")) for worker in engine.workers if worker.running()]
                end(server)
                if server == "postgres":
                    for worker, before in waited:
                        worker.wait_log("waiting to try again", before + 1)
                servers.start(server)
        go_on(engine, load)
        check_all(engine, load)


def backends_terminated() -> None:
    """Connections cut by the database's administrator, ten times: COMMIT in doubt (EOS-22)."""
    with Engine("cut", workers=2) as engine:
        load = prepare(engine, 500)
        for _ in range(10):
            load.wait_commands(60)
            engine.psql("select pg_terminate_backend(pid) from pg_stat_activity"
                        " where datname = current_database() and usename = current_user and pid <> pg_backend_pid()")
        check_all(engine, load)


def next_tasks_and_kills() -> None:
    """Four people who always ask for the next task, everywhere, while workers die: each task is done once (EOS-6)."""
    count, people = 240, ("ann", "bob", "cid", "eve")
    with Engine("next", workers=3, partitions=6, **SHORT_SESSION) as engine:
        engine.load(desk.institution())
        engine.deploy(desk.single())
        client = engine.client(timeout_ms=8000)
        for command in [client.send("init-instance", {"process_id": "single"}) for _ in range(count)]:
            expect(client.outcome(command)["result"] == "applied", "not begun")
        done: list[str] = []
        with ThreadPoolExecutor(len(people)) as threads:
            working = [threads.submit(work_on, client, staff_id, done, count) for staff_id in people]
            for share in (1, 2, 3):
                wait_until("tasks are done", lambda: len(done) > share * count // 5)
                engine.workers[share - 1].kill()
                engine.start_worker()
            for one in working:
                one.result()
        expect(len(done) == len(set(done)) == count, f"{len(done)} done, {len(set(done))} different")
        expect(engine.value("select count(*) from workflow.reservation") == "0", "reservations left")
        expect(all(worker.terminate() == 0 for worker in engine.workers if worker.running()), "exit codes")
        check_seen(engine, engine.subscriber(follow=False).all())
        engine.check_settled()


def work_on(client: Client, staff_id: str, done: list[str], count: int) -> None:
    while len(done) < count:
        taken = insist(client, "get-task", {"staff_id": staff_id})
        if taken["result"] != "rejected":
            task_id = taken["task"]["task_id"]
            ended = insist(client, "end-task", {"task_id": task_id, "staff_id": staff_id})
            expect(ended["result"] != "rejected", ended)
            done.append(task_id)
        else:
            # What was chosen may be taken or done by the time that it is asked for where it lives.
            expect(taken["code"] in ("no_task_available", "task_taken", "instance_ended"), taken)


def insist(client: Client, kind: str, data: Json) -> Json:
    """The same command under the same id, until there is an answer."""
    command_id = str(uuid.uuid4())
    while (outcome := client.call(kind, data, id=command_id))["result"] == "unanswered":
        pass
    return outcome


# --- stopping --------------------------------------------------------------------------------------------------


def sigterm_drains() -> None:
    """SIGTERM: publishes what it applied, leaves the group, and the other takes over at once (EOS-16)."""
    with Engine("sigterm", workers=2) as engine:
        load = prepare(engine, 700)
        for _ in range(3):
            load.wait_commands(150)
            [stopping, staying] = [worker for worker in engine.workers if worker.running()]
            before = staying.text().count("serving")
            expect(stopping.terminate() == 0, f"exit code {stopping.process.returncode}: {stopping.text()[-2000:]}")
            expect(len(engine.broker().members(engine.group)) <= 1, "the group was not left")
            staying.wait_log("serving", before + engine.partitions)
            engine.start_worker()
            wait_until("both serve", lambda: engine.workers[-1].text().count("serving") > 0)
        check_all(engine, load)
        expect(engine.value("select count(*) from workflow.outbox where number > (select published_number from"
                            " workflow.partition p where p.partition = outbox.partition)") == "0", "outbox rows left")


def clean_stop_without_offsets() -> None:
    """After a clean stop nothing repeats, even if the group's offsets are gone (EOS-20)."""
    with Engine("clean", workers=2) as engine:
        check_all(engine, prepare(engine, 60))
        before = len(engine.subscriber(follow=False).all())
        engine.broker().delete_group(engine.group)
        engine.start_worker()
        client = engine.client()
        started = client.start("steps")
        engine.subscriber().wait_position(started["instance_id"], started["position"])
        messages = engine.subscriber(follow=False).all()
        check_seen(engine, messages)
        expect(len(messages) == before + started["position"], f"{len(messages)} events, {before} before")


def offsets_deleted() -> None:
    """Offsets gone after a crash: at most two batches come again, under their own ids, and it is said (EOS-20)."""
    with Engine("offsets", workers=1, **SHORT_SESSION) as engine:
        load = prepare(engine, 400)
        load.wait_commands(400)
        engine.workers[0].kill()
        wait_until("the group is empty", lambda: deleted(engine))
        worker = engine.start_worker()
        load.wait()
        expect(worker.terminate() == 0, "exit code")
        messages = engine.subscriber(follow=False).all()
        once: dict[tuple[str, str | None], Message] = {}
        for message in messages:
            first = once.setdefault((message.topic, message.header("ce_id")), message)
            expect(first.value == message.value, f"{message.header('ce_id')} came again as something else")
        check_seen(engine, list(once.values()))
        expect(worker.text().count("no published number in the group") > 0 or len(messages) == len(once), "not said")
        engine.check_settled()


def deleted(engine: Engine) -> bool:
    """A dead member keeps the group until its session is over."""
    try:
        engine.broker().delete_group(engine.group)
    except AssertionError:
        return False
    return True


def zombies() -> None:
    """A worker that sleeps beyond its session wakes up when others own its partitions: it publishes nothing twice."""
    # The watchdog's clock goes on while the worker sleeps; however long the others take, it is to wake up.
    with Engine("zombie", workers=2, **SHORT_SESSION, transaction_timeout_ms=4000, watchdog_ms=int(4 * LIMIT * 1000)) as engine:
        load = prepare(engine, 1500, window=40)
        for sleeper, other in ((0, 1), (1, 0)):
            load.wait_commands(300)
            before = engine.workers[other].text().count("serving")
            engine.workers[sleeper].signal(signal.SIGSTOP)
            engine.workers[other].wait_log("serving", before + engine.partitions)
            load.wait_commands(200)
            woken = engine.workers[sleeper].text().count("serving")
            engine.workers[sleeper].signal(signal.SIGCONT)
            engine.workers[sleeper].wait_log("serving", woken + 1)
        check_all(engine, load)


# --- what a worker cannot start with ---------------------------------------------------------------------------


def started_with(engine: Engine, *arguments: str, **settings: str) -> tuple[int, str]:
    """Exit code and messages of a worker that should not go on."""
    environment = engine.environment | {f"PAWL_{name.upper()}": value for name, value in settings.items()}
    done = subprocess.run([program("pawl-worker"), *arguments], env=environment, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
    return done.returncode, done.stdout


def check_start(engine: Engine, code: int, words: str, *arguments: str, **settings: str) -> None:
    found, said = started_with(engine, *arguments, **settings)
    expect(found == code and words in said,
           f"{arguments} {settings}: exit code {found}, not {code} and {words}: {said}")


def wrong_settings() -> None:
    with Engine("settings", workers=0) as engine:
        config = engine.folder / "settings"
        config.write_text("batch_commands = 10\ncolour = red\n")
        check_start(engine, EXIT_USAGE, '"0"', batch_commands="0")
        check_start(engine, EXIT_USAGE, '"many"', batch_commands="many")
        check_start(engine, EXIT_USAGE, '"loud"', log_level="loud")
        check_start(engine, EXIT_USAGE, "(", replyto_pattern="(")
        check_start(engine, EXIT_USAGE, '"colour"', config=str(config))
        check_start(engine, EXIT_USAGE, "/nonexistent", config="/nonexistent")
        check_start(engine, EXIT_USAGE, "/nonexistent", kafka_config="/nonexistent")
        check_start(engine, EXIT_USAGE, "Is a directory", config=str(engine.folder))
        check_start(engine, EXIT_USAGE, "Is a directory", kafka_config=str(engine.folder))
        check_start(engine, EXIT_USAGE, '"--colour"', "--colour")
        check_start(engine, EXIT_USAGE, '"--brokers"', "--brokers")
        check_start(engine, EXIT_USAGE, "nonsense", database="nonsense")


def missing_parts() -> None:
    with Engine("missing", workers=0, install=False) as engine:
        check_start(engine, EXIT_DATABASE, "schema")
        engine.migrate()
        check_start(engine, EXIT_DATABASE, "topics apply")
        engine.topics()
        engine.broker().delete_topic(engine.topic("command.control"))
        check_start(engine, EXIT_BUS, engine.topic("command.control"))
        engine.broker().create_topic(engine.topic("command.control"), engine.partitions + 1)
        check_start(engine, EXIT_BUS, engine.topic("command.control"))
        check_start(engine, EXIT_BUS, "nobody", prefix="nobody")


def servers_missing_at_the_start() -> None:
    """A worker may be there before its servers: it waits."""
    with Engine("early", workers=0) as engine:
        for settings in ({"brokers": "127.0.0.1:1"}, {"database": "host=127.0.0.1 port=1"}):
            worker = engine.start_worker(**settings)
            worker.wait_log("waiting to try again", 2)
            expect(worker.terminate() == 0, f"exit code {worker.process.returncode}")


# --- databases and topics that are not those of before ----------------------------------------------------------


def restored_database() -> None:
    """A database older than what was published stops the worker until a person has decided (EOS-21)."""
    with Engine("restored", workers=1) as engine:
        check_all(engine, prepare(engine, 20))
        dump = engine.folder / "dump.sql"
        subprocess.run(["pg_dump", "-d", engine.database, "-f", str(dump)], check=True, stdin=subprocess.DEVNULL)
        worker = engine.start_worker()
        Load(engine.client(), "steps", desk.STEPS, 20).wait()
        expect(worker.terminate() == 0, "exit code")
        name = engine.name.replace("-", "_")
        engine.psql(f'drop database "{name}"', engine.server_database)
        engine.psql(f'create database "{name}"', engine.server_database)
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", engine.database, "-f", str(dump)],
                       check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        before = len(engine.subscriber(follow=False).all())
        check_start(engine, EXIT_RESTORED, "restored")
        expect(len(engine.subscriber(follow=False).all()) == before, "something was published")
        check_goes_on(engine)


def check_goes_on(engine: Engine) -> None:
    """A person decides; what came after the backup is applied again, and its events say of which life they are."""
    incarnation = engine.value("select incarnation from workflow.catalog")
    engine.pawl_ok("db", "restored")
    expect(engine.pawl("db", "restored").code == 3, "accepted twice")
    after = engine.value("select incarnation from workflow.catalog")
    expect(after != incarnation, "the same incarnation")
    worker = engine.start_worker()
    wait_until("all is done again", lambda: engine.psql(
        "select state, count(*) from workflow.instance group by 1") == [["completed", "40"]])
    expect(worker.terminate() == 0, worker.text()[-2000:])
    again = [m for m in engine.subscriber(follow=False).all() if m.header("ce_incarnation")]
    expect(len(again) > 0 and {m.header("ce_incarnation") for m in again} == {after}, "incarnations")
    engine.check_settled()


def restored_unasked() -> None:
    """on_restore=replay: nobody is asked (EOS-21)."""
    with Engine("replayed", workers=2, partitions=2) as engine:  # so few, that each has had a command
        check_all(engine, prepare(engine, 20))
        engine.psql("update workflow.partition set outbox_number = outbox_number - 1")
        workers = [engine.start_worker(on_restore="replay") for _ in range(2)]
        Load(engine.client(), "steps", desk.STEPS, 20).wait()
        expect(all(worker.terminate() == 0 for worker in workers), "exit codes")
        expect(engine.value("select cardinality(earlier_incarnations) from workflow.catalog") == "1", "incarnations")
        check_seen(engine, engine.subscriber(follow=False).all())


def topic_made_anew() -> None:
    """A topic that is another one than before stops its partitions, and that is said (EOS-19)."""
    with Engine("anew", workers=1, partitions=2) as engine:  # so few, that each has had a command
        check_all(engine, prepare(engine, 20))
        name = engine.topic("command.init-instance")
        engine.broker().delete_topic(name)
        wait_until("the topic is made anew", lambda: made(engine, name))
        worker = engine.start_worker()
        worker.wait_log("partition stopped", engine.partitions)
        standing = {(row["topic"].split(".")[-1], row["standing"] == "ok") for row in offsets(engine)}
        expect(standing == {("init-instance", False), ("end-task", True), ("control", True), ("get-task", True),
                            ("admin", True)}, standing)
        engine.pawl_ok("offsets", "accept")
        Load(engine.client(), "steps", desk.STEPS, 20).wait()
        expect(all(row["standing"] in ("ok", "never read") for row in offsets(engine)), "standing")
        expect(worker.terminate() == 0, "exit code")


def topic_made_anew_under_a_worker() -> None:
    """The same while a worker runs, which stands before marks of a transaction at the end of the old one (EOS-19)."""
    with Engine("marked", workers=1, partitions=1) as engine:
        worker, client = engine.workers[0], engine.client()
        engine.load(desk.institution())
        engine.deploy(desk.single())
        client.start("single")
        submit(engine)
        name = engine.topic("command.init-instance")
        engine.broker().delete_topic(name)
        wait_until("the topic is made anew", lambda: made(engine, name))
        engine.produce("command.init-instance", b'{"process_id": "single"}')
        worker.wait_log("partition stopped")


def submit(engine: Engine) -> None:
    """A command by SQL, which comes onto its topic in a transaction; it has taken effect."""
    before = int(engine.value("select count(*) from workflow.instance"))
    engine.psql("""select workflow.submit_command('init-instance', '{"process_id": "single"}')""")
    wait_until("it is begun", lambda: int(engine.value("select count(*) from workflow.instance")) == before + 1)


def marks_at_the_end() -> None:
    """
    Marks of a transaction are passed by whoever serves the partition then, so that a topic that retention has emptied
    has lost nothing (EOS-19).
    """
    with Engine("marks", workers=1, partitions=1) as engine:
        engine.load(desk.institution())
        engine.deploy(desk.single())
        submit(engine)
        expect(engine.workers[0].terminate() == 0, "exit code")
        engine.start_worker()
        wait_until("the mark is passed", lambda: engine.value("select positions[4] from workflow.partition") == "2", 2 * LIMIT)
        engine.broker().delete_records(engine.topic("command.init-instance"), 1)
        expect(engine.workers[1].terminate() == 0, "exit code")
        worker = engine.start_worker()
        expect(engine.client().start("single")["result"] == "applied", worker.text())


def offsets(engine: Engine) -> list[dict[str, str]]:
    return engine.pawl_ok("offsets", "show", "-o", "json").json


def made(engine: Engine, topic: str) -> bool:
    """Kafka takes a moment to forget the old one."""
    try:
        engine.broker().create_topic(topic, engine.partitions)
    except AssertionError:
        return False
    return True


SCENARIOS: tuple[Callable[[], None], ...] = (
    servers_away, zombies, next_tasks_and_kills, offsets_deleted, sigterm_drains, backends_terminated,
    clean_stop_without_offsets,
    restored_database, restored_unasked, missing_parts, wrong_settings, servers_missing_at_the_start, topic_made_anew,
    topic_made_anew_under_a_worker, marks_at_the_end)


class Outage(unittest.TestCase):
    futures: dict[str, Future[None]]

    @classmethod
    def setUpClass(cls) -> None:
        threads = cls.enterClassContext(ThreadPoolExecutor(TOGETHER))
        cls.futures = {scenario.__name__: threads.submit(scenario) for scenario in SCENARIOS}


def add(scenario: Callable[[], None]) -> None:
    def test(self: Outage) -> None:
        self.futures[scenario.__name__].result()
    test.__doc__ = scenario.__doc__
    setattr(Outage, f"test_{scenario.__name__}", test)


for each in SCENARIOS:
    add(each)


if __name__ == "__main__":
    unittest.main(verbosity=2)
