"""The C core, through the program core-driver: JSON lines in, JSON lines out."""
from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def find() -> Path:
    if "PAWL_CORE_DRIVER" in os.environ:
        return Path(os.environ["PAWL_CORE_DRIVER"])
    for preset in ("release", "dev", "asan"):
        program = ROOT / "build" / preset / "bin" / "core-driver"
        if program.exists():
            return program
    raise SystemExit("core-driver is not built: cmake --preset release && cmake --build --preset release")


class Driver:
    def __init__(self, program: Path | None = None) -> None:
        self.program = program or find()
        self.process = self.start()

    def start(self) -> subprocess.Popen:
        return subprocess.Popen([str(self.program), "--tables"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, lines: list[dict]) -> list[dict]:
        """What it answers to each line; a driver that dies answers {"died": code} and is started again."""
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
        writer = threading.Thread(target=self.write, args=(self.process, text))
        writer.start()
        answers = []
        for _ in lines:
            line = self.process.stdout.readline()
            if not line:
                answers.append({"died": self.process.wait()})
                break
            answers.append(json.loads(line))
        writer.join()
        if len(answers) < len(lines) or "died" in answers[-1]:
            self.process = self.start()
        return answers

    @staticmethod
    def write(process: subprocess.Popen, text: bytes) -> None:
        try:
            process.stdin.write(text)
            process.stdin.flush()
        except BrokenPipeError:
            pass

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
