"""Answers to what a preview would ask of AWS and of other stacks."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pulumi
import pytest

from policy.preview.answers import AnswersError, GivenAnswers, MockAnswers, load_answers
from policy.preview.data_sources import POLICY_DOCUMENT, DataSourceError
from policy.preview.properties import UNKNOWN, as_secret
from policy.preview.run import PreviewError, preview, run
from tests.test_preview import PACK, Seen, command, project, seen

SUBNETS = "aws:ec2/getSubnets:getSubnets"
IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"


class Mocks(pulumi.runtime.Mocks):
    """What a team's unit tests have."""

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        if args.token == "aws:ec2/getVpc:getVpc":
            return {"id": args.args["id"], "cidrBlock": "10.0.0.0/16"}
        if args.token == SUBNETS:
            return {"ids": ["subnet-1"]}, None
        if args.token == "aws:ec2/getSubnet:getSubnet":
            return {}, [("id", "no such subnet")]
        if args.token == "aws:ec2/getRouteTable:getRouteTable":
            raise ValueError("not mine")
        return {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
        assert args.typ == "pulumi:pulumi:StackReference", "resources are the preview's own"
        return args.name, {**args.inputs, "outputs": {"role": f"role-of-{args.resource_id}"}}


# Forms


@pytest.mark.parametrize("key", [SUBNETS, "aws:ec2:getSubnets", "aws.ec2.getSubnets", "aws.ec2.get_subnets"])
def test_a_token_may_be_written_short(key: str) -> None:
    answers = GivenAnswers({"prod": {}, key: {"ids": ["subnet-1"]}})
    assert answers.data_source("aws:ec2/getSubnet:getSubnet", {}, "") is None
    assert answers.data_source(SUBNETS, {"filters": []}, "") == {"ids": ["subnet-1"]}
    assert answers.unused() == ("prod",)


@pytest.mark.parametrize(
    "key", [IDENTITY, "aws:index:getCallerIdentity", "aws.getCallerIdentity", "aws.get_caller_identity"]
)
def test_a_token_of_the_index_module_may_leave_it_out(key: str) -> None:
    assert GivenAnswers({key: {"accountId": "1"}}).data_source(IDENTITY, {}, "") == {"accountId": "1"}
    assert GivenAnswers({key: {}}).data_source("aws-native:index:getAccountId", {}, "") is None


def test_the_whole_token_wins_over_a_short_form() -> None:
    answers = GivenAnswers({"aws:ec2:getSubnets": {"ids": []}, SUBNETS: {"ids": ["subnet-1"]}})
    assert answers.data_source(SUBNETS, {}, "") == {"ids": ["subnet-1"]}
    assert answers.unused() == ("aws:ec2:getSubnets",)


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ({"filters": [{"name": "tag:Tier", "values": ["private"]}]}, {"ids": ["private"]}),
        ({"filters": as_secret([{"name": "tag:Tier", "values": ["private"]}]), "region": "x"}, {"ids": ["private"]}),
        ({"filters": [{"name": "tag:Tier", "values": ["public"]}]}, {"ids": ["public"]}),
        ({"filters": [{"name": "tag:Tier", "values": ["public", "private"]}]}, {"ids": ["any"]}),
        ({"filters": []}, {"ids": ["any"]}),
        ({"filters": "text"}, {"ids": ["any"]}),
        ({}, None),
    ],
)
def test_of_several_results_the_first_whose_arguments_fit_is_taken(
    arguments: dict[str, object], result: dict[str, object] | None
) -> None:
    cases: list[object] = [
        {"args": {"filters": [{"name": "tag:Tier", "values": [tier]}]}, "result": {"ids": [tier]}}
        for tier in ("private", "public")
    ]
    fallback = [{"args": {"filters": given}, "result": {"ids": ["any"]}} for given in ([], "text")]
    both = {"args": {"filters": [{"values": ["public", "private"]}]}, "result": {"ids": ["any"]}}
    answers = GivenAnswers({SUBNETS: [*cases, both, *fallback]})
    assert answers.data_source(SUBNETS, arguments, "") == result
    assert answers.unused() == (() if result else (SUBNETS,))


