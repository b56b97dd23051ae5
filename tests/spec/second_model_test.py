#!/usr/bin/python3
"""The checkers of the random comparison: each property can fail, a failure is made small and written as a case."""
from __future__ import annotations

import copy
import sys
import unittest
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "second_model"))

import caseform  # noqa: E402
import case  # noqa: E402
from command import Reader  # noqa: E402
import generator  # noqa: E402
import round as rounds  # noqa: E402
from driver import Driver  # noqa: E402
from fold import Violation  # noqa: E402
from properties import Properties  # noqa: E402
from shrink import Shrinker  # noqa: E402

HOME = "00000000-0000-4000-8000-000000000001"


def definition(process_id: str, method: str, *, merge: bool = True) -> dict:
    """Two branches of people, gathered; or never, where the merge waits for what cannot come."""
    routing = [{"from": "s", "to": ["S"]}, {"from": "S", "to": ["A", "B"]}, {"from": "A", "to": ["M"]},
               {"from": "B", "to": ["M"]}, {"from": "M", "to": ["e"]}]
    file = {"process_id": process_id, "routing": routing, "activities": [
        {"act_id": "s", "act_type": "initial"}, {"act_id": "S", "act_type": "and_branch"},
        {"act_id": "A", "act_type": "interaction"}, {"act_id": "B", "act_type": "interaction"},
        {"act_id": "M", "act_type": "and_merge"}, {"act_id": "e", "act_type": "completion"}],
        "assignment": [{"act": act, "based_on": "role_based", "role": "r", "method": method} for act in ("A", "B")]}
    if not merge:
        file["pre_rules"] = [{"act": "M", "after": "A", "needs": [{"act": "A", "status": "never"}]}]
    return file


def command(topic: str, **data) -> dict:
    return {"topic": topic, "data": data} | ({"key": "institution"} if topic == "admin" else {})


def story(method: str, merge: bool = True) -> list[dict]:
    people = [{"staff_id": name, "roles": ["r"]} for name in ("ann", "bob", "cid")]
    lines = [command("admin", operation="load-institution", institution={"roles": [{"role_id": "r"}], "staff": people}),
             command("admin", operation="deploy-process", definition=definition("p", method, merge=merge)),
             command("init-instance", process_id="p", instance_id=HOME)]
    for task, who in ((3, "ann"), (4, "bob")):
        lines += [command(topic, task_id=f"{HOME}:{task}", staff_id=who) for topic in ("get-task", "end-task")]
    return lines


