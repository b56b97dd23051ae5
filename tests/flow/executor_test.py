#!/usr/bin/python3
"""pawl-executor: jobs become programs, exit statuses become flags, and no program outlives its executor."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import unittest
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import desk
from desk import act, route
from engine import LIMIT, ROOT, Client, Done, Engine, Json, Subscriber, Worker, alive, program, wait_until

engine: Engine
client: Client
subscriber: Subscriber
SESSION = "session.timeout.ms=6000\nheartbeat.interval.ms=500\n"


def setUpModule() -> None:
    global engine, client, subscriber
    engine = unittest.enterModuleContext(Engine("executor"))
    client = engine.client()
    subscriber = engine.subscriber()
    (engine.folder / "kafka.conf").write_text(SESSION)
    (engine.folder / "probe").write_text(PROBE)
    (engine.folder / "probe").chmod(0o755)


def tearDownModule() -> None:
    for executor in engine.workers[1:]:
        executor.close()
    del engine.workers[1:]
    engine.check_whole()


# What the tests' programs are: it writes down how it was called, and then does what it is told.
PROBE = """#!/usr/bin/python3
import json, os, signal, sys, time
where, what = sys.argv[1], sys.argv[2]
said = {"argv": sys.argv[3:], "environment": dict(os.environ), "input": sys.stdin.read(), "pid": os.getpid(),
        "directory": os.getcwd()}
with open(where, "a") as out:
    out.write(json.dumps(said) + "\\n")
if what == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if what in ("deaf", "hang"):
    sys.stdout.write("waiting")
    sys.stdout.flush()
    time.sleep(1000)
while what == "wait" and not os.path.exists(where + ".go"):
    time.sleep(0.02)
if what == "print":
    sys.stdout.write(sys.argv[3])
if what == "flood":
    sys.stdout.write("x" * 1000000)
if what == "complain":
    sys.stderr.write("no paper\\nno ink\\n")