def test_outputs_of_a_stack_are_given_together_or_one_by_one() -> None:
    answers = GivenAnswers({"a/b/prod": {"one": 1, "two": 2}, "a/b/prod.two": [3], "a/b/pro": {"x": 1}, "a/b/p.x": 1})
    assert answers.stack("reference", "a/b/prod") == {"one": 1, "two": [3]}
    assert answers.stack("reference", "a/b/dev") is None
    assert answers.unused() == ("a/b/pro", "a/b/p.x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"answers\.json cannot be read: No such file or directory$"),
        ("{\n,}", r"answers\.json:2 is not JSON: "),
        ("[]", r"answers\.json must be an object: token or stack output -> value$"),
        (b"\xff", r"answers\.json is not UTF-8$"),
        (json.dumps({SUBNETS: "x"}), rf"answers\.json: {SUBNETS} must be a result, an object, or a list of "),
        (json.dumps({SUBNETS: [{"result": {}, "arguments": {}}]}), "must be a result"),
        (json.dumps({SUBNETS: [{"args": []}]}), "must be a result"),
    ],
)
def test_a_bad_file_is_one_sentence(text: str | bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PreviewError, match=message) as caught:
        preview(project(tmp_path, ""), answers=file)
    assert "\n" not in str(caught.value)


def test_the_file_that_the_readme_shows_is_taken() -> None:
    answers = load_answers(Path(__file__).parent.parent / "docs" / "answers.json")
    assert answers.data_source("aws:iam/getRole:getRole", {"name": "reports"}, "")
    assert answers.data_source("aws:iam/getRole:getRole", {"name": "orders"}, "") is None
    assert answers.stack("network", "acme/network/prod") == {"vpcId": "vpc-0a1b2c3d4e5f60718", "roleName": "reports"}
    assert answers.unused() == ("aws.ec2.getSubnets",)


def test_other_bad_answers_are_one_sentence() -> None:
    with pytest.raises(AnswersError, match="answers are a file, a mapping, or an object with `call`, not a int"):
        load_answers(5)
    with pytest.raises(AnswersError, match=r"^a/b/prod must be an object: the outputs of the stack$"):
        load_answers({"a/b/prod": 5}).stack("reference", "a/b/prod")
    with pytest.raises(AnswersError, match=r"^aws\.ec2\.getSubnets must be a result"):
        load_answers({"aws.ec2.getSubnets": 5}).data_source(SUBNETS, {}, "")


# Mocks


def test_mocks_are_called_as_pulumi_calls_them() -> None:
    answers = load_answers(Mocks())
    assert answers.data_source(
        "aws:ec2/getVpc:getVpc", {"id": as_secret("vpc-1"), "x": [{"y": as_secret(1)}]}, "p"
    ) == {
        "id": "vpc-1",
        "cidrBlock": "10.0.0.0/16",
    }
    assert answers.data_source(SUBNETS, {}, "") == {"ids": ["subnet-1"]}
    assert answers.data_source("aws:ec2/getEips:getEips", {}, "") is None, "an empty result is no answer"
    assert answers.data_source(POLICY_DOCUMENT, {}, "") is None, "computed, not mocked"
    assert answers.stack("network", "a/b/prod") == {"role": "role-of-a/b/prod"}
    assert answers.unused() == ()
    with pytest.raises(DataSourceError, match=r"^no such subnet \(id\)$"):
        answers.data_source("aws:ec2/getSubnet:getSubnet", {}, "")
    message = r"^the answers' call of aws:ec2/getRouteTable:getRouteTable raises ValueError: not mine$"
    with pytest.raises(AnswersError, match=message):
        answers.data_source("aws:ec2/getRouteTable:getRouteTable", {}, "")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (5, "the answer to x must be an object, not a int"),
        ({"a": object()}, "the answer to x is not JSON"),
        (({}, [1]), "the answers' call of x raises TypeError: "),
    ],
)
def test_a_mock_with_a_bad_result_is_one_sentence(result: object, message: str) -> None:
    class Bad:
        def call(self, _: object) -> object:
            return result

    with pytest.raises(AnswersError, match=message):
        MockAnswers(Bad()).data_source("x", {}, "")
    assert MockAnswers(Bad()).stack("reference", "a/b/prod") is None, "it has no new_resource"


def test_mocks_that_do_not_know_the_account_are_not_to_blame(witness: Path, tmp_path: Path) -> None:
    class Strict(Mocks):
        def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
            raise KeyError(args.token)

    program = "import pulumi\nimport pulumi_aws as aws\npulumi.export('arn', aws.sqs.Queue('q', name='q').arn)\n"
    found = seen(project(tmp_path, program), witness, answers=Strict())
    assert found.outputs["shop-dev"]["props"] == {"arn": "arn:aws-standin:sqs:us-standin-1:984001750000:q"}


