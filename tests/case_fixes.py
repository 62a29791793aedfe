"""Does what a violation tells the user to do: reads the advice out of its text and applies it to the stack.

The text is all that a user has, so nothing else of the pack is used here. Advice that this module cannot read is an
error and not skipped: a fix that is printed and never applied is a fix that nobody has tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import case_templates
from case_runner import Item, Props, Stage, changed, copy_of, name_of, told

from policy.preview.analyzer import Violation
from policy.preview.properties import reveal


class AdviceError(Exception):
    """Advice that cannot be read, or that points at nothing."""


_LABEL = r"(?P<label>statement `\w+`|`Statement\[\d+\]`)"
_ATTACH = "attach a further policy"
_OWN = "give a role of its own"
_FIXES = (
    re.compile(
        r"Fix: (?P<verb>add to|add to the Condition of|replace the Condition of) "
        + _LABEL
        + r" of `(?P<document>[^`]+)`(?::| with) (?P<json>.+)"
    ),
    re.compile(r"Fix: (?P<verb>add this statement to) `(?P<document>[^`]+)`: (?P<json>\{.+\})"),
    re.compile(r"Fix: (?P<verb>take out) " + _LABEL + r" of `(?P<document>[^`]+)`"),
    re.compile(
        r"Fix: (?:AWS owns|SAM writes) `(?P<document>[^`]+)`, so (?P<verb>attach a further policy) with this statement "
        r"to the role: (?P<json>\{.+\})"
    ),
)
# What decides a role that is not judged: a policy of its own, as a whole document.
_DECIDE = re.compile(
    r"Fix: put this policy on the role(?:, and it is closed whatever else is on it)?: (?P<json>\{.+\})"
)
_ELSEWHERE = re.compile(r"Fix: put this policy on the role, where it is made: (?P<json>\{.+\})")
# What decides a stack whose template is not seen: nothing of it can be changed here, but the policy must be one.
_IN_IT = re.compile(
    r"Fix: put this policy on the execution roles in it, and they are closed whatever else is on them: (?P<json>\{.+\})"
)
_DEAD = re.compile(r"The guard in " + _LABEL + r" of (?:`[\w\[\].]+` of )?`(?P<document>[^`]+)` can do nothing")
_DEAD_FIX = re.compile(r"Fix: use (?P<json>\"Condition\": .+) in that statement\.")
_TRUST_DENY = re.compile(
    r"Fix: take (?P<what>it|that statement) out, and put this policy on the role: (?P<json>\{.+\})"
)
_TRUST_OF = re.compile(r"The guard in `assumeRolePolicyDocument` of `([^`]+)`")
_TRUST_FIX = re.compile(
    r"Fix: take (?P<what>it|that statement) out, and use (?P<json>\"Condition\": .+) in the statement that allows them\."
)
# The first line asks for a judgement that no test can make for the user; the statement in the second does it too.
_SHED = "Fix: let the trust policy name the services that need the role, and neither the role nor its whole account"
_REWRITE = re.compile(r"Fix: give these permissions to a role of its own, and not to the role of an? [\w ]+")
_SHED_OR = re.compile(r"Or: add this statement to a policy of the role: (?P<json>\{.+\})")
_DIAGNOSIS = re.compile(r"Not a guard: " + _LABEL + r" of `(?P<document>[^`]+)`: .+\. Use (?P<json>\".+)")
_ROLE = re.compile(r"(?:(?:execution|build) role|^Role) `([^`]+)`")
_OWN_ROLE = re.compile(r"Fix: give (?P<users>[^:]+) a role of its own: .+")
# Where a resource names its role.
_ROLE_PROPERTIES = ("role", "executionRoleArn", "buildRoleArn", "operatorRole", "serviceConfig", "permissionsConfig")


@dataclass(frozen=True)
class Advice:
    """One thing to do. `document` is the name that the text gives, `label` the statement."""

    verb: str
    resource: str
    document: str
    label: str
    json: Any
    role: str = ""


def fixes(violation: Violation) -> list[Advice]:
    """The `Fix:` lines of a violation."""
    text = told(violation)
    role = _ROLE.search(text)
    found: list[Advice] = []
    for line in text.splitlines():
        if shed := _SHED_OR.fullmatch(line):
            found.append(Advice(_ATTACH, "", "", "", _read(shed["json"]), name_of(violation.urn)))
        if not line.startswith("Fix:") or line == _SHED or _REWRITE.fullmatch(line):
            continue
        if own := _OWN_ROLE.fullmatch(line):
            found += [Advice(_OWN, name, "", "", None) for name in re.findall(r"`([^`]+)`", own["users"])]
            continue
        if denied := _TRUST_DENY.fullmatch(line):
            name = name_of(violation.urn)
            found.append(Advice("take out of the trust policy", name, "", denied["what"], None))
            found.append(Advice(_ATTACH, "", "", "", _statement_of(denied["json"]), name))
            continue
        if outside := _ELSEWHERE.fullmatch(line) or _IN_IT.fullmatch(line):
            _statement_of(outside["json"])  # nothing in this stack can be changed, but the policy must be one
            continue
        if decide := _DECIDE.fullmatch(line):
            name = role[1] if role and case_templates.place(role[1]) else name_of(violation.urn)
            found.append(Advice(_ATTACH, "", "", "", _statement_of(decide["json"]), name))
            continue
        match = next((m for m in (pattern.fullmatch(line) for pattern in _FIXES) if m), None)
        if match:
            parts = match.groupdict()
            label = parts.get("label") or ""
            verb = parts["verb"]
            # Two roles with one open policy ask for the same change of it; a further policy goes on each.
            where = role[1] if role and verb == _ATTACH else ""
            value = _read(parts["json"]) if "json" in parts else None
            found.append(Advice(verb, name_of(violation.urn), parts["document"], label, value, where))
        elif (dead := _DEAD.search(text)) and (match := _DEAD_FIX.fullmatch(line)):
            found.append(
                Advice("replace the Condition of", name_of(violation.urn), dead["document"], dead["label"],
                       _read(match["json"]))
            )  # fmt: skip
        elif taken := _TRUST_FIX.fullmatch(line):
            inside = _TRUST_OF.search(text)
            name = inside[1] if inside else name_of(violation.urn)
            found.append(Advice("take out of the trust policy", name, "", taken["what"], None))
        else:
            raise AdviceError(f"no known form: {line}")
    return found


def _statement_of(text: str) -> Any:
    """The one statement of a whole document."""
    document = json.loads(text)
    if document["Version"] != "2012-10-17":
        raise AdviceError(f"no policy of its own: {text}")
    (statement,) = document["Statement"]
    return statement


def diagnoses(violation: Violation) -> list[Advice]:
    """What the `Not a guard:` lines of a violation suggest to use instead."""
    found = []
    for line in told(violation).splitlines():
        if line.startswith("Not a guard:") and " Use " in line:
            match = _DIAGNOSIS.fullmatch(line)
            if match is None:
                raise AdviceError(f"no known form: {line}")
            found.append(Advice("use", "", match["document"], match["label"], _read(match["json"])))
    return found


def _read(text: str) -> Any:
    """A JSON object, or the inside of one."""
    return json.loads(text if text.startswith("{") else f"{{{text}}}")


def applied(stage: Stage, advice: Iterable[Advice]) -> Stage:
    """The stage after a user has followed all of the advice."""
    items = [copy_of(item) for item in stage.items]
    done: list[Advice] = []
    for step in advice:
        # Several violations may ask for the same statement: a user adds it once.
        if step in done:
            continue
        done.append(step)
        if step.verb == _ATTACH:
            _attach(items, step)
        elif step.verb == _OWN:
            _give_its_own_role(items, step)
        elif step.verb == "take out of the trust policy":
            _take_out(items, step)
        else:
            _change(items, step)
    return changed(stage, items)


def _attach(items: list[Item], advice: Advice) -> None:
    if case_templates.attached(items, advice.role, advice.json):
        return
    role = next((item for item in items if item.name == advice.role), None)
    if role is None and "role/" in advice.role:
        # A role that this stack does not make: another policy is put on it by its name.
        name, document = (
            advice.role.rpartition("/")[2],
            json.dumps({"Version": "2012-10-17", "Statement": [advice.json]}),
        )
        props: Props = {"name": f"fix-{len(items)}", "role": name, "policy": document}
        items.append(Item("aws:iam/rolePolicy:RolePolicy", f"fix-{len(items)}", "", props, props, {}))
        return
    if role is None:
        raise AdviceError(f"no role {advice.role}")
    document = {"Version": "2012-10-17", "Statement": [advice.json]}
    number = len(items)
    native = role.type == "aws-native:iam:Role"
    listed = "policies" if native else "inlinePolicies"
    if isinstance(role.inputs.get(listed), list):
        # The role declares all its inline policies, so another one belongs there.
        entry = (
            {"policyName": f"fix-{number}", "policyDocument": document}
            if native
            else {"name": f"fix-{number}", "policy": json.dumps(document)}
        )
        for props in (role.inputs, role.outputs):
            props[listed] = [*(props.get(listed) or ()), entry]
        return
    for owner in items:
        # What owns the role's inline policies takes off those that it does not list: the advice says to list it.
        if owner.type == "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive" and _owns(owner, role):
            for props in (owner.inputs, owner.outputs) if owner.inputs is not owner.outputs else (owner.inputs,):
                props["policyNames"] = [*props["policyNames"], f"fix-{number}"]
    added: Props = {"name": f"fix-{number}", "role": role.outputs.get("name"), "policy": json.dumps(document)}
    depends = {"role": [role.name]}
    kind = "aws:iam/rolePolicy:RolePolicy"
    items.append(Item(kind, f"fix-{number}", "", added, added, depends, provider=role.provider))


def _owns(owner: Item, role: Item) -> bool:
    if "roleName" in owner.depends_on:
        return role.name in owner.depends_on["roleName"]
    return owner.provider == role.provider and owner.inputs["roleName"].lower() == role.inputs["name"].lower()


def _give_its_own_role(items: list[Item], advice: Advice) -> None:
    name = f"fix-role-{advice.resource}"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role: Props = {"name": name, "assumeRolePolicy": json.dumps({"Version": "2012-10-17", "Statement": [trust]})}
    items.append(Item("aws:iam/role:Role", name, "", role, role, {}))
    user = next(item for item in items if item.name == advice.resource)
    prop = next(prop for prop in _ROLE_PROPERTIES if prop in user.outputs)
    for props in (user.inputs, user.outputs):
        inner = props[prop]
        props[prop] = {**inner, next(key for key in inner if "Role" in key): name} if isinstance(inner, dict) else name


def _take_out(items: list[Item], advice: Advice) -> None:
    if case_templates.trusting(items, advice.resource):
        return
    role = next(item for item in items if item.name == advice.resource)
    for props in (role.inputs, role.outputs):
        for name in ("assumeRolePolicy", "assumeRolePolicyDocument"):
            if name in props:
                document = json.loads(props[name]) if isinstance(props[name], str) else props[name]
                if advice.label == "that statement":
                    document["Statement"] = [s for s in document["Statement"] if s["Effect"] != "Deny"]
                for statement in document["Statement"]:
                    statement.pop("Condition", None)
                props[name] = json.dumps(document) if isinstance(props[name], str) else document


def _change(items: list[Item], advice: Advice) -> None:
    changes = case_templates.changed_in(items, advice.document, lambda document: _change_document(document, advice))
    for item in items if not changes else ():
        if advice.resource and item.name != advice.resource:
            continue
        for props in (item.inputs, item.outputs) if item.inputs is not item.outputs else (item.inputs,):
            for holder, key in _places(item, props, advice.document):
                source = reveal(holder[key])
                document = json.loads(source) if isinstance(source, str) else source
                _change_document(document, advice)
                holder[key] = json.dumps(document) if isinstance(source, str) else document
                changes += 1
    if not changes:
        raise AdviceError(f"no document {advice.document}")


def _places(item: Item, props: Props, name: str) -> Iterable[tuple[Props, str]]:
    """The places in a resource's properties where a document of that name stands."""
    for key in ("policy", "policyDocument", "content"):
        if key in props and name in (item.name, key):
            yield props, key
    for listed, label, key in (("inlinePolicies", "name", "policy"), ("policies", "policyName", "policyDocument")):
        for i, entry in enumerate(props.get(listed) or () if isinstance(props.get(listed), list) else ()):
            if isinstance(entry, dict) and name in (entry.get(label), f"{listed}[{i}].{key}"):
                yield entry, key


