#!/usr/bin/python3
"""Every operation against every state, by people entitled or not, twice, late, and for things that do not exist: the expected
codes are tables (TSK-2, TSK-4 to TSK-7, ASG-7, STA-1, STA-2, ENG-1, ENG-2)."""

from __future__ import annotations

import unittest
import uuid
from collections.abc import Callable
from typing import Any

from core import ROOT
from situations import Desk, admin_command, instance_command, instance_in, table, task_command, task_in, told

Json = dict[str, Any]

# Columns: the state of the task.  ann (bot) holds what is processing or pausing.
TASK_OF_PEOPLE = """
                pending          waiting          processing       pausing          ended            withdrawn        absorbed         none
get ann         wrong_state      ok               wrong_state      wrong_state      wrong_state      wrong_state      wrong_state      unknown_task
get bob         wrong_state      ok               task_taken       task_taken       wrong_state      wrong_state      wrong_state      unknown_task
get gus         wrong_state      ok               task_taken       task_taken       wrong_state      wrong_state      wrong_state      unknown_task
get dan         wrong_state      not_entitled     task_taken       task_taken       wrong_state      wrong_state      wrong_state      unknown_task
get eve         wrong_state      on_leave         task_taken       task_taken       wrong_state      wrong_state      wrong_state      unknown_task
get nobody      wrong_state      unknown_staff    task_taken       task_taken       wrong_state      wrong_state      wrong_state      unknown_task
get bot!        wrong_state      not_entitled     task_taken       task_taken       wrong_state      wrong_state      wrong_state      unknown_task
end ann         wrong_state      wrong_state      ok               wrong_state      wrong_state      wrong_state      wrong_state      unknown_task
end bob         wrong_state      wrong_state      not_entitled     wrong_state      wrong_state      wrong_state      wrong_state      unknown_task
end gus         wrong_state      wrong_state      not_entitled     wrong_state      wrong_state      wrong_state      wrong_state      unknown_task
end nobody      unknown_staff    unknown_staff    unknown_staff    unknown_staff    wrong_state      wrong_state      wrong_state      unknown_task
end bot!        not_entitled     not_entitled     not_entitled     not_entitled     wrong_state      wrong_state      wrong_state      unknown_task
hang ann        wrong_state      wrong_state      ok               wrong_state      wrong_state      wrong_state      wrong_state      unknown_task
hang bob        wrong_state      wrong_state      not_entitled     wrong_state      wrong_state      wrong_state      wrong_state      unknown_task
hang nobody     wrong_state      wrong_state      not_entitled     wrong_state      wrong_state      wrong_state      wrong_state      unknown_task
reset ann       wrong_state      wrong_state      wrong_state      ok               wrong_state      wrong_state      wrong_state      unknown_task
reset bob       wrong_state      wrong_state      wrong_state      not_entitled     wrong_state      wrong_state      wrong_state      unknown_task
reset nobody    wrong_state      wrong_state      wrong_state      not_entitled     wrong_state      wrong_state      wrong_state      unknown_task
release ann     wrong_state      wrong_state      ok               ok               wrong_state      wrong_state      wrong_state      unknown_task
release bob     wrong_state      wrong_state      not_entitled     not_entitled     wrong_state      wrong_state      wrong_state      unknown_task
release nobody  wrong_state      wrong_state      not_entitled     not_entitled     wrong_state      wrong_state      wrong_state      unknown_task
release op      wrong_state      wrong_state      ok               ok               wrong_state      wrong_state      wrong_state      unknown_task
reassign op     wrong_state      ok               ok               ok               wrong_state      wrong_state      wrong_state      unknown_task
reassign dan    wrong_state      ok               ok               ok               wrong_state      wrong_state      wrong_state      unknown_task
extend ann      wrong_state      ok               ok               ok               wrong_state      wrong_state      wrong_state      unknown_task
extend bob      wrong_state      ok               not_entitled     not_entitled     wrong_state      wrong_state      wrong_state      unknown_task
extend nobody   wrong_state      ok               not_entitled     not_entitled     wrong_state      wrong_state      wrong_state      unknown_task
extend bot!     wrong_state      not_entitled     not_entitled     not_entitled     wrong_state      wrong_state      wrong_state      unknown_task
extend op       wrong_state      ok               ok               ok               wrong_state      wrong_state      wrong_state      unknown_task
fail bot!       wrong_state      wrong_state      wrong_state      wrong_state      wrong_state      wrong_state      wrong_state      unknown_task
retry op        unknown_incident unknown_incident unknown_incident unknown_incident unknown_incident unknown_incident unknown_incident unknown_incident
notify other    wrong_state      wrong_state      wrong_state      wrong_state      wrong_state      wrong_state      wrong_state      unknown_task
"""
TASK_OF_PROGRAMS = """
              pending          waiting          processing       incident      ended            withdrawn        none
get bot!      wrong_state      ok               wrong_state      wrong_state   wrong_state      wrong_state      unknown_task
get tob!      wrong_state      ok               task_taken       wrong_state   wrong_state      wrong_state      unknown_task
get ann       wrong_state      not_entitled     task_taken       not_entitled  wrong_state      wrong_state      unknown_task
get nobody    wrong_state      unknown_staff    task_taken       unknown_staff wrong_state      wrong_state      unknown_task
end bot!      wrong_state      ok               ok               wrong_state   wrong_state      wrong_state      unknown_task
end tob!      wrong_state      ok               task_taken       wrong_state   wrong_state      wrong_state      unknown_task
end ann       not_entitled     not_entitled     not_entitled     not_entitled  wrong_state      wrong_state      unknown_task
end nobody    unknown_staff    unknown_staff    unknown_staff    unknown_staff wrong_state      wrong_state      unknown_task
hang ann      wrong_state      wrong_state      not_entitled     wrong_state   wrong_state      wrong_state      unknown_task
reset ann     wrong_state      wrong_state      wrong_state      wrong_state   wrong_state      wrong_state      unknown_task
release ann   wrong_state      wrong_state      not_entitled     wrong_state   wrong_state      wrong_state      unknown_task
release op    wrong_state      wrong_state      ok               wrong_state   wrong_state      wrong_state      unknown_task
reassign op   wrong_state      wrong_state      wrong_state      wrong_state   wrong_state      wrong_state      unknown_task
extend bot!   wrong_state      not_entitled     ok               not_entitled  wrong_state      wrong_state      unknown_task
extend tob!   wrong_state      not_entitled     not_entitled     not_entitled  wrong_state      wrong_state      unknown_task
extend ann    wrong_state      ok               not_entitled     wrong_state   wrong_state      wrong_state      unknown_task
extend op     wrong_state      ok               ok               wrong_state   wrong_state      wrong_state      unknown_task
fail bot!     wrong_state      wrong_state      ok               wrong_state   wrong_state      wrong_state      unknown_task
fail tob!     wrong_state      wrong_state      not_entitled     wrong_state   wrong_state      wrong_state      unknown_task
retry op      unknown_incident unknown_incident unknown_incident ok            unknown_incident unknown_incident unknown_incident
retry ann     unknown_incident unknown_incident unknown_incident ok            unknown_incident unknown_incident unknown_incident
notify other  wrong_state      wrong_state      wrong_state      wrong_state   wrong_state      wrong_state      unknown_task
"""
# Task 3 is worked at by an instance of this engine; `notify` comes from that one, or from another.
TASK_OF_PARTNERS = """
                  pending          processing       incident        ended            withdrawn        none
get bot!          wrong_state      wrong_state      wrong_state     wrong_state      wrong_state      unknown_task
get ann           wrong_state      wrong_state      wrong_state     wrong_state      wrong_state      unknown_task
end bot!          not_entitled     not_entitled     not_entitled    wrong_state      wrong_state      unknown_task
end ann           not_entitled     not_entitled     not_entitled    wrong_state      wrong_state      unknown_task
hang ann          wrong_state      wrong_state      wrong_state     wrong_state      wrong_state      unknown_task
reset ann         wrong_state      wrong_state      wrong_state     wrong_state      wrong_state      unknown_task
release op        wrong_state      wrong_state      wrong_state     wrong_state      wrong_state      unknown_task
reassign op       wrong_state      wrong_state      wrong_state     wrong_state      wrong_state      unknown_task
extend op         wrong_state      wrong_state      wrong_state     wrong_state      wrong_state      unknown_task
extend bot!       wrong_state      not_entitled     not_entitled    wrong_state      wrong_state      unknown_task
fail bot!         wrong_state      wrong_state      wrong_state     wrong_state      wrong_state      unknown_task
retry op          unknown_incident unknown_incident ok              unknown_incident unknown_incident unknown_incident
notify running    wrong_state      ok               ok              wrong_state      wrong_state      unknown_task
notify completed  wrong_state      ok               ok              wrong_state      wrong_state      unknown_task
notify cancelled  wrong_state      ok               ok              wrong_state      wrong_state      unknown_task
notify other      wrong_state      wrong_state      wrong_state     wrong_state      wrong_state      unknown_task
"""
TASKS = {"people": TASK_OF_PEOPLE, "program": TASK_OF_PROGRAMS, "partner": TASK_OF_PARTNERS}
# Columns: the state of the instance.  Task 3 is held by ann, except where the instance is over; task 4 is waiting.
INSTANCE = """
                 running           stalled           suspended          cancelled         completed         none
init             instance_exists   instance_exists   instance_exists    instance_exists   instance_exists   ok
get free         ok                wrong_state       instance_suspended instance_ended    instance_ended    unknown_instance
end held         ok                wrong_state       ok                 instance_ended    instance_ended    unknown_instance
hang held        ok                wrong_state       ok                 instance_ended    instance_ended    unknown_instance
reset held       wrong_state       wrong_state       wrong_state        instance_ended    instance_ended    unknown_instance
release held     ok                wrong_state       ok                 instance_ended    instance_ended    unknown_instance
reassign held    ok                wrong_state       ok                 instance_ended    instance_ended    unknown_instance
set-entity       ok                ok                ok                 instance_ended    instance_ended    unknown_instance
set-variables    ok                ok                ok                 instance_ended    instance_ended    unknown_instance
suspend          ok                ok                wrong_state        instance_ended    instance_ended    unknown_instance
resume           wrong_state       wrong_state       ok                 instance_ended    instance_ended    unknown_instance
cancel           ok                ok                ok                 instance_ended    instance_ended    unknown_instance
modify start     ok                ok                instance_suspended instance_ended    instance_ended    unknown_instance
modify withdraw  ok                wrong_state       instance_suspended instance_ended    instance_ended    unknown_instance
modify check     ok                ok                instance_suspended instance_ended    instance_ended    unknown_instance
show             ok                ok                ok                 ok                ok                unknown_instance
get next         no_task_available no_task_available no_task_available  no_task_available no_task_available no_task_available
extend held      ok                wrong_state       ok                 instance_ended    instance_ended    unknown_instance
fail held        wrong_state       wrong_state       wrong_state        instance_ended    instance_ended    unknown_instance
retry-incident   unknown_incident  unknown_incident  instance_suspended instance_ended    instance_ended    unknown_instance
subscribe        ok                ok                ok                 instance_ended    instance_ended    unknown_instance
unsubscribe      ok                ok                ok                 instance_ended    instance_ended    unknown_instance
notify           ok                ok                ok                 instance_ended    instance_ended    unknown_instance
"""
# Columns: whom, or which process, it is about; eve is on leave.
PEOPLE_AND_PROCESSES = """
                                                                             dan                 eve                 nobody
presence on                                                                  ok                  ok                  unknown_staff
presence leave                                                               ok                  ok                  unknown_staff
presence back off                                                            ok                  ok                  unknown_staff
authorize ann                                                                ok                  ok                  unknown_staff
authorize dan                                                                ok                  ok                  unknown_staff
authorize nobody                                                             unknown_staff       unknown_staff       unknown_staff
authorize ann process_id=people act_id=A                                     ok                  ok                  unknown_staff
authorize ann process_id=nothing                                             ok                  ok                  unknown_staff
authorize ann valid_from=2026-01-02T00:00:00Z valid_to=2026-01-01T00:00:00Z  institution_invalid institution_invalid unknown_staff
revoke ann                                                                   ok                  ok                  unknown_staff
revoke bob                                                                   ok                  ok                  unknown_staff
load clerk                                                                   ok                  ok                  ok
load nothing                                                                 institution_invalid institution_invalid institution_invalid
deploy fcfa                                                                  ok                  ok                  ok
deploy priority                                                              ok                  ok                  ok
deploy role=nothing                                                          ok                  ok                  ok
deploy dept=north priority                                                   definition_invalid  definition_invalid  definition_invalid
"""


