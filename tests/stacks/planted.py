"""Bugs put in on purpose, by the kinds of silent holes that reviews found: `python -m tests.stacks.planted`.

Each puts one kind back. The table says what found it, and after how many stacks.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final
from unittest import mock

from policy.iam import conditions
from policy.iam.search import candidates, keys, relevant, subject, witness
from policy.iam.search.keys import SOURCE_FUNCTION_KEY
from policy.iam.trust import Trust
from policy.iam.truth import Truth
from policy.pack.checks import Judge
from policy.stack import grants, inventory, links, removals, resources
from policy.stack.accounts import Account
from policy.stack.resources import Declarations, Resource
from policy.verdict import exposure, finding, service, shedding
from policy.verdict.outcomes import LockedOut
from tests.stacks.run import Finding, Runner

SEED: Final = 20261127
Bug = Callable[[ExitStack], None]


def _put(bug: ExitStack, owner: Any, name: str, value: Any) -> None:
    bug.enter_context(mock.patch.object(owner, name, value))


# ---- variables in a guard


def only_the_first_function_is_asked(bug: ExitStack) -> None:
    """Functions that a variable in a guard tells apart are taken for one."""
    _put(bug, exposure, "alike", lambda users, *_: [users] if users else [[]])


def candidates_before_variables(bug: ExitStack) -> None:
    """What a variable is filled in with is not looked at when functions are told apart."""

    def nothing(*_: object) -> Iterator[dict[str, Any]]:
        yield {}

    _put(bug, subject, "_known_facts", nothing)


def variable_without_value_is_not_inverted(bug: ExitStack) -> None:
    """A variable without a value meets nothing, under inverted operators too."""
    original = conditions.value_holds

    def holds(condition: Any, value: Any, context: Any) -> Truth:
        missing = any("none}" in str(text) for text in condition.values)
        return Truth.NO if missing and condition.operator.negated else original(condition, value, context)

    for module in (conditions, candidates):
        _put(bug, module, "value_holds", holds)


# ---- a fact from the guard under test


def account_from_the_guard(bug: ExitStack) -> None:
    """The accounts that documents name are the only ones that a function may be in."""
    original = subject.sessions

    def named(caller: Any, relevant: Any) -> list[Any]:
        found = list(original(caller, relevant))
        accounts = list(dict.fromkeys(session.account for session in found))
        return [s for s in found if s.account in accounts[:-1] or len(accounts) == 1]

    _put(bug, witness, "sessions", named)


# ---- the way round


def trust_alone_is_not_enough(bug: ExitStack) -> None:
    """A trust policy that names the role is taken for one that leaves it to the role's policies."""
    original = Trust.lets_in

    def by_account(self: Trust, principal: Any) -> Any:
        entry = original(self, principal)
        return entry._replace(direct=Truth.NO, to_session=Truth.NO)

    _put(bug, Trust, "lets_in", by_account)


def rewriting_is_overlooked(bug: ExitStack) -> None:
    """That code may rewrite its role's policies is not looked at."""
    _put(bug, shedding._Search, "by_rewriting", lambda _: shedding.CLOSED)


def a_way_round_of_nobody(bug: ExitStack) -> None:
    """A Deny in the trust policy does not close it."""
    original = Trust.lets_in

    def without_deny(self: Trust, principal: Any) -> Any:
        allowing = tuple(s for s in self.statements if s.get("Effect") != "Deny")
        return original(replace(self, statements=allowing), principal)

    _put(bug, Trust, "lets_in", without_deny)


# ---- what takes policies away


def nothing_is_taken_off(bug: ExitStack) -> None:
    """Lists that own all policies of a kind take nothing off."""
    _put(bug, links, "take_away", lambda *_: None)


def attachment_owns_nothing(bug: ExitStack) -> None:
    """A PolicyAttachment takes its policy off no other role."""
    _put(bug, removals, "_by_attachment", lambda *_: None)


def two_of_one_name(bug: ExitStack) -> None:
    """Two inline policies of one name are both on the role."""
    _put(bug, removals, "_overwritten", lambda _: None)


