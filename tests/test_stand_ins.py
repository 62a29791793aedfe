"""Stand-ins: what the preview forms as AWS would, what it makes up, and what it leaves unknown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pulumi_aws
import pulumi_aws_native
import pytest

from policy.preview.places import Place, Places
from policy.preview.properties import UNKNOWN, as_secret, reveal
from policy.preview.run import PreviewError, preview
from policy.preview.stand_in_forms import FORMS, NAMES
from policy.preview.stand_in_values import described, form, form_read, stood_in
from policy.shared import stand_ins
from policy.shared.aws_types import TYPES
from tests.test_preview import PACK, Seen, project, seen

HOME: Final = Place("aws", "eu-west-1", "111122223333")
NOWHERE: Final = Place(stand_ins.PARTITION, stand_ins.REGION, stand_ins.account())
ROLE: Final = "aws:iam/role:Role"
QUEUE: Final = "aws:sqs/queue:Queue"
FUNCTION: Final = "aws:lambda/function:Function"


def urn(resource_type: str, name: str = "x") -> str:
    return f"urn:pulumi:dev::shop::{resource_type}::{name}"


def formed(resource_type: str, place: Place = HOME, **inputs: object) -> dict[str, Any]:
    """The outputs of a resource that is created with these inputs, whose id and ARN the provider leaves unknown."""
    outputs = {**inputs, **{key: inputs.get(key, UNKNOWN) for key in ("id", "arn")}}
    found = form(resource_type, urn(resource_type), inputs, outputs, place)
    for value in found.outputs.values():
        assert reveal(value) == UNKNOWN or UNKNOWN not in str(value), "never inside a text"
    return {**found.outputs, "": found.id}


# The table


def source_of(resource_type: str) -> str:
    """The generated code of a resource type."""
    package, module, *rest = re.split("[:/]", resource_type)
    sdk = pulumi_aws if package == "aws" else pulumi_aws_native
    file = re.sub(r"(?<!^)([A-Z])", r"_\1", rest[0]).lower()
    folder = Path(str(sdk.__file__)).parent / {"lambda": "lambda_", "index": ""}.get(module, module)
    return (folder / f"{file}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("resource_type", sorted(FORMS))
def test_the_table_names_properties_that_the_type_has(resource_type: str) -> None:
    source = source_of(resource_type)
    assert f"'{resource_type}'" in source
    fields = {field for template in FORMS[resource_type].values() for field in re.findall(r"\{(\w+)", template)}
    named = {NAMES[resource_type]} if resource_type in NAMES else set()
    for name in {*FORMS[resource_type], *fields, *named} - {"id", "partition", "region", "account", "dns", "new"}:
        assert f'name="{name}"' in source or f"def {name}(self)" in source, name


def test_every_type_that_the_pack_judges_is_in_the_table() -> None:
    # Of a revision of a web function AWS does not say how it is named; of the last ones the provider tells no name.
    without = {"Exclusive", "RolePolicyAttachment", "WebFunctionRevision"}
    without |= {
        "StackInstances",
        "StackSetInstance",
        "organizations",
        "aws-native:iam:Policy",
        "cloudcontrol",
        "ExtensionResource",
        "rovisionedProduct",
    }
    assert {name for name in TYPES.keys() - FORMS.keys() if not any(word in name for word in without)} == set()


@pytest.mark.parametrize(
    ("resource_type", "inputs", "expected"),
    [
        (ROLE, {"name": "r", "path": "/service/"}, {"arn": "arn:aws:iam::111122223333:role/service/r", "id": "r"}),
        ("aws:iam/policy:Policy", {"name": "p"}, {"arn": "arn:aws:iam::111122223333:policy/p"}),
        ("aws:iam/user:User", {"name": "u"}, {"arn": "arn:aws:iam::111122223333:user/u"}),
        (
            FUNCTION,
            {"name": "f"},
            {
                "id": "f",
                "arn": "arn:aws:lambda:eu-west-1:111122223333:function:f",
                "qualifiedArn": "arn:aws:lambda:eu-west-1:111122223333:function:f:$LATEST",
                "invokeArn": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
                "arn:aws:lambda:eu-west-1:111122223333:function:f/invocations",
            },
        ),
        (
            FUNCTION,
            {"name": "f", "publish": True},
            {"version": "1", "qualifiedArn": "arn:aws:lambda:eu-west-1:111122223333:function:f:1"},
        ),
        *(
            ("aws:lambda/alias:Alias", {"name": "live", "functionName": given}, {"arn": f"{arn}:live", "id": f"{arn}:live"})
            for given, arn in (
                ("f", "arn:aws:lambda:eu-west-1:111122223333:function:f"),
                ("f:1", "arn:aws:lambda:eu-west-1:111122223333:function:f"),
                ("444455556666:function:f", "arn:aws:lambda:eu-west-1:444455556666:function:f"),
                ("arn:aws:lambda:x:y:function:f:1", "arn:aws:lambda:x:y:function:f"),
            )
        ),
        ("aws:s3/bucket:Bucket", {"bucket": "b"}, {"id": "b", "arn": "arn:aws:s3:::b"}),
        ("aws:s3/bucket:Bucket", {"bucket": "b"}, {"bucketDomainName": "b.s3.amazonaws.com"}),
        (
            QUEUE,
            {"name": "q"},
            {
                "arn": "arn:aws:sqs:eu-west-1:111122223333:q",
                "id": "https://sqs.eu-west-1.amazonaws.com/111122223333/q",
                "url": "https://sqs.eu-west-1.amazonaws.com/111122223333/q",
            },
        ),
        ("aws:ssm/parameter:Parameter", {"name": "/a/b"}, {"arn": "arn:aws:ssm:eu-west-1:111122223333:parameter/a/b"}),
        ("aws:ssm/parameter:Parameter", {"name": "a"}, {"arn": "arn:aws:ssm:eu-west-1:111122223333:parameter/a"}),
        (
            "aws:cloudwatch/eventRule:EventRule",
            {"name": "r"},
            {"arn": "arn:aws:events:eu-west-1:111122223333:rule/r", "id": "r"},
        ),
        (
            "aws:cloudwatch/eventRule:EventRule",
            {"name": "r", "eventBusName": "b"},
            {"arn": "arn:aws:events:eu-west-1:111122223333:rule/b/r", "id": "b/r"},
        ),
        (
            "aws:dynamodb/table:Table",
            {"name": "t", "streamEnabled": True},
            {"streamArn": f"arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/{stand_ins.MOMENT}"},
        ),
        (
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            {"url": "https://token.actions.githubusercontent.com"},
            {"arn": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
        ),
        (
            "aws:secretsmanager/secret:Secret",
            {"name": "s"},
            {"arn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-5tAnd1"},
        ),
        ("aws-native:iam:ManagedPolicy", {"managedPolicyName": "p"}, {"policyArn": "arn:aws:iam::111122223333:policy/p"}),
        ("aws-native:iam:RolePolicy", {"policyName": "p", "roleName": "r"}, {"": "p|r"}),
        (
            "aws-native:lambda:Function",
            {"functionName": "f"},
            {"": "f", "arn": "arn:aws:lambda:eu-west-1:111122223333:function:f"},
        ),
    ],
)  # fmt: skip
def test_what_is_known_is_formed_as_aws_does(
    resource_type: str, inputs: dict[str, object], expected: dict[str, str]
) -> None:
    found = formed(resource_type, **inputs)
    assert {key: found[key] for key in expected} == expected
    if resource_type.startswith("aws:"):
        assert found[""] == found["id"]


@pytest.mark.parametrize("resource_type", sorted(FORMS))
def test_what_aws_makes_up_is_recognised_and_a_resources_own(resource_type: str) -> None:
    """Two resources that differ in nothing but their URN never have an id or an ARN that AWS makes up in common."""
    made = {key for key, template in FORMS[resource_type].items() if re.search(r"\{new:(?!suffix)", template)}
    one, other = (form(resource_type, urn(resource_type, name), {}, {}, HOME).outputs for name in "ab")
    for key in made & one.keys():
        assert one[key] != other[key]
        assert any(stand_ins.IDS.fullmatch(text) for text in stood_in(one[key])), key


def test_a_stand_in_is_the_same_in_every_preview() -> None:
    assert formed("aws:ec2/vpc:Vpc") == formed("aws:ec2/vpc:Vpc")
    assert formed("aws:ec2/vpc:Vpc")["id"].startswith("vpc-")
    assert (
        formed("aws:kms/key:Key")["arn"] == f"arn:aws:kms:eu-west-1:111122223333:key/{formed('aws:kms/key:Key')['id']}"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (stand_ins.account(3), True),
        (stand_ins.identifier("subnet", "a"), True),
        (f"arn:aws:kms:x:1:key/{stand_ins.uuid('a')}", True),
        (f"https://{stand_ins.token('a')}.execute-api.x", True),
        (f"eu-west-1_{stand_ins.token('a')}", True),
        (stand_ins.hexadecimal("a"), True),
        (f"secret:x-{stand_ins.SUFFIX}", True),
        ("subnet-0a1b2c3d4e5f60718", False),
        ("111122223333", False),
        (f"1{stand_ins.account(3)}", False),
        ("4d3e2f10-1111-4222-8333-123456789012", False),
        ("a1b2c3d4e5", False),
        ("us-east-1", False),
    ],
)
def test_stand_ins_are_told_from_real_values(text: str, found: bool) -> None:
    assert bool(stand_ins.ANY.search(text)) is found


# What stays unknown, or secret


@pytest.mark.parametrize(
    ("resource_type", "inputs"),
    [
        (ROLE, {"name": UNKNOWN}),
        (ROLE, {"name": "r", "path": UNKNOWN}),
        (ROLE, {"name": as_secret(UNKNOWN)}),
        (ROLE, {"namePrefix": UNKNOWN}),
        ("aws:lambda/alias:Alias", {"name": "live", "functionName": UNKNOWN}),
        ("test:index:Thing", {}),
        ("aws:waf/webAcl:WebAcl", {}),
    ],
)
def test_what_cannot_be_formed_stays_unknown(resource_type: str, inputs: dict[str, object]) -> None:
    found = formed(resource_type, **inputs)
    assert found["arn"] == UNKNOWN
    assert found["id"] in (UNKNOWN, "r")


def test_an_unknown_region_leaves_the_arn_unknown_and_the_rest_known() -> None:
    place = Places({}).of("", {}, UNKNOWN)
    assert formed(QUEUE, place, name="q")["arn"] == UNKNOWN
    assert formed("aws:s3/bucket:Bucket", place, bucket="b")["id"] == "b"
    mapping = formed("aws:lambda/eventSourceMapping:EventSourceMapping", place, functionName="f")
    assert mapping["uuid"] == mapping["id"]
    assert "functionArn" not in mapping, "nothing is formed from what is unknown"


def test_a_part_that_is_no_text_leaves_the_whole_unknown() -> None:
    assert formed(QUEUE, name=5)["arn"] == UNKNOWN
    assert (
        formed("aws:lambda/alias:Alias", Places({}).of("", {}, UNKNOWN), name="live", functionName="f")["arn"]
        == UNKNOWN
    )


def test_a_secret_part_makes_a_secret() -> None:
    found = formed(QUEUE, name=as_secret("q"))
    assert found["arn"] == as_secret("arn:aws:sqs:eu-west-1:111122223333:q")
    assert found[""] == "https://sqs.eu-west-1.amazonaws.com/111122223333/q"


def test_what_the_program_says_is_not_formed_again() -> None:
    inputs = {"layerName": "l", "version": UNKNOWN}
    outputs = {**inputs, "arn": UNKNOWN}
    found = form("aws:lambda/layerVersion:LayerVersion", urn("x"), inputs, outputs, HOME).outputs
    assert found["version"] == found["arn"] == UNKNOWN
    for stream in ({}, {"streamEnabled": False}, {"streamEnabled": UNKNOWN}):
        assert "streamArn" not in formed("aws:dynamodb/table:Table", name="t", **stream), "a table without a stream"


def test_a_prefix_is_followed_by_digits_and_a_missing_name_is_chosen() -> None:
    name = formed(ROLE, namePrefix="pre-")["name"]
    assert re.fullmatch(r"pre-[0-9]{26}", name)
    assert re.fullmatch(r"secret-[0-9]{26}", str(reveal(formed(ROLE, namePrefix=as_secret("secret-"))["name"])))
    assert re.fullmatch(r"x-[0-9a-f]{7}", formed("aws:rds/cluster:Cluster")["clusterIdentifier"])
    assert re.fullmatch(r"b-[0-9]{26}", formed("aws:s3/bucket:Bucket", bucketPrefix="b-")["id"])
    assert "name" not in formed("aws:ec2/vpc:Vpc")


def test_an_arn_with_a_made_up_part_is_the_id_too() -> None:
    """So that nothing is made up for what exists: its id says it."""
    made = {name for name, templates in FORMS.items() if "{new:" in templates.get("arn", "")}
    assert made
    assert {FORMS[name]["id"] for name in made} == {"{arn}"}


@pytest.mark.parametrize(
    ("resource_type", "outputs", "arn"),
    [
        (ROLE, {"id": "r", "name": "r"}, UNKNOWN),
        (ROLE, {"id": "r", "path": "/"}, "arn:aws:iam::111122223333:role/r"),
        (ROLE, {"id": UNKNOWN, "path": "/"}, UNKNOWN),
        (FUNCTION, {"id": "f", "name": UNKNOWN}, "arn:aws:lambda:eu-west-1:111122223333:function:f"),
        ("aws:sns/topic:Topic", {"id": "arn:aws:sns:x:y:t"}, "arn:aws:sns:x:y:t"),
        ("aws:ec2/vpc:Vpc", {"id": "vpc-1"}, "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1"),
        ("aws:secretsmanager/secret:Secret", {"id": UNKNOWN, "name": "s"}, UNKNOWN),
        ("aws:iam/role:Role", {"id": "r", "path": "/", "arn": "given"}, "given"),
        ("test:index:Thing", {"id": "x", "arn": UNKNOWN}, UNKNOWN),
    ],
)
def test_of_what_exists_only_the_arn_is_formed(resource_type: str, outputs: dict[str, object], arn: str) -> None:
    given = {"arn": UNKNOWN, "other": UNKNOWN, **outputs}
    assert form_read(resource_type, given, HOME) == {**given, "arn": arn}


# Places


FIRST, SECOND = "arn:aws:iam::111122223333:role/first", "arn:aws:iam::444455556666:role/second"


def provider(name: str, **inputs: object) -> tuple[str, dict[str, object]]:
    return urn("pulumi:providers:aws", name), inputs


@pytest.mark.parametrize(
    ("config", "account"),
    [
        ({}, "984001750000"),
        ({"aws:allowedAccountIds": '["111122223333"]'}, "111122223333"),
        ({"aws:allowedAccountIds": "[11122223333]"}, "011122223333"),
        ({"aws:allowedAccountIds": '["111122223333", "444455556666"]'}, "984001750000"),
        ({"aws:allowedAccountIds": f'["{UNKNOWN}"]'}, "984001750000"),
        ({"aws:assumeRoles": f'[{{"roleArn": "{FIRST}"}}, {{"roleArn": "{SECOND}"}}]'}, "444455556666"),
        ({"aws:assumeRole": f'{{"roleArn": "{SECOND}"}}'}, "444455556666"),
        ({"aws:profile": "prod"}, "984001750000"),
        ({"aws:accessKey": f"secret-aws:accessKey-{UNKNOWN}"}, "984001750000"),
    ],
)  # fmt: skip
def test_the_stacks_account(config: dict[str, str], account: str) -> None:
    places = Places(config)
    own = {key.partition(":")[2]: UNKNOWN if UNKNOWN in value else value for key, value in config.items()}
    assert places.of("", {}).account == account
    assert places.of(*provider("default_7_0_0", **own)).account == account


def test_an_answer_gives_the_account_and_the_region_that_the_configuration_does_not() -> None:
    assert Places({}, "111122223333", "cn-north-1").of("", {}) == Place("aws-cn", "cn-north-1", "111122223333")
    config = {"aws:allowedAccountIds": '["444455556666"]', "aws:region": "us-gov-west-1"}
    assert Places(config, "111122223333", "x-1").of("", {}) == Place("aws-us-gov", "us-gov-west-1", "444455556666")


def test_each_set_of_credentials_has_an_account() -> None:
    places = Places({})
    same = places.of(*provider("west", region="us-west-2"))
    assert same == Place("aws", "us-west-2", "984001750000")
    one, again = (places.of(*provider(name, profile="a")).account for name in ("a", "b"))
    other = places.of(*provider("c", profile="b")).account
    unknown = {places.of(*provider(name, profile=UNKNOWN)).account for name in ("d", "e")}
    assert one == again
    assert len({one, other, same.account, *unknown}) == 5
    assert all(stand_ins.ACCOUNTS.fullmatch(account) for account in (one, other, *unknown))
    assert Places({}).of(*provider("c", profile="b")).account == other, "whatever was asked before"
    roles = as_secret(json.dumps([{"roleArn": SECOND}]))
    assert places.of(*provider("f", assumeRoles=roles)).account == "444455556666"


def test_two_sets_of_credentials_never_share_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    class Same:
        def hexdigest(self) -> str:
            return "0"

    monkeypatch.setattr("policy.preview.places.hashlib.sha256", lambda _: Same())
    places = Places({})
    accounts = [places.of(*provider(name, profile=name)).account for name in "abca"]
    assert accounts == ["984001750001", "984001750002", "984001750003", "984001750001"]


def test_a_resources_own_region_wins() -> None:
    places = Places({"aws:region": "eu-west-1"})
    assert places.of("", {}, "cn-north-1").partition == "aws-cn"
    assert places.of(*provider("west", region="us-west-2"), "eu-north-1").region == "eu-north-1"
    assert places.of("", {}).region == "eu-west-1"
    assert Places({}).of("", {}) == NOWHERE
    assert places.of(*provider("unknown", region=UNKNOWN)).region == UNKNOWN
    assert Places({"aws:region": f"x-{UNKNOWN}"}).of("", {}).region == UNKNOWN


def test_the_note_names_what_stands_in() -> None:
    assert described(()) == ""
    assert described(["984001750000"]) == (
        "AWS is not asked, stand-ins are used: 984001750000 for the account (to give it: allowedAccountIds, or --answers)"
    )
    note = described(["984001750002", "984001750001", stand_ins.PARTITION, "vpc-05ca1ab1e12345678"])
    assert "984001750001, 984001750002 for the accounts" in note
    assert "us-standin-1 for the region, aws-standin for the partition (aws:region)" in note
    assert note.endswith("made-up digits for the ids that AWS chooses")


# Programs

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

role = aws.iam.Role("role", assume_role_policy=json.dumps({"Statement": []}))
function = aws.lambda_.Function("function", role=role.arn, code=pulumi.FileArchive("."))
aws.iam.RolePolicy("guard", role=role, policy=function.arn.apply(lambda arn: json.dumps({"Resource": arn})))
document = aws.iam.get_policy_document_output(statements=[{"actions": ["a"], "resources": [function.arn]}])
aws.iam.Policy("document", policy=document.json)

vpc = aws.ec2.Vpc("vpc")
other = aws.Provider("other", region="cn-north-1", profile="other")
here = pulumi.InvokeOptions(provider=other)
subnets = aws.ec2.get_subnets_output(filters=[])
plain = aws.ec2.get_vpc(id="vpc-1")
secret = pulumi.Config().require_secret("password")
of_subnets = aws.iam.get_policy_document_output(statements=[{"actions": ["a"], "resources": subnets.ids}])
of_plain = aws.iam.get_policy_document_output(statements=[{"actions": ["a"], "resources": [plain.arn]}])
aws.iam.Policy("from-output", policy=pulumi.Output.json_dumps({"a": subnets.ids, "b": role.arn}))
aws.iam.Policy("from-output-document", policy=of_subnets.json)
aws.iam.Policy("from-plain", policy=f"x{plain.arn}")
aws.iam.Policy("from-plain-document", policy=of_plain.json)
aws.iam.Policy("from-secret", policy=secret.apply(lambda text: f"p-{text}"))
aws.iam.Role.get("existing", "existing-role")
aws.iam.Role.get("existing-with-path", "existing-role", path="/a/")

native_role = native.iam.Role("native-role", assume_role_policy_document={})
pulumi.export("identity", [aws.get_caller_identity().account_id, aws.get_caller_identity_output().account_id])
pulumi.export("other-identity", aws.get_caller_identity(opts=here).account_id)
pulumi.export("other-queue", aws.sqs.Queue("queue", opts=pulumi.ResourceOptions(provider=other)).arn)
pulumi.export("regional-queue", aws.sqs.Queue("regional", region="eu-west-1").arn)
pulumi.export("region", [aws.get_region().region, aws.get_region_output().region, aws.get_partition().partition])
pulumi.export("native", [native.get_account_id().account_id, native.get_region_output().region,
                         native.get_partition().partition, native_role.id, native_role.arn])
pulumi.export("id", vpc.id)
pulumi.export("ran", vpc.id.apply(lambda given: given.partition("-")[0]))
"""


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 1.2.3\n")
    (folder / "__main__.py").write_text(PACK)
    return folder


