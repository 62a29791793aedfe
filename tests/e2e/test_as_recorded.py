"""The stand-in provider shows resources as a real one was recorded to, at every stage of a stack's life."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import grpc
import pytest
from google.protobuf import json_format
from pulumi.runtime import proto

from policy.preview.properties import UNKNOWN, to_struct
from policy.preview.resource_types import TYPES
from policy.shared import aws_types
from tests.recorded import (
    ADDS_GUARD,
    DEPLOYED,
    FIRST,
    PROGRAMS,
    REFRESHED,
    STACK,
    Program,
    Seen,
    differences,
)

from .cloud import Cloud
from .engine import Engine
from .kinds import KINDS
from .provider import Provider
from .test_stand_in import Witness

pytestmark = pytest.mark.e2e


def previewed(engine: Engine, witness: Witness, program: Program, **config: str) -> dict[str, Seen]:
    """What a pack is shown at a preview of the resources that this one reads."""
    engine.preview(program.folder, [witness.pack], stack=STACK, options=options(program, **config)).exited(0)
    return {name: seen for name, seen in witness.resources().items() if seen.type in aws_types.TYPES}


def options(program: Program, **config: str) -> list[str]:
    """A program's configuration, or another one, for a command."""
    project = next((key.partition(":")[0] for key in program.config), "")
    settings = {**program.config, **{f"{project}:{key}": value for key, value in config.items()}}
    return [option for key, value in settings.items() for option in ("--config", f"{key}={value}")]


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_stage_is_as_recorded(name: str, engine: Engine, tmp_path: Path) -> None:
    program, witness = PROGRAMS[name], Witness(tmp_path / "witness")
    assert differences(name, FIRST, previewed(engine, witness, program)) == []
    engine.up(program.folder, stack=STACK, options=options(program)).exited(0)
    assert differences(name, DEPLOYED, previewed(engine, witness, program)) == []
    engine.refresh(program.folder, stack=STACK).exited(0)
    assert differences(name, REFRESHED, previewed(engine, witness, program)) == []
    if name == "updates":
        assert differences(name, ADDS_GUARD, previewed(engine, witness, program, guard="yes")) == []


# Nothing is linked by the outputs of these: what is in them counts (tests/e2e/test_makers.py has the makers).
UNLINKED: Final = {*aws_types.MAKERS, aws_types.ORGANIZATION_POLICY}


@pytest.mark.parametrize("kind", sorted(kind for kind in TYPES if kind.startswith("aws:") and kind not in UNLINKED))
def test_what_a_preview_leaves_unknown_has_a_value_in_the_end(kind: str) -> None:
    # The id and the tags are no templates of their own.
    assert set(TYPES[kind].computed) - {"id", "tagsAll"} == KINDS[kind].computed.keys()
    assert KINDS[kind].created.keys() | KINDS[kind].refreshed.keys() <= set(TYPES[kind].optional)


FUNCTION = "aws:lambda/function:Function"
VPC = "vpc-0123456789abcdef0"


class Account:
    """The stand-in for pulumi-aws without an engine: what it answers for one resource."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._provider = Provider("aws", Cloud(folder / "account.json"))
        self._urn = f"urn:pulumi:dev::program::{kind}::it"
        self._context = cast("grpc.ServicerContext", None)
        self._id = ""
        self._inputs: dict[str, Any] = {}
        self._outputs: dict[str, Any] = {}

    def create(self, *, preview: bool = False, **inputs: object) -> dict[str, Any]:
        """The outputs of a new resource."""
        self._inputs = self._checked(inputs)
        request = proto.CreateRequest(urn=self._urn, properties=to_struct(self._inputs), preview=preview)
        response = self._provider.Create(request, self._context)
        self._id, self._outputs = response.id, json_format.MessageToDict(response.properties)
        return self._outputs

    def update(self, *, preview: bool = False, **inputs: object) -> dict[str, Any]:
        """The outputs of the resource with other inputs."""
        checked = self._checked(inputs)
        request = proto.UpdateRequest(
            id=self._id,
            urn=self._urn,
            olds=to_struct(self._outputs),
            old_inputs=to_struct(self._inputs),
            news=to_struct(checked),
            preview=preview,
        )
        outputs: dict[str, Any] = json_format.MessageToDict(self._provider.Update(request, self._context).properties)
        if not preview:
            self._inputs, self._outputs = checked, outputs
        return outputs

    def _checked(self, inputs: Mapping[str, object]) -> dict[str, Any]:
        request = proto.CheckRequest(urn=self._urn, olds=to_struct(self._inputs), news=to_struct(inputs))
        checked: dict[str, Any] = json_format.MessageToDict(self._provider.Check(request, self._context).inputs)
        return checked


def test_an_update_keeps_what_the_provider_computed(tmp_path: Path) -> None:
    function = Account(tmp_path, FUNCTION)
    given: dict[str, Any] = {"name": "f", "role": "r", "description": "one", "vpcConfig": {"subnetIds": ["s"]}}
    created = function.create(**given)
    assert created["vpcConfig"] == {"subnetIds": ["s"], "ipv6AllowedForDualStack": False, "vpcId": VPC}
    longer = function.update(preview=True, **given, timeout=9)
    assert longer == {**created, "timeout": 9}
    without = {key: value for key, value in given.items() if key != "description"}
    assert function.update(preview=True, **without) == {**created, "description": None}
    assert function.update(**without) == {**created, "description": ""}


def test_an_update_shows_a_list_with_an_unknown_element_as_unknown(tmp_path: Path) -> None:
    function = Account(tmp_path, FUNCTION)
    created = function.create(name="f", role="r")
    assert created["vpcConfig"] is None
    planned = function.update(preview=True, name="f", role="r", vpcConfig={"subnetIds": ["s", UNKNOWN]})
    network = {"subnetIds": UNKNOWN, "ipv6AllowedForDualStack": False, "vpcId": UNKNOWN}
    assert planned == {**created, "vpcConfig": network}
    updated = function.update(name="f", role="r", vpcConfig={"subnetIds": ["s", "t"]})
    assert updated == {**created, "vpcConfig": {**network, "subnetIds": ["s", "t"], "vpcId": VPC}}


def test_tags_are_all_tags_in_the_end(tmp_path: Path) -> None:
    role = Account(tmp_path, "aws:iam/role:Role")
    assert role.create(preview=True, assumeRolePolicy="{}", tags={"a": "b"})["tagsAll"] == UNKNOWN
    assert role.create(assumeRolePolicy="{}", tags={"a": "b"})["tagsAll"] == {"a": "b"}
    assert role.update(assumeRolePolicy="{}", tags={"a": "c"})["tagsAll"] == {"a": "c"}


@pytest.mark.parametrize("name", ["f", "arn:aws:lambda:us-east-1:123456789012:function:f:live"])
def test_an_alias_and_an_event_source_name_the_function(name: str, tmp_path: Path) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    mapping = Account(tmp_path, "aws:lambda/eventSourceMapping:EventSourceMapping").create(functionName=name)
    assert mapping["functionArn"] == arn
    alias = Account(tmp_path, "aws:lambda/alias:Alias").create(functionName=name, functionVersion="1", name="live")
    assert alias["arn"] == alias["id"] == f"{arn}:live"


def test_a_prefix_is_what_a_name_begins_with(tmp_path: Path) -> None:
    policy = Account(tmp_path, "aws:iam/rolePolicy:RolePolicy")
    given: dict[str, Any] = {"namePrefix": "pre-", "role": "r", "policy": "{}"}
    assert policy.create(preview=True, **given)["name"] == UNKNOWN
    assert policy.create(**given)["name"].startswith("pre-")
