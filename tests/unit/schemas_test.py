#!/usr/bin/python3
"""schemas_test.py - schemas/ is valid, agrees with its examples, and with AsyncAPI and the C lists.

Every schema is JSON Schema 2020-12, has an example that it takes and one that it refuses for the
reason given; every $ref resolves without a network; AsyncAPI names every topic and every message;
operations, codes and topics are the same lists everywhere (C: X-macros in worker/).
"""

import glob
import json
import os
import re
import unittest
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import urldefrag, urljoin

import yaml
from jsonschema import Draft7Validator, Draft202012Validator, RefResolver
from jsonschema.exceptions import ValidationError

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
EXAMPLES = SCHEMAS / "examples"
COMMON = SCHEMAS / "common.schema.json"

Json = Any

TOPICS = {
    "{prefix}.command.init-instance", "{prefix}.command.get-task", "{prefix}.command.end-task",
    "{prefix}.command.control", "{prefix}.command.admin", "{prefix}.state.task",
    "{prefix}.state.instance", "{prefix}.state.definition", "{prefix}.state.institution",
    "{prefix}.outcome", "{prefix}.job.{auto_executive}", "{prefix}.dead-letter",
}
KINDS = {"init-instance", "get-task", "end-task"}  # commands with a topic of their own
SPECS = "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"


def load(path: Path) -> Json:
    return json.loads(path.read_text(encoding="utf-8"))


def stem(path: Path) -> str:
    return path.name.removesuffix(".schema.json")


FILES = sorted(SCHEMAS.rglob("*.schema.json"))
STORE = {path.as_uri(): load(path) for path in FILES}
MESSAGES = {stem(path): path for path in FILES if path != COMMON}


