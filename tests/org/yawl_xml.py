"""YAWL's own files, a specification (`.yawl`) and an export of the organisation (`.ybkp`), in the form that yawl_convert reads.

Elements are known by their local names, without regard to case: the versions of YAWL differ in namespaces and spelling.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2].lower()


def children(element: ET.Element | None, name: str) -> list[ET.Element]:
    return [child for child in element if local(child) == name] if element is not None else []


def child(element: ET.Element | None, *path: str) -> ET.Element | None:
    for name in path:
        element = next(iter(children(element, name)), None)
    return element


def text(element: ET.Element | None, *names: str) -> str:
    """Of the first of these children that has some."""
    found = (child(element, name) for name in names)
    return next((e.text.strip() for e in found if e is not None and e.text and e.text.strip()), "")


def attribute(element: ET.Element | None, name: str) -> str:
    """Without regard to case and namespace."""
    given = {key.rpartition("}")[2].lower(): value for key, value in element.attrib.items()} if element is not None else {}
    return given.get(name, "")


def all_of(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (element for element in root.iter() if local(element) == name)


# the organisation

def read_organisation(path: Path) -> tuple[Json, dict[str, str]]:
    """The model, and names of what specifications name by id."""
    root = ET.parse(path).getroot()
    groups = {attribute(g, "id"): text(g, "groupname", "name") for g in listed(root, "orggroups", "orggroup")}
    positions = {attribute(p, "id"): p for p in listed(root, "positions", "position")}
    roles = {attribute(r, "id"): text(r, "name") for r in listed(root, "roles", "role")}
    abilities = {attribute(c, "id"): text(c, "capability", "name") for c in listed(root, "capabilities", "capability")}
    people = listed(root, "participants", "participant")
    titles = {key: text(p, "title") for key, p in positions.items()}
    model = {
        "departments": [{"name": text(g, "groupname", "name"), "parent": groups.get(text(g, "belongstoid"))}
                        for g in listed(root, "orggroups", "orggroup")],
        "roles": list(roles.values()),
        "positions": [{"title": text(p, "title"), "department": groups.get(text(p, "orggroupid")),
                       "reportsTo": titles.get(text(p, "reportstoid"))} for p in positions.values()],
        "staff": [person(p, roles, titles, positions, groups, abilities) for p in people],
    }
    return model, roles | {attribute(p, "id"): text(p, "userid") or attribute(p, "id") for p in people}


def listed(root: ET.Element, several: str, one: str) -> list[ET.Element]:
    """The elements of the list at the top; people have lists of the same names."""
    found = child(root, several)
    return children(found if found is not None else next(all_of(root, several), None), one)


def person(element: ET.Element, roles: dict[str, str], titles: dict[str, str], positions: dict[str, ET.Element],
           groups: dict[str, str], abilities: dict[str, str]) -> Json:
    def held(several: str, one: str) -> list[str]:
        return [(e.text or "").strip() or attribute(e, "id") for e in children(child(element, several), one)]
    holds = held("positions", "position")
    departments = [groups.get(text(positions.get(p), "orggroupid")) for p in holds]
    name = " ".join(filter(None, (text(element, "firstname"), text(element, "lastname"))))
    return {
        "id": text(element, "userid") or attribute(element, "id"), **({"name": name} if name else {}),
        "roles": [roles.get(r, r) for r in held("roles", "role")],
        "positions": [titles.get(p, p) for p in holds],
        "departments": list(dict.fromkeys(d for d in departments if d)),
        **({"capabilities": skills} if (skills := [abilities.get(c, c) for c in held("capabilities", "capability")]) else {}),
        **({"available": False} if text(element, "isavailable", "available").lower() == "false" else {}),
    }


# the specification

def read_tasks(path: Path, names: dict[str, str]) -> list[Json]:
    return [task_of(element, names) for element in all_of(ET.parse(path).getroot(), "task")]


def task_of(element: ET.Element, names: dict[str, str]) -> Json:
    task: Json = {"id": attribute(element, "id"), "name": text(element, "name") or None,
                  "join": attribute(child(element, "join"), "code"), "split": attribute(child(element, "split"), "code"),
                  "offer": None}
    if cancelled := [attribute(e, "id") for e in children(element, "removestokens")]:
        task["cancels"] = cancelled
    if (timer := child(element, "timer")) is not None:
        task["timer"] = {local(e): (e.text or "").strip() for e in timer}
    if "multipleinstance" in attribute(element, "type").lower():
        task["mi"] = True
    resourcing = child(element, "resourcing")
    if resourcing is None:
        return task
    task["offer"] = offer_of(child(resourcing, "offer"), names)
    task["allocate"] = {"initiator": attribute(child(resourcing, "allocate"), "initiator"),
                        "allocator": [text(e, "name") for e in children(child(resourcing, "allocate"), "allocator")]}
    task["start"] = {"initiator": attribute(child(resourcing, "start"), "initiator")}
    if (privileges := child(resourcing, "privileges")) is not None and len(privileges):
        task["privileges"] = {"initiator": None}
    return task


def offer_of(offer: ET.Element | None, names: dict[str, str]) -> Json:
    found: Json = {"initiator": attribute(offer, "initiator") or "user"}
    distribution = child(offer, "distributionset")
    chosen = child(distribution, "initialset")
    for member, name in (("roles", "role"), ("participants", "participant"), ("param", "param")):
        if some := [(e.text or "").strip() or text(e, "name") for e in children(chosen, name)]:
            found[member] = [names.get(one, one) for one in some]
    for several, one in (("filters", "filter"), ("constraints", "constraint")):
        if some := [call(e) for e in children(child(distribution, several), one)]:
            found[one] = some
    if familiar := [attribute(e, "taskid") for e in children(distribution, "familiarparticipant")]:
        found["familiarParticipant"] = familiar
    return found


def call(element: ET.Element) -> Json:
    params = {text(p, "key"): text(p, "value") for p in children(child(element, "params"), "param")}
    return {"name": text(element, "name"), "params": params}