# ---- unknowns counted


def nothing_comes_from_outside(bug: ExitStack) -> None:
    """An unknown value is one of the resources that it was made from, whatever else it was made from."""
    _put(bug, Resource, "outside", lambda *_: False)


def a_list_is_all_that_it_was_made_from(bug: ExitStack) -> None:
    """All roles that a list was made from are in it."""
    _put(
        bug, links, "_listed_roles", lambda _value, known, made_from, **_: ([*dict.fromkeys((*known, *made_from))], [])
    )


def unknown_tags_are_none(bug: ExitStack) -> None:
    """Tags that are not known count as none."""
    original = links._tags
    _put(bug, links, "_tags", lambda role: {k: v for k, v in (original(role) or {}).items() if isinstance(v, str)})


# ---- what the stack does not own


def a_read_role_has_no_policies(bug: ExitStack) -> None:
    """What is on a role that the stack only reads counts as nothing."""
    _put(bug, links, "check_echoes", lambda *_: None)


def two_reads_are_two_roles(bug: ExitStack) -> None:
    """A role that is read twice is two roles."""
    _put(bug, inventory.Stack, "_without_twins", lambda _, roles: roles)


# ---- providers


def names_know_no_account(bug: ExitStack) -> None:
    """All providers are of one account."""
    _put(bug, resources, "account_of", lambda *_: "")
    _put(bug, resources, "known_of", lambda *_: Account())
    _put(bug, resources.Told, "number", lambda _, account, __: account)


def default_tags_are_overlooked(bug: ExitStack) -> None:
    """The provider's default tags do not reach the roles."""
    original = links._tags
    _put(bug, links, "_tags", lambda role: original(replace(role, provider={**role.provider, "defaultTags": None})))


# ---- one policy hides another


def a_lower_level_hides(bug: ExitStack) -> None:
    """What the resource policy has said, the stack policy does not say again, whatever their levels."""
    _put(bug, Judge, "_told_as_strictly", lambda *_: True)


def other_actions_hide(bug: ExitStack) -> None:
    """What the resource policy has said of one action hides all actions of the document."""
    original = finding.unreported
    _put(bug, finding, "unreported", lambda found, reported, _: original(found, reported, _Every()))


def kept_from_one_run_to_the_next(bug: ExitStack) -> None:
    """What a run has declared and reported is there in the next one."""
    _put(bug, Declarations, "forget", lambda _: None)


class _Every(tuple[str, ...]):
    """All actions."""

    def __contains__(self, _: object) -> bool:
        return True


# ---- functions outside the VPC


def functions_outside_are_not_asked(bug: ExitStack) -> None:
    """The code of a function outside a VPC is not looked at, whoever shares its role."""
    original = exposure._judge
    _put(bug, exposure, "_judge", lambda execution, users, asked, *_: original(execution, users, asked))


# ---- the service


def networks_do_not_lock_out(bug: ExitStack) -> None:
    """A Deny on the network that a call comes from is not seen to keep the service out."""

    def on_the_key(statement: Any) -> list[Any]:
        return [c for c in statement.conditions if c.key == SOURCE_FUNCTION_KEY]

    _put(bug, service, "telling", on_the_key)


def one_region_of_the_service(bug: ExitStack) -> None:
    """Whether the service is locked out is asked for the first function only."""
    original = exposure.judge_service
    _put(bug, exposure, "judge_service", lambda execution, users, *args: original(execution, users[:1], *args))


def an_unknown_service_is_silent(bug: ExitStack) -> None:
    """That the service may be locked out is not told."""
    original = exposure.judge_service

    def certain(*args: Any) -> list[Any]:
        return [found for found in original(*args) if isinstance(found, LockedOut)]

    _put(bug, exposure, "judge_service", certain)


# ---- budget, times and regions