sys.exit(int(what) if what.isdigit() else 4 if what == "complain" else 0)
"""


def automation(executive: str, *flags: str, **more: Any) -> Json:
    """One program; it ends with any of the flags, or with none."""
    return {"process_id": executive,
            "activities": [act("start", "initial"), act("work", "automation", auto_executive=executive, **more),
                           act("done", "completion")],
            "routing": [route("start", None, "work"), *(route("work", flag, "done") for flag in flags or (None,))]}


class Bench:
    """One executive: its process, its section, and what its programs wrote down."""

    def __init__(self, *flags: str, **more: Any) -> None:
        self.name = f"x-{uuid.uuid4().hex[:8]}"
        self.written = engine.folder / f"{self.name}.jsonl"
        engine.deploy(automation(self.name, *flags, **more))

    def section(self, what: str, *lines: str) -> str:
        return "\n".join([f"[{self.name}]", f"program = {engine.folder / 'probe'}", f"argument = {self.written}",
                          f"argument = {what}", *lines]) + "\n"

    def executor(self, what: str, *lines: str, **settings: str | int) -> Worker:
        executor = engine.start_executor(self.section(what, *lines), kafka_config=engine.folder / "kafka.conf", **settings)
        executor.wait_log("sharing the jobs")
        return executor

    def start(self, **data: Any) -> str:
        return client.start(self.name, **data)["instance_id"]

    def calls(self) -> list[Json]:
        return [json.loads(line) for line in self.written.read_text().splitlines()] if self.written.exists() else []

    def go(self) -> None:
        """What waits ends."""
        Path(f"{self.written}.go").touch()

    def wait_calls(self, count: int) -> list[Json]:
        return wait_until(f"{count} calls of {self.name}", lambda: len(self.calls()) >= count and self.calls(), 2 * LIMIT)


def ended(instance_id: str) -> Json:
    """The event with which its automation ended."""
    return subscriber.wait(instance_id, "task work ended", lambda e: (e["act_id"], e["state"]) == ("work", "ended")).json


def incident(instance_id: str) -> Json:
    found = subscriber.wait(instance_id, "task incident", lambda e: "incident" in e).json
    return found["incident"]


def check(config: str, *arguments: str) -> Done:
    path = engine.folder / "check.conf"
    path.write_text(config)
    done = subprocess.run([program("pawl-executor"), "--config", str(path), *arguments], env=engine.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * LIMIT)
    return Done(done.returncode, done.stdout, done.stderr)


class Results(unittest.TestCase):
    def test_fault_repair(self) -> None:
        """The sample configuration and the example program, with the process that they are for."""
        folder = ROOT / "deploy"
        engine.load(json.loads((folder / "processes/fault-repair.institution.json").read_text()))
        engine.deploy(json.loads((folder / "processes/fault-repair.process.json").read_text()))
        sample = (folder / "executor/executor.conf.sample").read_text()
        config = sample.replace("/usr/local/lib/pawl/line-test", str(folder / "executor/line-test"))
        executor = engine.start_executor(config)
        for line, flag, variables in (("NE-7/1042", "fault", {"attenuation_db": 41.5}),
                                      ("NE-7/1043", "clean", {"attenuation_db": 12.0}), ("NE-7/1044", "unreachable", {})):
            begun = client.start("fault-repair", entity_id=line)
            [ticket] = begun["tasks"][-1:]
            client.do(ticket, "fr-adams", "accepted")
            event = subscriber.task(begun["instance_id"], "line_test", "ended").json
            self.assertEqual((event["completion_flag"], event["actor"]), (flag, event["executor_id"]))
            shown = client.applied("control", {"operation": "show-instance", "instance_id": begun["instance_id"],
                                               "actor": "test"})
            found = engine.value("select coalesce(variables, '{}') from workflow.instance where instance_id = "
                                 f"'{begun['instance_id']}'")
            self.assertEqual((json.loads(found), shown["instance_state"]), (variables, "running"))
        self.assertEqual(executor.terminate(), 0)

    def test_flags(self) -> None:
        bench = Bench("yes", "no")
        bench.executor("{variables.status}", "exit = 0 flag yes", "exit = 1-9 flag no")
        self.assertEqual([ended(bench.start(variables={"status": n}))["completion_flag"] for n in (0, 7)], ["yes", "no"])

    def test_result_on_standard_output(self) -> None:
        bench = Bench("big", "small")
        bench.executor("print", "argument = {variables.print}", "output = result")
        result = {"completion_flag": "big", "entity_id": "new/\N{SNOWMAN}", "variables": {"n": 12345678901234567, "l": [1, {}]}}
        event = ended(instance_id := bench.start(variables={"print": json.dumps(result, ensure_ascii=False)}))
        self.assertEqual((event["completion_flag"], event["entity_id"]), ("big", "new/\N{SNOWMAN}"))
        found = json.loads(engine.value(f"select variables from workflow.instance where instance_id = '{instance_id}'"))
        self.assertEqual((found["n"], found["l"]), (12345678901234567, [1, {}]))

    def test_hostile_values_reach_it_verbatim(self) -> None:
        bench = Bench()
        bench.executor("0", "argument = {variables.text}", "argument = --x={variables.order.lines.1.sku}!",
                       "argument = {variables.order}", "argument = {variables.gone:-}", "environment = TEXT={variables.text}",
                       "input = {job}", f"directory = {engine.folder}", "inherit = LANG")
        canary = engine.folder / "canary"
        text = f"a  b\t\"q' $(touch {canary}) `touch {canary}` ; touch {canary} \\ \n --help {{task_id}} %s *"
        variables = {"text": text, "order": {"lines": [{"sku": 1}, {"sku": "\N{SNOWMAN} -rf /"}]}}
        instance_id = bench.start(variables=variables, entity_id="-e")
        ended(instance_id)
        [call] = bench.wait_calls(1)
        self.assertEqual(call["argv"][:2], [text, "--x=\N{SNOWMAN} -rf /!"])
        self.assertEqual((json.loads(call["argv"][2]), call["argv"][3:]), (variables["order"], [""]))
        self.assertEqual(call["environment"]["TEXT"], text)
        self.assertLessEqual(set(call["environment"]), {"TEXT", "LANG", "LC_CTYPE"})
        self.assertEqual(call["directory"], str(engine.folder))
        self.assertEqual((json.loads(call["input"])["variables"], json.loads(call["input"])["entity_id"]),
                         (variables, "-e"))
        self.assertFalse(canary.exists())


class Failures(unittest.TestCase):
    """What fails is an incident when its attempts are used up, and there are none to begin with."""

    def failed(self, what: str, *lines: str, flags: tuple[str, ...] = (), variables: Json | None = None) -> Json:
        bench = Bench(*flags)
        executor = bench.executor(what, *lines)
        found = incident(bench.start(variables=variables or {}))
        executor.wait_log("job failed")
        executor.close()
        return found

    def test_status(self) -> None:
        found = self.failed("complain")
        self.assertEqual((found["code"], found["detail"]),
                         ("exit_4", "the program ended with status 4; its standard error: no paper\nno ink"))

    def test_end_of_standard_error(self) -> None:
        found = self.failed("complain", "error_bytes = 7", "exit = 4 fail printer")
        self.assertEqual((found["code"], found["detail"]), (
            "printer", "the program ended with status 4; the end of its standard error: no ink"))

    def test_not_found(self) -> None:
        bench = Bench()
        engine.start_executor(f"[{bench.name}]\nprogram = /no/such/program\n")
        found = incident(bench.start())
        self.assertEqual((found["code"], found["detail"]), (
            "cannot_start", 'cannot start "/no/such/program": could not run it: No such file or directory'))

    def test_missing_value(self) -> None:
        found = self.failed("0", "argument = {variables.order.amount}")
        self.assertEqual((found["code"], found["detail"]),
                         ("missing_value", 'the job has no value "variables.order.amount"'))

    def test_argument_too_long(self) -> None:
        found = self.failed("0", "argument = {variables.text}", variables={"text": "x" * 200000})
        self.assertEqual(found["code"], "cannot_start")
        self.assertIn("Argument list too long", found["detail"])

    def test_no_such_flag(self) -> None:
        found = self.failed("0", "exit = 0 flag maybe", flags=("yes", "no"))
        self.assertEqual(found["code"], "no_route")

    def test_output(self) -> None:
        for printed, word in (("no json", "not a JSON object"), ("[1]", "not a JSON object"), ('{"a":1} x', "not a JSON"),
                              ('{"flag":"x"}', 'unrecognized member "flag"'),
                              ('{"completion_flag":1}', '"completion_flag" in its standard output is not a text'),
                              ('{"variables":[]}', '"variables" in its standard output is not an object')):
            with self.subTest(printed):
                found = self.failed("print", "argument = {variables.print}", "output = result",
                                    variables={"print": printed})
                self.assertEqual(found["code"], "output_invalid")
                self.assertIn(word, found["detail"])

    def test_output_limit(self) -> None:
        found = self.failed("flood", "output = variables", "output_bytes = 1000")
        self.assertEqual((found["code"], found["detail"]),
                         ("output_limit", "its standard output is longer than 1000 bytes"))

    def test_output_nobody_reads_has_no_limit(self) -> None:
        bench = Bench()
        bench.executor("flood", "output_bytes = 1000")
        ended(bench.start())

    def test_time_limit(self) -> None:
        """Also of a program that ignores SIGTERM."""
        benches = {what: Bench() for what in ("hang", "deaf")}
        executors = [bench.executor(what, "time_limit_s = 8", "grace_ms = 300", "exit = signal end") for what, bench in benches.items()]
        begun = {what: bench.start() for what, bench in benches.items()}
        for what, bench in benches.items():
            with self.subTest(what):
                found = incident(begun[what])
                self.assertEqual((found["code"], found["detail"]), ("time_limit", "the program did not end within 8 s"))
                self.assertFalse(alive(bench.calls()[0]["pid"]))
        for executor in executors:
            executor.close()

    def test_attempts(self) -> None:
        """A failure is tried again, and the template knows which attempt it is."""
        bench = Bench(time_limits={"retries": 3})
        bench.executor("{attempt}", "exit = 3 end", "argument = {attempt}")
        event = ended(bench.start())
        self.assertEqual((event["attempt"], [call["argv"] for call in bench.calls()]), (3, [["1"], ["2"], ["3"]]))


class Many(unittest.TestCase):
    def test_two_share(self) -> None:
        """200 jobs, each run once, by both."""
        bench = Bench()
        section = (f"[{bench.name}]\nprogram = /bin/sh\nargument = -c\nargument = echo \"$1 $2\" >> \"$0\"\n"
                   f"argument = {bench.written}\nargument = {{executor_id}}\nargument = {{task_id}}\n")
        executors = [engine.start_executor(section, programs=8) for _ in range(2)]
        for executor in executors:
            executor.wait_log("partitions=2")
        begun = [client.send("init-instance", {"process_id": bench.name, "instance_id": str(uuid.uuid4())})
                 for _ in range(200)]
        instances = {client.outcome(command)["instance_id"] for command in begun}
        for instance_id in instances:
            ended(instance_id)
        lines = [line.split() for line in bench.written.read_text().splitlines()]
        calls = Counter(task.partition(":")[0] for _, task in lines)
        self.assertEqual((set(calls), set(calls.values())), (instances, {1}))
        by = Counter(executor for executor, _ in lines)
        print(f"figure jobs of two executors: {sorted(by.values())}")
        self.assertEqual(len(by), 2)
        for executor in executors:
            self.assertEqual(executor.terminate(), 0)
            self.assertNotIn("job lost", executor.text())

    def test_no_more_than_it_may(self) -> None:
        bench = Bench()
        executor = bench.executor("hang", programs=2)
        instances = [bench.start() for _ in range(5)]
        bench.wait_calls(2)
        self.assertEqual(sum(alive(call["pid"]) for call in bench.calls()), 2)
        for _ in range(2):  # what waited comes when there is room
            known = len(bench.calls())
            os.kill(bench.calls()[-1]["pid"], signal.SIGKILL)
            bench.wait_calls(known + 1)
            self.assertLessEqual(sum(alive(call["pid"]) for call in bench.calls()), 2)
        self.assertEqual(len(instances), 5)
        executor.signal(signal.SIGTERM)
        executor.signal(signal.SIGTERM)
        self.assertEqual(executor.wait(), 0)

    def test_killed(self) -> None:
        """Its program dies with it; the job is announced again, and done once."""
        bench = Bench(time_limits={"retries": 2})
        first = bench.executor("hang", "argument = {attempt}", lease_s=8)
        second_section = bench.section("0", "argument = {attempt}")
        instance_id = bench.start()
        [call] = bench.wait_calls(1)
        first.kill()
        wait_until("the program ends", lambda: not alive(call["pid"]))
        engine.start_executor(second_section, kafka_config=engine.folder / "kafka.conf")
        event = ended(instance_id)
        self.assertEqual((event["attempt"], [call["argv"] for call in bench.calls()]), (2, [["1"], ["2"]]))
        events = [e for e in subscriber.events(instance_id) if e.get("act_id") == "work" and e["state"] == "ended"]
        self.assertEqual(len(events), 1)

    def test_killed_too_often(self) -> None:  # STA-2
        """Its attempts are used up: an incident, and one more attempt when an operator says so."""
        bench = Bench(time_limits={"retries": 1})
        instance_id, hang = bench.start(), bench.section("hang", "argument = {attempt}")
        for attempt in (1, 2):
            executor = engine.start_executor(hang, kafka_config=engine.folder / "kafka.conf", lease_s=8,
                                             executor_group=f"{bench.name}-{attempt}")
            bench.wait_calls(attempt)
            executor.kill()
        event = subscriber.wait(instance_id, "task incident", lambda e: "incident" in e).json
        self.assertEqual((event["attempt"], event["incident"]["code"]), (2, "timeout"))
        self.assertEqual(subscriber.instance(instance_id, "running").json["position"], 1)
        last = bench.executor("0", "argument = {attempt}", executor_group=f"{bench.name}-3")
        engine.pawl_ok("incident", "retry", event["incident"]["id"], "--actor", "desk")
        self.assertEqual(ended(instance_id)["attempt"], 3)
        self.assertEqual([call["argv"] for call in bench.calls()], [["1"], ["2"], ["3"]])
        self.assertEqual(last.text().count("job lost"), 0)

    def test_asleep(self) -> None:
        """A stopped executor cannot end its program when the time limit passes; its supervisor does."""
        bench = Bench(time_limits={"retries": 2})
        first = bench.executor("hang", "argument = {attempt}", lease_s=8)
        instance_id = bench.start()
        [call] = bench.wait_calls(1)
        first.signal(signal.SIGSTOP)
        wait_until("the program ends", lambda: not alive(call["pid"]))
        engine.start_executor(bench.section("0", "argument = {attempt}"), kafka_config=engine.folder / "kafka.conf")
        self.assertEqual(ended(instance_id)["attempt"], 2)
        first.signal(signal.SIGCONT)
        first.wait_log("job lost")

    def test_lost(self) -> None:
        """Somebody took the task away: the program is ended, and nothing is reported."""
        bench = Bench()
        executor = bench.executor("{variables.what:-hang}", "argument = {attempt}", lease_s=8)
        instance_id = bench.start()
        [call] = bench.wait_calls(1)
        client.applied("control", {"operation": "cancel-instance", "instance_id": instance_id, "actor": "test"})
        executor.wait_log("job lost")
        self.assertFalse(alive(call["pid"]))

    def test_taken_back_and_run_again(self) -> None:
        """An operator gives the task back while its program runs: the old program ends before the new one begins."""
        bench = Bench()
        executor = bench.executor("hang", "argument = {attempt}", lease_s=60)
        [task] = client.start(bench.name)["tasks"][-1:]
        [call] = bench.wait_calls(1)
        client.applied("control", {"operation": "release-task", "task_id": task, "actor": "test"})
        calls = bench.wait_calls(2)
        self.assertEqual([alive(call["pid"]) for call in calls], [False, True])
        executor.wait_log("job lost")

    def test_extended(self) -> None:
        """A program that runs for longer than the time limit of its task keeps it."""
        bench = Bench(time_limits={"end": {"within": "PT8S", "then": "remind"}, "retries": 5})
        bench.executor("wait", "argument = {attempt}")
        instance_id = bench.start()
        bench.wait_calls(1)
        due_at = engine.value(f"select due_at from workflow.task_list where instance_id = '{instance_id}'")
        wait_until("the limit is over", lambda: engine.value(f"select now() > '{due_at}'") == "t")
        bench.go()
        self.assertEqual(ended(instance_id)["attempt"], 1)

    def test_worker_away(self) -> None:
        """The engine is away when the program ends: its end is reported again until there is an answer."""
        bench = Bench()
        executor = bench.executor("wait", timeout_ms=3000)
        instance_id = bench.start()
        bench.wait_calls(1)
        engine.workers[0].kill()
        bench.go()
        executor.wait_log("no answer from the engine")
        engine.workers[0] = engine.start_worker()
        engine.workers.pop()
        ended(instance_id)
        executor.wait_log("job ended")
        self.assertEqual(len(bench.calls()), 1)


class Example(unittest.TestCase):
    def test_python(self) -> None:
        bench = Bench("added")
        example = subprocess.Popen([str(ROOT / "deploy/executor/example.py"), bench.name], env=engine.environment | {
            "PATH": f"{Path(program('pawl')).parent}:{os.environ['PATH']}"}, start_new_session=True)
        self.addCleanup(example.wait)
        self.addCleanup(os.killpg, example.pid, signal.SIGKILL)
        instance_id = bench.start(variables={"amounts": [1, 2, 39]})
        self.assertEqual(ended(instance_id)["completion_flag"], "added")
        found = engine.value(f"select variables ->> 'total' from workflow.instance where instance_id = '{instance_id}'")
        self.assertEqual(found, "42")
        self.assertEqual(incident(bench.start())["code"], "no_amounts")


class Stopping(unittest.TestCase):
    def test_waits_for_what_runs(self) -> None:
        bench = Bench()
        executor = bench.executor("wait", stop_s=300)
        instance_id = bench.start()
        bench.wait_calls(1)
        executor.signal(signal.SIGTERM)
        executor.wait_log("stopping")
        bench.go()
        self.assertEqual(executor.wait(), 0)
        self.assertIn("job ended", executor.text())
        ended(instance_id)

    def test_gives_back_what_does_not_end(self) -> None:
        bench = Bench()
        executor = bench.executor("hang", stop_s=0)
        instance_id = bench.start()
        [call] = bench.wait_calls(1)
        self.assertEqual(executor.terminate(), 0)
        self.assertIn("job given back", executor.text())
        self.assertFalse(alive(call["pid"]))
        bench.executor("0")
        event = ended(instance_id)
        self.assertNotEqual(event["executor_id"], re.search(r'id="([^"]+)"', executor.text())[1])

    def test_takes_nothing_more(self) -> None:
        bench = Bench()
        executor = bench.executor("hang", stop_s=300)
        bench.start()
        bench.wait_calls(1)
        executor.signal(signal.SIGTERM)
        executor.wait_log("stopping")
        other = bench.executor("0")
        other.wait_log("partitions=4")
        ended(bench.start())
        self.assertEqual(len(bench.calls()), 2)
        executor.kill()


class Configuration(unittest.TestCase):
    def test_wrong(self) -> None:
        for config, word in (("", "no executive"), ("nonsense = 1\n[x]\nprogram = /x\n", 'unrecognized setting "nonsense"'),
                             ("[x]\nprogram = /x\ncolour = red\n", 'unrecognized setting "colour" in [x]'),
                             ("programs = 0\n[x]\nprogram = /x\n", "outside the range"),
                             ("[x]\nprogram = /x\nargument = {nothing}\n", 'no job has a value "nothing"'),
                             ("log_level = loud\n[x]\nprogram = /x\n", "log_level")):
            with self.subTest(config):
                done = check(config)
                self.assertEqual((done.code, done.out), (2, ""))
                self.assertIn(word, done.err)
        self.assertEqual(check("[x]\nprogram = /x\n", "--check", "more").code, 2)
        self.assertEqual(check("[x]\nprogram = /x\n", "--batch-commands=3").code, 2)
        done = check("[x]\nprogram = /bin/true\n", "--check")
        self.assertEqual((done.code, done.out), (0, "x: /bin/true\n"))

    def test_no_topic(self) -> None:
        done = check("[nobody]\nprogram = /x\n")
        self.assertEqual(done.code, 11)
        self.assertIn(f'topic \\"{engine.prefix}.job.nobody\\" does not exist', done.err)  # as in a field of the log
        self.assertIn("pawl topics apply --job", done.err)
        engine.pawl_ok("topics", "apply", "--job", "nobody,somebody")
        self.assertIn("created", engine.pawl_ok("topics", "apply", "--job", "other").out)
        self.assertEqual(engine.pawl("topics", "apply", "--job", "a b").code, 2)
        executor = engine.start_executor("[nobody]\nprogram = /x\n[somebody]\nprogram = /x\n")
        executor.wait_log("partitions=8")

    def test_no_broker(self) -> None:
        done = check("[x]\nprogram = /x\n", "--brokers", "127.0.0.1:1", "--timeout-ms=300")
        self.assertEqual(done.code, 11)
        self.assertIn("could not reach Kafka", done.err)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_user(self) -> None:
        bench = Bench()
        bench.written.touch()
        bench.written.chmod(0o666)
        engine.folder.chmod(0o755)
        executor = engine.start_executor(f"[{bench.name}]\nprogram = /usr/bin/id\nuser = nobody\noutput = none\n"
                                         "exit = 0 fail x\n")
        executor.wait_log("sharing")
        self.assertEqual(incident(bench.start())["code"], "x")
        whoami = Bench()
        engine.start_executor(f"[{whoami.name}]\nprogram = /bin/sh\nargument = -c\n"
                              "argument = id >&2; grep -E '^(Uid|Groups|NoNewPrivs)' /proc/self/status >&2; exit 9\nuser = nobody\n")
        detail = incident(whoami.start())["detail"]
        self.assertIn("uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)", detail)


if __name__ == "__main__":
    unittest.main(verbosity=2)
