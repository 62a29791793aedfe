"""How a preview is shown: where each resource is made, JSON, the exit status, notes, and any kind of output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from test_monitor import STACK, invoke, register
from test_preview import FORBIDDEN, PACK, PLAIN, command, project

from policy.preview.monitor import Monitor
from policy.preview.project import load_project, load_stack
from policy.preview.run import Preview, Violation, preview, run
from policy.preview.source import Source
from policy.testing import assert_passes, assert_violates

ROOT = Path(__file__).resolve().parent.parent
URN = "urn:pulumi:dev::shop::aws:iam/role:Role::orders"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 1.2.3\n")
    (folder / "__main__.py").write_text(PACK)
    return folder


def found(*violations: Violation) -> Preview:
    return Preview(violations, (), (), (), "", "dev", "pack", "1.0.0", ".")


def violation(level: str = "mandatory", message: str = "No.", source: Source | None = None) -> Violation:
    return Violation("guard", level, URN, message, source=source)


# ---- where it is


def test_the_line_that_makes_a_resource_is_shown_beside_it() -> None:
    result = found(violation(source=Source("infra/worker.py", 22)))
    assert (
        "        - [mandatory]  guard  (aws:iam:Role: orders)  infra/worker.py:22\n          No.\n" in result.render()
    )
    with pytest.raises(AssertionError, match=r"- .mandatory. guard on `orders` at infra/worker\.py:22\n    No"):
        assert_passes(result)
    with pytest.raises(AssertionError, match=r"- .mandatory. guard on `orders` at infra/worker\.py:22\n    No"):
        assert_violates(result, "other")


def test_where_no_line_is_known_none_is_shown() -> None:
    assert "        - [mandatory]  guard  (aws:iam:Role: orders)\n" in found(violation()).render()


# ---- JSON


def schema() -> Any:
    """The schema as it is published, but closed: what it does not describe must not be there."""

    def closed(node: Any) -> Any:
        if isinstance(node, list):
            return [closed(item) for item in node]
        if not isinstance(node, dict):
            return node
        inner = {key: closed(value) for key, value in node.items()}
        return {**inner, "additionalProperties": False} if node.get("type") == "object" else inner

    published = json.loads((ROOT / "docs" / "preview.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(published)
    return closed(published)


def valid(printed: Any) -> Any:
    jsonschema.validate(printed, schema(), jsonschema.Draft202012Validator)
    return printed


def test_json_of_this_pack_has_the_form_that_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command(str(ROOT / "examples" / "half-right"), "--json")) == 1
    printed = valid(json.loads(capsys.readouterr().out))
    (only,) = printed["violations"]
    assert (only["policy"], only["level"], only["enforcement"]) == ("vpc-lambda-eni-guard", "mandatory", "mandatory")
    program = (ROOT / "examples" / "half-right" / only["source"]["file"]).read_text(encoding="utf-8")
    assert "RolePolicyAttachment(" in program.splitlines()[only["source"]["line"] - 1]
    (fix,) = only["fixes"]
    assert fix.startswith("AWS owns `AWSLambdaVPCAccessExecutionRole`, so attach")
    assert f"\nFix: {fix}\n" in only["message"]
    assert printed["judged"]["functions"] == 4
    assert printed["pack"]["name"] == "lambda-eni-guard"


def test_json_of_another_pack_has_the_form_that_is_described(pack: Path, tmp_path: Path) -> None:
    folder = project(tmp_path, FORBIDDEN + "raise_no = pulumi.StackReference('acme/network/prod')\n")
    result = preview(folder, policy_pack=pack, policy_pack_config={"forbidden": "remediate", "inputs": "advisory"})
    printed = valid(result.to_json())
    assert printed["pack"] == {"name": "notes", "version": "1.2.3"}
    assert printed["mode"] == "stand-in"
    assert printed["remediations"] == [
        {"policy": "forbidden", "urn": "urn:pulumi:dev::shop::test:index:Thing::forbidden"}
    ]
    assert printed["notes"] == [
        "the outputs of the stack acme/network/prod are unknown: its state is not read (give them with --answers)"
    ]
    assert {item["severity"] for item in printed["violations"]} == {None}
    placed = {item["urn"].rpartition("::")[2] for item in printed["violations"] if item["source"]}
    assert placed == {"forbidden", "other"}, "no line of the program makes the stack, or a default provider"


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"mode": "second-preview"},
        {"more": 1},
        {"violations": [{"policy": "guard"}]},
        {"judged": {"functions": -1}},
    ],
)
def test_the_schema_refuses_another_form(wrong: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        valid({**valid(found(violation()).to_json()), **wrong})


def test_the_other_mode_is_told() -> None:
    assert valid(replace(found(), mode="stand-in").to_json())["mode"] == "stand-in"


def test_fixes_are_the_lines_that_say_what_to_do() -> None:
    message = "What it is.\nIt is open. Fix: not this\nFix: add A\nOr: add B\nOrder: no\nFix: add C\nCheck: aws\n"
    (only,) = found(violation(message=message)).to_json()["violations"]
    assert only["fixes"] == ["add A", "add B", "add C"]


# ---- exit status


@pytest.mark.parametrize(
    ("level", "mandatory", "advisory"),
    [("remediate", True, True), ("mandatory", True, True), ("advisory", False, True), ("disabled", False, False)],
)
def test_a_level_fails_and_so_do_stricter_ones(level: str, mandatory: bool, advisory: bool) -> None:
    result = found(violation(level))
    assert (result.fails_on("mandatory"), result.fails_on("advisory")) == (mandatory, advisory)
    assert result.mandatory == mandatory


@pytest.mark.parametrize(
    ("program", "mandatory", "advisory"),
    [("", 0, 1), (FORBIDDEN, 1, 1), (PLAIN + "Thing('fine')\n", 0, 0)],
)
def test_the_command_fails_on_the_level_that_is_given(
    program: str, mandatory: int, advisory: int, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pack has an advisory for a program that registers nothing, and something mandatory for a name."""
    arguments = (str(project(tmp_path, program)), "--policy-pack", str(pack))
    result = preview(tmp_path, policy_pack=pack)
    monkeypatch.setattr("policy.preview.run.preview", lambda *_, **__: result)
    assert run(command(*arguments)) == mandatory
    assert run(command(*arguments, "--fail-on", "mandatory")) == mandatory
    assert run(command(*arguments, "--fail-on", "advisory")) == advisory


