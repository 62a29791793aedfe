"""Words that all messages share: names, lists of them, and the guard that is advised."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policy.iam.document import Effect, PolicyDocument, Statement
from policy.iam.request import SOURCE_FUNCTION_ARN
from policy.iam.search import keys
from policy.iam.search.keys import SOURCE_FUNCTION_KEY
from policy.iam.truth import Truth
from policy.shared.escapes import quoted
from policy.stack.execution_role import ExecutionRole, Grant, GrantKind, User, UserKind
from policy.stack.resources import name_of
from policy.verdict.outcomes import LockedOut

_MOST_NAMES: Final = 12


def listed(names: Sequence[str]) -> str:
    """`a`, `b` and `c`; past a dozen, how many more there are."""
    shown = [quoted(name) for name in names[:_MOST_NAMES]]
    more = len(names) - len(shown)
    return f"{', '.join(shown)} and {more} more" if more else together(shown)


def together(parts: Sequence[str]) -> str:
    """The parts with commas, and `and` before the last."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of user is called: one of it, several, one with its article, and the role that it uses."""

    one: str
    several: str
    one_of_them: str
    role: str = "execution role"


# What Lambda polls for is a function, and is named as one.
WORDS: Final[Mapping[UserKind, Words]] = {
    UserKind.FUNCTION: Words("function", "functions", "a function in a VPC"),
    UserKind.POLLER: Words("function", "functions", "a function with an event source in a VPC"),
    UserKind.CANARY: Words("canary", "canaries", "a canary in a VPC"),
    UserKind.MANAGED_INSTANCES: Words("function", "functions", "a function on a capacity provider"),
    UserKind.MICROVM: Words("MicroVM", "MicroVMs", "a MicroVM"),
    UserKind.MICROVM_IMAGE: Words("MicroVM image", "MicroVM images", "a MicroVM image", "build role"),
    UserKind.WEB_FUNCTION: Words("web function", "web functions", "a web function"),
    UserKind.CONNECTOR: Words("network connector", "network connectors", "a network connector", "operator role"),
    UserKind.CAPACITY_PROVIDER: Words(
        "capacity provider", "capacity providers", "a capacity provider", "operator role"
    ),
}


def users(given: Sequence[User]) -> str:
    """What uses a role, by kind and name."""
    if not given:
        return "any function"
    names: dict[tuple[str, str], list[str]] = {}
    for user in given:
        its = WORDS[user.kind]
        names.setdefault((its.one, its.several), []).append(user.resource.name)
    return together([f"{one if len(of) == 1 else several} {listed(of)}" for (one, several), of in names.items()])


def kinds(given: Sequence[User]) -> str:
    """The kinds of the users, each with its article."""
    return (
        together(list(dict.fromkeys(WORDS[user.kind].one_of_them for user in given)))
        if given
        else "a function in a VPC"
    )


def their_role(given: Sequence[User]) -> str:
    """`its execution role`: of some users, by the name that all of them have for it."""
    called = {WORDS[user.kind].role for user in given}
    return f"{'their' if len(given) > 1 else 'its'} {called.pop() if len(called) == 1 else 'execution role'}"


def role(execution: ExecutionRole) -> str:
    """A role by its name in the program, or by its ARN or name in AWS where it is not in the stack."""
    return quoted(execution.label) if execution.label else "that is not known yet"


def roles(executions: Sequence[ExecutionRole], given: Sequence[User]) -> str:
    """The roles of some users."""
    if len(executions) == 1:
        return f"{their_role(given)} {role(executions[0])}"
    return f"the execution roles {listed([execution.label for execution in executions])}"


def statements(given: Sequence[Statement]) -> str:
    """Statements as a reader finds them."""
    return together([statement.label for statement in given])


def kind_and_name(kind: GrantKind, document: PolicyDocument) -> str:
    """`inline policy `orders-eni``."""
    return f"{kind.value} {quoted(document.name)}"


def sentence(text: str) -> str:
    """The text with a capital letter."""
    return text[:1].upper() + text[1:]


def place(urn: str, path: str) -> str:
    """A property of a resource."""
    return f"{quoted(path)} of {quoted(name_of(urn))}"


def unknown_places(grants: Iterable[Grant]) -> str:
    """Where the documents stand that are not known yet."""
    places = list(dict.fromkeys(place(grant.urn, grant.path) for grant in grants))
    more = len(places) - _MOST_NAMES
    return f"{', '.join(places[:_MOST_NAMES])} and {more} more" if more > 0 else together(places)


