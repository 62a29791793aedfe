"""What one resource's inputs prove, whatever else is in the stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from policy.iam.document import parse_document
from policy.iam.evaluate import action_covered
from policy.iam.managed import is_aws_managed
from policy.iam.request import SOURCE_FUNCTION_ARN
from policy.iam.trust import CONNECTORS, LAMBDA, parse_trust
from policy.iam.truth import Truth
from policy.shared import aws_types
from policy.shared.escapes import message, quoted
from policy.shared.names import ROLE_GUARD
from policy.stack.document_places import Path, at, document_paths, shown
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.verdict import words
from policy.verdict.diagnosis import dead_guard, form_for
from policy.verdict.exposure import judge_role, names_eni_actions
from policy.verdict.finding import Finding, exposed_message
from policy.verdict.outcomes import Exposed, Question


def resource_findings(
    resource: Resource, asked: Question, refused: Mapping[str, str], *, alone: bool = False
) -> list[Finding]:
    """The findings on one resource, given as its inputs.

    `refused` says by path why documents were not remediated. `alone` says that nobody judges the stack as a whole: holes
    are then told that another resource could close, with that said.
    """
    found = [Finding(ROLE_GUARD, resource.urn, message) for message in _dead_guards(resource, asked.actions)]
    if resource.type in aws_types.ROLES:
        found += _declared_holes(resource, asked, refused, alone=alone)
    return found


def _dead_guards(resource: Resource, actions: Sequence[str]) -> Iterator[str]:
    """Guards that can do nothing, in statements about a judged action: with other actions the key is somebody else's."""
    for place in (*document_paths(resource.row, resource.props), *_service_control(resource)):
        source, path = at(resource.props, place), shown(place)
        if source is None:
            continue
        document = parse_document(source, path)
        for statement in document.statements:
            ours = any(action_covered(statement, action) is not Truth.NO for action in actions)
            reason = dead_guard(statement) if ours and not statement.uncertain else None
            if reason is not None:
                yield message(
                    [
                        f"The guard in {statement.label} of {_place(resource, path)} can do nothing: {reason}.",
                        f"Fix: use {form_for(statement.effect)} in that statement.",
                    ]
                )
    trust = resource.row.trust
    if trust:
        for path, denies in parse_trust(resource.props.get(trust)).conditions_on_function():
            # A Deny without its condition would keep Lambda itself from the role.
            what = "that statement" if denies else "it"
            yield message(
                [
                    f"The guard in {_place(resource, trust)}, {path}, can do nothing: `{SOURCE_FUNCTION_ARN}` is not there "
                    "when Lambda assumes the role, and a trust policy grants no network interface actions.",
                    f"Fix: take {what} out, and {_instead(resource, actions)}",
                ]
            )


def _service_control(resource: Resource) -> Iterator[Path]:
    """Where a service control policy stands; other types of an organization's policies are no policies of IAM."""
    if resource.row.organization and resource.props.get("type") in (None, "SERVICE_CONTROL_POLICY"):
        yield (resource.row.organization,)


def _place(resource: Resource, path: str) -> str:
    """Where it is in the resource that is reported, which may be another one's maker."""
    return words.place(resource.urn, path) if resource.maker else quoted(path)


def _instead(role: Resource, actions: Sequence[str]) -> str:
    """What guards in the place of a condition in the trust policy: nobody can change a statement that AWS owns."""
    attached = role.props.get(role.row.managed)
    if any(isinstance(arn, str) and is_aws_managed(arn) for arn in (attached if isinstance(attached, list) else ())):
        return f"put this policy on the role: {words.policy_of_its_own(words.deny_statement(actions))}"
    return f"use {form_for(None)} in the statement that allows them."


def _declared_holes(role: Resource, asked: Question, refused: Mapping[str, str], *, alone: bool) -> Iterator[Finding]:
    """Holes in a role that declares all its policies itself, which no other resource can close. With `alone` also those in
    a role that declares one of its lists."""
    listed = [isinstance(role.props.get(prop), list) for prop in (role.row.inline.prop, role.row.managed)]
    if not any(listed) or not (all(listed) or alone):
        return
    (execution,) = link([role])
    trust = execution.trust
    # A role that network connectors may assume is an operator role, or may be: who uses it is for the stack policies.
    if trust.names_service(LAMBDA) is not Truth.YES or trust.names_service(CONNECTORS) is Truth.YES:
        return
    if not names_eni_actions(execution):
        return
    # A resource check is not told what a document was made from, so any that is not known may be a guard here.
    for outcome in judge_role(execution, replace(asked, unknown_may_guard=True)):
        if isinstance(outcome, Exposed) and outcome.writes:
            told = exposed_message(outcome, asked.actions, refused, seen_whole=all(listed))
            yield Finding(ROLE_GUARD, role.urn, told, outcome.grant.path)
