"""Stand-ins are variables: what is said of a stack with them in it must hold whatever they turn out to be.

A preview without AWS makes up what AWS would choose (stand_ins.py). A document that spells out an account, a region or an
id may mean the one that is stood in for, or another. So the stack is judged in every *world* that the documents can
tell apart: one in which the stand-ins are none of what is named, and one for each way to be something that is. What all
worlds agree on is certain. What they do not agree on is not known here, and is said to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any, Final

from policy.iam.matching import WILDCARDS, cells, glob
from policy.iam.search import keys
from policy.shared import stand_ins
from policy.stack.execution_role import Decided, ExecutionRole, Gap
from policy.stack.inventory import Stack
from policy.stack.resources import Resource
from policy.stack.users import ROWS, value_at
from policy.verdict.outcomes import Exposed, LockedOut, Outcome, Unverified, WayRound

Judged = list[tuple[ExecutionRole, list[Outcome]]]
# What each stand-in turns out to be.
World = Mapping[str, str]

# Past this many worlds nothing is said to be certain.
_MOST_WORLDS: Final = 64
_ACCOUNT_DIGITS: Final = 12


def judge_in_all(resources: tuple[Resource, ...], judge: Callable[[tuple[Resource, ...]], Judged]) -> Judged:
    """What `judge` says of the stack in every world; with `Decided.STAND_IN` gaps where the worlds do not agree."""
    texts = [text for resource in resources for text in _iam_texts(resource)]
    if not any(map(stand_ins.ANY.search, texts)):
        # As with a real provider: nothing is stood in for.
        return judge(resources)
    variables = list(_variables(texts, Stack(resources).partition))
    choices = list(islice(product(*(variable.values for variable in variables)), _MOST_WORLDS + 1))
    complete = len(choices) <= _MOST_WORLDS
    worlds: list[World] = [
        {token: text for chosen in choice for token, text in chosen.items()} for choice in choices[:_MOST_WORLDS]
    ]
    first, *others = [(world, judge(_in_world(resources, world))) for world in worlds]
    return _agreed(first[1], others, complete=complete)


# ---- variables


@dataclass(frozen=True, slots=True)
class _Variable:
    """One thing that is stood in for. Each value says what its tokens turn out to be; the first is nothing named."""

    values: tuple[Mapping[str, str], ...]


def _variables(texts: Sequence[str], partition: str | None) -> Iterator[_Variable]:
    """What is stood in for. `partition` is the stack's, where what it attaches tells."""
    everything = "\n".join(dict.fromkeys(texts))
    accounts = sorted(set(stand_ins.ACCOUNTS.findall(everything)))
    for token in accounts:
        others = [other for other in accounts if other < token]
        named = [*_named_accounts(everything), *others]
        yield _Variable(tuple({token: value} for value in (token, *named)))
    if stand_ins.REGION in everything or stand_ins.PARTITION in everything:
        yield _Variable(tuple(_places(everything, (partition,) if partition else _PARTITIONS)))
    for token in sorted(set(stand_ins.IDS.findall(everything))):
        named = _named_ids(everything, token.rpartition("-")[0])
        if named:
            yield _Variable(tuple({token: value} for value in (token, *named)))
    for token in sorted(set(stand_ins.NAMES.findall(everything))):
        named = _names_of(everything, token)
        if named:
            yield _Variable(tuple({token: value} for value in (token, *named)))


_DIGITS: Final = re.compile(r"(?<![0-9*?])[0-9]{12}(?![0-9*?])")
# The fields of an ARN that begins in a text: partition, region, account.
_ARN: Final = re.compile(r"arn:([^:\"\s]*):[^:\"\s]*:([^:\"\s]*):([^:\"\s]*)")
# A whole value of a condition that can be a pattern of accounts.
_DIGIT_PATTERN: Final = re.compile(r"(?:^|[\"\n])([0-9*?]+)(?=[\"\n]|$)")


