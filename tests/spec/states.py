#!/usr/bin/python3
"""The page of the manual on states, made from the tables of transitions in the core (worker/core/control.c).

    tests/spec/states.py           prints it
    tests/spec/states.py --write   puts it at docs/states.md
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from core import ROOT, driver_program

Json = dict[str, Any]
PAGE = ROOT / "docs/states.md"
WHO = {"by_holder": "who holds it", "by_operator": "an operator", "by_engine": "the engine"}

TEXT = """# States

Made from the tables in `worker/core/control.c` by `tests/spec/states.py`; a test compares both with this page, and with all that the cases of
the specification bring about. Rules are those of the [control model](process-definitions.md).

## Tasks (section 3)

A task that is new passes through `pending`. Rows with a name in *italics* are no operations: the engine does them when something else has happened.

```mermaid
stateDiagram-v2
{task_diagram}
```

| what | from | to | by | rule |
| --- | --- | --- | --- | --- |
{task_rows}

## Instances (TSK-5)

```mermaid
stateDiagram-v2
{instance_diagram}
```

| what | from | to | rule |
| --- | --- | --- | --- |
{instance_rows}
"""


def tables() -> dict[str, list[Json]]:
    return json.loads(subprocess.run([driver_program(), "--states"], stdout=subprocess.PIPE, check=True).stdout)


def diagram(rows: list[Json], first: str, last: tuple[str, ...]) -> str:
    """One arrow from a state to another, with all that leads there."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        names = arrows.setdefault((row["from"], row["to"]), [])
        if row["name"] not in names:
            names.append(row["name"])
    lines = [f"    [*] --> {first}"]
    lines += [f"    {start} --> {end}: {', '.join(names)}" for (start, end), names in arrows.items()]
    return "\n".join(lines + [f"    {state} --> [*]" for state in last])


def who(row: Json) -> str:
    names = [name for member, name in WHO.items() if row[member]] or ["the instance that works for it"]
    return " or ".join(names) + (" (automation)" if row["automation"] else "")


def page() -> str:
    found = tables()
    tasks = [f"| `{r['name']}` | {r['from']} | {r['to']} | {who(r)} | {r['rule']} |" for r in found["task_operations"]]
    tasks += [f"| *{r['name']}* | {r['from']} | {r['to']} | | {r['rule']} |" for r in found["task_moves"]]
    instances = [f"| `{r['name']}` | {r['from']} | {r['to']} | {r['rule']} |" for r in found["instance_operations"]]
    instances += [f"| *{r['name']}* | {r['from']} | {r['to']} | {r['rule']} |" for r in found["instance_moves"]]
    return TEXT.format(
        task_diagram=diagram(found["task_operations"] + found["task_moves"], "pending", ("ended", "withdrawn", "absorbed")),
        task_rows="\n".join(tasks),
        instance_diagram=diagram(found["instance_operations"] + found["instance_moves"], "running", ("completed", "cancelled")),
        instance_rows="\n".join(instances))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page())
    else:
        print(page(), end="")