# ---- notes


def notes_of(folder: Path) -> tuple[str, ...]:
    """What is noted before the program runs."""
    _, notes = load_stack(load_project(folder), "dev", {})
    return notes


def test_what_is_noted_of_the_stack_is_noted_of_the_preview(pack: Path, tmp_path: Path) -> None:
    project(tmp_path, PLAIN + "pulumi.StackReference('acme/network/prod')\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("{}")
    stack, reference = preview(tmp_path, policy_pack=pack).notes
    assert (stack,) == notes_of(tmp_path)
    assert reference.startswith("the outputs of the stack acme/network/prod are unknown")


@pytest.mark.parametrize(
    ("files", "settings", "note"),
    [
        ((), "", ""),
        (("Pulumi.dev.yaml", "Pulumi.prod.yaml"), "", ""),
        (("Pulumi.dev.json", "Pulumi.prod.yaml"), "", ""),
        (("Pulumi.prod.yaml",), "", "there is Pulumi.prod.yaml: use --stack"),
        (("Pulumi.test.yaml", "Pulumi.prod.yml"), "", "there are Pulumi.prod.yml, Pulumi.test.yaml: use --stack"),
        (("Pulumi.prod.yaml",), "stackConfigDir: stacks\n", ""),
        (("stacks/Pulumi.prod.yaml",), "stackConfigDir: stacks\n", "there is Pulumi.prod.yaml: use --stack"),
        (("stacks/Pulumi.dev.yaml", "Pulumi.prod.yaml"), "config: stacks\n", ""),
    ],
)
def test_a_stack_without_a_file_is_noted_where_others_have_one(
    files: tuple[str, ...], settings: str, note: str, tmp_path: Path
) -> None:
    project(tmp_path, "", f"name: shop\nruntime: python\n{settings}")
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("{}")
    notes = notes_of(tmp_path)
    assert notes == ((f"stack dev has no configuration file; {note}",) if note else ())


@pytest.mark.parametrize(
    ("environment", "note"),
    [
        ("[]", ""),
        ("[shop/prod]", "the ESC environment shop/prod in Pulumi.dev.yaml is not read: configuration that it sets"),
        (
            "[a, {b: {merge: false}}]",
            "the ESC environments a, b in Pulumi.dev.yaml are not read: configuration that they",
        ),
        ("{imports: [a], values: {x: 1}}", "the ESC environment a in Pulumi.dev.yaml is not read: "),
        ("{values: {x: 1}}", "the ESC environment in Pulumi.dev.yaml is not read: configuration that it sets"),
        ("broken", "the ESC environment in Pulumi.dev.yaml is not read: "),
    ],
)
def test_an_environment_of_the_stack_is_noted(environment: str, note: str, tmp_path: Path) -> None:
    project(tmp_path, "")
    (tmp_path / "Pulumi.dev.yaml").write_text(f"environment: {environment}\nconfig: {{a: 1}}\n")
    notes = notes_of(tmp_path)
    assert len(notes) == bool(note)
    assert not note or notes[0].startswith(note)


def test_notes_do_not_depend_on_the_order_of_the_programs_threads() -> None:
    def notes(*order: int) -> tuple[str, ...]:
        monitor = Monitor(STACK, lambda resource: resource.inputs)
        steps = [
            lambda: invoke(monitor, "aws:ec2/getVpc:getVpc", {}),
            lambda: invoke(monitor, "aws:ec2/getSubnets:getSubnets", {}),
            lambda: register(monitor, name="b", importId="x"),
            lambda: register(monitor, name="a", importId="x"),
            lambda: register(monitor, name="c", type="awsx:ec2:Vpc", custom=False, remote=True),
        ]
        for step in order:
            steps[step]()
        return monitor.notes

    first = notes(0, 1, 2, 3, 4)
    assert first == notes(4, 3, 2, 1, 0) == notes(2, 4, 0, 3, 1)
    assert [note.split(" ")[0] for note in first] == [
        "aws:ec2/getSubnets:getSubnets", "aws:ec2/getVpc:getVpc", "a", "b", "what",
    ], "kind by kind"  # fmt: skip


# ---- output of any kind


def command_line(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, **options.pop("env", {}), "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-m", "policy", *map(str, arguments)], env=environment, **options)


