"""A case in the form of tests/spec: without what it expects, which `tests/spec/run --fill` writes for the author to judge."""
from __future__ import annotations

import json
import shlex

from engine import Engine

GROUP = {"dept_based": ("dept", "department"), "team_based": ("team", "team"), "role_based": ("role", "role"),
         "user_defined": ("func", "function")}
SHORT = {"role": "role", "department": "dept", "team": "team"}
MEMBERS = {"auto_executive": "runs", "or_merge_flag": "asks", "num_votes_needed": "votes", "closes": "closes",
           "completion_flag": "flag", "ex_pre_rule_func": "pre", "ex_post_rule_func": "post", "check_every": "check"}
WORDS = {"grantor_id": "for", "entity_id": "entity", "variables": "vars", "actor": "by", "reason": "why", "act_id": "act",
         "process_id": "process", "within": "within", "code": "code", "detail": "detail", "to_staff_id": "to",
         "completion_flag": "flag", "start": "start", "filter": "only", "notifyto": "topic", "requester": "requester",
         "hops": "hops", "version": "version", "staff_id": "staff", "executor_id": "executor"}
OF_TASK = {"hang-task", "reset-task", "release-task", "reassign-task", "extend-task", "fail-task"}
OF_INSTANCE = {"suspend-instance", "resume-instance", "cancel-instance", "modify-instance", "show-instance", "set-entity",
               "set-variables", "subscribe", "unsubscribe"}


def told(lines: list[dict]) -> str:
    """The whole case."""
    text: list[str] = []
    names = named(lines)
    for line in lines:
        data = line.get("data", {})
        operation = data.get("operation")
        if operation == "load-institution" and not text:
            text += ["people", *("  " + p for p in people(data["institution"]))]
        elif operation == "deploy-process":
            text += [f"process {data['definition']['process_id']}", *("  " + p for p in process(data["definition"]))]
        else:
            text.append("> " + command(line, names))
    return "\n".join(text)


def named(lines: list[dict]) -> dict[str, str]:
    """How a case calls the instances: i, j, k, … and what they start sub1, sub2, …"""
    engine, names = Engine(), {}
    for line in lines:
        if line.get("topic") == "init-instance":
            names.setdefault(line["data"]["instance_id"], "i" if not names else f"j{len(names)}")
        answer = engine.tell(line)
        for result in answer if isinstance(answer, list) else [answer]:
            for started in subs(result or {}):
                names.setdefault(started, f"sub{sum(name.startswith('sub') for name in names.values()) + 1}")
    return names


def subs(result: dict) -> list[str]:
    found = [e["data"]["instance_id"] for e in result.get("events", ()) if e["topic"].endswith("command.init-instance")]
    return found + [one for following in result.get("then", ()) for one in subs(following)]


# -- people and definitions

def people(file: dict) -> list[str]:
    found = []
    for kind, unit, members in (("role", "role_id", "roles"), ("dept", "dept_id", None), ("team", "team_id", "teams")):
        for group in file.get({"role": "roles", "dept": "departments", "team": "teams"}[kind], []):
            above = group.get(f"super_{unit}")
            who = [name for person in file.get("staff", []) for name in belongs(person, kind, group[unit], members)]
            found.append(f"{kind} {group[unit]}{f' in {above}' if above else ''}: {', '.join(who)}")
    for person in file.get("staff", []):
        states = [word for name, value, word in (("logging_on", False, "off"), ("on_leave", True, "leave"))
                  if person.get(name) is value]
        found.append(" ".join(["staff", person["staff_id"], *states]))
    for grant in file.get("authorizations", []):
        found.append(f"grant {granted(grant)}")
    return found


def granted(grant: dict) -> str:
    what = [f" {name}={grant[key]}" for name, key in (("act", "act_id"), ("process", "process_id"), ("from", "valid_from"),
                                                      ("to", "valid_to")) if key in grant]
    return f"{grant['grantor_id']} -> {grant['grantee_id']}{''.join(what)}"


def belongs(person: dict, kind: str, group: str, members: str | None) -> list[str]:
    if kind == "dept":
        return [person["staff_id"]] if person.get("dept_id") == group else []
    for one in person.get(members, []):
        one = one if isinstance(one, dict) else {"role_id": one} if kind == "role" else {"team_id": one}
        if group in one.values():
            return [f"{person['staff_id']} {one['priority_num']}" if "priority_num" in one else person["staff_id"]]
    return []