def test_a_mock_that_fails_for_a_stack_is_named() -> None:
    class Bad(Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
            raise KeyError(args.name)

    class Silent(Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
            return args.name, args.inputs

    with pytest.raises(AnswersError, match="the answers' new_resource of a/b/prod raises KeyError: 'network'"):
        MockAnswers(Bad()).stack("network", "a/b/prod")
    assert MockAnswers(Silent()).stack("network", "a/b/prod") is None


def test_mocks_are_asked_one_question_at_a_time() -> None:
    second_came_in = threading.Event()
    asked: list[str] = []

    class Slow:
        def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, bool]:
            asked.append(args.token)
            if args.token == "second":
                second_came_in.set()
                return {"alone": True}
            second.start()
            return {"alone": not second_came_in.wait(0.05)}

    answers = MockAnswers(Slow())
    second = threading.Thread(target=answers.data_source, args=("second", {}, ""))
    assert answers.data_source("first", {}, "") == {"alone": True}
    second.join()
    assert asked == ["first", "second"]


# Programs

PROGRAM = """
import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

subnets = aws.ec2.get_subnets_output(filters=[])
pulumi.export("subnets", subnets.ids)
pulumi.export("plain", aws.ec2.get_subnets(filters=[]).ids)
vpc = aws.ec2.get_vpc(id="vpc-1")
pulumi.export("vpc", vpc.id)
pulumi.export("cidr", aws.ec2.get_vpc_output(id="vpc-1").cidr_block)
aws.iam.Policy("left-out", policy=f"x{vpc.arn}")
aws.iam.Policy("left-out-of-output", policy=aws.ec2.get_vpc_output(id="vpc-1").apply(lambda vpc: f"x{vpc.arn}"))
document = aws.iam.get_policy_document_output(statements=[{"actions": ["a"], "resources": subnets.ids}])
pulumi.export("document", document.json)

network = pulumi.StackReference("network", stack_name="acme/network/prod")
pulumi.export("role", network.get_output("role"))
pulumi.export("required", network.require_output("role"))
pulumi.export("missing", network.get_output("other"))
pulumi.export("missing-required", network.require_output("other"))
aws.iam.RolePolicy("of-stack", role=network.get_output("role"), policy=network.get_output("other"))

account = aws.get_caller_identity()
pulumi.export("identity", [account.account_id, account.arn, native.get_account_id().account_id])
pulumi.export("region", [aws.get_region().region, aws.get_partition_output().partition])
pulumi.export("queue", aws.sqs.Queue("queue", name="q").arn)
other = pulumi.InvokeOptions(provider=aws.Provider("other", region="eu-north-1", profile="other"))
pulumi.export("other", [aws.get_caller_identity(opts=other).account_id, aws.get_region(opts=other).region])
"""

ANSWERS: dict[str, object] = {
    "aws.ec2.getSubnets": {"ids": ["subnet-1"]},
    "aws:ec2/getVpc:getVpc": [
        {"args": {"id": "vpc-2"}, "result": {"id": "no"}},
        {"args": {"id": "vpc-1"}, "result": {"id": "vpc-1", "cidrBlock": "10.0.0.0/16"}},
    ],
    "acme/network/prod": {"role": "network-role"},
    "aws.getCallerIdentity": {"accountId": "111122223333"},
    "aws.getRegion": {"name": "cn-north-1", "region": "cn-north-1"},
    "aws:ec2/getEip:getEip": {"id": "nobody asks"},
    "acme/other/prod.output": 1,
}


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 1.2.3\n")
    (folder / "__main__.py").write_text(PACK)
    return folder


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory, witness: Path) -> Seen:
    return seen(project(tmp_path_factory.mktemp("answered"), PROGRAM), witness, answers=ANSWERS)


def test_both_forms_of_a_data_source_have_the_answer(answered: Seen) -> None:
    exported = answered.outputs["shop-dev"]["props"]
    assert exported["subnets"] == exported["plain"] == ["subnet-1"]
    assert exported["vpc"] == "vpc-1"
    assert exported["cidr"] == "10.0.0.0/16"
    assert json.loads(exported["document"])["Statement"][0]["Resource"] == "subnet-1"


@pytest.mark.parametrize("name", ["left-out", "left-out-of-output"])
def test_what_an_answer_leaves_out_is_unknown_and_tells_its_origin(name: str, answered: Seen) -> None:
    assert answered.inputs[name]["props"]["policy"] == UNKNOWN
    assert answered.outputs[name]["by_property"] == {"policy": ["aws:ec2/getVpc:getVpc"]}


