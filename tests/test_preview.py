"""The in-process preview: what a program registers, what the pack is handed, and how bad input is told.

The pack here is a small one that writes down what it sees, so that nothing depends on the judging modules.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from policy.preview.properties import UNKNOWN
from policy.preview.run import Preview, PreviewError, configure_parser, preview, run

PACK = """
import json
from pulumi_policy import *

def raw(value):
    if type(value).__name__ == "_DictProxy":
        return {key: raw(item) for key, item in value["__target"].items()}
    if type(value).__name__ == "_ListProxy":
        return [raw(item) for item in value["__target"]]
    return value if isinstance(value, (str, int, float, bool, type(None))) else type(value).__name__

def inputs(args, report):
    report(json.dumps({
        "props": raw(args.props), "protect": args.opts.protect, "ignore": list(args.opts.ignore_changes),
        "create": args.opts.custom_timeouts.create_seconds, "provider": args.provider and raw(args.provider.props),
    }))

def outputs(args, report):
    for item in args.resources:
        report(json.dumps({
            "props": raw(item.props), "parent": item.parent and item.parent.name,
            "depends": sorted(other.name for other in item.dependencies),
            "by_property": {key: sorted(o.name for o in found) for key, found in item.property_dependencies.items()},
        }), item.urn)

def forbidden(args, report):
    if args.name in args.get_config()["names"] and "remediated" not in args.props:
        report("rename it")

def remediate(args):
    if args.name in args.get_config()["names"]:
        return {**args.props, "remediated": "yes"}

def empty(args, report):
    if len(args.resources) == 1:
        report("nothing is registered")

PolicyPack("notes", enforcement_level=EnforcementLevel.ADVISORY, policies=[
    ResourceValidationPolicy("inputs", "What Analyze gets.", inputs, enforcement_level=EnforcementLevel.DISABLED),
    StackValidationPolicy("outputs", "What AnalyzeStack gets.", outputs, enforcement_level=EnforcementLevel.DISABLED),
    ResourceValidationPolicy("forbidden", "A name is forbidden.", forbidden, remediate=remediate,
        enforcement_level=EnforcementLevel.MANDATORY, severity=Severity.HIGH,
        config_schema=PolicyConfigSchema(properties={
            "names": {"type": "array", "items": {"type": "string"}, "default": ["forbidden"]}})),
    StackValidationPolicy("empty", "A stack is empty.", empty),
])
"""

PLAIN = """
import pulumi

class Thing(pulumi.CustomResource):
    def __init__(self, name, props=None, opts=None, token="test:index:Thing"):
        self.__dict__["out"] = None
        super().__init__(token, name, {"out": None, **(props or {})}, opts)
"""
"""A program's beginning that needs no pulumi_aws, whose import takes most of a second."""