def write(folder: Path, program: str) -> Path:
    project(folder, program)
    (folder / "Pulumi.dev.yaml").write_text("config:\n  shop:password: {secure: AAAB}\n")
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, witness: Path) -> Seen:
    return seen(write(tmp_path_factory.mktemp("shop"), PROGRAM), witness)


def test_documents_are_whole_and_linked(shop: Seen) -> None:
    arn = shop.outputs["function"]["props"]["arn"]
    assert arn.startswith("arn:aws-standin:lambda:us-standin-1:984001750000:function:function-")
    assert json.loads(shop.inputs["guard"]["props"]["policy"]) == {"Resource": arn}
    assert shop.outputs["guard"]["by_property"] == {"policy": ["function"], "role": ["role"]}
    assert shop.inputs["guard"]["props"]["role"] == shop.outputs["role"]["props"]["name"]
    assert shop.inputs["function"]["props"]["role"] == shop.outputs["role"]["props"]["arn"]
    assert json.loads(shop.inputs["document"]["props"]["policy"])["Statement"][0]["Resource"] == arn
    assert shop.outputs["document"]["by_property"] == {"policy": ["function"]}


def test_callbacks_run_and_identities_agree(shop: Seen) -> None:
    exported = shop.outputs["shop-dev"]["props"]
    assert exported["ran"] == "vpc"
    assert stand_ins.IDS.fullmatch(exported["id"])
    assert exported["identity"] == ["984001750000"] * 2
    assert exported["region"] == [stand_ins.REGION, stand_ins.REGION, stand_ins.PARTITION]
    assert exported["native"][:3] == ["984001750000", stand_ins.REGION, stand_ins.PARTITION]
    assert exported["native"][4] == f"arn:aws-standin:iam::984001750000:role/{exported['native'][3]}"
    other = exported["other-identity"]
    assert other != "984001750000"
    assert stand_ins.ACCOUNTS.fullmatch(other)
    assert exported["other-queue"].startswith(f"arn:aws-cn:sqs:cn-north-1:{other}:queue-")
    assert exported["regional-queue"].startswith("arn:aws:sqs:eu-west-1:984001750000:regional-")