class Twice(unittest.TestCase):
    """Each operation that was applied, sent again: under its id, under its id with other data, and without one."""

    def setUp(self) -> None:
        self.desk = Desk()
        self.addCleanup(self.desk.core.__exit__)

    # What an operation says the second time, after the state it was applied in.
    TASKS = """
                  people                  program                    partner
get ann           waiting:wrong_state     -                          -
end ann           processing:wrong_state  -                          -
end bot!          -                       waiting:wrong_state        -
hang ann          processing:wrong_state  -                          -
reset ann         pausing:wrong_state     -                          -
release ann       processing:wrong_state  -                          -
release op        processing:wrong_state  processing:wrong_state     -
reassign op       processing:ok           -                          -
extend op         processing:ok           processing:ok              -
fail bot!         -                       processing:wrong_state     -
retry op          -                       incident:unknown_incident  incident:unknown_incident
notify completed  -                       -                          processing:wrong_state
"""
    INSTANCES = """
                 running
suspend          wrong_state
cancel           instance_ended
set-entity       ok
set-variables    ok
modify check     ok
modify start     ok
modify withdraw  wrong_state
subscribe        ok
unsubscribe      ok
notify           ok
"""

    def again(self, topic: str, data: Json, code: str) -> None:
        """A command that must be applied: sent twice under an id, with other data, and without an id."""
        one = str(uuid.uuid4())
        sent = [self.desk.send(topic, data, id=one), self.desk.send(topic, data, id=one),
                self.desk.send(topic, data | {"reason": "x", "entity_id": "y"}, id=one), self.desk.send(topic, data)]
        self.assertEqual([told(outcome) for outcome in sent], ["ok", "duplicate", "id_reused", code])
        self.assertEqual(sent[1].get("position"), sent[0].get("position"))

    def test_tasks(self) -> None:
        processes, rows = table(self.TASKS)
        for row, cells in rows.items():
            for process_id, cell in zip(processes, cells):
                state, _, code = cell.partition(":")
                if code:
                    instance_id, n = task_in(self.desk, process_id, state)
                    with self.subTest(row, process=process_id):
                        self.again(*task_command(self.desk, row, f"{instance_id}:{n}"), code)

    def test_instances(self) -> None:
        for row, [code] in table(self.INSTANCES)[1].items():
            with self.subTest(row):
                self.again(*instance_command(row, instance_in(self.desk, "running")), code)

    def test_people_and_processes(self) -> None:
        for row in ("presence leave", "authorize ann", "revoke ann", "load clerk", "deploy fcfa"):
            with self.subTest(row):
                self.again("admin", admin_command(row, "dan"), "ok")

    def test_begun_twice(self) -> None:
        """Not repeatable without an id: another instance, or another task, each time (messages.md)."""
        self.again("init-instance", {"process_id": "inner"}, "ok")
        self.again("get-task", {"staff_id": "bob", "process_id": "inner"}, "ok")

    def test_what_was_rejected_is_tried_again(self) -> None:
        instance_id, n = task_in(self.desk, "people", "waiting")
        topic, data = task_command(self.desk, "end ann", f"{instance_id}:{n}")
        self.assertEqual(told(self.desk.send(topic, data, id="one")), "wrong_state")
        self.desk.take(instance_id, n, "people")
        self.assertEqual(told(self.desk.send(topic, data, id="one")), "ok")


