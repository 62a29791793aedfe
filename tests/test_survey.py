"""Stacks judged by their states: what is read, what is said, and that one bad file stops nothing."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from policy.__main__ import main
from policy.outside.state_file import StateError, files, parse, read
from policy.preview.config_file import load
from policy.shared import names
from policy.stack.execution_role import Decided, ExecutionRole, Gap
from policy.survey import many
from policy.survey.many import Unread, survey_files
from policy.survey.ruled import rules
from policy.survey.survey import Survey, together
from policy.survey.surveyed import Surveyed
from policy.told import facts
from policy.told.judging import Rules, Verdict
from policy.verdict.finding import Finding
from policy.verdict.outcomes import Unverified

STATES: Final = Path(__file__).resolve().parent / "states"
NOW: Final = 1795795200.0
HARMLESS: Final = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}'
SECRET: Final = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:xyz"}


def ruled(config: Mapping[str, object] | None = None) -> Rules:
    return rules(load(config), NOW)


def survey(*paths: Path | str, config: Mapping[str, object] | None = None, jobs: int = 1) -> Survey:
    found = [path for path, why in files([str(path) for path in paths])]
    return together(survey_files(found, ruled(config), jobs, lambda _: None), ruled(config))


def state(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STATES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def resource(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in value["deployment"]["resources"] if r["urn"].endswith(f"::{name}"))
    return found


def written(folder: Path, value: object, name: str = "state.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(value), encoding="utf-8")
    return file


def one(found: Survey) -> Surveyed:
    (stack,) = found.stacks
    return stack


# ---- what is said of real states


def test_the_examples_are_judged_by_their_states_as_their_programs_read() -> None:
    found = {stack.project: stack for stack in survey(STATES).stacks}
    assert {project: stack.told.verdict for project, stack in found.items()} == {
        "guarded-deny-statement": Verdict.PASSES,
        "half-right": Verdict.STOPPED,
        "unguarded-inline-policy": Verdict.STOPPED,
        "unguarded-managed-policy": Verdict.STOPPED,
    }
    (item,) = found["half-right"].told.items
    assert (item.policy, item.kind, item.resource) == (names.GUARD, "open", "finance-role-vpc-access")
    assert [function.rpartition("::")[2] for function in item.functions] == ["billing"]
    assert (item.file, item.line) == ("__main__.py", 40)
    assert item.witness is not None


def test_processes_say_the_same_as_one() -> None:
    paths = [str(path) for path in sorted(STATES.glob("*.json"))] * 3
    alone = survey_files(paths, ruled(), 1, lambda _: None)
    done: list[int] = []
    assert survey_files(paths, ruled(), 2, done.append) == alone
    assert sum(done) == len(paths)


def test_a_process_that_ends_takes_only_its_own_file_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A file that no process survives: what ends it is put into the environment that the processes start with.
    (tmp_path / "sitecustomize.py").write_text(
        "import json, os\n_loads = json.loads\n"
        "def loads(text, **more):\n"
        "    value = _loads(text, **more)\n"
        "    os._exit(9) if isinstance(value, dict) and value.get('ends') else None\n"
        "    return value\n"
        "json.loads = loads\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")])))
    killer = written(tmp_path, {"ends": True}, "killer.json")
    good = [str(path) for path in sorted(STATES.glob("*.json"))] * 3
    *judged, last = survey_files([*good, str(killer)], ruled(), 2, lambda _: None)
    assert all(isinstance(result, Surveyed) for result in judged)
    assert isinstance(last, Unread)
    assert "ended the process" in last.why


def test_configuration_and_exemptions_apply() -> None:
    entry = {"match": "orders-role", "reason": "OPS-1", "until": "2099-12-31"}
    config = {names.GUARD: {"enforcementLevel": "mandatory", "exemptions": [entry]}}
    stack = one(survey(STATES / "unguarded-inline-policy.json", config=config))
    assert [item.policy for item in stack.told.items] == []
    (taken,) = stack.told.exempted
    assert (taken.exempt, taken.until, taken.policy) == ("OPS-1", "2099-12-31", names.GUARD)
    assert stack.told.used == (("orders-role", "OPS-1"),)
    advisory = one(survey(STATES / "unguarded-inline-policy.json", config={"all": "advisory"}))
    assert advisory.told.verdict == Verdict.WARNED


@pytest.mark.parametrize("decided", Decided)
def test_whatever_is_not_known_has_a_few_words_for_why(decided: Decided) -> None:
    urn = "urn:pulumi:dev::p::t::x"
    outcome = Unverified(ExecutionRole(None, ""), [], gaps=[Gap(urn, "", decided)])
    item = facts.item(Finding(names.UNVERIFIED, urn, "x", outcome=outcome), "advisory", "low", "p/dev", {})
    assert item.why


def test_what_a_single_resource_proves_is_exempt_with_a_reason_too(tmp_path: Path) -> None:
    value = state("unguarded-inline-policy")
    dead = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
    dead["Condition"] = {"ArnEquals": {"lambda:SourceFunctionArn": "my-function"}}  # type: ignore[assignment]
    for where in ("inputs", "outputs"):
        policy = resource(value, "orders-eni")[where]
        policy["policy"] = json.dumps({"Version": "2012-10-17", "Statement": dead})
    file = written(tmp_path, value)
    (found,) = one(survey(file)).told.items
    assert (found.policy, found.resource) == (names.ROLE_GUARD, "orders-eni")
    exempt = {names.ROLE_GUARD: {"exemptions": [{"match": "orders-eni", "reason": "OPS-1"}]}}
    told = one(survey(file, config=exempt)).told
    assert told.items == ()
    assert [(item.exempt, item.message, item.fingerprint) for item in told.exempted] == [
        ("OPS-1", found.message, found.fingerprint)
    ]


def test_what_one_policy_exempts_and_another_tells_is_not_exempt() -> None:
    exempt = {names.ROLE_GUARD: {"exemptions": [{"match": "*", "reason": "OPS-1"}]}}
    told = one(survey(STATES / "unguarded-inline-policy.json", config=exempt)).told
    assert [item.policy for item in told.items] == [names.GUARD]
    assert told.exempted == ()


def test_a_guard_elsewhere_is_an_exemption_with_a_reason() -> None:
    config = {names.GUARD: {"guarded_elsewhere": [{"match": "*", "reason": "SCP p-1"}]}}
    stack = one(survey(STATES / "unguarded-inline-policy.json", config=config))
    assert stack.told.verdict == Verdict.PASSES
    assert [item.exempt for item in stack.told.exempted] == ["SCP p-1"]


# ---- secrets


def test_an_encrypted_policy_is_not_judged_and_said_to_be_a_secret(tmp_path: Path) -> None:
    value = state("unguarded-inline-policy")
    policy = resource(value, "orders-eni")
    policy["inputs"]["policy"] = policy["outputs"]["policy"] = SECRET
    stack = one(survey(written(tmp_path, value)))
    assert stack.told.verdict == Verdict.NOT_JUDGED
    (item,) = stack.told.items
    assert "secret" in item.message
    assert "secret" in item.why


def test_no_word_of_a_decrypted_policy_is_shown(tmp_path: Path) -> None:
    value = state("unguarded-inline-policy")
    policy = resource(value, "orders-eni")
    text = policy["outputs"]["policy"].replace('"Eni"', '"TopSecretSid"')
    shown = {**SECRET, "plaintext": json.dumps(text)}
    policy["inputs"]["policy"] = policy["outputs"]["policy"] = shown
    stack = one(survey(written(tmp_path, value)))
    assert stack.told.verdict == Verdict.STOPPED
    assert "TopSecretSid" in text
    assert "TopSecretSid" not in repr(stack.told)


# ---- forms of states


def checkpoint(value: Mapping[str, Any], version: int = 3) -> dict[str, Any]:
    return {"version": version, "checkpoint": {"stack": "organization/p/dev", "latest": value["deployment"]}}


def test_a_file_backend_is_read_by_its_stacks_alone(tmp_path: Path) -> None:
    value = checkpoint(state("half-right"))
    for place in ("stacks/half-right/dev.json", "history/half-right/dev/dev-1.checkpoint.json", "backups/x/dev.json"):
        file = tmp_path / ".pulumi" / place
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(value), encoding="utf-8")
    (tmp_path / ".pulumi/stacks/half-right/dev.json.attrs").write_text("{}", encoding="utf-8")
    (tmp_path / ".pulumi/stacks/half-right/dev.json.bak").write_text("{}", encoding="utf-8")
    found = survey(tmp_path)
    assert found.unread == ()
    assert one(found).name == "half-right/dev"
    assert one(survey(tmp_path / ".pulumi")).told == one(found).told


def older(value: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The state as a CLI of that time wrote it: `migrate` in the engine's source says what is new."""
    made: dict[str, Any] = json.loads(json.dumps(value))
    for item in made["deployment"]["resources"]:
        if version < 3:
            item.pop("propertyDependencies", None)
        if version < 2:
            item.pop("provider", None)
            item.pop("external", None)
    return made


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_version_of_a_state_is_read(tmp_path: Path, version: int) -> None:
    value = older(state("half-right"), version)
    export = written(tmp_path, {**value, "version": version}, "a.json")
    backend = written(tmp_path, checkpoint(value, min(version, 3)), "b.json")
    assert one(survey(export)).told.verdict == one(survey(backend)).told.verdict == Verdict.STOPPED