def test_what_exists_has_an_arn_where_its_path_is_known(shop: Seen) -> None:
    assert shop.outputs["existing"]["props"]["arn"] == UNKNOWN
    known = shop.outputs["existing-with-path"]["props"]
    assert known["arn"] == "arn:aws-standin:iam::984001750000:role/a/existing-role"
    assert known["assumeRolePolicy"] == UNKNOWN


ORIGINS = {
    "from-output": ["aws:ec2/getSubnets:getSubnets", "role"],
    "from-output-document": ["aws:ec2/getSubnets:getSubnets"],
    "from-plain": ["aws:ec2/getVpc:getVpc"],
    "from-plain-document": ["aws:ec2/getVpc:getVpc"],
    "from-secret": ["shop:password"],
}


def check_origins(found: Seen) -> None:
    for name, origins in ORIGINS.items():
        assert found.outputs[name]["by_property"] == {"policy": origins}, name
        assert found.outputs[name]["depends"] == origins
        assert found.inputs[name]["props"]["policy"] == UNKNOWN
    entries = {name for origins in ORIGINS.values() for name in origins} - {"role"}
    for entry in entries:
        assert found.outputs[entry]["props"] == {}
        assert entry not in found.inputs, "an entry is not handed to resource policies"
    assert not entries & {resource.name for resource in found.result.resources}
    assert "getPolicyDocument" not in "".join(found.outputs)


