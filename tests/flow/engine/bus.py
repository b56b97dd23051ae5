"""Messages and topics, by kcat, which knows nothing of Pawl."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from .common import LIMIT, Json, run_dir


def partition_of(key: str, partitions: int) -> int:
    """Where Java clients put a key: murmur2, without its sign."""
    data, mask = key.encode(), 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * 0x5BD1E995 & mask
        h = (h * 0x5BD1E995 & mask) ^ ((k ^ k >> 24) * 0x5BD1E995 & mask)
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * 0x5BD1E995 & mask
    h = (h ^ h >> 13) * 0x5BD1E995 & mask
    return ((h ^ h >> 15) & 0x7FFFFFFF) % partitions


def instance_in(partition: int, partitions: int) -> str:
    """A new instance id that belongs to this partition."""
    while partition_of(instance_id := str(uuid.uuid4()), partitions) != partition:
        pass
    return instance_id


@dataclass(frozen=True)
class Message:
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def json(self) -> Json:
        return json.loads(self.value or b"null")

    def header(self, name: str) -> str | None:
        raw = dict(self.headers).get(name)
        return None if raw is None else raw.decode(errors="replace")


def raw_bytes(text: str | None) -> bytes | None:
    """kcat writes bytes that are not UTF-8 into its JSON as they are."""
    return None if text is None else text.encode("utf-8", "surrogateescape")


def message_of(line: bytes) -> Message:
    found = json.loads(line.decode("utf-8", "surrogateescape"))
    flat = found.get("headers") or []
    headers = tuple((flat[i], raw_bytes(flat[i + 1])) for i in range(0, len(flat), 2))
    return Message(found["topic"], found["partition"], found["offset"], raw_bytes(found["key"]),
                   raw_bytes(found["payload"]), headers)


class Reader:
    """A topic from its beginning, as a `read_committed` subscriber sees it."""

    def __init__(self, brokers: str, topic: str, follow: bool = True) -> None:
        self.messages: list[Message] = []
        self._changed = threading.Condition()
        command = ["kcat", "-C", "-J", "-u", "-q", "-E", "-X", "isolation.level=read_committed", "-X",
                   "topic.auto.offset.reset=earliest", "-X", "fetch.wait.max.ms=50", "-o", "beginning",
                   *([] if follow else ["-e"]), "-b", brokers, "-t", topic]
        self._kcat = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._kcat.stdout
        for line in self._kcat.stdout:
            message = message_of(line)
            with self._changed:
                self.messages.append(message)
                self._changed.notify_all()

    def wait(self, what: str, check: Callable[[Message], bool], limit: float = LIMIT) -> Message:
        """The first message that fits, also one that came before."""
        at, deadline = 0, time.monotonic() + limit
        with self._changed:
            while True:
                for at in range(at, len(self.messages)):
                    if check(self.messages[at]):
                        return self.messages[at]
                at = len(self.messages)
                if not self._changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"{what}: not within {limit:g} s")

    def wait_end(self, limit: float = LIMIT) -> list[Message]:
        """All there is, of a reader that does not follow."""
        self._kcat.wait(limit)
        self._thread.join()
        return self.messages

    def close(self) -> None:
        self._kcat.kill()
        self._kcat.wait()
        self._thread.join()
        assert self._kcat.stdout
        self._kcat.stdout.close()


def produce(brokers: str, topic: str, value: bytes | None, key: bytes | None = None,
            headers: list[tuple[bytes, bytes | None]] | None = None, partition: int | None = None) -> None:
    """One message by kcat, exactly these bytes (no NUL in key and headers); without a value a null."""
    command: list[str | bytes] = ["kcat", "-P", "-q", "-b", brokers, "-t", topic, "-X", "message.max.bytes=20000000",
                                  "-X", "topic.partitioner=murmur2_random"]
    for name, text in headers or []:
        command += ["-H", name if text is None else name + b"=" + text]
    if key is not None and value:
        command += ["-k", key]
    if partition is not None:
        command += ["-p", str(partition)]
    if not value:  # kcat sends these behind a key only
        command += ["-K", ":", *(["-Z"] if value is None else [])]
        done = subprocess.run(command, input=(key or b"key") + b":\n", capture_output=True)
    else:
        path = run_dir() / f"message-{uuid.uuid4()}"
        path.write_bytes(value)
        done = subprocess.run([*command, str(path)], stdin=subprocess.DEVNULL, capture_output=True)
        path.unlink()
    if done.returncode != 0:
        raise AssertionError(f"kcat: {done.stderr.decode(errors='replace')}")
