"""The pack as an organization gets it: published by the real CLI to a stand-in of Pulumi Cloud, unpacked, and run."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import threading
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from policy.pack.policies import policies
from policy.preview.run import Preview, preview

from .engine import ROOT, TIMEOUT

pytestmark = pytest.mark.e2e

ORGANIZATION = "acme"
PACKS = f"/api/orgs/{ORGANIZATION}/policypacks"


@dataclass
class Service:
    """What the Pulumi service was sent."""

    url: str = ""
    calls: list[str] = field(default_factory=list)
    request: dict[str, Any] = field(default_factory=dict)
    archive: bytes = b""
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each policy group was last asked to change."""


def answer(service: Service, call: str, body: bytes) -> dict[str, object] | None:
    """The service's answer to a call; None for one that it does not know."""
    if call == "GET /api/user":
        return {"githubLogin": "ada", "organizations": [{"githubLogin": ORGANIZATION}]}
    if call == "GET /api/user/organizations/default":
        return {"gitHubLogin": ORGANIZATION}
    if call == "GET /api/capabilities":
        return {"capabilities": []}
    if call == f"POST {PACKS}":
        service.request = json.loads(body)
        return {"version": 1, "uploadURI": f"{service.url}/upload", "requiredHeaders": {"x-upload": "pack"}}
    if call == "PUT /upload":
        service.archive = body
        return {}
    if re.fullmatch(f"POST {PACKS}/[^/]+/versions/[^/]+/complete", call):
        return {}
    if call == f"GET {PACKS}":
        version = service.request["versionTag"]
        return {"policyPacks": [{"name": service.request["name"], "versions": [1], "versionTags": [version]}]}
    if group := re.fullmatch(f"PATCH /api/orgs/{ORGANIZATION}/policygroups/([^/]+)", call):
        service.groups[group[1]] = json.loads(body)
        return {}
    return None


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service of this process, on a loopback port."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = f"{self.command} {self.path.partition('?')[0]}"
            found = answer(service, call, body)
            if self.command != "GET":
                service.calls.append(call)
            if self.command == "PUT":
                assert self.headers["x-upload"] == "pack"
            content = json.dumps(found or {}).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    yield service
    server.shutdown()
    thread.join()
    server.server_close()


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(service: Service, pulumi: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a command with `pulumi` on PATH, logged in to the stand-in, in the repository; it must succeed."""
    folder = tmp_path_factory.mktemp("publish")
    commands = folder / "bin"
    commands.mkdir()
    # Where a language host stands beside the CLI, it would look for more of an installation than is here.
    if (pulumi.resolve().parent / "pulumi-language-python").exists():
        shutil.copy(pulumi, commands / "pulumi")
    else:
        (commands / "pulumi").symlink_to(pulumi)
    # What the language host does: it runs the pack with the environment that PulumiPolicy.yaml names.
    launcher = commands / "pulumi-analyzer-policy-python"
    launcher.write_text('#!/bin/sh\nexec "./${3#-virtualenv=}/bin/python" -u -m pulumi.policy "$1" "$2"\n')
    launcher.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "PYTHON"))}
    environment = {
        **kept,
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": service.url,
        "PULUMI_ACCESS_TOKEN": "pul-stand-in",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "NO_PROXY": "127.0.0.1",
    }

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def published(service: Service, run: Run) -> Service:
    """The service after `scripts/publish.py acme`."""
    done = run(sys.executable, str(ROOT / "scripts" / "publish.py"), ORGANIZATION)
    assert f'Publishing "lambda-eni-guard" - version {settings()["version"]} to "{ORGANIZATION}"' in done.stdout
    return service


@pytest.fixture(scope="module")
def unpacked(published: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, unpacked outside the repository as an organization's machine unpacks it."""
    folder = tmp_path_factory.mktemp("installed")
    with tarfile.open(fileobj=io.BytesIO(published.archive)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def settings() -> dict[str, Any]:
    """PulumiPolicy.yaml."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    return content


def test_the_pack_is_announced_uploaded_and_completed_in_this_order(published: Service) -> None:
    version = settings()["version"]
    assert published.calls == [
        f"POST {PACKS}",
        "PUT /upload",
        f"POST {PACKS}/lambda-eni-guard/versions/{version}/complete",
    ]


def test_the_pack_is_described(published: Service) -> None:
    request = published.request
    assert request["name"] == "lambda-eni-guard"
    assert request["versionTag"] == settings()["version"]
    assert request["displayName"] == "Lambda ENI guard"
    assert request["description"] == settings()["description"]
    assert request["readme"] == (ROOT / "README.md").read_text(encoding="utf-8")
    assert request["provider"] == "aws"
    assert "lambda" in request["tags"]
    assert request["runtime"] == "python"


def test_every_policy_is_described(published: Service) -> None:
    sent = {policy["name"]: policy for policy in published.request["policies"]}
    expected: list[Any] = list(policies())
    assert sent.keys() == {policy.name for policy in expected}
    for policy in expected:
        found = sent[policy.name]
        assert found["displayName"] == policy.display_name
        assert found["description"] == policy.description
        assert found["enforcementLevel"] == policy.enforcement_level.value
        assert found["severity"] == policy.severity.value
        assert found["tags"] == policy.tags
        assert found["framework"]["name"] == policy.framework.name
        assert found["framework"]["reference"] == policy.framework.reference
        assert found["framework"]["specification"] == policy.framework.specification
        assert found["remediationSteps"] == policy.remediation_steps
        assert found["url"] == policy.url
        options = dict(found.get("configSchema", {}).get("properties", {}))
        options.pop("enforcementLevel", None)  # the CLI's own
        assert options == (policy.config_schema.properties if policy.config_schema else {})


def test_the_archive_holds_what_the_pack_needs_and_nothing_else(unpacked: Path) -> None:
    found = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in found if "/" not in name} == {
        "LICENSE", "PulumiPolicy.yaml", "README.md", "__main__.py", "requirements.txt",
    }  # fmt: skip
    assert {name for name in found if name.startswith("docs/")} == {
        "docs/beyond-the-stack.md", "docs/configuration.json", "docs/configuration.md", "docs/eni-guard-scp.json",
        "docs/limits.md", "docs/lookup-permissions.json", "docs/policies.md", "docs/scps.json",
    }  # fmt: skip
    inside = {name.removeprefix("policy/") for name in found if "/" in name and not name.startswith("docs/")}
    assert {name.partition("/")[0] for name in inside} == {
        "__init__.py", "data", "iam", "outside", "pack", "shared", "stack", "verdict",
    }  # fmt: skip
    assert all(re.fullmatch(r"(\w+/)*\w+\.(py|json)", name) for name in inside), sorted(inside)
    assert {"pack/policies.py", "iam/evaluate.py", "data/ec2_actions.json", "data/managed_policies.json"} <= inside
    assert not [path for path in unpacked.rglob("*") if path.is_symlink()]


def test_the_unpacked_pack_finds_the_same_with_its_own_requirements_alone(unpacked: Path) -> None:
    venv.create(unpacked / "venv", with_pip=True)
    python = unpacked / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "-r", "requirements.txt"]
    done = subprocess.run(install, cwd=unpacked, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(install)}\n{done.stdout}{done.stderr}"
    # Run from the unpacked folder by its own Python: nothing of the repository or of this environment is in sight.
    probe = "import importlib.util as u, sys; sys.exit(u.find_spec('pulumi_aws') is not None)"
    assert subprocess.run([str(python), "-c", probe], cwd=unpacked).returncode == 0
    for name in ("half-right", "unguarded-inline-policy", "unguarded-managed-policy", "guarded-deny-statement"):
        program = ROOT / "examples" / name
        assert told(preview(program, policy_pack=unpacked)) == told(preview(program)), name


def test_the_commands_of_the_administrators_page_do_what_it_says(published: Service, run: Run) -> None:
    page = (ROOT / "docs" / "administrators.md").read_text(encoding="utf-8")
    commands = re.findall(r"(?m)^\$ (pulumi policy (ls|enable|disable) .*)$", page)
    assert [kind for _, kind in commands] == ["ls", "enable", "enable", "disable"]
    shown = [run(*shlex.split(command)).stdout for command, _ in commands]
    assert "lambda-eni-guard" in shown[0]
    assert settings()["version"] in shown[0]
    first = published.groups["default-policy-group"]["addPolicyPack"]
    assert first["name"] == "lambda-eni-guard"
    assert first["config"] == {name: {"enforcementLevel": level} for name, level in configuration("advisory").items()}
    # The last word on production is the last command's.
    assert published.groups["production"]["removePolicyPack"]["name"] == "lambda-eni-guard"
    run(*shlex.split(commands[2][0]))
    config = published.groups["production"]["addPolicyPack"]["config"]
    assert config["vpc-lambda-eni-guard"] == configuration("mandatory")["vpc-lambda-eni-guard"]
    assert config["vpc-lambda-eni-unverified"] == {"enforcementLevel": "mandatory"}


def configuration(name: str) -> dict[str, Any]:
    """A configuration that the page shows."""
    content: dict[str, Any] = json.loads((ROOT / "docs" / f"{name}.json").read_text(encoding="utf-8"))
    return content


def told(result: Preview) -> list[tuple[str, str, str, str]]:
    """What a preview says."""
    return [(each.policy, each.enforcement, each.urn, each.message) for each in result.violations]
