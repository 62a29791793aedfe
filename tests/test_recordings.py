"""What the pack says of each recording of a real provider (tests/recordings): what reading its program says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from policy.preview.engine import Engine, serve
from policy.preview.monitor import Monitor
from policy.preview.registration import StackIdentity
from tests.case_runner import PACK, Pack, name_of, told
from tests.recorded import ADDS_GUARD, DEPLOYED, FIRST, REFRESHED, STACK, messages, recordings

Verdict = set[tuple[str, str, str]]

STAGES = (FIRST, DEPLOYED, REFRESHED)


def hole(name: str) -> Verdict:
    """One hole, on this resource, that stops the deployment; and not a word besides."""
    return {("vpc-lambda-eni-guard", "mandatory", name)}


EXPECTED: dict[tuple[str, str], Verdict] = {
    # A Deny for all of the function's code stands beside the AWS managed policy.
    **{("guarded-deny-statement", stage): set() for stage in STAGES},
    # The Deny on the role of `invoices` and `billing` covers the former only.
    **{("half-right", stage): hole("finance-role-vpc-access") for stage in STAGES},
    # The statement of the inline policy asks for no condition.
    **{("unguarded-inline-policy", stage): hole("orders-eni") for stage in STAGES},
    # Deployed without the guard; the update adds it.
    **{("updates", stage): hole("a") for stage in STAGES},
    ("updates", ADDS_GUARD): set(),
}


@pytest.fixture(scope="module")
def pack() -> Iterator[Pack]:
    """The pack's process. Each recording hands over all of its resources, so none sees what another one left."""
    stack = StackIdentity("recordings", STACK)
    with serve(Monitor(stack, lambda resource: resource.inputs), Engine()) as address:
        process = Pack(PACK, address, stack, {})
        with process:
            yield process


@pytest.mark.parametrize(("name", "stage"), recordings())
def test_a_recording_is_judged_as_its_program_reads(name: str, stage: str, pack: Pack) -> None:
    violations = pack.replay(*messages(name, stage))
    assert {(each.policy, each.enforcement, name_of(each.urn)) for each in violations} == EXPECTED[name, stage]
    assert len(violations) == len(EXPECTED[name, stage])
    if name == "half-right":
        assert "`billing`" in told(violations[0])
        assert "`invoices`" not in told(violations[0]).partition("\n")[0]


def test_every_recording_has_a_verdict() -> None:
    assert set(recordings()) == EXPECTED.keys()