def test_unknown_values_tell_where_they_come_from(shop: Seen) -> None:
    check_origins(shop)
    types = {violation.urn.split("::")[2] for violation in shop.result.violations}
    assert {stand_ins.DATA_SOURCE, stand_ins.SECRET} <= types


def test_the_notes_name_the_stand_ins(shop: Seen) -> None:
    (note,) = [note for note in shop.result.notes if "stand-ins are used" in note]
    assert "984001750000, " in note
    assert "us-standin-1 for the region" in note
    assert "made-up digits" in note
    assert [name for name in shop.result.notes if "getCallerIdentity" in name] == []


def test_a_first_preview_knows_nothing_that_aws_makes(witness: Path, tmp_path: Path) -> None:
    program = PROGRAM.replace("aws.get_caller_identity().account_id, ", "")
    found = seen(write(tmp_path, program), witness, first_preview=True)
    check_origins(found)
    for name, key in (("role", "arn"), ("role", "id"), ("function", "arn"), ("vpc", "id"), ("native-role", "arn")):
        assert found.outputs[name]["props"][key] == UNKNOWN
    assert found.inputs["guard"]["props"] == {**found.inputs["guard"]["props"], "policy": UNKNOWN, "role": UNKNOWN}
    exported = found.outputs["shop-dev"]["props"]
    assert exported["identity"] == [UNKNOWN]
    assert exported["ran"] == exported["id"] == UNKNOWN
    assert "stand-in" not in "".join(found.result.notes)


