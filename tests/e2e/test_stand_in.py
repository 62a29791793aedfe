"""What the pack is told by the engine and the providers, pinned with a pack that only writes it down.

The pack is built on these facts; the stand-in providers must keep them true, or the other end-to-end tests prove
nothing.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import Seen

from .engine import Engine, Pack

pytestmark = pytest.mark.e2e

PACK = """
import json
from pathlib import Path
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy

SEEN = Path(__file__).with_name("seen.jsonl")


def plain(value):
    try:
        value = value["__target"]
    except (KeyError, TypeError):
        pass
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def note(call, resource, depends=()):
    with SEEN.open("a") as file:
        seen = [call, resource.name, plain(resource.props), resource.resource_type, dict(depends)]
        file.write(json.dumps(seen, default=str) + "\\n")


def resource_policy(args, report):
    note("Analyze", args)
    if args.name == "stopped":
        report("Stopped here.\\nSecond line.")


def stack_policy(args, report):
    for resource in args.resources:
        depends = {key: [each.name for each in found] for key, found in resource.property_dependencies.items()}
        note("AnalyzeStack", resource, depends)


PolicyPack(
    "witness",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(name="on-resource", description="What a resource says.", validate=resource_policy),
        StackValidationPolicy(name="on-stack", description="What a stack says.", validate=stack_policy),
    ],
)
"""

TRUST = '{"Version": "2012-10-17", "Statement": []}'
DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
SHOWN = '{"Version":"2012-10-17","Statement":[{"Action":"*","Effect":"Deny","Resource":"*"}]}'
"""The document as the provider writes it."""
MANAGED = "arn:aws:iam::aws:policy/ReadOnlyAccess"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PROVIDER_VERSION = metadata.version("pulumi_aws").replace(".", "_")

ROLE = f"""
import pulumi, pulumi_aws as aws
role = aws.iam.Role("worker", assume_role_policy='{TRUST}')
"""
POLICIES = f"""
aws.iam.RolePolicy("inline", role=role.name, policy='{DOCUMENT}')
aws.iam.RolePolicyAttachment("attachment", role=role.name, policy_arn="{MANAGED}")
"""


class Witness:
    """A pack that notes what it sees; the notes of the last run."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.0.1\n", encoding="utf-8")
        (folder / "__main__.py").write_text(PACK, encoding="utf-8")
        self.pack = Pack(folder)
        self._seen = folder / "seen.jsonl"

    def seen(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Properties by call and resource name; reading them forgets them."""
        return {(call, name): properties for call, name, properties, *_ in self._notes()}

    def resources(self) -> dict[str, Seen]:
        """The resources of the stack by name; reading them forgets them."""
        notes = self._notes()
        inputs = {name: properties for call, name, properties, *_ in notes if call == "Analyze"}
        return {
            name: Seen(kind, inputs.get(name, {}), outputs, {key: frozenset(names) for key, names in depends.items()})
            for call, name, outputs, kind, depends in notes
            if call == "AnalyzeStack"
        }

    def _notes(self) -> list[tuple[str, str, dict[str, Any], str, dict[str, list[str]]]]:
        notes = [json.loads(line) for line in self._seen.read_text(encoding="utf-8").splitlines()]
        self._seen.unlink()
        return notes


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "witness")


def program(tmp_path: Path, source: str, name: str = "program") -> Path:
    """A program of one project, in a folder of its own for each version of it."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: program\nruntime: python\n", encoding="utf-8")
    (folder / "__main__.py").write_text(source, encoding="utf-8")
    return folder


def test_analyze_sees_inputs_and_analyze_stack_sees_outputs(tmp_path: Path, engine: Engine, witness: Witness) -> None:
    engine.preview(program(tmp_path, ROLE + POLICIES), [witness.pack]).exited(0)
    seen = witness.seen()
    declared = {"assumeRolePolicy", "forceDetachPolicies", "maxSessionDuration", "name", "path"}
    assert seen["Analyze", "worker"].keys() == declared
    outputs = seen["AnalyzeStack", "worker"]
    assert {key for key, value in outputs.items() if value == UNKNOWN} == {
        "arn",
        "createDate",
        "id",
        "inlinePolicies",
        "managedPolicyArns",
        "namePrefix",
        "tagsAll",
        "uniqueId",
    }
    assert outputs["name"] == seen["Analyze", "inline"]["role"]


def test_a_role_echoes_the_account_only_after_it_is_read_again(
    tmp_path: Path, engine: Engine, witness: Witness
) -> None:
    both = program(tmp_path, ROLE + POLICIES)
    engine.up(both, [witness.pack]).exited(0)
    created = witness.seen()["AnalyzeStack", "worker"]
    assert (created["inlinePolicies"], created["managedPolicyArns"]) == ([], [])

    engine.refresh(both).exited(0)
    unattached = program(tmp_path, ROLE, "unattached")
    for command in (engine.preview, engine.up):  # each removes both policies, and still shows them on the role
        assert command(unattached, [witness.pack]).exited(0).changes == {"same": 2, "delete": 2}
        echoed = witness.seen()["AnalyzeStack", "worker"]
        assert [each["policy"] for each in echoed["inlinePolicies"]] == [SHOWN]
        assert echoed["managedPolicyArns"] == [MANAGED]

    engine.refresh(unattached).exited(0)
    role = engine.state(unattached)["worker"]
    assert (role["outputs"]["inlinePolicies"], role["outputs"]["managedPolicyArns"]) == ([], [])
    assert "inlinePolicies" not in role["inputs"]


