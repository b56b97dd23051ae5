#!/usr/bin/python3
"""Consumer and publisher under ThreadSanitizer: our callbacks on librdkafka's threads, and what their owner does meanwhile.

librdkafka itself is not instrumented; what its own code does through the C library is left out (tsan.supp), its threads and
locks are made known (c11_threads.c), so what is handed over by them is no race.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parent.parent / "build/tsan/tests/bus/bus-threads"
LIMIT = 300  # seconds


@unittest.skipUnless(PROGRAM.exists(), "not built: cmake --preset tsan && cmake --build --preset tsan --target bus-threads")
class Threads(unittest.TestCase):
    def run_program(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, what it says, and the sanitizer's reports."""
        with tempfile.TemporaryDirectory(prefix="pawl-tsan-") as folder:
            config = Path(folder) / "kafka.conf"
            config.write_text("debug=broker,eos\n")  # so that there are lines of its threads
            done = subprocess.run([str(PROGRAM), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=LIMIT, env=os.environ | {
                                      "THREADS_KAFKA_CONFIG": str(config),
                                      "TSAN_OPTIONS": f"log_path={folder}/san exitcode=66 suppressions={HERE}/tsan.supp"})
            reports = "\n".join(path.read_text(errors="replace") for path in Path(folder).glob("san.*"))
            self.assertIn('"facility":"BRKMAIN"', done.stderr, "librdkafka's threads log through ours")
            return done.returncode, done.stdout, reports

    def test_no_race(self) -> None:
        code, said, reports = self.run_program()
        print(f"figure under ThreadSanitizer: {said.strip()}")
        self.assertEqual((code, reports), (0, ""), said)

    def test_a_race_is_seen(self) -> None:
        code, _, reports = self.run_program("race")
        self.assertEqual(code, 66)
        self.assertIn("data race", reports)
        self.assertIn("wake", reports)


if __name__ == "__main__":
    unittest.main(verbosity=2)