def project(folder: Path, program: str, settings: str = "name: shop\nruntime: python\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(settings)
    (folder / "__main__.py").write_text(program)
    return folder


@pytest.fixture(autouse=True)
def nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test here ends with its child processes ended and its threads gone, whatever went wrong in it."""
    started: list[subprocess.Popen[bytes]] = []
    original, threads = subprocess.Popen, set(threading.enumerate())

    def remember(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(original(*args, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    yield
    assert [child.args for child in started if child.poll() is None] == []
    assert set(threading.enumerate()) <= threads


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 1.2.3\n")
    (folder / "__main__.py").write_text(PACK)
    return folder


@dataclass(frozen=True)
class Seen:
    """A preview and what the pack wrote down of it, by resource name."""

    result: Preview
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


def seen(folder: Path, pack: Path, **options: Any) -> Seen:
    levels = {"inputs": "advisory", "outputs": "advisory", **options.pop("policy_pack_config", {})}
    result = preview(folder, policy_pack=pack, policy_pack_config=levels, **options)
    found: dict[str, dict[str, Any]] = {"inputs": {}, "outputs": {}}
    for violation in result.violations:
        if violation.policy in found:
            description, _, message = violation.message.partition("\n")
            assert description == violation.description
            found[violation.policy][violation.urn.rsplit("::", 1)[1]] = json.loads(message)
    return Seen(result, found["inputs"], found["outputs"])


AWS_PROGRAM = """
import json
import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

print("hello")
trust = json.dumps({"Statement": []})
role = aws.iam.Role("role", assume_role_policy=trust, tags={"owner": pulumi.Output.secret("me")})
aws.iam.RolePolicy("by-name", role=role.name, policy=json.dumps({"Statement": []}))
aws.iam.RolePolicy("by-object", role=role, policy=role.arn.apply(lambda arn: json.dumps({"Resource": arn})))
of_role = pulumi.Output.json_dumps({"Resource": role.arn})
aws.iam.RolePolicy("prefixed", name_prefix="pre-", role=role.id, policy=of_role)
function = aws.lambda_.Function(
    "function", role=role.arn, code=pulumi.FileArchive("."), handler="x.y", runtime="python3.12",
    vpc_config={"subnet_ids": ["subnet-1"], "security_group_ids": []},
    opts=pulumi.ResourceOptions(
        ignore_changes=["code"], protect=True, depends_on=[role],
        custom_timeouts=pulumi.CustomTimeouts(create="1m30s")),
)

known = aws.iam.get_policy_document(statements=[{"actions": ["a"], "resources": ["*"]}])
aws.iam.Policy("known-document", policy=known.json)
unknown = aws.iam.get_policy_document_output(statements=[{"actions": ["a"], "resources": [role.arn]}])
aws.iam.Policy("unknown-document", policy=unknown.json)
half = aws.iam.get_policy_document_output(source_policy_documents=[known.json, unknown.json])
aws.iam.Policy("half-document", policy=half.json)

account = aws.get_caller_identity()
subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": ["vpc-1"]}])
west = aws.Provider("west", region="us-west-2")
here = aws.get_region(opts=pulumi.InvokeOptions(provider=west))
aws.lambda_.Function(
    "plain-data", role=f"arn:aws:iam::{account.account_id}:role/x", code=pulumi.FileArchive("."),
    vpc_config={"subnet_ids": subnets.ids, "security_group_ids": []}, description=f"in {here.region}")
aws.iam.Policy("account-in-text", name=f"p-{account.account_id}", policy=json.dumps({"Resource": f"arn:{account.arn}"}))
for subnet in subnets.ids[:2]:
    aws.ec2.RouteTableAssociation(f"association-{subnet}", subnet_id=subnet, route_table_id="rtb-1")
aws.iam.Policy("output-data", policy=aws.get_caller_identity_output().apply(lambda me: json.dumps(me.account_id)))
aws.sqs.Queue("queue", fifo_queue=True, opts=pulumi.ResourceOptions(provider=west, additional_secret_outputs=["arn"]))

class Component(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("shop:index:Component", name, {"given": 1, "role": role}, opts)
        self.bucket = aws.s3.Bucket(f"{name}-bucket", opts=pulumi.ResourceOptions(parent=self))
        if opts is None:
            Component(f"{name}-inner", pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name="old")]))
        self.register_outputs({"bucket": self.bucket.bucket})

component = Component("component")
existing = aws.iam.Role.get("existing", "existing-role")
aws.iam.RolePolicyAttachment("to-existing", role=existing.name, policy_arn=existing.permissions_boundary)
network = pulumi.StackReference("acme/network/prod")
aws.iam.RolePolicyAttachment("to-other-stack", role=network.get_output("role"), policy_arn="arn:aws:iam::aws:policy/X")

document = {"Statement": [{"Resource": role.arn, "Sid": "S"}]}
native_role = native.iam.Role("native-role", assume_role_policy_document=document)
native.lambda_.Function("native-function", role=native_role.arn, code={"zip_file": "x"})
pulumi.export("bucket", component.bucket.bucket)
pulumi.export("arn", function.arn)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, pack: Path) -> Seen:
    return seen(project(tmp_path_factory.mktemp("shop"), AWS_PROGRAM), pack, first_preview=True)