def test_a_list_that_the_role_declares_is_exclusive(tmp_path: Path, engine: Engine) -> None:
    engine.up(program(tmp_path, ROLE + POLICIES)).exited(0)
    exclusive = program(
        tmp_path, ROLE.replace('worker",', 'worker", inline_policies=[], managed_policy_arns=[],'), "two"
    )
    assert engine.up(exclusive).exited(0).changes == {"same": 1, "update": 1, "delete": 2}
    assert engine.state(exclusive)["worker"]["outputs"]["managedPolicyArns"] == []


def test_a_mandatory_violation_stops_the_update_before_it_begins(
    tmp_path: Path, engine: Engine, witness: Witness
) -> None:
    stopped = program(tmp_path, ROLE.replace("worker", "stopped"))
    preview = engine.preview(stopped, [witness.pack]).exited(1)
    update = engine.up(stopped, [witness.pack]).exited(1)
    assert [violation[:2] for violation in preview.violations] == [("on-resource", "mandatory")]
    assert preview.violations[0].message == "What a resource says.\nStopped here.\nSecond line."
    assert preview.violations[0].urn == "urn:pulumi:dev::program::aws:iam/role:Role::stopped"
    assert update.violations == preview.violations
    assert "stopped" not in engine.state(stopped)


def test_without_the_preview_earlier_resources_are_deployed(tmp_path: Path, engine: Engine, witness: Witness) -> None:
    source = ROLE + 'aws.iam.Role("stopped", assume_role_policy=role.assume_role_policy)\n'
    half = program(tmp_path, source)
    engine.up(half, [witness.pack], options=["--skip-preview"]).exited(1)
    assert "worker" in engine.state(half)


def test_a_targeted_update_shows_the_other_resources_as_they_are(
    tmp_path: Path, engine: Engine, witness: Witness
) -> None:
    engine.up(program(tmp_path, ROLE + POLICIES)).exited(0)
    changed = program(tmp_path, ROLE + POLICIES.replace('"Deny"', '"Allow"'), "changed")
    target = "urn:pulumi:dev::program::aws:iam/role:Role::worker"
    engine.up(changed, [witness.pack], options=["--target", target]).exited(0)
    assert witness.seen()["AnalyzeStack", "inline"]["policy"] == SHOWN


def test_a_role_that_the_program_reads_is_shown_to_analyze_alone(
    tmp_path: Path, engine: Engine, witness: Witness
) -> None:
    first = program(tmp_path, ROLE.replace('"worker",', '"worker", name="shared",') + POLICIES)
    engine.up(first, stack="iam").exited(0)
    reading = program(tmp_path, 'import pulumi_aws as aws\nrole = aws.iam.Role.get("read", "shared")\n', "reading")
    engine.up(reading, [witness.pack], stack="functions").exited(0)
    assert {name for _, name in witness.seen()} == {"default_" + PROVIDER_VERSION, "program-functions"}

    engine.analyze(engine.export(reading, stack="functions"), [witness.pack]).exited(0)
    assert witness.seen()["AnalyzeStack", "read"]["managedPolicyArns"] == [MANAGED]


def test_native_documents_are_objects(tmp_path: Path, engine: Engine, witness: Witness) -> None:
    source = f"""
import json, pulumi_aws_native as native
role = native.iam.Role("worker", assume_role_policy_document=json.loads('{TRUST}'))
native.iam.RolePolicy("inline", role_name=role.role_name, policy_name="p", policy_document=json.loads('{DOCUMENT}'))
native.iam.ManagedPolicy("managed", roles=[role.role_name], policy_document=json.loads('{DOCUMENT}'))
"""
    native = program(tmp_path, source)
    engine.up(native, [witness.pack]).exited(0)
    assert witness.seen()["AnalyzeStack", "inline"]["policyDocument"] == json.loads(DOCUMENT)
    engine.refresh(native).exited(0)
    role = engine.state(native)["worker"]["outputs"]
    assert [each["policyName"] for each in role["policies"]] == ["p"]
    assert len(role["managedPolicyArns"]) == 1


def test_the_state_of_a_deployed_stack_is_judged_without_its_program(
    tmp_path: Path, engine: Engine, witness: Witness
) -> None:
    deployed = program(tmp_path, ROLE + POLICIES)
    engine.up(deployed).exited(0)
    engine.analyze(engine.export(deployed), [witness.pack]).exited(0)
    seen = witness.seen()
    assert "arn" not in seen["Analyze", "worker"]
    assert seen["AnalyzeStack", "worker"]["arn"].startswith("arn:aws:iam::123456789012:role/worker-")


def test_a_stack_is_destroyed_to_the_last_resource(tmp_path: Path, engine: Engine) -> None:
    deployed = program(tmp_path, ROLE + POLICIES)
    engine.up(deployed).exited(0)
    engine.destroy(deployed).exited(0)
    assert engine.state(deployed) == {}