def eighty_names_are_too_many(bug: ExitStack) -> None:
    """All of eighty names in a guard are told apart for each function, also those that cannot be its own."""
    _put(bug, subject, "_about", lambda condition, _name: condition)
    _put(bug, subject, "_can_differ", lambda *_: True)
    _put(bug, subject, "_EXAMPLES", 0)


def sessions_begin_now(bug: ExitStack) -> None:
    """The session that a call is made with has just begun, and there will be no later one."""
    original = keys.fact

    def begun(key: str, session: Any) -> Any:
        found = original(key, session)
        return found[:1] if key == "aws:tokenissuetime" and found else found

    _put(bug, keys, "fact", begun)


def no_region_is_newer_than_the_data(bug: ExitStack) -> None:
    """AWS opens no further region."""
    _put(bug, subject._RegionSigns, "new_regions", lambda _: ())


# ---- and what no unknown may do


def unknown_values_are_missing(bug: ExitStack) -> None:
    """A document that is not known counts as none."""
    original = links._attach_role_policies

    def known(stack: Any, executions: Any) -> None:
        original(stack, executions)
        for execution in executions.values():
            execution.grants = [g for g in execution.grants if not g.document.unknown]

    _put(bug, links, "_attach_role_policies", known)


def a_possible_vpc_is_none(bug: ExitStack) -> None:
    """A function of which it is not known whether it is in a VPC is outside."""
    _put(bug, exposure, "_judge_possible", lambda *_: [])


BUGS: Final[dict[str, tuple[Bug, ...]]] = {
    "variables in a guard": (
        only_the_first_function_is_asked,
        candidates_before_variables,
        variable_without_value_is_not_inverted,
    ),
    "a fact from the guard under test": (account_from_the_guard,),
    "the way round": (trust_alone_is_not_enough, rewriting_is_overlooked, a_way_round_of_nobody),
    "what takes policies away": (nothing_is_taken_off, attachment_owns_nothing, two_of_one_name),
    "unknowns counted": (
        nothing_comes_from_outside,
        a_list_is_all_that_it_was_made_from,
        unknown_tags_are_none,
        unknown_values_are_missing,
        a_possible_vpc_is_none,
    ),
    "what the stack does not own": (a_read_role_has_no_policies, two_reads_are_two_roles),
    "providers": (names_know_no_account, default_tags_are_overlooked),
    "one policy hides another": (a_lower_level_hides, other_actions_hide, kept_from_one_run_to_the_next),
    "functions outside the VPC": (functions_outside_are_not_asked,),
    "budget": (eighty_names_are_too_many,),
    "times and regions": (sessions_begin_now, no_region_is_newer_than_the_data),
    "the service": (networks_do_not_lock_out, one_region_of_the_service, an_unknown_service_is_silent),
}


def _forget() -> None:
    """Forget documents, which keep what was found of them."""
    grants._parsed_text.cache_clear()
    grants.aws_managed.cache_clear()
    relevant.role_of.cache_clear()


def found_by(bug: Bug, numbers: Iterable[int], seed: int = SEED) -> Finding | None:
    """The first claim that does not hold with the bug in place; None where these stacks show none."""
    with ExitStack() as stack:
        _forget()
        stack.callback(_forget)
        bug(stack)
        runner = Runner(seed)
        for number in numbers:
            runner.stack(number)
            if runner.report.findings:
                return runner.report.findings[0]
    return None


def main() -> None:
    """Print the table: kind, bug, what found it, and in which stack."""
    parser = argparse.ArgumentParser(prog="python -m tests.stacks.planted", description=__doc__)
    parser.add_argument("--most", type=int, default=3000, help="stacks to try for each bug (default: %(default)s)")
    args = parser.parse_args()
    print("| kind | planted bug | found as | after stacks |\n|---|---|---|---|")
    for kind, bugs in BUGS.items():
        for bug in bugs:
            finding = found_by(bug, range(args.most))
            said = f"{finding.kind} | {finding.number + 1:,}" if finding else f"not found | {args.most:,}"
            print(f"| {kind} | {(bug.__doc__ or '').rstrip('.')} | {said} |", flush=True)


if __name__ == "__main__":
    main()