def test_every_resource_is_handed_over_once_in_order(shop: Seen) -> None:
    urns = [resource.urn for resource in shop.result.resources]
    assert len(set(urns)) == len(urns)
    assert urns[0] == "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
    unanswered = {"aws:index/getCallerIdentity:getCallerIdentity", "aws:ec2/getSubnets:getSubnets"}
    assert set(shop.outputs) == {urn.rsplit("::", 1)[1] for urn in urns} | unanswered
    read = {resource.name for resource in shop.result.resources if resource.external}
    assert read == {"existing", "acme/network/prod"}
    assert set(shop.inputs) == set(shop.outputs) - read - unanswered


def test_urns_hold_the_types_of_parents(shop: Seen) -> None:
    inner = next(resource for resource in shop.result.resources if resource.name == "component-inner-bucket")
    assert inner.urn == (
        "urn:pulumi:dev::shop::shop:index:Component$shop:index:Component$aws:s3/bucket:Bucket::component-inner-bucket"
    )
    assert shop.outputs["component-inner-bucket"]["parent"] == "component-inner"
    assert shop.outputs["component"]["parent"] == "shop-dev"
    assert shop.outputs["shop-dev"]["parent"] is None


def test_inputs_are_checked_and_outputs_hold_what_is_unknown(shop: Seen) -> None:
    given, created = shop.inputs["role"]["props"], shop.outputs["role"]["props"]
    assert given["path"] == "/"
    assert given["name"].startswith("role-")
    assert len(given["name"]) == len("role-") + 7
    assert given["tags"] == {"owner": "me"}
    assert "inlinePolicies" not in given
    assert {key for key, value in created.items() if value == UNKNOWN} == {
        "arn", "createDate", "id", "inlinePolicies", "managedPolicyArns", "namePrefix", "tagsAll", "uniqueId",
    }  # fmt: skip
    assert created["name"] == given["name"]
    function = shop.outputs["function"]["props"]
    assert function["arn"] == UNKNOWN
    network = {"subnetIds": ["subnet-1"], "securityGroupIds": [], "ipv6AllowedForDualStack": False}
    assert function["vpcConfig"] == {**network, "vpcId": UNKNOWN}
    declared = {**network, "__defaults": ["ipv6AllowedForDualStack"]}
    assert shop.inputs["function"]["props"]["vpcConfig"] == declared
    assert function["code"] == "FileArchive"


def test_two_previews_choose_the_same_names(shop: Seen, pack: Path, tmp_path: Path) -> None:
    folder = project(tmp_path, PLAIN + 'Thing("role", token="aws:iam/role:Role")\n')
    again = seen(folder, pack)
    assert again.inputs["role"]["props"]["name"] == shop.inputs["role"]["props"]["name"]


def test_a_role_is_linked_by_name_and_by_dependency(shop: Seen) -> None:
    name = shop.inputs["role"]["props"]["name"]
    assert shop.inputs["by-name"]["props"]["role"] == name
    assert shop.inputs["by-object"]["props"]["role"] == UNKNOWN
    assert shop.inputs["prefixed"]["props"]["role"] == UNKNOWN
    for policy in ("by-name", "by-object", "prefixed"):
        assert shop.outputs[policy]["by_property"]["role"] == ["role"]
        assert shop.outputs[policy]["depends"] == ["role"]
    assert shop.outputs["by-object"]["by_property"]["policy"] == ["role"]
    assert shop.outputs["by-object"]["props"]["policy"] == UNKNOWN
    assert shop.inputs["function"]["props"]["role"] == UNKNOWN


def test_a_name_prefix_leaves_the_name_unknown(shop: Seen) -> None:
    assert "name" not in shop.inputs["prefixed"]["props"]
    assert shop.outputs["prefixed"]["props"]["name"] == UNKNOWN
    assert shop.outputs["prefixed"]["props"]["namePrefix"] == "pre-"


def test_resource_options_are_handed_over(shop: Seen) -> None:
    assert shop.inputs["function"]["protect"] is True
    assert shop.inputs["function"]["ignore"] == ["code"]
    assert shop.inputs["function"]["create"] == 90
    assert shop.inputs["queue"]["provider"]["region"] == "us-west-2"
    assert "version" in shop.inputs["role"]["provider"], "the default provider"
    assert "default_" in "".join(shop.inputs)