def test_a_checkpoint_without_a_version_and_a_bare_deployment_are_read(tmp_path: Path) -> None:
    value = state("half-right")
    bare = written(tmp_path, {"stack": "dev", "latest": value["deployment"]})
    assert one(survey(bare)).told.verdict == Verdict.STOPPED
    assert one(survey(written(tmp_path, value["deployment"]))).told.verdict == Verdict.STOPPED


def test_gzip_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (STATES / "half-right.json").read_bytes()
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(content))
    assert one(survey(tmp_path)).told.verdict == Verdict.STOPPED
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(content))))
    assert one(survey("-")).told.verdict == Verdict.STOPPED


def test_a_stack_that_was_never_deployed_has_nothing_to_judge(tmp_path: Path) -> None:
    file = written(tmp_path, {"version": 3, "checkpoint": {"stack": "organization/p/dev", "latest": None}})
    assert (one(survey(file)).name, one(survey(file)).told.verdict) == ("dev", Verdict.NOTHING)
    file = written(tmp_path, {"version": 3, "deployment": None}, "fresh.json")
    assert (one(survey(file)).name, one(survey(file)).told.verdict) == ("fresh", Verdict.NOTHING)


# ---- bad input, one sentence each


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b'{"version": 3, "deployment": {"resources": [', "is cut off"),
        (b'{"version": 3, "deployment": {"resources": [{"urn": "urn:pul', "is cut off"),
        (b'{"version": 3, "deployment": {"resources": [{"delete": tr', "is cut off"),
        (b'{"version": 3, "deployment": {"resources": [{}', "is cut off"),
        (b'{"version": 3, "deployment": {"resources": [{}}', "is not JSON"),
        (b"\x1f\x8b\x08\x00\x00", "is cut off or no gzip file"),
        (b"name: x", "is not JSON"),
        (b'"\xff"', "is not UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"name": "package", "version": 7}', "is JSON, but no stack's state"),
        (b"[]", "is JSON, but no stack's state"),
        (b'{"version": 9, "deployment": {}}', "has version 9; the newest that is known here is 4"),
        (b'{"version": 3, "deployment": {"resources": {}}}', "has `resources` that are no list"),
    ],
)
def test_what_is_no_state_gets_one_sentence(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    (tmp_path / "good.json").write_text((STATES / "half-right.json").read_text())
    found = survey(tmp_path)
    assert [(Path(unread.source).name, unread.why) for unread in found.unread] == [("bad.json", why)]
    assert one(found).told.verdict == Verdict.STOPPED


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policy.outside.state_file._MOST_BYTES", 1000)
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b"0" * 100_000))
    with pytest.raises(StateError, match="is larger than"):
        read(str(tmp_path / "bomb.json.gz"))


