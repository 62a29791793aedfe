"""Terraform's own AWS provider, bridged: a stack of its types is linked and judged as the classic provider's.

The bridge's rules are read in its sources, and the case folders are put into its types; no bridged provider was run.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
from case_runner import CASES, PACK, PROJECT, Item, Pack, differences, folders, registrations, stack_case

from policy.iam.truth import UNKNOWN
from policy.preview.engine import Engine, serve
from policy.preview.monitor import Monitor
from policy.preview.registration import StackIdentity
from policy.shared import aws_types
from policy.shared.aws_types import CLASSIC, TYPES
from policy.shared.terraform_types import LOOKED_AT, classic_properties, classic_type, in_module
from policy.stack.resources import type_of

BRIDGED: Final = {classic_type(kind): kind for kind in sorted(LOOKED_AT - set(TYPES))}
# What sources of events are called there.
SOURCES: Final = {
    "aws:msk/cluster:Cluster": "aws:index/mskCluster:MskCluster",
    "aws:sqs/queue:Queue": "aws:index/sqsQueue:SqsQueue",
}
# The classic provider's older type of an image has no twin.
ONLY_CLASSIC: Final = {aws_types.OLD_MICROVM_IMAGE}


def test_every_classic_type_has_its_twin() -> None:
    assert {kind for kind, row in TYPES.items() if row.provider == CLASSIC} - set(BRIDGED) == ONLY_CLASSIC
    assert BRIDGED[aws_types.ROLE_POLICY] == "aws:index/iamRolePolicy:IamRolePolicy"
    assert BRIDGED[aws_types.CONNECTOR] == "aws:index/lambdacoreNetworkConnector:LambdacoreNetworkConnector"


def test_what_runs_code_in_a_module_or_makes_what_may_is_seen_to_be_there() -> None:
    named = ("lambda_function", "synthetics_canary", "cloudformation_stack_set", "cloudformation_stack_instances")
    assert [name for name in (*named, "iam_role", "vpc") if in_module(f"orders:tf:aws_{name}")] == list(named)
    assert not in_module("orders:index:lambda_function")


def test_a_urn_has_the_classic_type() -> None:
    assert type_of("urn:pulumi:s::p::my:c:C$aws:index/iamRole:IamRole::r") == aws_types.ROLE


@pytest.mark.parametrize(
    ("given", "classic"),
    [
        ([{"capacityProviderOperatorRoleArn": "arn"}], {"capacityProviderOperatorRoleArn": "arn"}),
        ([], None),
        (UNKNOWN, UNKNOWN),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_a_list_of_one_is_an_object(given: Any, classic: Any) -> None:
    found = classic_properties(BRIDGED[aws_types.CAPACITY_PROVIDER], {"permissionsConfigs": given, "name": "n"})
    assert found == {"permissionsConfig": classic, "name": "n"}


def test_the_classic_provider_keeps_its_names() -> None:
    given = {"functionName": "f", "permissionsConfigs": []}
    assert classic_properties(aws_types.FUNCTION, given) == given


# ---- whole stacks

# One in some for time's sake, and all that are about what is special here. A URN in the configuration is of a classic type.
NAMES: Final = [folder.name for folder in folders("stack.yaml") if "::aws:" not in (folder / "stack.yaml").read_text()]
CHOSEN: Final = [
    name
    for n, name in enumerate(NAMES)
    if n % 4 == 0 or any(word in name for word in ("poller", "function-names", "capacity", "microvm", "canary"))
]


@pytest.fixture(scope="module")
def pack() -> Iterator[Pack]:
    stack = StackIdentity(PROJECT, "terraform")
    monitor = Monitor(stack, lambda resource: resource.inputs)
    with serve(monitor, Engine()) as address, Pack(PACK, address, stack, {}) as process:
        process.ready()
        yield process


def bridged(item: Item) -> Item:
    """The resource as the bridged provider has it."""
    kind = BRIDGED.get(item.type, SOURCES.get(item.type, item.type))
    if item.type == aws_types.FUNCTION:
        names = {"name": "functionName"}
    elif item.type == aws_types.CAPACITY_PROVIDER:
        names = {"permissionsConfig": "permissionsConfigs", "vpcConfig": "vpcConfigs"}
    else:
        names = {}

    def renamed(values: Any) -> Any:
        return {
            names.get(key, key): [value] if key in names and isinstance(value, dict) else copy.deepcopy(value)
            for key, value in values.items()
        }

    return replace(
        item,
        type=kind,
        inputs=renamed(item.inputs),
        outputs=renamed(item.outputs),
        depends_on=renamed(item.depends_on),
    )


@pytest.mark.parametrize("name", CHOSEN)
def test_a_stack_is_judged_as_the_classic_provider_s(name: str, pack: Pack) -> None:
    case = stack_case(CASES / name)
    for stage in case.stages:
        items = tuple(bridged(item) for item in stage.items)
        stage_there = type(stage)(stage.label, items, stage.violations)
        found = differences(stage.violations, pack.run(registrations(stage_there), case.config))
        assert not found, "\n".join([stage.label, *found])
