"""The few questions to Kafka that kcat cannot ask."""

from __future__ import annotations

import json
import socket
import struct
import subprocess

from .common import LIMIT, wait_until


class Broker:
    """A few requests of the Kafka protocol, in their first versions, to the one broker there is (those about groups: to theirs)."""

    def __init__(self, brokers: str) -> None:
        host, _, port = brokers.partition(",")[0].partition(":")
        self._where = (host, int(port))

    def _coordinator(self, group: str) -> tuple[str, int]:
        """Who keeps a group (FindCoordinator)."""
        answer = self._ask(10, 0, text(group.encode()))
        [length] = struct.unpack_from(">h", answer, 6)
        self._check(answer[:2], f"find the coordinator of {group}")
        return answer[8:8 + length].decode(), struct.unpack_from(">i", answer, 8 + length)[0]

    def _ask(self, api: int, version: int, body: bytes, group: str = "") -> bytes:
        request = struct.pack(">hhi", api, version, 1) + text(b"tests") + body
        with socket.create_connection(self._coordinator(group) if group else self._where, LIMIT) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as answer:
                [length] = struct.unpack(">i", answer.read(4))
                return answer.read(length)[4:]

    def committed(self, group: str, topic: str, partitions: int) -> dict[int, tuple[int, str]]:
        """Committed offset and its metadata, by partition (OffsetFetch)."""
        body = text(group.encode()) + struct.pack(">i", 1) + text(topic.encode())
        body += struct.pack(f">i{partitions}i", partitions, *range(partitions))
        answer = self._ask(9, 1, body, group)
        at, found = 4 + 2 + len(topic.encode()) + 4, {}
        for _ in range(partitions):
            partition, offset, length = struct.unpack_from(">iqh", answer, at)
            at += 14 + max(length, 0) + 2
            found[partition] = (offset, answer[at - 2 - max(length, 0):at - 2].decode())
        return found

    def end(self, topic: str, partitions: int) -> int:
        """How many records all partitions of a topic have had, Kafka's marks among them."""
        asked = [word for partition in range(partitions) for word in ("-t", f"{topic}:{partition}:-1")]
        done = subprocess.run(["kcat", "-Q", "-b", ":".join(map(str, self._where)), *asked], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=True)
        return sum(int(line.rpartition(" ")[2]) for line in done.stdout.splitlines())

    def create_topic(self, topic: str, partitions: int) -> None:
        body = struct.pack(">i", 1) + text(topic.encode()) + struct.pack(">ihiiib", partitions, 1, 0, 0, 10000, 0)
        answer = self._ask(19, 2, body)
        at = 8 + 2 + len(topic.encode())
        self._check(answer[at:at + 2], f"create topic {topic}")
        # The controller has answered; the broker may hear of it a moment later, and denies the topic until then.
        wait_until(f"{topic} is known", lambda: self._topics().get(topic) == partitions)

    def delete_group(self, group: str) -> None:
        answer = self._ask(42, 0, struct.pack(">i", 1) + text(group.encode()), group)
        self._check(answer[-2:], f"delete group {group}")

    def members(self, group: str) -> dict[str, str]:
        """The client id of each member, by member id (DescribeGroups)."""
        answer = self._ask(15, 0, struct.pack(">i", 1) + text(group.encode()), group)
        at, found = 4 + 2, {}
        for _ in range(4):  # group, state, kind of protocol, protocol
            at += 2 + struct.unpack_from(">h", answer, at)[0]
        [count] = struct.unpack_from(">i", answer, at)
        at += 4
        for _ in range(count):
            texts = []
            for _ in range(3):  # member, client, host
                [length] = struct.unpack_from(">h", answer, at)
                texts.append(answer[at + 2:at + 2 + length].decode())
                at += 2 + length
            for _ in range(2):  # metadata, assignment
                at += 4 + struct.unpack_from(">i", answer, at)[0]
            found[texts[0]] = texts[1]
        return found

    def remove_member(self, group: str, member: str) -> None:
        """What happens when a session has ended, without waiting for that (LeaveGroup)."""
        self._ask(13, 0, text(group.encode()) + text(member.encode()), group)

    def delete_records(self, topic: str, partitions: int) -> None:
        """All there are, as retention would (DeleteRecords)."""
        body = struct.pack(">i", 1) + text(topic.encode()) + struct.pack(">i", partitions)
        body += b"".join(struct.pack(">iq", partition, -1) for partition in range(partitions))
        answer = self._ask(21, 0, body + struct.pack(">i", 10000))
        self._check(answer[-2:], f"delete records of {topic}")

    def fence(self, transactional_id: str) -> None:
        """Takes a transactional id away from whoever has it, and ends what is open (InitProducerId)."""
        self._ask(22, 0, text(transactional_id.encode()) + struct.pack(">i", 10000))

    def delete_topic(self, topic: str) -> None:
        answer = self._ask(20, 1, struct.pack(">i", 1) + text(topic.encode()) + struct.pack(">i", 10000))
        self._check(answer[-2:], f"delete topic {topic}")
        wait_until(f"{topic} is gone", lambda: topic not in self._topics())

    def _topics(self) -> dict[str, int]:
        """The partitions that have a leader, of each topic."""
        done = subprocess.run(["kcat", "-L", "-J", "-b", ":".join(map(str, self._where))], stdin=subprocess.DEVNULL,
                              capture_output=True, check=True)
        return {topic["topic"]: sum(partition["leader"] >= 0 for partition in topic["partitions"])
                for topic in json.loads(done.stdout)["topics"]}

    def set_topic(self, topic: str, name: str, value: str) -> None:
        """IncrementalAlterConfigs, of one setting of one topic."""
        setting = text(name.encode()) + b"\0" + text(value.encode())
        body = struct.pack(">ib", 1, 2) + text(topic.encode()) + struct.pack(">i", 1) + setting + b"\0"
        self._check(self._ask(44, 0, body)[8:10], f"set {name} of {topic}")

    @staticmethod
    def _check(code: bytes, what: str) -> None:
        if code != b"\0\0":
            raise AssertionError(f"{what}: Kafka's error code {struct.unpack('>h', code)[0]}")


def text(raw: bytes) -> bytes:
    return struct.pack(">h", len(raw)) + raw
