#!/usr/bin/python3
"""An executor in another language, with nothing but two programs: kcat, which shares the jobs of one executive in a
consumer group, and `pawl command send --wait`, which sends commands and prints their outcomes.

    ./example.py add-up

Takes each job, adds up the numbers in its variable "amounts", and ends the task with the flag "added" and a variable
"total".  PAWL_BROKERS and PAWL_PREFIX say where the engine is.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import uuid

BROKERS = os.environ.get("PAWL_BROKERS", "localhost:9092")
PREFIX = os.environ.get("PAWL_PREFIX", "workflow")
ME = f"{socket.gethostname()}/{os.getpid()}-{uuid.uuid4().hex[:6]}"  # of this process alone


class Engine:
    def __init__(self) -> None:
        self.pawl = subprocess.Popen(["pawl", "command", "send", "--wait"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)

    def call(self, job: dict, verb: str, command: str, **data: object) -> dict:
        """One command about the job's task, sent again until it is answered: its id follows from what it is for."""
        data = {"task_id": job["task_id"], "executor_id": ME, "attempt": job["attempt"], **data}
        line = json.dumps({"command": command, "id": f"{ME}/{job['task_id']}/{job['attempt']}/{verb}", "data": data})
        while True:
            self.pawl.stdin.write(line + "\n")
            self.pawl.stdin.flush()
            outcome = json.loads(self.pawl.stdout.readline()).get("outcome")
            if outcome:
                return outcome


def work(engine: Engine, job: dict) -> None:
    taken = engine.call(job, "get", "get-task")
    if taken["result"] == "rejected":  # somebody else has it, or nobody needs it any more
        return
    try:
        total = sum(job["variables"]["amounts"])
    except (KeyError, TypeError) as wrong:
        engine.call(job, "fail", "control", operation="fail-task", code="no_amounts", detail=repr(wrong))
        return
    engine.call(job, "end", "end-task", completion_flag="added", variables={"total": total})


def main() -> None:
    topic = f"{PREFIX}.job.{sys.argv[1]}"
    kcat = subprocess.Popen(["kcat", "-b", BROKERS, "-G", f"{PREFIX}-example", "-q", "-u", "-X",
                             "isolation.level=read_committed", "-X", "auto.offset.reset=earliest", topic],
                            stdout=subprocess.PIPE, text=True)
    engine = Engine()
    for line in kcat.stdout:
        work(engine, json.loads(line))


if __name__ == "__main__":
    main()
