"""A newer librdkafka than Debian's: the one that Python's confluent-kafka brings along in its wheel."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from engine import ROOT

VERSION = "2.16.1"  # of the wheel, and of the library in it


def newer() -> Path | None:
    """A folder for LD_LIBRARY_PATH, fetched once for a checkout; nothing where the wheel cannot be had."""
    folder = ROOT / ".run" / f"librdkafka-{VERSION}"
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--retries=1",
               "--timeout=20", f"--dest={work}", f"confluent-kafka=={VERSION}"]
        done = subprocess.run(pip, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            print(done.stdout)
            return None
        [wheel] = Path(work).glob("*.whl")
        unpack(wheel, new := Path(work) / "new")
        new.rename(folder)
    return folder


def unpack(wheel: Path, folder: Path) -> None:
    """The library alone, under the name that programs look for."""
    with zipfile.ZipFile(wheel) as files:
        [name] = [name for name in files.namelist() if ".libs/librdkafka" in name]
        folder.mkdir()
        (folder / "librdkafka.so.1").write_bytes(files.read(name))