class Checker(unittest.TestCase):
    driver: Driver

    @classmethod
    def setUpClass(cls) -> None:
        cls.driver = Driver()
        cls.addClassCleanup(cls.driver.close)

    def check(self, lines: list[dict], spoil: Callable[[list[dict]], None] = lambda answers: None) -> None:
        """The properties of what the core answers, or of what is made of it."""
        done = rounds.replay(lines)
        answers = copy.deepcopy(self.driver.tell([{"reset": True}, *lines])[1:])
        spoil(answers)
        properties = Properties()
        for model, answer in zip(done.results, answers):
            properties.after(answer, model["choices"])

    def fails(self, what: str, spoil: Callable[[list[dict]], None], method: str = "round_robin", merge: bool = True) -> None:
        self.check(story(method, merge))
        with self.assertRaisesRegex(Violation, what):
            self.check(story(method, merge), spoil)

    @staticmethod
    def task(answers: list[dict], line: int, n: int) -> dict:
        return next(e for e in answers[line]["events"] if e["data"].get("task_id") == f"{HOME}:{n}")

    def test_a_task_is_lost(self) -> None:
        self.fails("position 5 follows 3", lambda answers: answers[2]["events"].remove(self.task(answers, 2, 3)))
        self.fails("to_do_task_list", lambda answers: answers[2]["tables"]["to_do_task_list"].pop())
        self.fails("have_done_tasks: 3 rows", lambda answers: answers[4]["tables"]["have_done_tasks"].pop())

    def test_a_task_is_doubled(self) -> None:
        def twice(answers: list[dict]) -> None:
            rows = answers[2]["tables"]["to_do_task_list"]
            rows.append(rows[0])

        self.fails("to_do_task_list", twice)
        self.fails("task 3 was waiting", lambda answers: self.task(answers, 3, 3)["data"].update(previous_state="pausing"))
        self.fails("new, out of turn", lambda answers: self.task(answers, 2, 3)["data"].update(task_id=f"{HOME}:9"))

    def test_what_is_over_has_an_event(self) -> None:
        self.fails("is over and has an event", lambda answers: self.task(answers, 4, 3)["data"].update(task_id=f"{HOME}:2"))

    def test_a_row_changes_without_an_event(self) -> None:
        self.fails("staff_id", lambda answers: answers[3]["tables"]["to_do_task_list"][1].update(staff_id="cid"))
        self.fails("a row has changed",
                   lambda answers: answers[3]["tables"]["have_done_tasks"][0].update(completion_flag="x"))
        self.fails("entity_id", lambda answers: answers[3]["tables"].update(entity_id="x"))

    def test_an_arrival_changes_without_an_event(self) -> None:
        self.fails("arrivals of task 5", lambda answers: answers[4]["tables"]["to_do_task_list"][1].update(arrivals=[]))

    def test_a_batch_is_closed_twice(self) -> None:
        self.fails("closed twice", lambda answers: self.task(answers, 6, 6)["data"].update(closed=[2]))
        self.fails("batch: ", lambda answers: answers[6]["tables"]["batches"][1].update(closed_by=0))
        self.fails("opened twice", lambda answers: self.task(answers, 6, 5)["data"].update(opened=[2]))

    def test_a_sequence_has_a_gap(self) -> None:
        self.fails("sequence 7, not 5", lambda answers: self.task(answers, 3, 3)["headers"].update(ce_sequence="7"))

    def test_an_instance_is_stuck_in_silence(self) -> None:
        def silent(answers: list[dict]) -> None:
            answers[6]["events"].pop()  # what says that it is stalled

        self.fails("is stuck and not stalled", silent, merge=False)

    def test_a_stalled_instance_does_not_say_why(self) -> None:
        def silent(answers: list[dict]) -> None:
            answers[6]["events"][-1]["data"].pop("waits")

        self.fails("does not say what waits", silent, merge=False)

    def test_a_stalled_instance_has_work(self) -> None:
        self.fails("is stalled and has work",
                   lambda answers: answers[2]["events"][0]["data"].update(state="stalled", waits="something"))

    def test_a_completed_instance_has_tasks(self) -> None:
        def late(answers: list[dict]) -> None:
            self.task(answers, 6, 6)["data"].update(state="waiting")

        self.fails("is completed and has open tasks", late)

    def test_a_rejection_has_events(self) -> None:
        self.fails("a rejected command has events", lambda answers: answers[3]["outcome"].update(result="rejected"))
        self.fails("not that of the last event", lambda answers: answers[3]["outcome"].update(position=99))

    def give(self, staff_id: str) -> Callable[[list[dict]], None]:
        """The second task is given to somebody else than the core did."""
        def spoil(answers: list[dict]) -> None:
            self.task(answers, 2, 4)["data"].update(staff_id=staff_id)
            answers[2]["tables"]["to_do_task_list"][1].update(staff_id=staff_id)

        return spoil

    def test_round_robin_is_not_fair(self) -> None:
        self.fails("round robin of 'r' is not fair: ann twice before", self.give("ann"))
        self.fails("who is not of the eligible", self.give("dan"))

    def apart(self) -> list[dict]:
        """The second task is not for who did the first."""
        lines = story("fcfa")
        lines[1]["data"]["definition"]["assignment"][1]["not_by"] = ["A"]
        return lines

    def test_a_task_waits_for_who_may_not_do_it(self) -> None:
        def spoil(answers: list[dict]) -> None:
            for answer in answers[2:5]:
                answer["tables"]["to_do_task_list"][-1 if answer is not answers[4] else 0]["staff_id"] = "ann"
            self.task(answers, 2, 4)["data"]["staff_id"] = "ann"

        self.check(self.apart())
        with self.assertRaisesRegex(Violation, "task 4 waits for ann, who may not do it"):
            self.check(self.apart(), spoil)

    def test_a_task_is_ended_by_who_may_not_do_it(self) -> None:
        def spoil(answers: list[dict]) -> None:
            self.task(answers, 5, 4)["data"]["staff_id"] = "ann"
            next(row for row in answers[5]["tables"]["to_do_task_list"] if row["n"] == 4)["staff_id"] = "ann"
            self.task(answers, 6, 4)["data"].update(staff_id="ann", actor="ann")

        with self.assertRaisesRegex(Violation, "was ended by ann, who may not do it"):
            self.check(self.apart(), spoil)

    def test_somebody_has_more_than_another(self) -> None:
        lines = story("least_working_list")[:2]
        for number in (1, 2):  # one task at a time
            lines[1]["data"]["definition"]["routing"][1]["to"] = ["A"]
            lines[1]["data"]["definition"]["routing"][2]["to"] = ["B"]
            lines.append(command("init-instance", process_id="p", instance_id=HOME[:-1] + str(number)))

        def spoil(answers: list[dict]) -> None:
            event = answers[3]["events"][-1]["data"]
            self.assertEqual((event["state"], event["staff_id"]), ("waiting", "bob"))
            event["staff_id"] = "ann"
            answers[3]["tables"]["to_do_task_list"][0]["staff_id"] = "ann"

        self.check(lines)
        with self.assertRaisesRegex(Violation, "least working list: ann had 1"):
            self.check(lines, spoil)