STAGES = """
import pulumi_aws as aws
identity = aws.get_caller_identity_output()
def stage(account):
    return {"111122223333": "prod"}[account]
"""


@pytest.mark.parametrize(
    ("program", "message"),
    [
        # The SDK may take the traceback off an error behind a resource's input: its message is all there is.
        (
            f"{STAGES}aws.sns.Topic('topic', name=identity.account_id.apply(stage))",
            r"KeyError: '984001750000' at .*\.py(:5)?",
        ),
        (f"{STAGES}identity.account_id.apply(stage)", r"KeyError: '984001750000' at .*\.py:5"),
        (
            STAGES.replace('{"111122223333": "prod"}[account]', "1 / len(account[99:])")
            + "identity.account_id.apply(stage)",
            r"ZeroDivisionError: division by zero at .*\.py:5",
        ),
    ],
)
def test_a_callback_that_fails_on_a_stand_in_says_so(program: str, message: str, witness: Path, tmp_path: Path) -> None:
    hint = (
        r" \(984001750000: made up, because AWS is not asked; --answers can give the real value, --first-preview .*\)$"
    )
    with pytest.raises(PreviewError, match=message + hint):
        preview(project(tmp_path, program), policy_pack=witness)


def test_a_callback_that_fails_on_its_own_says_nothing_of_stand_ins(witness: Path, tmp_path: Path) -> None:
    program = f"{STAGES}identity.account_id.apply(stage)"
    config = {"aws:allowedAccountIds": '["444455556666"]', "aws:region": "eu-west-1"}
    with pytest.raises(PreviewError, match=r"KeyError: '444455556666' at .*:5$"):
        preview(project(tmp_path, program), policy_pack=witness, config=config)


