#!/usr/bin/python3
"""What is installed is enough: example.c, built with pkg-config against a temporary prefix alone, runs."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

import desk
from engine import LIMIT, ROOT, Engine

BUILD = ROOT / "build/release"


def run(command: list[str], **environment: str) -> str:
    done = subprocess.run(command, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=2 * LIMIT)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


class Example(unittest.TestCase):
    def setUp(self) -> None:
        self.prefix = Path(self.enterContext(tempfile.TemporaryDirectory()))
        run(["cmake", "--install", str(BUILD), "--prefix", str(self.prefix)])
        [config] = self.prefix.rglob("pawl.pc")
        self.pkg_config = {"PKG_CONFIG_PATH": str(config.parent)}
        self.libraries = str(config.parent.parent)

    def build(self, name: str, *flags: str) -> str:
        program = self.prefix / name
        found = run(["pkg-config", "--cflags", "--libs", "pawl", *flags], **self.pkg_config).split()
        run(["cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", str(ROOT / "tests/flow/example.c"), "-o", str(program),
             *found])
        return str(program)

    def test_runs(self) -> None:
        engine = self.enterContext(Engine("example"))
        engine.load(desk.institution())
        engine.deploy(desk.single())
        where = {"PAWL_BROKERS": engine.brokers, "PAWL_PREFIX": engine.prefix, "LD_LIBRARY_PATH": self.libraries}
        said = run([self.build("example"), "single", "ann", "yes"], **where)
        for word in ("waiting", "processing", "ended", "is done"):
            self.assertIn(word, said)

    def test_programs_are_installed(self) -> None:
        for name in ("pawl", "pawl-worker", "pawl-executor"):
            self.assertIn("0.", run([str(self.prefix / "bin" / name), "--version"]))

    def test_only_pawl_is_exported(self) -> None:
        [library] = [p for p in self.prefix.rglob("libpawl.so.*") if not p.is_symlink()]
        symbols = [line.split()[-1] for line in run(["nm", "-D", "--defined-only", str(library)]).splitlines()]
        self.assertEqual([s for s in symbols if not s.startswith("pawl_")], [])

    def test_header_alone(self) -> None:
        source = self.prefix / "alone.c"
        source.write_text("#include <pawl.h>\nint main(void) { return pawl_settings_new() == 0; }\n")
        flags = run(["pkg-config", "--cflags", "pawl"], **self.pkg_config).split()
        run(["cc", "-std=c11", "-pedantic", "-Wall", "-Werror", *flags, "-fsyntax-only", str(source)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