def test_policy_documents_are_computed_where_their_parts_are_known(shop: Seen) -> None:
    assert json.loads(shop.inputs["known-document"]["props"]["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "a", "Resource": "*"}],
    }
    assert shop.inputs["unknown-document"]["props"]["policy"] == UNKNOWN
    assert shop.inputs["half-document"]["props"]["policy"] == UNKNOWN


def test_text_formed_from_an_unknown_data_source_is_unknown(shop: Seen) -> None:
    function = shop.inputs["plain-data"]["props"]
    assert function["role"] == UNKNOWN
    assert set(function["vpcConfig"]["subnetIds"]) == {UNKNOWN}
    assert function["description"] == "in us-west-2"
    policy = shop.inputs["account-in-text"]["props"]
    assert policy["policy"] == UNKNOWN
    assert policy["name"] == UNKNOWN
    assert shop.inputs["output-data"]["props"]["policy"] == UNKNOWN
    assert UNKNOWN not in "".join(resource.urn for resource in shop.result.resources)
    assert {"association-getSubnets.ids.0", "association-getSubnets.ids.1"} <= set(shop.inputs)


def test_components_show_what_they_register(shop: Seen) -> None:
    bucket = shop.inputs["component-bucket"]["props"]["bucket"]
    assert shop.outputs["component"]["props"] == {"bucket": bucket}
    assert shop.inputs["component"]["props"] == {"given": 1, "role": UNKNOWN}
    assert shop.outputs["shop-dev"]["props"] == {"bucket": bucket, "arn": UNKNOWN}


def test_what_exists_elsewhere_is_unknown_but_for_its_id(shop: Seen) -> None:
    role = shop.outputs["existing"]["props"]
    assert role["id"] == role["name"] == "existing-role"
    assert role["arn"] == role["assumeRolePolicy"] == role["inlinePolicies"] == UNKNOWN
    assert shop.inputs["to-existing"]["props"] == {"role": "existing-role", "policyArn": UNKNOWN}
    assert shop.outputs["acme/network/prod"]["props"]["outputs"] == UNKNOWN
    assert shop.inputs["to-other-stack"]["props"]["role"] == UNKNOWN


def test_native_documents_are_unknown_leaf_by_leaf(shop: Seen) -> None:
    document = shop.inputs["native-role"]["props"]["assumeRolePolicyDocument"]
    assert document == {"Statement": [{"Resource": UNKNOWN, "Sid": "S"}]}
    assert shop.inputs["native-role"]["props"]["roleName"].startswith("native-role-")
    assert shop.outputs["native-role"]["props"]["arn"] == UNKNOWN
    assert shop.inputs["native-function"]["props"]["functionName"].startswith("native-function-")


def test_fifo_queues_and_secret_outputs(shop: Seen) -> None:
    assert shop.inputs["queue"]["props"]["name"].endswith(".fifo")
    queue = next(resource for resource in shop.result.resources if resource.name == "queue")
    assert isinstance(queue.outputs["arn"], dict), "a secret in its wire form"


def test_notes_name_what_was_not_asked(shop: Seen) -> None:
    notes = "\n".join(shop.result.notes)
    assert "getCallerIdentity was answered as unknown" in notes
    assert "getSubnets was answered as unknown" in notes
    assert "existing (aws:iam/role:Role) exists outside this stack" in notes
    assert "the outputs of the stack acme/network/prod are unknown" in notes
    assert "getPolicyDocument" not in notes
    assert "getRegion" not in notes
    assert len(set(shop.result.notes)) == len(shop.result.notes)
    assert shop.result.output == "hello\n"


CONFIGURED = (
    PLAIN
    + """
config = pulumi.Config()
Thing("thing", {
    "all": {key: config.get(key) for key in ("project", "stack", "over", "number")},
    "object": config.get_object("object"),
    "region": pulumi.Config("aws").get("region"),
    "secret": config.require_secret("password"),
    "text": pulumi.Output.format("p={0}", config.require_secret("password")),
    "plain": config.require("password"),
    "nested": config.require_object("nested")["open"],
    "where": [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization(), str(pulumi.runtime.is_dry_run())],
})
"""
)


def test_configuration_of_project_stack_and_call(pack: Path, tmp_path: Path) -> None:
    settings = """
name: shop
runtime: {name: python, options: {virtualenv: not-there}}
main: app
config:
  project: {default: from-project}
  stack: {value: from-project}
  aws:region: eu-west-1
"""
    folder = project(tmp_path, "raise SystemExit('not this one')", settings)
    project(folder / "app", CONFIGURED)
    (folder / "Pulumi.test.yaml").write_text(
        "config:\n  shop:stack: from-stack\n  shop:over: from-stack\n  shop:number: 5\n  shop:object: {a: [1]}\n"
        "  shop:password: {secure: AAAB}\n  shop:nested: {open: yes!, closed: {secure: AAAB}}\nencryptionsalt: v1\n"
    )
    found = seen(folder, pack, stack="test", config={"over": "from-call"})
    props = found.inputs["thing"]["props"]
    assert props["all"] == {"project": "from-project", "stack": "from-stack", "over": "from-call", "number": "5"}
    assert props["object"] == {"a": [1]}
    assert props["region"] == "eu-west-1"
    assert props["secret"] == props["text"] == props["plain"] == UNKNOWN
    assert props["nested"] == "yes!"
    assert props["where"] == ["shop", "test", "organization", "True"]
    assert "the secret shop:password of stack test is not decrypted" in "\n".join(found.result.notes)


def test_transforms_change_what_is_registered(pack: Path, tmp_path: Path) -> None:
    program = (
        PLAIN
        + """
def stack_wide(args):
    return pulumi.ResourceTransformResult({**args.props, "seen": ["stack"]}, args.opts)

def own(args):
    args.opts.protect = True
    return pulumi.ResourceTransformResult({**args.props, "seen": ["own"], "own": True}, args.opts)

first = Thing("first", {"value": 1})
pulumi.runtime.register_resource_transform(stack_wide)
component = pulumi.ComponentResource("shop:index:Group", "group", None, pulumi.ResourceOptions(transforms=[own]))
Thing("child", {"value": first.out}, pulumi.ResourceOptions(parent=component))
Thing("old-style", {}, pulumi.ResourceOptions(transformations=[
    lambda args: pulumi.ResourceTransformationResult({**args.props, "old": 1}, args.opts)]))
"""
    )
    found = seen(project(tmp_path, program), pack)
    assert found.inputs["first"]["props"] == {"value": 1}
    assert found.inputs["child"]["props"] == {"value": UNKNOWN, "seen": ["stack"], "own": True}
    assert found.inputs["child"]["protect"] is True
    assert found.outputs["child"]["by_property"] == {"value": ["first"]}
    assert found.inputs["old-style"]["props"] == {"seen": ["stack"], "old": 1}


FORBIDDEN = PLAIN + 'forbidden = Thing("forbidden", {"a": 1})\nThing("other", {"b": forbidden.out})\n'


def test_a_mandatory_violation_is_rendered_as_the_cli_does(pack: Path, tmp_path: Path) -> None:
    result = preview(project(tmp_path, FORBIDDEN), policy_pack=pack)
    assert result.mandatory
    line = PLAIN.count("\n") + 1
    assert result.to_json()["violations"] == [
        {
            "policy": "forbidden",
            "level": "mandatory",
            "enforcement": "mandatory",
            "severity": "high",
            "urn": "urn:pulumi:dev::shop::test:index:Thing::forbidden",
            "source": {"file": "__main__.py", "line": line},
            "message": "A name is forbidden.\nrename it",
            "fixes": [],
        }
    ]
    assert result.render() == (
        "Previewing stack dev: 3 resources\n"
        "\n"
        "Policies:\n"
        f"    ❌ notes@v1.2.3 (local: {pack})\n"
        f"        - [mandatory] [severity: high]  forbidden  (test:index:Thing: forbidden)  __main__.py:{line}\n"
        "          A name is forbidden.\n"
        "          rename it\n"
    )


SECRET_PROGRAM = """
import json, pulumi, pulumi_aws as aws

def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})

trust = document(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
role = aws.iam.Role("orders", name="orders-role", assume_role_policy=trust)
eni = pulumi.Output.secret("hunter2-s3cr3t").apply(lambda secret: document(
    Sid="Tokens", Action="ec2:*", Resource="*", Condition={"StringEquals": {"aws:UserAgent": secret}}))
aws.iam.RolePolicy("eni", role=role.name, policy=eni)
aws.lambda_.Function("orders", role=role.arn, runtime="python3.12", handler="a.b", code=pulumi.AssetArchive({}),
    vpc_config={"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]})
"""


@pytest.mark.parametrize("level", ["mandatory", "remediate"])
def test_no_secret_of_a_program_is_shown(level: str, tmp_path: Path) -> None:
    result = preview(
        project(tmp_path, SECRET_PROGRAM), policy_pack_config={"lambda-role-eni-guard": {"enforcementLevel": level}}
    )
    assert [violation.policy for violation in result.violations] == ["vpc-lambda-eni-guard"]
    for text in (result.render(), json.dumps(result.to_json())):
        assert "hunter2" not in text
        assert "Tokens" not in text


def test_remediated_inputs_are_what_the_program_and_the_policies_go_on_with(pack: Path, tmp_path: Path) -> None:
    found = seen(project(tmp_path, FORBIDDEN), pack, policy_pack_config={"forbidden": "remediate"})
    assert found.inputs["forbidden"]["props"] == {"a": 1, "remediated": "yes"}
    assert found.outputs["forbidden"]["props"]["remediated"] == "yes"
    (remediation,) = found.result.remediations
    assert (remediation.policy, remediation.before, remediation.after["remediated"]) == ("forbidden", {"a": 1}, "yes")
    assert not found.result.mandatory
    assert "        - [remediate]  forbidden  (1 resource)\n" in found.result.render()


def test_the_packs_configuration_is_merged_and_checked(pack: Path, tmp_path: Path) -> None:
    folder = project(tmp_path / "program", FORBIDDEN)
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"all": "disabled", "forbidden": {"enforcementLevel": "advisory", "names": ["other"]}}))
    result = preview(folder, policy_pack=pack, policy_pack_config=file)
    assert [(found.enforcement, found.urn.rsplit("::", 1)[1]) for found in result.violations] == [("advisory", "other")]