def test_an_account_and_a_region_that_are_known_are_used(witness: Path, tmp_path: Path) -> None:
    program = "import pulumi\nimport pulumi_aws as aws\npulumi.export('arn', aws.sqs.Queue('q', name='q').arn)\n"
    config = {"aws:allowedAccountIds": '["111122223333"]', "aws:region": "eu-west-1"}
    found = seen(project(tmp_path, program), witness, config=config)
    assert found.outputs["shop-dev"]["props"] == {"arn": "arn:aws:sqs:eu-west-1:111122223333:q"}
    assert found.result.notes == ()


@pytest.mark.parametrize("piece", ["a", "1", "a-", "A1-", "a--", "aB_", "05ca1ab1e", "5tAnd1n0", "x-05ca1ab1e0-"])
def test_stand_ins_are_looked_for_in_a_long_text_once(piece: str) -> None:
    """Looked for from each character of a run anew, one text of the length that the pack reads took an hour."""
    assert not stand_ins.ANY.search(piece * (750_000 // len(piece)))


@pytest.mark.parametrize("before", ["", "x--", "_", "arn:aws:iam::1:role/", "-"])
def test_the_name_of_what_cloudformation_makes_is_found_whole(before: str) -> None:
    name = stand_ins.physical_name("my-stack", "Role1")
    assert stand_ins.NAMES.findall(before + name) == [name]
    assert stand_ins.NAMES.fullmatch(name)