def test_a_folder_without_states_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert list(files([str(tmp_path / "empty")])) == [
        (str(tmp_path / "empty"), "this folder has no *.json and no *.json.gz in it")
    ]
    (unread,) = survey(tmp_path / "missing.json").unread
    assert unread.why == "cannot be read: No such file or directory"


def test_operations_that_were_interrupted_and_resources_that_go_are_said() -> None:
    value = state("half-right")
    going = {**resource(value, "finance-role-vpc-access"), "delete": True}
    value["deployment"]["resources"].append(going)
    value["deployment"]["pending_operations"] = [{"type": "creating", "resource": {"urn": "urn:pulumi:dev::p::t::x"}}]
    found = parse(json.dumps(value).encode())
    assert found.notes == (
        "1 resource that waits for deletion: not judged",
        "1 operation was interrupted (creating x): what they changed in AWS may not be in this state",
    )


def test_a_resource_without_inputs_is_judged_by_what_aws_gave(tmp_path: Path) -> None:
    value = state("unguarded-inline-policy")
    del resource(value, "orders-eni")["inputs"]
    stack = one(survey(written(tmp_path, value)))
    assert stack.told.verdict == Verdict.STOPPED
    assert "does not say what the program gives for orders-eni" in stack.notes[0]


def test_entries_that_are_no_resources_are_counted() -> None:
    value = state("half-right")
    value["deployment"]["resources"] += [None, {"urn": 7}, {"urn": "urn:pulumi:x", "type": "t"}]
    assert parse(json.dumps(value).encode()).notes == ("3 entries of its resources cannot be read",)