def test_outputs_of_another_stack_are_known_where_they_are_given(answered: Seen) -> None:
    exported = answered.outputs["shop-dev"]["props"]
    assert exported["role"] == exported["required"] == "network-role"
    assert exported["missing"] == exported["missing-required"] == UNKNOWN
    assert answered.inputs["of-stack"]["props"]["role"] == "network-role"
    assert answered.inputs["of-stack"]["props"]["policy"] == UNKNOWN
    assert answered.outputs["of-stack"]["by_property"] == {"role": ["network"], "policy": ["network"]}


def test_where_a_program_runs_is_told_by_the_answers(answered: Seen) -> None:
    exported = answered.outputs["shop-dev"]["props"]
    account, arn, native = exported["identity"]
    assert account == native == "111122223333"
    assert arn == "arn:aws-cn:iam::111122223333:root"
    assert exported["region"] == ["cn-north-1", "aws-cn"]
    assert exported["queue"] == "arn:aws-cn:sqs:cn-north-1:111122223333:q"
    other, region = exported["other"]
    assert other.startswith("98400175"), "other credentials, of which nothing is known"
    assert region in ("eu-north-1", "cn-north-1")


def test_notes_name_what_was_not_asked_for(answered: Seen) -> None:
    notes = answered.result.notes
    assert [note for note in notes if "fits nothing" in note] == [
        "the answer for aws:ec2/getEip:getEip fits nothing that the program asks",
        "the answer for acme/other/prod.output fits nothing that the program asks",
    ]
    assert not [note for note in notes if "answered as unknown" in note or "state is not read" in note]


def test_a_first_preview_has_answers_too(witness: Path, tmp_path: Path) -> None:
    folder = project(tmp_path, PROGRAM)
    found = seen(folder, witness, answers={**ANSWERS}, first_preview=True)
    exported = found.outputs["shop-dev"]["props"]
    assert exported["subnets"] == ["subnet-1"]
    assert exported["role"] == "network-role"
    assert exported["identity"][0] == "111122223333"
    assert exported["queue"] == UNKNOWN


# Without pulumi_aws, whose import takes longest.
ASK = "import pulumi.runtime\npulumi.runtime.invoke"


def test_mocks_answer_a_program(witness: Path, tmp_path: Path) -> None:
    found = seen(project(tmp_path, PROGRAM), witness, answers=Mocks())
    exported = found.outputs["shop-dev"]["props"]
    assert exported["subnets"] == exported["plain"] == ["subnet-1"]
    assert exported["cidr"] == "10.0.0.0/16"
    assert exported["role"] == "role-of-acme/network/prod"
    assert exported["missing"] == UNKNOWN
    assert exported["identity"][0] == "984001750000"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            f"{ASK}('aws:ec2/getRouteTable:getRouteTable', {{'routeTableId': 'x'}})\n",
            r"^the answers' call of aws:ec2/getRouteTable:getRouteTable raises ValueError: not mine$",
        ),
        (
            f"{ASK}('aws:ec2/getSubnet:getSubnet', {{'id': 'x'}})\n",
            r"invoke of aws:ec2/getSubnet:getSubnet failed: no such subnet \(id\)",
        ),
    ],
)
def test_a_mock_that_fails_is_one_sentence(program: str, message: str, witness: Path, tmp_path: Path) -> None:
    with pytest.raises(PreviewError, match=message):
        preview(project(tmp_path, program), policy_pack=witness, answers=Mocks())


def test_without_answers_the_note_says_how_to_give_them(witness: Path, tmp_path: Path) -> None:
    program = "import pulumi\npulumi.export('role', pulumi.StackReference('a/b/prod').get_output('role'))\n"
    notes = preview(project(tmp_path, program), policy_pack=witness).notes
    assert notes == ("the outputs of the stack a/b/prod are unknown: its state is not read (give them with --answers)",)


def test_the_command_reads_a_file(witness: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = "import pulumi\npulumi.StackReference('a/b/prod').get_output('role').apply(print)\n"
    (tmp_path / "answers.json").write_text('{"a/b/prod.role": "the-role"}')
    arguments = (str(project(tmp_path, program)), "--policy-pack", str(witness))
    assert run(command(*arguments, "--first-preview", "--answers", str(tmp_path / "answers.json"))) == 0
    assert capsys.readouterr().err == "the-role\n"
    assert run(command(*arguments, "--answers", "nowhere.json")) == 2
    assert capsys.readouterr().err.startswith("error: nowhere.json cannot be read: ")