class States(unittest.TestCase):
    """The tables."""

    def setUp(self) -> None:
        self.desk = Desk()
        self.addCleanup(self.desk.core.__exit__)

    def check(self, text: str, cell: Callable[[str, str], Json]) -> None:
        states, rows = table(text)
        for row, expected in rows.items():
            actual = [told(cell(row, state)) for state in states]
            with self.subTest(row):
                self.assertEqual(dict(zip(states, actual)), dict(zip(states, expected)))

    def of_task(self, process_id: str) -> Callable[[str, str], Json]:
        def cell(row: str, state: str) -> Json:
            instance_id, n = task_in(self.desk, process_id, state)
            return self.desk.send(*task_command(self.desk, row, f"{instance_id}:{n}"))
        return cell

    def test_tasks(self) -> None:
        for process_id, text in TASKS.items():
            self.check(text, self.of_task(process_id))

    def test_instances(self) -> None:
        self.check(INSTANCE, lambda row, state: self.desk.send(*instance_command(row, instance_in(self.desk, state))))

    def test_people_and_processes(self) -> None:
        self.check(PEOPLE_AND_PROCESSES, lambda row, who: self.desk.send("admin", admin_command(row, who)))

    def test_no_operation_is_left_out(self) -> None:
        sent = [task_command(self.desk, row, "x:3") for text in TASKS.values() for row in table(text)[1]]
        sent += [instance_command(row, "x") for row in table(INSTANCE)[1]]
        operations = {data.get("operation", topic) for topic, data in sent}
        operations |= {admin_command(row, "x")["operation"] for row in table(PEOPLE_AND_PROCESSES)[1]}
        known = {path.name.removesuffix(".schema.json") for path in (ROOT / "schemas/commands").glob("*.schema.json")}
        self.assertEqual(operations, known)


if __name__ == "__main__":
    unittest.main()
