#!/usr/bin/python3
"""Who may do what: servers that take nobody without TLS and a password, and let nobody do what no list and no role allows.

PostgreSQL and Kafka are a pair of this file's own (deploy/secure); each program comes as a user of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import unittest
import uuid
from pathlib import Path

import desk
import librdkafka
from engine import ROOT, Done, Engine, Json, Load, SecureServers, Worker, wait_until

# The database's users, and the roles of sql/roles.sql that the owner gives them.
MEMBERS = {"pawl_w": "pawl_worker", "pawl_r": "pawl_reader", "pawl_s": "pawl_submitter"}
LISTS = ("owner", "worker", "client", "operator", "administrator", "subscriber", "executor")


servers: SecureServers
engine: Engine


def setUpModule() -> None:
    """One pair of servers, and one engine, for all."""
    global servers, engine
    servers = unittest.enterModuleContext(SecureServers(f"secure-{uuid.uuid4().hex[:6]}"))
    engine = unittest.enterModuleContext(Engine("secure", servers=servers, workers=0, install=False, partitions=2,
                                                log_level="debug"))
    Secure.setUpClass()
    Secure.install(desk.single())


class Secure(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.servers, cls.engine = servers, engine

    @classmethod
    def install(cls, definition: Json) -> None:
        cls.allow(cls.engine.prefix)
        cls.engine.migrate()
        cls.engine.topics()
        passwords = cls.database_passwords()
        there = {name for [name] in cls.engine.psql("select rolname from pg_roles")}
        for user in MEMBERS.keys() - there:
            cls.engine.psql(f"create role {user} login password '{passwords[user]}' in role {MEMBERS[user]}")
        cls.start_worker()
        for verb, document in (("institution load", desk.institution()), ("process deploy", definition)):
            done = cls.pawl("administrator", *verb.split(), "-", stdin=json.dumps(document))
            assert done.code == 0, done.err

    @classmethod
    def allow(cls, prefix: str) -> None:
        """Kafka's access lists, by the script of the deployment; over SCRAM, which the script can."""
        roles = [word for role in LISTS for word in (f"--{role}", role)]
        subprocess.run([str(ROOT / "deploy/kafka/acls"), "--prefix", prefix, *roles, "--apply", "--brokers",
                        cls.engine.brokers, "--kafka-config", str(cls.kafka("admin-scram"))],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    @classmethod
    def database_passwords(cls) -> dict[str, str]:
        lines = (line.split(":") for line in (cls.servers.secrets / "pgpass").read_text().splitlines())
        return {line[3]: line[4] for line in lines}

    @classmethod
    def kafka(cls, user: str) -> Path:
        return cls.servers.secrets / f"kafka-{user}.conf"

    @classmethod
    def database(cls, user: str, **changes: str) -> str:
        """The connection string of another user; what comes later wins."""
        more = "".join(f" {name}={value}" for name, value in changes.items())
        return f"{cls.engine.database} user={user}{more}"

    @classmethod
    def pawl(cls, user: str, *arguments: str, stdin: str = "", database: str = "pawl_r") -> Done:
        """`pawl` as a user of Kafka, who may read the database's views and no more."""
        return cls.engine.pawl(*arguments, stdin=stdin, kafka_config=str(cls.kafka(user)),
                               database=cls.database(database))

    @classmethod
    def start_worker(cls, kafka: str = "worker", database: str | None = None) -> Worker:
        return cls.engine.start_worker(kafka_config=str(cls.kafka(kafka)), database=database or cls.database("pawl_w"))

    def start(self) -> tuple[str, str]:
        done = self.pawl("client", "instance", "start", "single", "-o", "json")
        self.assertEqual(done.code, 0, done.err)
        return done.json["instance_id"], done.json["tasks"][0]


class Everyday(Secure):
    """Each with the rights of the documentation, and no more, does what is theirs."""

    def test_work(self) -> None:
        instance_id, task = self.start()
        for arguments in (("task", "get", task, "--staff", "ann"), ("task", "end", task, "--staff", "ann"),
                          ("instance", "list"), ("task", "list"), ("process", "show", "single")):
            with self.subTest(arguments=arguments):
                done = self.pawl("client", *arguments)
                self.assertEqual(done.code, 0, done.err)
        other, _ = self.start()
        for user, arguments in (("operator", ("instance", "cancel", other, "--actor", "ops", "--reason", "no longer wanted")),
                                ("operator", ("dead-letter", "list")),
                                ("administrator", ("process", "list")),
                                ("subscriber", ("state", "watch", "--from", "beginning", "--instance", instance_id,
                                                "--count", "3"))):
            with self.subTest(user=user, arguments=arguments):
                done = self.pawl(user, *arguments)
                self.assertEqual(done.code, 0, done.err)
        verified = self.engine.pawl("verify")  # the owner
        self.assertEqual(verified.code, 0, verified.out + verified.err)

    def test_submitted_by_sql(self) -> None:
        """By who may call one function, taken by who may read and delete (EOS-25)."""
        instance_id, _ = self.start()
        command = json.dumps({"operation": "cancel-instance", "instance_id": instance_id, "actor": "crm"})
        self.engine.psql(f"select workflow.submit_command('control', '{command}')", self.database("pawl_s"))
        wait_until("it is cancelled", lambda: self.engine.value(
            f"select state from workflow.instance_list where instance_id = '{instance_id}'") == "cancelled")

    def test_secrets_stay_secret(self) -> None:
        """Passwords come by files; no log, no message and no list of processes has them, at any level of detail."""
        self.pawl("stranger", "instance", "start", "single")
        secrets = [*self.database_passwords().values(),
                   *(re.findall("sasl.password=(.*)", path.read_text())[0] for path in self.servers.secrets.glob("kafka-*.conf"))]
        self.assertGreater(len(secrets), 10)
        worker = self.engine.workers[0]
        seen = {f"the worker's {name}": Path(f"/proc/{worker.pid}/{name}").read_text(errors="replace")
                for name in ("cmdline", "environ")}
        seen |= {path.name: path.read_text(errors="replace") for path in self.engine.folder.glob("*.log")}
        for where, text in seen.items():
            with self.subTest(where):
                self.assertEqual([secret for secret in secrets if secret in text], [])

    def test_no_secret_in_a_message(self) -> None:
        """In the environment a password may stand; what goes wrong does not tell it."""
        wrong = self.database("pawl_r", password="geheim-17", passfile="/nowhere")
        self.assertNotIn("geheim-17", (done := self.engine.pawl("process", "list", database=wrong)).err)
        self.assertEqual(done.code, 6, done.err)
        worker = self.start_worker(database=self.database("pawl_w", password="geheim-17", passfile="/nowhere"))
        worker.wait_log("password authentication failed")  # and waits: it may be changed
        self.assertEqual(worker.terminate(), 0)
        self.assertNotIn("geheim-17", worker.text())
        conf = self.engine.folder / "broken.conf"
        conf.write_text("security.protocol=sasl_ssl\nsasl.password geheim-17\n")
        done = self.engine.pawl("instance", "start", "single", kafka_config=str(conf))
        self.assertNotIn("geheim-17", done.err)
        self.assertEqual(done.code, 2, done.err)


class KafkaRefuses(Secure):
    """What no list allows, the broker's authorizer refuses; who is not who he says, it does not let in."""

    def refused(self, done: Done, *words: str) -> None:
        self.assertNotEqual(done.code, 0, done.out)
        self.assertTrue(any(word in done.err.lower() for word in words), done.err)

    def test_commands(self) -> None:
        instance_id, task = self.start()
        definition = json.dumps(desk.single() | {"process_id": "other"})
        start, cancel = ("instance", "start", "single"), ("instance", "cancel", instance_id, "--actor", "x")
        deploy, watch = ("process", "deploy", "-"), ("state", "watch", "--from", "beginning", "--count", "1")
        for user, arguments in (
                ("client", cancel), ("client", deploy), ("client", watch), ("client", ("dead-letter", "list")),
                ("operator", deploy), ("administrator", start), ("administrator", cancel), ("subscriber", start),
                ("subscriber", cancel), ("executor", start), ("executor", deploy), ("stranger", start),
                ("stranger", watch), ("worker", watch)):
            with self.subTest(user=user, arguments=arguments):
                done = self.pawl(user, *arguments, stdin=definition)
                self.refused(done, "authoriz", "not exist", "unknown topic")
        states = dict(self.engine.psql("select task_id, state from workflow.task_list"))
        self.assertEqual(states.get(task), "waiting")
        self.assertEqual(self.engine.psql("select 1 from workflow.process where process_id = 'other'"), [])

    def test_who_one_is(self) -> None:
        conf = self.engine.folder / "wrong.conf"
        for name, change in (("another password", ("sasl.password=.*", "sasl.password=guess")),
                             ("another user", ("sasl.username=.*", "sasl.username=operator")),
                             ("no password", ("security.protocol=.*", "security.protocol=ssl")),
                             ("no TLS", ("security.protocol=.*", "security.protocol=sasl_plaintext")),
                             ("an authority that did not sign", ("ssl.ca.location=.*", "ssl.ca.location=/etc/ssl/certs"))):
            with self.subTest(name):
                conf.write_text(re.sub(*change, self.kafka("client").read_text()))
                done = self.engine.pawl("instance", "start", "single", kafka_config=str(conf), timeout_ms=1500)
                self.assertIn(done.code, (1, 2, 4, 5), done.err)
        done = self.engine.pawl("instance", "start", "single", kafka_config="", timeout_ms=1500)
        self.assertIn(done.code, (4, 5), done.err)

    def test_worker(self) -> None:
        """A worker without a worker's rights on Kafka says so and ends; nobody else's commands are touched."""
        for user in ("client", "stranger", "owner"):
            with self.subTest(user):
                worker = self.start_worker(kafka=user)
                self.assertEqual(worker.wait(60), 11, worker.text()[-2000:])
        self.start()

    def test_scram(self) -> None:
        """Debian 12's librdkafka cannot do SCRAM with this broker (deploy/secure says why); a newer one can (Scram)."""
        version = re.search(r"librdkafka (\d+)\.(\d+)\.(\d+)", subprocess.run(
            ["kcat", "-V"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout)
        assert version
        done = self.engine.pawl("instance", "start", "single", kafka_config=str(self.kafka("client-scram")), timeout_ms=5000)
        if tuple(map(int, version.groups())) >= (2, 6, 1):
            self.assertEqual(done.code, 0, done.err)
        else:
            self.assertNotEqual(done.code, 0)


class Scram(Secure):
    """All by SCRAM-SHA-512, with a newer librdkafka; which is, by the way, tried with the engine."""

    @classmethod
    def setUpClass(cls) -> None:
        if not (library := librdkafka.newer()):
            print("skipped: no newer librdkafka to be had")
            raise unittest.SkipTest("no newer librdkafka to be had")
        cls.servers, cls.library = servers, library
        cls.engine = cls.enterClassContext(Engine("scram", servers=servers, workers=0, install=False, partitions=2,
                                                  kafka_config=cls.kafka("owner"), session_timeout_ms=6000))
        cls.engine.environment["LD_LIBRARY_PATH"] = str(library)
        cls.install(desk.steps())

    @classmethod
    def kafka(cls, user: str) -> Path:
        return cls.servers.secrets / f"kafka-{user.removesuffix('-scram')}-scram.conf"

    def test_whole_path(self) -> None:
        """An instance from its beginning to its end, and its events."""
        self.assertIn(str(self.library), Path(f"/proc/{self.engine.workers[0].pid}/maps").read_text())
        instance_id = self.pawl("client", "instance", "start", "steps", "-o", "json").json["instance_id"]
        for number, (staff, flag) in enumerate(desk.STEPS, 2):
            task = f"{instance_id}:{number}"
            for arguments in (("get", task), ("end", task, *(("--flag", flag) if flag else ()))):
                done = self.pawl("client", "task", *arguments, "--staff", staff)
                self.assertEqual(done.code, 0, done.err)
        events = self.pawl("subscriber", "state", "watch", "--from", "beginning", "--instance-events", "--instance",
                           instance_id, "--count", "2", "-o", "json")
        self.assertEqual(events.code, 0, events.err)
        states = [event["data"]["state"] for event in map(json.loads, events.out.splitlines()) if "data" in event]
        self.assertEqual(states, ["running", "completed"])

    def test_exactly_once(self) -> None:
        """Two workers under load, one of them killed; afterwards events and tables say the same."""
        other = self.start_worker()
        other.wait_log("serving  partition")
        load = Load(self.engine.client(timeout_ms=8000, kafka_config=self.kafka("client")), "steps", desk.STEPS, 60, 30)
        load.wait_commands(60)
        other.kill()
        load.wait()
        verified = self.engine.pawl("verify", "-o", "json")
        self.assertEqual(verified.code, 0, verified.out + verified.err)
        self.assertGreaterEqual(verified.json["instances"], load.count)

    def test_wrong_password(self) -> None:
        conf = self.engine.folder / "wrong.conf"
        conf.write_text(re.sub("sasl.password=.*", "sasl.password=guess", self.kafka("client").read_text()))
        done = self.engine.pawl("instance", "start", "steps", kafka_config=str(conf), timeout_ms=1500)
        self.assertIn(done.code, (4, 5), done.err)


class DatabaseRefuses(Secure):
    """What each of the four roles may not."""

    def psql(self, user: str, sql: str, **changes: str) -> str:
        """The error, or nothing."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                               self.database(user, **changes), "-c", f"begin; {sql}; rollback"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    def allowed(self, user: str, statements: tuple[str, ...]) -> list[str]:
        """Those that do not fail for want of a right; all in one session, each in a transaction of its own within it."""
        blocks = "".join(f"""
                begin
                    execute $sql${sql}$sql$;
                    raise exception 'allowed';
                exception
                    when insufficient_privilege then null;
                    when others then v_allowed := v_allowed || '{number}: '::text || sqlerrm;
                end;""" for number, sql in enumerate(statements))
        script = f"do $do$ declare v_allowed text[] := '{{}}'; begin {blocks} raise notice '%', v_allowed; end $do$"
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.database(user), "-c", script],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = done.stderr.partition("NOTICE:")[2].strip()
        return [] if found == "{}" else [f"{found} of {dict(enumerate(statements))}"]

    def test_roles(self) -> None:
        reads = ("select * from workflow.instance_list", "select * from workflow.task_list_of('ann')")
        tables = ("select * from workflow.instance", "select * from workflow.outbox", "select * from workflow.have_done_tasks",
                  "select * from workflow.staff")
        writes = ("delete from workflow.instance", "update workflow.to_do_task_list set staff_id = 'zoe'",
                  "insert into workflow.outbox values (1, 0, '')", "update workflow.partition set epoch = epoch + 1")
        people = ("insert into workflow.staff (staff_id) values ('eve2')", "delete from workflow.process",
                  "update workflow.routing_rule set condition = 'true'")
        history = ("delete from workflow.have_done_tasks", "update workflow.have_done_tasks set staff_id = 'zoe'",
                   "select * from workflow.have_done_tasks")
        structure = ("drop table workflow.instance", "alter table workflow.instance add column x int",
                     "truncate workflow.have_done_tasks", "create table workflow.mine (n int)",
                     "create function workflow.mine() returns int language sql as 'select 1'", "drop schema workflow cascade",
                     "create role mine", "grant pawl_worker to pawl_r", "alter role pawl superuser")
        submits = ("select workflow.submit_command('control', '{}')", "update workflow.submitted_command set data = '{}'")
        may_not = {"pawl_w": people + history + structure + submits,
                   "pawl_r": tables + writes + people + history + structure + submits,
                   "pawl_s": reads + tables + writes + people + history + structure}
        for user, statements in may_not.items():
            self.assertEqual(self.allowed(user, statements), [], user)
        for sql in reads:
            self.assertEqual(self.psql("pawl_r", sql), "")

    def test_owner(self) -> None:
        """Owns the schema, and nothing of the server."""
        for sql in ("alter system set log_statement = 'all'", "copy workflow.process to '/tmp/stolen'",
                    "select pg_read_file('/etc/passwd')", "create role boss superuser"):
            with self.subTest(sql):
                self.assertRegex(self.psql("pawl", sql), "permission denied|must be superuser|cannot be executed|cannot run")

    def test_way_in(self) -> None:
        """TLS, the right password, a server whose certificate the authority signed."""
        self.assertEqual(self.psql("pawl_r", "select 1"), "")
        for name, changes in (("no TLS", {"sslmode": "disable"}), ("no password", {"passfile": "/nowhere"}),
                              ("another password", {"password": "guess"}),
                              ("another authority", {"sslrootcert": "/etc/ssl/certs/ca-certificates.crt"})):
            with self.subTest(name):
                self.assertNotEqual(self.psql("pawl_r", "select 1", **changes), "")
        uses = self.engine.psql("select usename, ssl from pg_stat_ssl join pg_stat_activity using (pid)"
                                " where application_name = 'pawl-worker'")
        self.assertEqual(uses, [["pawl_w", "t"]])

    def test_worker(self) -> None:
        """A worker without a worker's rights says so and ends; one that is not let in says so, and waits to be."""
        for user in ("pawl_r", "pawl_s"):
            with self.subTest(user):
                worker = self.start_worker(database=self.database(user))
                self.assertEqual(worker.wait(60), 10, worker.text()[-2000:])
                self.assertIn("permission denied", worker.text())
        for words, changes in (("no pg_hba.conf entry", {"sslmode": "disable"}),
                               ("password authentication failed", {"password": "guess"})):
            with self.subTest(words):
                worker = self.start_worker(database=self.database("pawl_w", **changes))
                worker.wait_log(words)
                self.assertEqual(worker.terminate(), 0)

    def test_worker_has_what_it_needs(self) -> None:
        """Commands of all kinds, by a worker with a worker's role alone."""
        instance_id, task = self.start()
        for arguments in (("task", "get", task, "--staff", "ann"), ("task", "release", task, "--actor", "ops"),
                          ("instance", "suspend", instance_id, "--actor", "ops"),
                          ("instance", "resume", instance_id, "--actor", "ops"),
                          ("instance", "cancel", instance_id, "--actor", "ops")):
            with self.subTest(arguments=arguments):
                done = self.pawl("operator", *arguments)
                self.assertEqual(done.code, 0, done.err)
        worker = self.engine.workers[0]
        self.assertTrue(worker.running())
        self.assertEqual([line for line in worker.text().splitlines() if " error " in line], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