def test_a_refused_configuration_is_one_sentence(pack: Path, tmp_path: Path) -> None:
    with pytest.raises(PreviewError, match=r"names\.1: Invalid type\. Expected: string, given: integer$"):
        preview(project(tmp_path, ""), policy_pack=pack, policy_pack_config={"forbidden": {"names": ["a", 3]}})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (None, "is not a Pulumi project: it has no Pulumi.yaml"),
        ("name: shop\nruntime: [python\n", r"Pulumi\.yaml:3 is not YAML: "),
        ("- name\n", r"Pulumi\.yaml is not a mapping"),
        ("runtime: python\n", "has no project `name`"),
        ("name: shop\nruntime: nodejs\n", "has runtime 'nodejs': only Python programs"),
        ("name: shop\nruntime: python\n", "has no program: there is no __main__.py"),
        ("name: shop\nruntime: python\nmain: app.py\n", "has no program"),
    ],
)
def test_a_broken_project_is_one_sentence(settings: str | None, message: str, tmp_path: Path, pack: Path) -> None:
    if settings is not None:
        (tmp_path / "Pulumi.yaml").write_text(settings)
    with pytest.raises(PreviewError, match=message) as caught:
        preview(tmp_path, policy_pack=pack)
    assert "\n" not in str(caught.value)