def _change_document(document: Any, advice: Advice) -> None:
    statements = document["Statement"]
    if isinstance(statements, dict):
        document["Statement"] = statements = [statements]
    if advice.verb == "add this statement to":
        statements.append(advice.json)
        return
    statement = _statement(statements, advice.label)
    if advice.verb == "take out":
        statements.remove(statement)
        # IAM takes no empty document: the last statement goes with its policy, which here says nothing instead.
        if not statements:
            statements.append({"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"})
    elif advice.verb == "add to the Condition of":
        (operator, keys), *more = advice.json.items()
        if more:
            raise AdviceError(f"more than one operator to add: {advice.json}")
        condition = statement["Condition"]
        condition[operator] = {**condition.get(operator, {}), **keys}
    elif advice.verb == "add to" and "Condition" in statement:
        raise AdviceError("the statement has a Condition already: adding another makes it no JSON")
    else:
        # "add to", "replace the Condition of" and "use" give elements of the statement.
        statement.update(advice.json)


def _statement(statements: list[Props], label: str) -> Props:
    if sid := re.fullmatch(r"statement `(\w+)`", label):
        return next(statement for statement in statements if statement.get("Sid") == sid[1])
    place = re.fullmatch(r"`Statement\[(\d+)\]`", label)
    assert place is not None
    return statements[int(place[1])]