def process(file: dict) -> list[str]:
    rules = {rule["act"]: rule for rule in file.get("assignment", [])}
    found = [activity(a, rules.get(a["act_id"])) for a in file["activities"]]
    for rule in file["routing"]:
        words = [rule["from"]]
        words += [f"after {rule.get('after')}"] * ("after" in rule) + [f"[{rule.get('flag')}]"] * ("flag" in rule)
        words += [f'if "{rule.get("condition")}"'] * ("condition" in rule) + ["default"] * bool(rule.get("default"))
        found.append(f"{' '.join(words)} -> {', '.join(rule['to'])}")
    for rule in file.get("pre_rules", []):
        needs = [n["act"] + (f"={n['status']}" if "status" in n else "") for n in rule["needs"]]
        found.append(f"{rule['act']} after {rule['after']} needs {', '.join(needs)}")
    if "time_limit" in file:
        found.append(f"limit {file['time_limit']['within']} {file['time_limit']['then']}")
    return found


def activity(file: dict, rule: dict | None) -> str:
    words = ["task" if file["act_type"] == "interaction" else file["act_type"], file["act_id"]]
    words += [f"{short}={file[name]}" for name, short in MEMBERS.items() if name in file]
    words += [name for name in ("inclusive", "terminate") if file.get(name)]
    if "sub_process" in file:
        sub = file["sub_process"]
        words.append(f"sub={sub['process_id']}" + (f"@{sub['engine']}" if "engine" in sub else ""))
    limits = file.get("time_limits", {})
    for which in ("take", "end"):
        if which in limits:
            limit = limits[which]
            to = [f"{SHORT[kind]}:{group}" for kind, group in limit.get("to", {}).items()]
            words.append(f"{which}=" + ":".join(filter(None, [limit["within"], limit["then"], *to, limit.get("flag")])))
    words += [f"retries={limits.get('retries')}"] * ("retries" in limits)
    if rule:
        words += assigned(rule)
    return " ".join(words)


def assigned(rule: dict) -> list[str]:
    short, member = GROUP[rule["based_on"]]
    words = [f"{short}={rule[member]}", rule["method"]]
    words += [f"presence={rule.get('presence')}"] * ("presence" in rule)
    words += [f"not_by={','.join(rule.get('not_by', []))}"] * ("not_by" in rule)
    return words + [f"same_as={rule.get('same_as')}"] * ("same_as" in rule)


# -- commands

def command(line: dict, names: dict[str, str]) -> str:
    if "topic" not in line:
        (what, value), = line.items()
        return f"advance {value}" if what == "advance" else "answers " + " ".join(answer(*pair) for pair in value.items())
    data = dict(line["data"])
    operation = data.pop("operation", line["topic"])
    instance_id = data.pop("instance_id", None) or data.get("task_id", "").partition(":")[0]
    name, more = names.get(instance_id, instance_id), [f"id={line.get('id')}"] * ("id" in line)
    if line["topic"] == "admin" and "reason" in data:
        more.append(f"why={shlex.quote(data['reason'])}")
    task = data.pop("task_id", "").partition(":")[2]
    task = task if name == "i" else f"{name}:{task}"
    if operation == "init-instance":
        words = ["init", data.pop("process_id"), *([] if name == "i" else ["as", name])]
    elif operation in ("get-task", "end-task"):
        words = [operation[:3], task if instance_id else "next", author(data)]
    elif operation in OF_TASK:
        words = [operation.removesuffix("-task"), task, *filter(None, [author(data)])]
    elif operation in OF_INSTANCE and "withdraw" not in data:
        words = [operation.removesuffix("-instance").partition("-")[0], *([] if name == "i" else [name])]
    elif operation == "set-presence":
        return " ".join(["presence", data["staff_id"], *present(data), *more])
    elif operation in ("authorize", "revoke"):
        return " ".join([operation, granted(data), *more])
    else:
        return raw(line, names)
    if "attempt" in data:
        return raw(line, names)
    if data.get("actor") == "op":
        del data["actor"]
    return " ".join([*words, *members(data), *more])


def answer(name: str, value) -> str:
    if isinstance(value, dict):
        return f"{name}!{shlex.quote(value['error'])}"
    return f"{name}=" + (",".join(value) if isinstance(value, list) else {True: "yes", False: "no", None: "null"}[value])


def author(data: dict) -> str:
    return data.pop("executor_id") + "!" if "executor_id" in data else data.pop("staff_id", "")


def present(data: dict) -> list[str]:
    return [words[data[name]] for name, words in (("logging_on", {True: "on", False: "off"}),
                                                  ("on_leave", {True: "leave", False: "back"})) if name in data]


def members(data: dict) -> list[str]:
    found = ["check"] * bool(data.pop("check", False)) + ["sub=yes"] * bool(data.pop("include_sub_processes", False))
    for kind, group in data.pop("to", {}).items():
        found.append(f"to_{SHORT[kind]}={group}")
    return found + [f"{WORDS[name]}=" + shlex.quote(value if isinstance(value, str) else json.dumps(value))
                    for name, value in data.items()]


def raw(line: dict, names: dict[str, str]) -> str:
    text = json.dumps(line["data"])
    for instance_id, name in names.items():
        text = text.replace(instance_id, f"${name}")
    return f"send {line['topic']} {text}"