def deny_statement(actions: Iterable[str], *, detach: bool = True, to_all: bool = False) -> dict[str, object]:
    """AWS's own guard: a Deny for calls that carry the key, or, `to_all`, for all calls. The Developer Guide's list adds
    DetachNetworkInterface."""
    denied = list(dict.fromkeys((*actions, *(["ec2:DetachNetworkInterface"] if detach else []))))
    condition: dict[str, object] = {} if to_all else {"Condition": {"Null": {SOURCE_FUNCTION_ARN: "false"}}}
    return {"Effect": "Deny", "Action": denied, "Resource": "*", **condition}


def closing_deny(executions: Sequence[ExecutionRole], actions: Iterable[str]) -> dict[str, object]:
    """The Deny that closes some roles: to the code, or to all where nothing that runs code on them needs interfaces."""
    keyless = any(user.kind.value.carries_key is Truth.UNKNOWN for e in executions for user in e.users)
    # Of a role that is made elsewhere, what else uses it is not known.
    here = all(execution.role is not None for execution in executions)
    return deny_statement(actions, to_all=not any(e.serves_code for e in executions) and (here or keyless))


def own_roles(execution: ExecutionRole) -> Iterator[str]:
    """What must not share the role with what runs code on it, and who needs no permission on it."""
    if execution.operators:
        alone = users(execution.operators)
        yield f"Fix: give {alone} a role of its own: its permissions are for the service, and no code must run with them"
    code = [user for user in execution.users if user.kind.value.runs_code]
    if not execution.serves_code:
        yield (
            f"{sentence(users(code))} {'needs' if len(code) == 1 else 'need'} no network interface permissions, because no "
            f"interface is made with {their_role(code)}: take them away."
        )
        return
    for user in code:
        if user.kind.value.carries_key is not Truth.YES:
            yield (
                f"Fix: give {users([user])} a role of its own: no document of AWS's says that the calls of "
                f"{WORDS[user.kind].one_of_them} carry `{SOURCE_FUNCTION_ARN}`, so no guard on it is known to hold"
            )


def guard_on(statement: Statement, label: str, without: Collection[str]) -> str:
    """What to change in a statement so that it guards: every other condition stays, and no operator stands twice.

    `label` says which statement it is; conditions on the keys in `without` are in the way and go.
    """
    null = {SOURCE_FUNCTION_ARN: "false" if statement.effect is Effect.DENY else "true"}
    if not statement.conditions and not statement.empty_condition:
        return f"add to {label}: {_member('Condition', {'Null': null})}"
    kept = [c for c in statement.conditions if c.key not in without]
    if kept and len(kept) == len(statement.conditions) and all(c.name != "Null" for c in kept):
        return f"add to the Condition of {label}: {_member('Null', null)}"
    merged: dict[str, dict[str, object]] = {}
    for condition in kept:
        values = [value for value in condition.values if isinstance(value, str)]
        merged.setdefault(condition.name, {})[keys.spelled(condition.key)] = values[0] if len(values) == 1 else values
    merged.setdefault("Null", {}).update(null)
    return f"replace the Condition of {label} with {_member('Condition', merged)}"


def _member(name: str, value: object) -> str:
    """A member of a JSON object, as it is written in it."""
    return f"{json.dumps(name)}: {json.dumps(value)}"


def service_let_in(outcome: LockedOut) -> Iterator[str]:
    """What to change in statements that keep the Lambda service out."""
    for statement in outcome.statements:
        deny = statement.effect is Effect.DENY
        in_the_way = (SOURCE_FUNCTION_KEY,) if deny else (SOURCE_FUNCTION_KEY, *keys.NETWORK_KEYS)
        label = f"{statement.label} of {quoted(outcome.grant.document.name)}"
        yield f"Fix: {guard_on(statement, label, in_the_way)}"


def deny_shedding(execution: ExecutionRole, calls: Sequence[str]) -> dict[str, object]:
    """What keeps the role's sessions from shedding the guard: from these calls on the role and on the policies on it."""
    places = [execution.role_arn or "*"]
    if any(call.startswith("iam:") and "PolicyVersion" in call for call in calls):
        on_it = (*execution.grants, *(execution.boundary or ()))
        managed = (g.listed_as or "*" for g in on_it if g.kind is GrantKind.MANAGED)
        places += [place for place in dict.fromkeys(managed) if place not in places]
    actions, resources = list(calls), ("*" in places and ["*"]) or places
    return {
        "Effect": "Deny",
        "Action": actions if len(actions) > 1 else actions[0],
        "Resource": resources if len(resources) > 1 else resources[0],
    }


def to_be_listed(execution: ExecutionRole) -> list[str]:
    """Where a further policy has to be listed, or it is taken off the role again."""
    owned = list(dict.fromkeys(place(gap.urn, gap.path) for gap in execution.owned))
    return [f"List it in {together(owned)} too: what is not in there is taken off the role."] if owned else []


def policy_of_its_own(statement: object) -> str:
    """A whole document with this statement, ready to be put on a role."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