class Shrinking(unittest.TestCase):
    """A core that is wrong on purpose: it forgets who holds a task that was reassigned."""

    class Wrong(Driver):
        def tell(self, lines: list[dict]) -> list[dict]:
            answers = super().tell(lines)
            for line, answer in zip(lines, answers):
                if line.get("data", {}).get("operation") == "reassign-task" and isinstance(answer, dict):
                    for event in answer.get("events", ()):
                        event["data"].pop("staff_id", None)
                    for row in answer.get("tables", {}).get("to_do_task_list", ()):
                        row.pop("staff_id", None)
            return answers

    def test_a_failure_becomes_a_small_case(self) -> None:
        wrong = self.Wrong()
        self.addCleanup(wrong.close)
        for number in range(40):
            done = rounds.make(f"shrink/{number}", 120, set(generator.FEATURES))
            trouble = rounds.check(done, wrong)
            if trouble:
                break
        lines, trouble = Shrinker(wrong, done.lines[:trouble.at + 1], trouble, 1500).run()
        self.assertLess(len(lines), 10)
        self.assertEqual(lines[-1]["data"]["operation"], "reassign-task")
        self.assertIn("> reassign ", caseform.told(lines))


class Cases(unittest.TestCase):
    def test_a_case_says_what_was_played(self) -> None:
        """What is written is read again as the same definitions and commands."""
        for number in range(30):
            done = rounds.make(f"case/{number}", 60, set(generator.FEATURES))
            lines = [line for line in done.lines if line.get("data", {}).get("operation") != "deploy-process"]
            self.same_definitions(done.lines)
            self.same_commands(lines)

    def same_definitions(self, lines: list[dict]) -> None:
        for line in lines:
            file = line.get("data", {}).get("definition")
            if file:
                read = case.read_process(file["process_id"], caseform.process(file))
                self.assertEqual(plain(read), plain(file))

    def same_commands(self, lines: list[dict]) -> None:
        names = caseform.named(lines)
        reader = Reader({name: instance_id for instance_id, name in names.items()})
        for line in lines:
            said = caseform.command(line, names)
            if "topic" not in line or said.startswith("send "):
                continue
            read = reader.read(said)
            self.assertEqual(asked(read.data), asked(line["data"]), said)


def plain(file: dict) -> dict:
    """The order of rules for different activities does not matter, nor does a member that says nothing."""
    return {name: sorted(value, key=str) if name in ("assignment", "pre_rules") else value
            for name, value in file.items() if value}


def asked(data: dict) -> dict:
    """But for what the reader puts there by itself."""
    return {name: value for name, value in data.items()
            if value not in ([], False) and name not in ("actor", "instance_id", "operation")}


if __name__ == "__main__":
    unittest.main(verbosity=0)
