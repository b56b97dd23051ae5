"""A case in the form of tests/spec: without what it expects, which `tests/spec/run --fill` writes for the author to judge."""
from __future__ import annotations

import json

GROUP = {"dept_based": ("dept", "department"), "team_based": ("team", "team"), "role_based": ("role", "role")}
MEMBERS = {"auto_executive": "runs", "or_merge_flag": "asks", "num_votes_needed": "votes", "closes": "closes",
           "completion_flag": "flag", "ex_pre_rule_func": "pre", "ex_post_rule_func": "post", "check_every": "check"}


def told(lines: list[dict]) -> str:
    """The whole case."""
    text, names = [], {}
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
        what = [f" {name}={grant[key]}" for name, key in (("act", "act_id"), ("process", "process_id")) if key in grant]
        found.append(f"grant {grant['grantor_id']} -> {grant['grantee_id']}{''.join(what)}")
    return found


def belongs(person: dict, kind: str, group: str, members: str | None) -> list[str]:
    if kind == "dept":
        return [person["staff_id"]] if person.get("dept_id") == group else []
    for one in person.get(members, []):
        one = one if isinstance(one, dict) else {"role_id": one}
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
    return found


def activity(file: dict, rule: dict | None) -> str:
    words = ["task" if file["act_type"] == "interaction" else file["act_type"], file["act_id"]]
    words += [f"{short}={file[name]}" for name, short in MEMBERS.items() if name in file]
    words += [name for name in ("inclusive", "terminate") if file.get(name)]
    for which in ("take", "end"):
        limit = file.get("time_limits", {}).get(which)
        if limit:
            to = [":".join(pair) for pair in limit.get("to", {}).items()]
            words.append(f"{which}=" + ":".join(filter(None, [limit["within"], limit.get("then"), *to, limit.get("flag")])))
    if "retries" in file.get("time_limits", {}):
        words.append(f"retries={file['time_limits']['retries']}")
    if rule:
        short, member = GROUP[rule["based_on"]]
        words += [f"{short}={rule[member]}", rule["method"]]
        words += [f"presence={rule.get('presence')}"] * ("presence" in rule)
        words += [f"not_by={','.join(rule.get('not_by', []))}"] * ("not_by" in rule)
        words += [f"same_as={rule.get('same_as')}"] * ("same_as" in rule)
    return " ".join(words)


def command(line: dict, names: dict[str, str]) -> str:
    if "topic" not in line:
        (what, value), = line.items()
        if what == "answers":
            return "answers " + " ".join(
                f"{k}={','.join(v) if isinstance(v, list) else str(v).lower()}" for k, v in value.items())
        return f"{what} {names.get(value, value)}"
    data = dict(line["data"])
    operation = data.pop("operation", line["topic"])
    instance_id = data.pop("instance_id", None) or data.get("task_id", "").partition(":")[0]
    if operation == "init-instance":
        names.setdefault(instance_id, "i" if not names else f"j{len(names)}")
    name = names.get(instance_id, instance_id)
    task = data.pop("task_id", "").partition(":")[2]
    if task:
        task = task if name == "i" else f"{name}:{task}"
    who = data.pop("staff_id", None) or (data.pop("executor_id") + "!" if "executor_id" in data else None)
    for key in ("withdraw",):
        if key in data:
            data[key] = data[key].partition(":")[2]
    rest = [f"{key.removesuffix('_id').removeprefix('completion_')}={value if isinstance(value, str) else json.dumps(value)}"
            for key, value in data.items() if key != "actor"]
    rest += [f"id={line.get('id')}"] * ("id" in line)
    words = {"init-instance": ["init", data.pop("process_id", "")]}.get(operation, [operation.removesuffix("-task").removesuffix("-instance")])
    words += ([f"as {name}"] if operation == "init-instance" and name != "i" else
              [task or (name if name != "i" and instance_id else "next" if operation == "get-task" else "")])
    return " ".join(filter(None, [*words, who, *rest]))