def walk(node: Json, where: str = "") -> Iterator[tuple[str, dict]]:
    """Every object in a document, with its place."""
    if isinstance(node, dict):
        yield where, node
        for name, child in node.items():
            yield from walk(child, f"{where}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from walk(child, f"{where}/{index}")


def pointed(document: Json, pointer: str) -> Json:
    """What a JSON Pointer names; LookupError if nothing."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def no_network(uri: str) -> Json:
    raise LookupError(f"a schema refers to the outside: {uri}")


def validator(name: str) -> Draft202012Validator:
    uri = MESSAGES[name].as_uri()
    handlers = {scheme: no_network for scheme in ("http", "https", "file", "urn")}
    return Draft202012Validator(STORE[uri], resolver=RefResolver(uri, STORE[uri], STORE, handlers=handlers))


def causes(error: ValidationError) -> Iterator[ValidationError]:
    yield error
    for below in error.context or ():
        yield from causes(below)


def faults(name: str, value: Json) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator(name).iter_errors(value)]


def examples(name: str) -> list[Path]:
    return sorted((EXAMPLES / name).glob("*.json"))


def invalid_examples(name: str) -> list[Path]:
    return sorted((EXAMPLES / name / "invalid").glob("*.json"))


def reasons(name: str) -> dict[str, str]:
    """Of each invalid example, the keyword that must refuse it: lines `case | keyword | reason`."""
    lines = (EXAMPLES / name / "invalid" / "reasons.txt").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert all(len(row) == 3 and all(row) for row in rows), f"{name}: reasons.txt has a line without three cells"
    return {row[0]: row[1] for row in rows}


class Schemas(unittest.TestCase):
    def test_each_is_2020_12_and_named_for_its_file(self) -> None:
        for path in FILES:
            with self.subTest(path.name):
                schema = load(path)
                Draft202012Validator.check_schema(schema)
                self.assertEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
                self.assertEqual(schema["$id"], path.name)
        self.assertEqual(len(MESSAGES), len(FILES) - 1, "two schemas have the same file name")

    def test_references_resolve_among_the_files(self) -> None:
        for path in FILES:
            for where, node in walk(load(path)):
                if isinstance(node.get("$ref"), str):
                    with self.subTest(f"{path.name} {where}"):
                        uri, pointer = urldefrag(urljoin(path.as_uri(), node["$ref"]))
                        self.assertIn(uri, STORE)
                        pointed(STORE[uri], pointer)

    def test_common_parts_are_used(self) -> None:
        used = {ref.rpartition("/")[2] for document in STORE.values() for _, node in walk(document)
                if isinstance(ref := node.get("$ref"), str)}
        self.assertEqual(set(load(COMMON)["$defs"]) - used - {"operation"}, set())

    def test_each_member_is_described(self) -> None:
        for path in FILES:
            for where, node in walk(load(path)):
                if where.endswith("/properties") and not where.endswith("/then/properties") and "/if/" not in where \
                        and "/contains/" not in where:
                    for name, member in node.items():
                        with self.subTest(f"{path.name} {where}/{name}"):
                            if "description" not in member:
                                uri, pointer = urldefrag(urljoin(path.as_uri(), member["$ref"]))
                                member = pointed(STORE[uri], pointer)
                            self.assertRegex(member["description"], r"^\S.*[^ ]$")

    def test_operation_is_the_name_of_the_file(self) -> None:
        for name, path in MESSAGES.items():
            if path.parent.name == "commands" and name not in KINDS:
                with self.subTest(name):
                    schema = load(path)
                    self.assertEqual(schema["properties"]["operation"]["const"], name)
                    self.assertIn("operation", schema["required"])


class Examples(unittest.TestCase):
    def test_each_schema_has_both_kinds(self) -> None:
        for name in MESSAGES:
            with self.subTest(name):
                self.assertTrue(examples(name), "no example")
                self.assertTrue(invalid_examples(name), "no invalid example")
        self.assertEqual({path.name for path in EXAMPLES.iterdir()}, set(MESSAGES))

    def test_examples_are_taken(self) -> None:
        for name in MESSAGES:
            for path in examples(name):
                with self.subTest(f"{name}/{path.name}"):
                    self.assertEqual(faults(name, load(path)), [])

    def test_invalid_examples_are_refused_for_their_reason(self) -> None:
        for name in MESSAGES:
            why = reasons(name)
            self.assertEqual({path.stem for path in invalid_examples(name)}, set(why), name)
            for path in invalid_examples(name):
                with self.subTest(f"{name}/invalid/{path.name}"):
                    found = {cause.validator for error in validator(name).iter_errors(load(path)) for cause in causes(error)}
                    self.assertIn(why[path.stem], found)

    def test_unknown_members_are_ignored_in_messages_and_refused_in_files(self) -> None:  # BUS-5
        for name, path in MESSAGES.items():
            for example in examples(name):
                with self.subTest(f"{name}/{example.name}"):
                    value = {**load(example), "a_member_nobody_knows": {"x": [1, None]}}
                    self.assertEqual(bool(faults(name, value)), path.parent.name == "files")

    def test_files_of_the_deployment(self) -> None:
        for kind in ("process", "institution"):
            for path in sorted((ROOT / "deploy" / "processes").glob(f"*.{kind}.json")):
                with self.subTest(path.name):
                    self.assertEqual(faults({"process": "definition"}.get(kind, kind), load(path)), [])


class AsyncApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.path = SCHEMAS / "asyncapi.yaml"
        cls.document = yaml.safe_load(cls.path.read_text(encoding="utf-8"))

    def target(self, ref: str) -> Json:
        file, _, pointer = ref.partition("#")
        return pointed(STORE[urljoin(self.path.as_uri(), file)] if file else self.document, pointer)

    def test_required_members(self) -> None:
        document = self.document
        self.assertRegex(document["asyncapi"], r"^3\.0\.\d+$")
        self.assertTrue({"title", "version"} <= set(document["info"]))
        for name, server in document["servers"].items():
            self.assertTrue({"host", "protocol"} <= set(server), name)
            self.assertEqual(set(re.findall(r"{(.+?)}", server["host"])), set(server["variables"]), name)
        for name, channel in document["channels"].items():
            with self.subTest(f"channel {name}"):
                self.assertTrue(channel["messages"])
                self.assertEqual(set(re.findall(r"{(.+?)}", channel["address"] or "")), set(channel.get("parameters", ())))
        for name, operation in document["operations"].items():
            with self.subTest(f"operation {name}"):
                self.assertIn(operation["action"], ("send", "receive"))
                within = operation["channel"]["$ref"] + "/messages/"
                self.assertEqual({message["$ref"] for message in operation["messages"]},
                                 {within + message for message in self.target(operation["channel"]["$ref"])["messages"]})
                if "reply" in operation:  # a reply with an address goes over a channel without one
                    reply = self.target(operation["reply"]["$ref"])
                    self.assertIn("location", reply["address"])
                    self.assertIsNone(self.target(reply["channel"]["$ref"])["address"])
        for name, message in document["components"]["messages"].items():
            with self.subTest(f"message {name}"):
                self.assertTrue({"name", "headers", "contentType", "bindings"} <= set(message))
                self.assertIn("key", self.target(message["bindings"]["$ref"])["kafka"])

    def test_every_reference_resolves(self) -> None:
        for where, node in walk(self.document):
            if "$ref" in node:
                with self.subTest(where):
                    self.assertIsInstance(self.target(node["$ref"]), dict)

    def test_every_topic_is_a_channel(self) -> None:
        self.assertEqual({channel["address"] for channel in self.document["channels"].values()} - {None}, TOPICS)

    def test_every_message_is_of_a_channel_and_every_schema_of_a_message(self) -> None:
        document = self.document
        sent = {message["$ref"].rpartition("/")[2] for channel in document["channels"].values()
                for message in channel["messages"].values()}
        self.assertEqual(sent, set(document["components"]["messages"]))
        used = {stem(Path(node["$ref"])) for _, node in walk(document) if node.get("$ref", "").endswith(".schema.json")}
        inside = {"structured-command", "definition", "institution"}  # another form of a command; in its data
        self.assertEqual(used | inside, set(MESSAGES))

    def test_against_the_official_schema(self) -> None:
        """Only where npm's @asyncapi/specs is installed."""
        roots = [*os.environ.get("NODE_PATH", "").split(":"), "/usr/local/lib/node_modules", "/usr/lib/node_modules"]
        found = [path for root in roots if root for path in glob.glob(f"{root.removesuffix('/node_modules')}/{glob.escape(SPECS)}")]
        if not found:
            self.skipTest("@asyncapi/specs is not installed")

        class Resolver(RefResolver):  # 4.10 takes a property named $id for an id
            def _find_in_subschemas(self, url: str) -> None:
                return None

        schema = load(Path(found[0]))
        official = Draft7Validator(schema, resolver=Resolver("", schema, handlers={"http": no_network, "https": no_network}))
        self.assertEqual([f"{error.json_path}: {error.message[:200]}" for error in official.iter_errors(self.document)], [])


class Lists(unittest.TestCase):
    """The same names in the schemas, AsyncAPI and C."""

    commands = {name for name, path in MESSAGES.items() if path.parent.name == "commands"}
    defs = load(COMMON)["$defs"]

    def c_names(self, macro: str) -> set[str]:
        """The texts of an X-macro in a header of the worker; skips the test when no header defines it yet."""
        for path in sorted((ROOT / "worker").glob("*/*.h")):
            match = re.search(rf"^#define {macro}\(X\)((?:.*\\\n)*.*)", path.read_text(encoding="utf-8"), re.M)
            if match:
                names = re.findall(r'\bX\(\s*\w+\s*,\s*"([^"]*)"', match.group(1))
                self.assertTrue(names, f"{path}: {macro} is empty")
                self.assertEqual(len(names), len(set(names)), f"{path}: {macro} has a name twice")
                return set(names)
        self.skipTest(f"no header defines {macro}")

    def test_operations_in_schemas(self) -> None:
        self.assertEqual(set(self.defs["operation"]["enum"]), self.commands)

    def test_operations_in_asyncapi(self) -> None:
        document = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))
        named = set()
        for channel in document["channels"].values():
            if ".command." in (channel["address"] or ""):
                for message in channel["messages"].values():
                    named.add(pointed(document, message["$ref"][1:])["name"])
        self.assertEqual(named, self.commands)

    def test_operations_in_c(self) -> None:
        self.assertEqual(self.c_names("WF_OPERATION_MAP") | KINDS, self.commands)

    # The verb of `pawl` that sends the operation.
    VERBS = {
        "init-instance": "instance start", "get-task": "task get", "end-task": "task end", "hang-task": "task hang",
        "reset-task": "task reset", "release-task": "task release", "reassign-task": "task reassign",
        "extend-task": "task extend", "fail-task": "task fail", "set-entity": "instance set-entity",
        "set-variables": "instance set-variables", "suspend-instance": "instance suspend",
        "resume-instance": "instance resume", "cancel-instance": "instance cancel", "modify-instance": "instance modify",
        "retry-incident": "incident retry", "subscribe": "instance subscribe", "unsubscribe": "instance unsubscribe",
        "notify": "instance notify", "deploy-process": "process deploy", "load-institution": "institution load",
        "set-presence": "person set-presence", "authorize": "person authorize", "revoke": "person revoke",
    }
    # `pawl instance show` reads the database, which says more than an outcome: tasks, needs, incidents, the path.  Who
    # cannot read the database sends the operation with `pawl command send`.
    WITHOUT_VERB = {"show-instance"}

    def test_operations_in_the_command_line(self) -> None:
        rows = re.findall(r'^    {"([\w-]+)", "([\w-]+)", "', (ROOT / "producer/cli/main.c").read_text(encoding="utf-8"), re.M)
        self.assertEqual(self.commands - self.WITHOUT_VERB, set(self.VERBS))
        self.assertEqual(set(self.VERBS.values()) - {f"{noun} {verb}" for noun, verb in rows}, set())

    def test_codes_in_c(self) -> None:
        self.assertEqual(self.c_names("WF_CODE_MAP") - {"none"}, set(self.defs["outcome_code"]["enum"]))

    def test_fault_codes_in_c(self) -> None:
        calls = re.compile(r'\bwf_fault_add\(\s*[^,"]+,\s*"([^"]*)"')
        found = {code: path.name for path in sorted((ROOT / "worker").glob("*/*.c"))
                 for code in calls.findall(path.read_text(encoding="utf-8"))}
        if not found:
            self.skipTest("nothing calls wf_fault_add")
        self.assertEqual({code: name for code, name in found.items() if code not in self.defs["fault_code"]["enum"]}, {})

    def test_topics_in_c(self) -> None:
        suffixes = {topic.removeprefix("{prefix}.") for topic in TOPICS if not topic.startswith("{prefix}.job.")}
        self.assertEqual(self.c_names("WF_TOPIC_MAP"), suffixes)


if __name__ == "__main__":
    unittest.main()