def test_a_broken_stack_file_is_one_sentence(tmp_path: Path, pack: Path) -> None:
    folder = project(tmp_path, "")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  a: {\n")
    with pytest.raises(PreviewError, match=r"Pulumi\.dev\.yaml:\d is not YAML"):
        preview(folder, policy_pack=pack)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("def f():\n    raise ValueError('a\\nb')\nf()\n", r"the program raises ValueError: a b at .*__main__\.py:2$"),
        pytest.param("def f(:\n", r"the program raises SyntaxError: .* at .*__main__\.py:1$", marks=pytest.mark.slow),
        ("import pulumi\npulumi.Output.from_input(1).apply(lambda x: x['a'])\n", r"raises TypeError: .*:2$"),
        pytest.param(
            "import sys\nsys.exit('no')\n", r"the program exits with no at .*__main__\.py:2$", marks=pytest.mark.slow
        ),
        ("import os\nos._exit(7)\n", r"the program ended without a result \(exit status 7\)"),
        (PLAIN + "Thing('a')\nThing('a')\n", r"^Duplicate resource URN '.*Thing::a'; try giving it a unique name$"),
        (
            PLAIN + "import pulumi.runtime as r\nr.invoke('aws:iam/getPolicyDocument:getPolicyDocument', "
            "{'statements': [{'sid': 'A'}, {'sid': 'A'}]})\n",
            r"getPolicyDocument failed: .* duplicate Sid \(A\)",
        ),
        (
            PLAIN + "def broken(args):\n    raise ValueError('no')\n"
            "Thing('a', opts=pulumi.ResourceOptions(transforms=[broken]))\n",
            r"^the transform of a fails: .*no",
        ),
    ],
)
def test_a_failing_program_is_one_sentence(program: str, message: str, tmp_path: Path, pack: Path) -> None:
    with pytest.raises(PreviewError, match=message) as caught:
        preview(project(tmp_path, program), policy_pack=pack)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "is not a policy pack: it has no PulumiPolicy.yaml"),
        ({"PulumiPolicy.yaml": "runtime: nodejs\n"}, "only Python policy packs"),
        ({"PulumiPolicy.yaml": "runtime: [\n"}, "is not YAML"),
        ({"PulumiPolicy.yaml": "runtime: python\n"}, "is not a policy pack: it has no __main__.py"),
        (
            {"PulumiPolicy.yaml": "runtime: python\n", "__main__.py": "import nothing_of_that_name\n"},
            "does not start: ModuleNotFoundError: No module named 'nothing_of_that_name'",
        ),
        (
            {
                "PulumiPolicy.yaml": "runtime: python\n",
                "__main__.py": PACK.replace("def inputs(args, report):", "def inputs(args, report):\n    1/0"),
            },
            r"the policy pack notes fails analysing urn:.*::shop-dev: .*division by zero",
        ),
    ],
)
def test_a_failing_pack_is_one_sentence(files: dict[str, str], message: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(PreviewError, match=message) as caught:
        preview(
            project(tmp_path / "program", "import pulumi\n"),
            policy_pack=tmp_path,
            policy_pack_config={"all": "advisory"},
        )
    assert "\n" not in str(caught.value)


def command(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    configure_parser(parser)
    return parser.parse_args(arguments)


def test_the_command_prints_pure_json_and_exits_with_1(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path, "print('noise')\n" + FORBIDDEN)
    assert run(command(str(folder), "--policy-pack", str(pack), "--json")) == 1
    printed = capsys.readouterr()
    assert [item["policy"] for item in json.loads(printed.out)["violations"]] == ["forbidden"]
    assert printed.err == "noise\n"


def test_the_command_exits_with_0_on_advisories(pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command(str(project(tmp_path, "")), "--policy-pack", str(pack))) == 0
    assert (
        "[advisory]  empty  (pulumi:pulumi:Stack: shop-dev)\n          A stack is empty.\n" in capsys.readouterr().out
    )


@pytest.mark.parametrize("arguments", [("nowhere",), (".", "--config", "no-equals-sign")])
def test_the_command_exits_with_2_on_bad_input(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command(*arguments)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1


def test_importing_the_preview_loads_no_provider() -> None:
    code = "import sys, policy.preview; print({'pulumi_aws', 'boto3', 'policy.iam.evaluate'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