def test_of_two_exports_of_one_stack_the_newer_counts(tmp_path: Path) -> None:
    value = state("unguarded-inline-policy")
    value["deployment"]["manifest"]["time"] = "2026-01-02T00:00:00.123456789Z"
    written(tmp_path, value, "b.json")
    guarded = resource(value, "orders-eni")
    for where in ("inputs", "outputs"):
        guarded[where]["policy"] = HARMLESS
    value["deployment"]["manifest"]["time"] = "2026-01-02T01:00:00.2+01:00"
    written(tmp_path, value, "a.json")
    stack = one(survey(tmp_path))
    assert Path(stack.source).name == "a.json"
    assert stack.told.verdict == Verdict.PASSES
    assert f"there are 2 states of this stack: {stack.source} is the newest, and counts" in stack.notes[-1]
    written(tmp_path, value, "c.json")
    stack = one(survey(tmp_path))
    assert f": {tmp_path / 'c.json'} is the last of the newest, which have one time, and counts" in stack.notes[-1]


def test_a_bug_in_judging_one_stack_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Surveyed:
        raise KeyError("a secret value")

    monkeypatch.setattr(many, "survey_state", broken)
    (unread,) = survey(STATES / "half-right.json").unread
    assert re.fullmatch(r"could not be judged, because of a bug in this tool \(KeyError in broken:\d+\)", unread.why)


# ---- the command


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["policy", "survey", *args])
    status = main()
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_command_prints_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, err = run(capsys, monkeypatch, str(STATES))
    assert (status, err) == (1, "")
    assert out.startswith("Surveyed 4 stacks: 7 functions in a VPC, 5 roles\n")
    assert "  stopped       3\n  passes        1\n" in out
    assert "Guarding these 3 roles closes 3 functions\n" in out
    assert "- [mandatory] [severity: high]  vpc-lambda-eni-guard  half-right/dev: finance-role-vpc-access" in out


