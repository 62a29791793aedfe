"""The law: what the pack is sure of at the preview holds after the deployment.

Whichever values the unknown ones turn out to have, and in whichever order things are done. That a role is not told of is
as sure as a hole that is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from tests.stacks.documents import ACTIONS, NEW_REGION
from tests.stacks.generate import TWINS
from tests.stacks.preview import Said, Sure
from tests.stacks.reference import ELSEWHERE, Answer
from tests.stacks.values import Item, Later, Program, Text, World, filled, fixed, laters, names_in
from tests.stacks.worlds import named

_POLICIES: Final = (
    "policy",
    "policyDocument",
    "policyArn",
    "policyArns",
    "managedPolicyArns",
    "inlinePolicies",
    "policies",
)


def _hidden(program: Program) -> set[str]:
    """The resources of whose policies something is not known at the preview."""
    # What a read role has already counts for what it may allow: nothing in the stack declares it.
    found = {ELSEWHERE, *(item.name for item in program.items if item.read)}
    for item in program.items:
        values = {**item.inputs, **(item.computed if item.read else {})}
        if any(_is_hidden(values.get(name)) for name in _POLICIES):
            found.add(item.name)
        if _is_hidden(values.get("permissionsBoundary")):
            found.add(f"{item.name}.permissionsBoundary")
    return found


def _is_hidden(value: Any) -> bool:
    if isinstance(value, Text):
        return any(not later.known for later in laters(value))
    if isinstance(value, Later):
        # A new policy's own ARN hides nothing.
        return not value.known and not str(value.template).startswith("arn:")
    if isinstance(value, Mapping):
        return "Statement" not in value and any(map(_is_hidden, value.values()))
    return isinstance(value, list) and any(map(_is_hidden, value))


class Law:
    """The law for one program, of which the pack has said something."""

    def __init__(self, program: Program, said: Said) -> None:
        self._program, self._said = program, said
        self.hidden = _hidden(program)
        # By role, what put those policies there that may be taken off, in one world or another.
        self.taken_off: dict[str, set[frozenset[str]]] = {}
        self._accounts_known: dict[str, bool] = {}

    def binds(self, world: World) -> bool:
        """Whether claims have to hold in a world: as many unknown elements of a list as policies that it was made from are
        one each, for the pack, so that not in those where a program has listed one twice."""
        for item in self._program.items:
            for name in ("managedPolicyArns", "policyArns"):
                listed = item.inputs.get(name)
                if isinstance(listed, list) and any(not later.known for later in laters(listed)):
                    found = filled(listed, world)
                    if len(set(found)) < len(found):
                        return False
        return True

    def _decides(self, role: str) -> bool:
        """Whether all that is on a role is known, and stays there whatever is done first."""
        return self._all_is_known and not self.taken_off.get(role)

    @cached_property
    def _all_is_known(self) -> bool:
        """Whether the preview shows everything that matters."""
        program = self._program
        values = [v for item in program.items for v in (item.inputs, item.computed)]
        values += [provider.props for provider in program.providers.values()]
        return (
            all(later.known for later in laters(values))
            and not any(item.read and item.inputs | item.computed for item in program.items)
            and not any(name.startswith("outside:") for name in program.choices)
            and all(map(self._tells_account, program.providers))
            # Of these the pack knows no more than that there may be some.
            and not any(word in str((values, program.choices)) for word in ("aws:TokenIssueTime", NEW_REGION, "eu-*-9"))
        )

    def asks(self, role: str, in_scope: bool) -> bool:
        """Whether what is said of a role, or not said, can turn out to be wrong in a world.

        Of one that is unverified only nothing is sure, unless the preview shows everything; and one with nothing in a VPC
        need not be told of.
        """
        sure = self._said.roles.get(role, Sure())
        claims = sure.exposed or sure.unless or sure.ways or sure.locked or sure.given_up
        return bool(claims) or (in_scope and (self._all_is_known or not sure.unverified))

    def refuted(self, role: str, answers: Iterable[Answer], world: World) -> Iterator[tuple[str, str, str]]:
        """The claims about a role that do not hold in one world: (kind, role, what)."""
        sure = self._said.roles.get(role, Sure())
        for answer in answers:
            if sure.given_up and answer.functions and self._unnamed.isdisjoint(answer.functions):
                yield "given up", role, "although the names of its functions are known"
            # A guard that may be taken off is none, and the pack says so as if it were gone.
            on_sufferance = answer.on_sufferance or bool(answer.denying & self.taken_off.get(role, set()))
            if not on_sufferance:
                yield from ((kind, role, what) for kind, what in self._false(role, sure, answer, world))
                yield from ((kind, role, what) for kind, what in self._locked_out(sure, answer))
            yield from ((kind, role, what) for kind, what in self._missed(sure, answer))
            if self._decides(role) and sure.unverified and any(f.needs_vpc for f in answer.functions.values()):
                yield "unverified", role, "although the preview shows everything that matters"

    def _false(self, role: str, sure: Sure, answer: Answer, world: World) -> Iterator[tuple[str, str]]:
        """What is told and is not so.

        A role that neither the code nor Lambda can use for an action is none for functions there: the pack leaves out
        such an account where it does not know which one it is.
        """

        # Where an account is not known, what is known allows something in the account that the role is in.
        elsewhere = frozenset() if self._account_known(role) else answer.useless

        def open_(action: str, functions: Iterable[str]) -> bool:
            closed = answer.locked | elsewhere
            return any(action in answer.exposed.get(f, ()) or (f, action) in closed for f in functions)

        for action, functions in sure.exposed.items():
            if functions and not open_(action, functions):
                yield "a false hole", f"{action} by {sorted(functions)}"
        for function in sorted({f for functions in sure.exposed.values() for f in functions}):
            if not any(open_(action, (function,)) for action in ACTIONS):
                yield "a false hole of a function", function
        for actions, functions, idle in sure.unless:
            if functions and not any(self._may_deny(name, world) for name in idle):
                missing = [a for a in sorted(actions) if not open_(a, functions)]
                if missing:
                    yield "a false hole unless what is not known is a guard", f"{missing} by {sorted(functions)}"
        for function, actions in sorted(sure.ways.items()):
            works = self._account_known(role) or any((function, action) not in answer.locked for action in actions)
            if (
                works
                and function not in answer.ways
                # Of a policy that nobody knows the way is to rewrite it; where it is no guard, the code needs no way.
                and not any(action in answer.exposed.get(function, ()) for action in ACTIONS)
                and not any(self._may_deny(name, world) for name in answer.by & self._idle(role, answer))
            ):
                yield "a false way round", function
        for action in sorted(sure.locked) if answer.functions else ():
            users = {f.name for f in answer.functions.values() if f.needs_vpc}
            if action in ACTIONS and users and all((f, action) not in answer.locked for f in users):
                yield "a false lock-out", action

    def _idle(self, role: str, answer: Answer) -> set[str]:
        """The resources with a document that was made from a queue, or from what has to do with another role, only: the pack
        takes such a document for no guard of this one."""
        guarding = {"network", role, *(twin for twin, name in TWINS.items() if name == role), *answer.functions}
        return {
            item.name
            for item in self._program.items
            for name in ("policy", "policyDocument", "inlinePolicies", "policies")
            if any(not later.known and guarding.isdisjoint(later.made_from) for later in laters(item.inputs.get(name)))
        }

    def _may_deny(self, name: str, world: World) -> bool:
        """Whether something on a resource denies something, or limits what is allowed: that claims are made without."""
        item = next(item for item in self._program.items if item.name == name)
        text = json.dumps(filled({**item.inputs, **item.computed}, world))
        limits = "permissionsBoundary" in text or _is_a_boundary(item, self._program)
        return "Deny" in text or limits or _names_policies(item)

    def _missed(self, sure: Sure, answer: Answer) -> Iterator[tuple[str, str]]:
        """What the code can do and is not told."""
        if not self._told_of(sure, answer):
            return
        told = set(sure.actions)
        if self._program.config.get("role level") != "advisory":
            told |= sure.declared
        # Where the role of a function outside a VPC is not known, it need not be named with what others can do as well.
        unplaced = self._unplaced - {f.name for f in answer.functions.values() if f.needs_vpc}
        for function, actions in answer.exposed.items():
            missing = actions - told
            if missing:
                yield "a missed hole", f"{sorted(missing)} by {function}"
            elif actions and function not in sure.functions | unplaced and not sure.declared:
                yield "a function that is not named", function
        for function in sorted(answer.known_ways - sure.ways.keys() - (unplaced if sure.ways else set())):
            yield "a missed way round", function

    def _told_of(self, sure: Sure, answer: Answer) -> bool:
        """Whether what is not told of the role is sure: it is in scope, and nothing of it is unverified."""
        if sure.unverified or (self._said.stray & {*answer.functions, *answer.by}):
            return False
        return any(f.needs_vpc for f in answer.functions.values())

    def _locked_out(self, sure: Sure, answer: Answer) -> Iterator[tuple[str, str]]:
        """What Lambda cannot do and is not told."""
        for function, action in sorted(answer.guarded_out) if self._told_of(sure, answer) else ():
            works = self._accounts_fixed or any(action in found for found in answer.exposed.values())
            if action not in sure.locked and works:
                yield "a missed lock-out", f"{action} for {function}"

    def _account_known(self, role: str) -> bool:
        """Whether the role itself, or its provider, or what that has made already, gives its account away."""
        if role not in self._accounts_known:
            item = next(item for item in self._program.items if item.name == role)
            self._accounts_known[role] = self._tells_account(item.provider, item)
        return self._accounts_known[role]

    def _tells_account(self, provider: str, *items: Item) -> bool:
        """Whether a provider, or what it has made already, gives its account away, or these items do."""
        made = [replace(i, inputs={}) for i in self._program.items if i.provider == provider and not i.read]
        used = self._program.providers[provider]
        told = fixed(replace(self._program, items=(*items, *made), providers={provider: used}))
        return set(names_in(used.account)) <= told

    @cached_property
    def _accounts_fixed(self) -> bool:
        """Whether something in the program gives every account away."""
        return not any(name.startswith("account:") for name in named(self._program) - fixed(self._program))

    @cached_property
    def _unplaced(self) -> set[str]:
        """The functions whose roles are not known, nor made from one role alone."""
        roles = {i.name: i.inputs["role"] for i in self._program.items if i.type.endswith(":Function")}
        return {n for n, r in roles.items() if isinstance(r, Later) and not r.known and len(r.made_from) != 1}

    @cached_property
    def _unnamed(self) -> set[str]:
        """The functions of which a role need not know the name: it is not known, or it is not known whose role they have."""
        given = {i.name: i.inputs.get("name", i.inputs.get("functionName")) for i in self._program.items}
        return self._unplaced | {name for name, value in given.items() if isinstance(value, Later) and not value.known}


def _is_a_boundary(item: Item, program: Program) -> bool:
    return any(item.name in str(other.inputs.get("permissionsBoundary", "")) for other in program.items)


def _names_policies(item: Item) -> bool:
    return bool({"policyArn", "policyArns", "managedPolicyArns"} & item.inputs.keys())