@pytest.mark.parametrize(
    ("encoding", "form"),
    [
        ("ascii", "text"),
        ("latin-1", "json"),
        pytest.param("utf-8", "text", marks=pytest.mark.slow),
        pytest.param("latin-1", "text", marks=pytest.mark.slow),
        pytest.param("ascii", "json", marks=pytest.mark.slow),
        pytest.param("utf-8", "json", marks=pytest.mark.slow),
    ],
)
def test_an_output_that_is_not_utf8_is_no_error(encoding: str, form: str, pack: Path, tmp_path: Path) -> None:
    program = f"print('é ✅')\n{PLAIN}Thing('forbidden')\npulumi.StackReference('acme/nétwork-✅/prod')\n"
    folder = project(tmp_path, "import sys\nsys.stdout.reconfigure(encoding='utf-8')\n" + program)
    flags = ("--json",) if form == "json" else ()
    arguments = ("preview", folder, "--policy-pack", pack, *flags)
    done = command_line(*arguments, env={"PYTHONIOENCODING": encoding}, capture_output=True)
    assert done.returncode == 1, done.stderr
    assert b"Traceback" not in done.stderr
    text = done.stdout.decode(encoding)
    if form == "json":
        assert valid(json.loads(text))["notes"][0].startswith("the outputs of the stack acme/nétwork-✅/prod")
    else:
        assert ("❌ notes@v1.2.3" if encoding == "utf-8" else "\\u274c notes@v1.2.3") in text
        assert "n\\xe9twork" in text if encoding == "ascii" else "nétwork" in text
    # The program's own words.
    assert done.stderr.decode(encoding).startswith(
        {"ascii": "\\xe9 \\u2705", "latin-1": "é \\u2705"}.get(encoding, "é ✅")
    )


@pytest.fixture
def closed_pipe() -> Any:
    """The end to write to of a pipe whose other end is closed, as after `| head -1`, but at once."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.slow
@pytest.mark.parametrize(("program", "status"), [(FORBIDDEN, 1), (PLAIN + "Thing('fine')\n", 0)])
def test_a_reader_that_has_gone_changes_nothing(
    program: str, status: int, closed_pipe: int, pack: Path, tmp_path: Path
) -> None:
    folder = project(tmp_path, "print('noise')\n" + program)
    arguments = ("preview", folder, "--policy-pack", pack)
    done = command_line(*arguments, stdout=closed_pipe, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (status, b"noise\n")
    done = command_line(*arguments, stdout=closed_pipe, stderr=closed_pipe)
    assert done.returncode == status
    done = command_line(*arguments, stdout=subprocess.PIPE, stderr=closed_pipe)
    assert done.returncode == status
    assert done.stdout.startswith(b"Previewing stack dev")


@pytest.mark.parametrize(
    ("arguments", "buffered", "at_once"),
    [
        (("judge", ROOT / "tests" / "cases" / "closed-readme-null-guard" / "policy.json"), 0, 1),
        (("judge", "not-there.json"), 2, 2),
        (("judge", "--jsonl"), 1, 1),
        (("preview", "--help"), 0, 0),
    ],
)
def test_a_reader_that_has_gone_is_no_traceback_of_any_command(
    arguments: tuple[str | Path, ...], buffered: int, at_once: int, closed_pipe: int
) -> None:
    """Whether the loss is found before or after the verdict: it is never taken for a verdict that all is well."""
    for unbuffered, status in (("", buffered), ("1", at_once)):
        done = command_line(
            *arguments,
            env={"PYTHONUNBUFFERED": unbuffered},
            stdout=closed_pipe,
            stderr=subprocess.PIPE,
            input=b'{"policies": []}\n' * 3,
        )
        assert done.returncode == status
        assert b"Traceback" not in done.stderr
        assert b"BrokenPipe" not in done.stderr