def test_the_exit_status(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    guarded, bad = str(STATES / "guarded-deny-statement.json"), str(written(tmp_path, []))
    assert run(capsys, monkeypatch, guarded)[0] == 0
    assert run(capsys, monkeypatch, guarded, bad)[0] == 2
    assert run(capsys, monkeypatch, str(STATES), bad)[0] == 1
    assert run(capsys, monkeypatch, str(STATES), "--fail-on", "never")[0] == 0
    status, out, err = run(capsys, monkeypatch, guarded, "--policy-pack-config", str(tmp_path / "none.json"))
    assert (status, out) == (2, "")
    assert err.startswith("error: the policy pack configuration ")


def test_an_open_role_without_functions_is_told_as_that(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    value = state("unguarded-inline-policy")
    resources = value["deployment"]["resources"]
    resources[:] = [each for each in resources if each["type"] != "aws:lambda/function:Function"]
    status, out, _ = run(capsys, monkeypatch, str(written(tmp_path, value)))
    assert status == 1
    assert "1 open role on which no surveyed function runs\n" in out


def test_a_baseline_shows_what_is_new_and_what_has_gone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base, states = str(tmp_path / "base.json"), tmp_path / "states"
    states.mkdir()
    value = state("unguarded-inline-policy")
    written(states, value, "a.json")
    written(states, state("half-right"), "b.json")
    assert run(capsys, monkeypatch, str(states), "--write-baseline", base)[0] == 1
    status, out, _ = run(capsys, monkeypatch, str(states), "--baseline", base)
    assert status == 0
    assert "Beside the baseline: 0 new, 2 known, 0 gone." in out
    # One is mended, one gets a further function, and one stack is not looked at.
    for where in ("inputs", "outputs"):
        resource(value, "orders-eni")[where]["policy"] = HARMLESS
    written(states, value, "a.json")
    status, out, _ = run(capsys, monkeypatch, str(states / "a.json"), "--baseline", base)
    assert status == 0
    assert "Gone: vpc-lambda-eni-guard for orders-eni of unguarded-inline-policy/dev." in out
    assert "In the baseline, findings about stacks that were not surveyed now: 1." in out


def test_what_is_exempt_by_now_has_not_gone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base, file = str(tmp_path / "base.json"), str(STATES / "unguarded-inline-policy.json")
    run(capsys, monkeypatch, file, "--write-baseline", base)
    config = written(tmp_path, {names.GUARD: {"exemptions": [{"match": "orders", "reason": "OPS-1"}]}}, "config.json")
    _, out, _ = run(capsys, monkeypatch, file, "--baseline", base, "--policy-pack-config", str(config))
    assert "Beside the baseline: 0 new, 0 known, 0 gone, 1 exempt by now." in out
    assert "Gone:" not in out


def test_a_known_hole_with_a_further_function_is_new(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base, value = str(tmp_path / "base.json"), state("unguarded-inline-policy")
    file = str(written(tmp_path, value))
    run(capsys, monkeypatch, file, "--write-baseline", base)
    further = json.loads(json.dumps(resource(value, "orders")))
    further["urn"] += "-two"
    value["deployment"]["resources"].append(further)
    written(tmp_path, value)
    status, out, _ = run(capsys, monkeypatch, file, "--baseline", base)
    assert status == 1
    assert "1 new, 0 known, 0 gone" in out


def test_what_is_no_baseline_gets_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for content in ("[]", "{", '{"baseline": 1, "findings": {"x": {}}}'):
        (tmp_path / "b.json").write_text(content, encoding="utf-8")
        status, out, err = run(capsys, monkeypatch, str(STATES), "--baseline", str(tmp_path / "b.json"))
        assert (status, out) == (2, "")
        assert err.count("\n") == 1
        assert "baseline" in err


def test_a_role_that_no_stack_has_is_judged_by_what_is_on_record_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    value = state("unguarded-inline-policy")
    role = resource(value, "orders-role")
    text = json.loads(resource(value, "orders-eni")["outputs"]["policy"])
    kept = [r for r in value["deployment"]["resources"] if not r["urn"].endswith(("::orders-role", "::orders-eni"))]
    value["deployment"]["resources"] = kept
    details = {
        "RoleDetailList": [
            {
                "RoleName": role["outputs"]["name"],
                "Arn": role["outputs"]["arn"],
                "Path": "/",
                "AssumeRolePolicyDocument": json.loads(role["outputs"]["assumeRolePolicy"]),
                "RolePolicyList": [{"PolicyName": "by-hand", "PolicyDocument": text}],
                "AttachedManagedPolicies": [],
            }
        ],
        "Policies": [],
    }
    file = str(written(tmp_path, value))
    assert run(capsys, monkeypatch, file)[0] == 0
    status, out, _ = run(capsys, monkeypatch, file, "--known-roles", str(written(tmp_path, details, "account.json")))
    assert status == 1
    assert "Guarding this role closes 1 function" in out
