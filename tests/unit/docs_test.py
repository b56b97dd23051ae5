#!/usr/bin/python3
"""docs_test.py - the manual agrees with the project: links, examples, lists of codes, patterns and their cases."""

from __future__ import annotations

import json
import re
import unittest
from pathlib import Path

from jsonschema import Draft202012Validator, RefResolver

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SCHEMAS = ROOT / "schemas"
PAGES = sorted(DOCS.glob("*.md"))
PATTERNS = ROOT / "tests/spec/patterns"
WHOLE = {"activities": "definition", "staff": "institution"}  # what tells the kind of a file
ROW = re.compile(r"^\| (W[CR]P-\d\d) ([^|]+) \| (\w+) \| ([^|]+) \| ([^|]*) \|$", re.M)


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text()


def macro(path: str, name: str) -> list[str]:
    """The texts of an X-macro's rows."""
    body = re.search(rf"#define {name}\(X\)(.*?)\n\n", (ROOT / path).read_text(), re.S)
    assert body, name
    return re.findall(r'X\([^"]*"([^"]*)"', body[1])


class Pages(unittest.TestCase):
    def test_links_lead_somewhere(self) -> None:
        pages = [path for path in ROOT.rglob("*.md")
                 if not {"build", ".run", "node_modules"} & set(path.relative_to(ROOT).parts)]
        for path in pages:
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
                if not re.match(r"\w+:", target):
                    with self.subTest(f"{path.relative_to(ROOT)}: {target}"):
                        self.assertTrue((path.parent / target).exists())

    def test_every_page_is_in_the_index(self) -> None:
        index = page("README")
        for path in PAGES:
            self.assertTrue(path.stem == "README" or f"({path.name})" in index, path.name)

    def test_examples_follow_their_schemas(self) -> None:
        store = {path.as_uri(): json.loads(path.read_text()) for path in SCHEMAS.rglob("*.schema.json")}
        checked = set()
        for path in PAGES:
            for block in re.findall(r"```json\n(.*?)```", path.read_text(), re.S):
                document = json.loads(block)
                kind = next((kind for member, kind in WHOLE.items() if member in document), None)
                if kind is None:
                    continue  # a part of a file
                schema = SCHEMAS / f"files/{kind}.schema.json"
                resolver = RefResolver(schema.as_uri(), store[schema.as_uri()], store)
                errors = list(Draft202012Validator(store[schema.as_uri()], resolver=resolver).iter_errors(document))
                self.assertEqual([error.message for error in errors], [], path.name)
                checked.add(kind)
        self.assertEqual(checked, {"definition", "institution"})


class Lists(unittest.TestCase):
    """What the pages list is what the code has."""

    def listed(self, name: str, words: list[str]) -> None:
        text = page(name)
        self.assertGreater(len(words), 2)
        for word in words:
            with self.subTest(word):
                self.assertTrue(f"`{word}`" in text)

    def test_codes(self) -> None:
        self.listed("commands-and-events", [c for c in macro("worker/core/model.h", "WF_CODE_MAP") if c != "none"])

    def test_operations(self) -> None:
        self.listed("commands-and-events", macro("worker/core/model.h", "WF_OPERATION_MAP"))

    def test_definition_words(self) -> None:
        self.listed("process-definitions", macro("worker/core/model.h", "WF_ACT_TYPE_MAP"))
        limits = [action for action in macro("worker/core/model.h", "WF_LIMIT_ACTION_MAP")]
        self.listed("process-definitions", limits)
        self.listed("assignment", macro("worker/core/model.h", "WF_METHOD_MAP"))
        self.listed("assignment", [b for b in macro("worker/core/model.h", "WF_BASED_ON_MAP") if b != "none"])

    def test_every_member_of_a_definition(self) -> None:
        def members(node: object) -> set[str]:
            if isinstance(node, list):
                return set().union(*map(members, node))
            if not isinstance(node, dict):
                return set()
            own = set(node["properties"]) if node.get("additionalProperties") is False else set()
            return own.union(*map(members, node.values()))
        text = page("process-definitions") + page("assignment")
        for member in sorted(members(json.loads((SCHEMAS / "files/definition.schema.json").read_text()))):
            with self.subTest(member):
                self.assertTrue(re.search(rf"\b{member}\b", text))

    def test_exit_codes(self) -> None:
        text = page("operations")
        for code, meaning in re.findall(r'X\(\w+,\s+(\d+), "([^"]*)"\)', (ROOT / "producer/cli/cli.h").read_text()):
            self.assertTrue(f"| {code} | {meaning} |" in text, code)

    def test_views_and_functions(self) -> None:
        text = page("reports")
        for path in sorted((ROOT / "sql/views").glob("*.sql")):
            self.assertTrue(path.stem in text, path.stem)

    def test_verbs(self) -> None:
        rows = re.findall(r'^    \{"([\w-]+)", "([\w-]+)", "', (ROOT / "producer/cli/main.c").read_text(), re.M)
        self.assertGreater(len(rows), 20)
        known = {f"{noun} {verb}" for noun, verb in rows}
        nouns = {noun for noun, _ in rows}
        for path in [*PAGES, ROOT / "README.md"]:
            for noun, verb in re.findall(r"\bpawl ([a-z-]+) ([a-z-]+)", path.read_text()):
                if noun in nouns:
                    self.assertIn(f"{noun} {verb}", known, path.name)


class Patterns(unittest.TestCase):
    """No claim without a case, no case without a claim."""

    rows = {match[1]: match for match in ROW.finditer((DOCS / "workflow-patterns.md").read_text())}

    def test_all_patterns_are_there(self) -> None:
        self.assertEqual(list(self.rows), [f"{kind}-{n:02}" for kind in ("WCP", "WRP") for n in range(1, 44)])

    def test_each_claim_has_its_case(self) -> None:
        for name, row in self.rows.items():
            with self.subTest(name):
                self.assertIn(row[3], ("supported", "partly", "no"))
                self.assertEqual(row[5], "" if row[3] == "no" else f"[{name}](../tests/spec/patterns/{name}.case)")

    def test_each_case_has_its_claim(self) -> None:
        claimed = {name for name, row in self.rows.items() if row[3] != "no"}
        self.assertEqual({path.stem for path in PATTERNS.glob("*.case")}, claimed)

    def test_the_counts_are_right(self) -> None:
        text = page("workflow-patterns")
        for kind in ("WCP", "WRP"):
            found = [row[3] for name, row in self.rows.items() if name.startswith(kind)]
            self.assertIn(f"({found.count('supported')} supported, {found.count('partly')} partly, {found.count('no')} not)", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