def _named_accounts(text: str) -> list[str]:
    """The accounts that are spelled out, and one for each way in which patterns of accounts can turn out."""
    spelled = [found for found in _DIGITS.findall(text) if not stand_ins.ACCOUNTS.fullmatch(found)]
    fields = [*(account for _, _, account in _ARN.findall(text)), *_DIGIT_PATTERN.findall(text)]
    patterns = {account for account in fields if WILDCARDS.intersection(account) and account != "*"}
    if not patterns:
        return list(dict.fromkeys(spelled))
    shapes = [glob(pattern) for pattern in sorted(patterns)]
    found = cells(shapes, base=glob("?" * _ACCOUNT_DIGITS), fresh=stand_ins.account(), without=":")
    return list(
        dict.fromkeys([*spelled, *(t for t in found.texts if t.isdigit() and not stand_ins.ACCOUNTS.fullmatch(t))])
    )


_PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov")


def _places(text: str, partitions: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """A region of each kind that the documents can tell apart, with its partition; one that nothing names first."""
    fields = _ARN.findall(text)
    patterns = {field for partition, region, _ in fields for field in (partition, region)}
    patterns |= set(re.findall(r'"([a-z*?]{1,8}(?:-[a-z0-9*?]*)+)"', text))
    shapes = [glob(p) for p in sorted(patterns) if p and p not in (stand_ins.REGION, stand_ins.PARTITION)]
    seen: dict[tuple[object, ...], Mapping[str, str]] = {}
    for partition in partitions:
        for region in keys.regions(partition):
            # The partition decides to which other regions a call can go, so two that look alike are not one.
            sign = (
                (partition, *((shape.matches(partition), shape.matches(region)) for shape in shapes)) if shapes else ()
            )
            seen.setdefault(sign, {stand_ins.PARTITION: partition, stand_ins.REGION: region})
    yield from sorted(seen.values(), key=lambda place: _names(text, place))


def _names(text: str, place: Mapping[str, str]) -> int:
    return text.count(place[stand_ins.REGION])


def _named_ids(text: str, prefix: str) -> list[str]:
    """The ids of one kind that are spelled out, and one for each pattern of them."""
    found = re.findall(rf"(?<![0-9a-z-]){re.escape(prefix)}-([0-9a-f*?]*[0-9a-f][0-9a-f*?]*)(?![0-9a-z-])", text)
    ids = []
    for rest in dict.fromkeys(found):
        if stand_ins.IDS.fullmatch(f"{prefix}-{rest}"):
            continue
        filled = rest.replace("?", "0").replace("*", "0" * max(17 - len(rest) + 1, 0), 1).replace("*", "")
        ids.append(f"{prefix}-{filled}")
    return ids


def _names_of(text: str, token: str) -> list[str]:
    """The names that are spelled out and that CloudFormation could have made in the place of one that is stood in for."""
    prefix = token.rpartition("-")[0]
    found = re.findall(rf"(?<![0-9A-Za-z-]){re.escape(prefix)}-[0-9A-Za-z*?]+(?![0-9A-Za-z-])", text)
    return [name.replace("?", "0").replace("*", "0") for name in dict.fromkeys(found) if name != token]


# ---- worlds

# Of what runs on a role, only these say which role and which function it is; the rest is the program's own business.
_OF_USERS: Final = ("arn", "eventSourceArn", "functionName", "name")
_USERS: Final = frozenset(row.type for row in ROWS)


def _iam_texts(resource: Resource) -> Iterator[str]:
    """The texts of a resource that can name an account, a region or an id to IAM."""
    if ":iam" in resource.type:
        yield from _texts((resource.props, resource.inputs))
    else:
        yield from _texts([resource.props.get(name) for name in _OF_USERS])
        yield from _texts(value_at(resource, resource.row.role) if resource.type in _USERS else ())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _in_world(resources: tuple[Resource, ...], world: World) -> tuple[Resource, ...]:
    changes = {token: text for token, text in world.items() if token != text}
    if not changes:
        return resources
    tokens = re.compile("|".join(map(re.escape, sorted(changes, key=len, reverse=True))))

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return tokens.sub(lambda match: changes[match.group()], value)
        if isinstance(value, Mapping):
            return {changed(key): changed(item) for key, item in value.items()}
        return [changed(item) for item in value] if isinstance(value, list) else value

    return tuple(replace(r, props=changed(r.props), inputs=changed(r.inputs)) for r in resources)


# ---- agreement

# What is said of a role: `exposed` with an action and a user, `locked out` with an action, `way round`.
_Claim = tuple[str, ...]


def _role_key(execution: ExecutionRole) -> str:
    if execution.role is not None:
        return execution.role.urn
    return "\n".join(sorted(user.resource.urn for user in execution.users)) or execution.label


def _claims(outcomes: Iterable[Outcome]) -> set[_Claim]:
    claims: set[_Claim] = set()
    for outcome in outcomes:
        users = [user.resource.urn for user in outcome.users]
        if isinstance(outcome, Exposed):
            claims.update(("exposed", action) for action in outcome.answers)
            claims.update(("exposed user", urn) for urn in users)
        elif isinstance(outcome, LockedOut):
            claims.update(("locked out", action) for action in outcome.actions)
        elif isinstance(outcome, WayRound):
            claims.add(("way round",))
        else:
            claims.add(("unverified",))
    return claims


def _agreed(first: Judged, others: Sequence[tuple[World, Judged]], *, complete: bool) -> Judged:
    elsewhere = [(world, {_role_key(e): _claims(outcomes) for e, outcomes in judged}) for world, judged in others]
    agreed: Judged = []
    for execution, outcomes in first:
        key, said = _role_key(execution), _claims(outcomes)
        differing = next((world for world, claims in elsewhere if claims.get(key, set()) != said), None)
        if complete and differing is None:
            agreed.append((execution, outcomes))
            continue
        certain = said.intersection(*(claims.get(key, set()) for _, claims in elsewhere)) if complete else set()
        kept = [left for outcome in outcomes if (left := _certain(outcome, certain)) is not None]
        agreed.append((execution, [*kept, _undecided(execution, outcomes, differing)]))
    return agreed


def _certain(outcome: Outcome, certain: set[_Claim]) -> Outcome | None:
    """What is left of an outcome that is true in every world; None where nothing is."""
    if isinstance(outcome, Exposed):
        answers = {action: answer for action, answer in outcome.answers.items() if ("exposed", action) in certain}
        users = [user for user in outcome.users if ("exposed user", user.resource.urn) in certain]
        return replace(outcome, answers=answers, users=users) if answers and (users or not outcome.users) else None
    if isinstance(outcome, LockedOut):
        actions = [action for action in outcome.actions if ("locked out", action) in certain]
        return replace(outcome, actions=actions) if actions else None
    if isinstance(outcome, WayRound):
        return outcome if ("way round",) in certain else None
    # Whatever else is not known of the role is said with what the worlds do not agree on.
    return None


def _undecided(execution: ExecutionRole, outcomes: Iterable[Outcome], world: World | None) -> Unverified:
    unverified = Unverified(execution, list(execution.users))
    for outcome in outcomes:
        if isinstance(outcome, Unverified):
            unverified.gaps += outcome.gaps
            unverified.answers += outcome.answers
            unverified.unless_denied += outcome.unless_denied
            unverified.if_in_vpc += outcome.if_in_vpc
    urn = execution.role.urn if execution.role is not None else ""
    made = any(token != text and stand_ins.NAMES.fullmatch(token) for token, text in (world or {}).items())
    unverified.gaps.append(Gap(urn, "", Decided.NAME if made else Decided.STAND_IN, _what(world)))
    return unverified


def _what(world: World | None) -> str:
    """Which stand-in it depends on, and what it would have to be."""
    for token, text in (world or {}).items():
        if token != text and token not in (stand_ins.PARTITION, stand_ins.REGION):
            return f"whether {'the account' if stand_ins.ACCOUNTS.fullmatch(token) else f'`{token}`'} is `{text}`"
    return "the region" if world and stand_ins.REGION in world else "which of what the documents name is meant"
