"""Drives a policy pack as the engine does: starts its process, configures it, and hands it resources.

The messages are those of pulumi `pkg/resource/plugin/analyzer_plugin.go` (v3.259.0): unknowns and secrets are kept,
internal keys are left out but for Remediate, resource references have become ids.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import grpc
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from .config_file import PolicyConfig, PolicyInfo, reconcile
from .engine import MESSAGE_SIZE
from .masking import Mask
from .project import python_in
from .properties import Properties, from_struct, to_struct, without_internal
from .registration import STACK_TYPE, Registration, StackIdentity
from .source import Source

PACK_FILE = "PulumiPolicy.yaml"


class PackError(Exception):
    """The policy pack does not start or fails while it runs; the message is one sentence."""


@dataclass(frozen=True)
class Violation:
    """One violation as the engine reports it. `message` begins with the policy's description, as the CLI shows it."""

    policy: str
    enforcement: str
    urn: str
    message: str
    description: str = ""
    severity: str = ""
    source: Source | None = None
    """The line of the program that makes the resource, where it is known."""


@dataclass(frozen=True)
class Remediation:
    """A resource whose inputs a policy rewrote."""

    policy: str
    urn: str
    description: str
    before: Properties
    after: Properties


class Analyzer:
    """One policy pack's process. A context manager: the process ends with the block, however it is left."""

    def __init__(self, directory: Path, address: str, stack: StackIdentity, config: Mapping[str, PolicyConfig]) -> None:
        """`address` is the engine's. Raises PackError where `directory` holds no Python policy pack."""
        self._directory = directory.resolve()
        self._address = address
        self._stack = stack
        self._given = config
        self._settings = _pack_settings(self._directory)
        self._started = threading.Event()
        self._error: Exception | None = None
        self._providers: dict[str, Registration] = {}
        self._severities: dict[str, str] = {}
        self._mask = Mask()
        self.name = ""
        self.version = ""
        self.config: Mapping[str, PolicyConfig] = {}
        """What each policy is configured with, once the pack is ready."""
        self.violations: list[Violation] = []
        self.remediations: list[Remediation] = []

    def __enter__(self) -> Analyzer:
        """Start the process, and read its port while the caller does other things."""
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [str(_python(self._directory, self._settings)), "-u", "-m", "pulumi.policy", self._address, "."],
            cwd=self._directory,
            env=_environment(self._stack),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        self._channel: Any = None
        self._reader = threading.Thread(target=self._connect, name="policy-pack", daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and close everything that belongs to it."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()
        if self._channel is not None:
            self._channel.close()
        self._stderr.close()

    def ready(self) -> None:
        """Wait until the pack is configured. Raises PackError, or PackConfigError for a configuration it refuses."""
        self._started.wait()
        if self._error:
            raise self._error

    def without_secrets(self, text: str) -> str:
        """The text without what is secret in the resources that were handed over."""
        return self._mask.hide(text)

    def review(self, resource: Registration) -> Properties:
        """Hand one resource to Remediate and Analyze, and give the inputs to go on with.

        Raises PackError where a policy raises: the real preview fails on it too.
        """
        self.ready()
        if resource.type.startswith("pulumi:providers:"):
            self._providers[resource.urn] = resource
        inputs = resource.inputs
        self._mask.note(inputs)
        # The engine asks for remediations always; the pack has none to give at other levels.
        if any(settled.level == "remediate" for settled in self.config.values()):
            inputs = self._remediate(resource)
        request = self._request(resource, without_internal(inputs))
        response = self._call("analysing", resource.urn, self._stub.Analyze, request)
        for diagnostic in response.diagnostics:
            self._report(diagnostic, resource.urn, resource.source)
        return inputs

    def review_stack(self, resources: Sequence[Registration]) -> None:
        """Hand the whole stack, with its outputs, to the stack policies. Raises PackError as `review` does."""
        self.ready()
        root = self._stack.root_urn
        sources = {resource.urn: resource.source for resource in resources}
        request = analyzer_pb2.AnalyzeStackRequest()
        for resource in resources:
            base = self._request(resource, without_internal(resource.outputs))
            request.resources.add(
                type=base.type,
                urn=base.urn,
                name=base.name,
                properties=base.properties,
                options=base.options,
                provider=base.provider if base.HasField("provider") else None,
                parent=resource.parent,
                dependencies=resource.dependencies,
                propertyDependencies={
                    key: analyzer_pb2.AnalyzerPropertyDependencies(urns=list(value))
                    for key, value in resource.property_dependencies.items()
                },
            )
        response = self._call("analysing", "the stack", self._stub.AnalyzeStack, request)
        for diagnostic in response.diagnostics:
            urn = diagnostic.urn if diagnostic.urn in sources else root
            self._report(diagnostic, urn, sources.get(urn))

    def _connect(self) -> None:
        try:
            self._configure(self._port())
        except Exception as error:
            self._error = error
        self._started.set()

    def _port(self) -> int:
        line = cast("Any", self._process.stdout).readline()
        if line.strip().isdigit():
            return int(line)
        self._process.kill()
        self._process.wait()
        self._stderr.seek(0)
        lines = [text.strip() for text in self._stderr.read().decode(errors="replace").splitlines() if text.strip()]
        reason = lines[-1] if lines else line.decode(errors="replace").strip() or "it ended without a word"
        raise PackError(f"the policy pack in {self._directory} does not start: {reason}")

    def _configure(self, port: int) -> None:
        self._channel = grpc.insecure_channel(
            f"127.0.0.1:{port}",
            options=[
                ("grpc.max_receive_message_length", MESSAGE_SIZE),
                ("grpc.max_send_message_length", MESSAGE_SIZE),
                ("grpc.enable_http_proxy", 0),
            ],
        )
        self._stub: Any = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        stack = analyzer_pb2.AnalyzerStackConfigureRequest(
            stack=self._stack.stack,
            project=self._stack.project,
            organization=self._stack.organization,
            dry_run=True,
            config=self._stack.config,
            config_secret_keys=self._stack.secret_keys,
        )
        self._call("configuring", "it", self._stub.ConfigureStack, stack)
        info = self._call("describing", "itself", self._stub.GetAnalyzerInfo, empty_pb2.Empty())
        self.name = info.name
        # The version of PulumiPolicy.yaml is used, if set, over that of the response.
        self.version = str(self._settings.get("version") or info.version)
        self._severities = {policy.name: _severity(policy.severity) for policy in info.policies}
        initial = {
            name: PolicyConfig(_level(config.enforcementLevel), from_struct(config.properties))
            for name, config in info.initialConfig.items()
        }
        self.config = reconcile([_policy_info(policy) for policy in info.policies], initial, self._given)
        self._call(
            "configuring",
            "it",
            self._stub.Configure,
            analyzer_pb2.ConfigureAnalyzerRequest(
                policyConfig={
                    name: analyzer_pb2.PolicyConfig(
                        enforcementLevel=analyzer_pb2.EnforcementLevel.Value(settled.level.upper()),
                        properties=to_struct(settled.properties),
                    )
                    for name, settled in self.config.items()
                }
            ),
        )

    def _remediate(self, resource: Registration) -> Properties:
        inputs = resource.inputs
        request = self._request(resource, inputs)
        response = self._call("remediating", resource.urn, self._stub.Remediate, request)
        for item in response.remediations:
            if item.diagnostic:
                self.violations.append(
                    Violation(
                        item.policyName,
                        "advisory",
                        resource.urn,
                        item.diagnostic,
                        item.description,
                        source=resource.source,
                    )
                )
                continue
            after = from_struct(item.properties)
            self.remediations.append(Remediation(item.policyName, resource.urn, item.description, inputs, after))
            inputs = after
        return inputs

    def _request(self, resource: Registration, properties: Properties) -> Any:
        options, found = resource.options, self._providers.get(resource.provider)
        request = analyzer_pb2.AnalyzeRequest(
            type=resource.type,
            urn=resource.urn,
            name=resource.name,
            properties=to_struct(properties),
            options=analyzer_pb2.AnalyzerResourceOptions(
                protect=options.protect,
                ignoreChanges=options.ignore_changes,
                deleteBeforeReplace=options.delete_before_replace or False,
                deleteBeforeReplaceDefined=options.delete_before_replace is not None,
                additionalSecretOutputs=options.additional_secret_outputs,
                # Aliases stay empty: the engine names only those under which the resource exists already.
                customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts(
                    create=options.timeouts.create, update=options.timeouts.update, delete=options.timeouts.delete
                ),
                parent="" if resource.type == STACK_TYPE else resource.parent,
            ),
        )
        if found:
            request.provider.urn, request.provider.type, request.provider.name = found.urn, found.type, found.name
            request.provider.properties.CopyFrom(to_struct(without_internal(found.inputs)))
        return request

    def _call(self, doing: str, what: str, method: Any, request: Any) -> Any:
        try:
            return method(request)
        except grpc.RpcError as error:
            details = getattr(error, "details", lambda: "")() or type(error).__name__
            details = details.removeprefix("Exception calling application: ")
            raise PackError(f"the policy pack {self.name or self._directory} fails {doing} {what}: {details}") from None

    def _report(self, diagnostic: Any, urn: str, source: Source | None) -> None:
        level = _level(diagnostic.enforcementLevel)
        self.violations.append(
            Violation(
                diagnostic.policyName,
                # What a remediation has left is a violation as any other.
                "mandatory" if level == "remediate" else level,
                urn,
                self._mask.hide(diagnostic.message),
                diagnostic.description,
                _severity(diagnostic.severity) or self._severities.get(diagnostic.policyName, ""),
                source,
            )
        )


def pack_name(directory: Path) -> str:
    """The name that a pack's PulumiPolicy.yaml gives it; empty for none. Raises PackError for what is no Python pack."""
    return str(_pack_settings(directory).get("name", ""))


def _pack_settings(directory: Path) -> Mapping[str, Any]:
    file = directory / PACK_FILE
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError:
        raise PackError(f"{directory} is not a policy pack: it has no {PACK_FILE}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise PackError(f"{file} is not YAML") from None
    runtime = settings.get("runtime") if isinstance(settings, Mapping) else None
    name = runtime.get("name") if isinstance(runtime, Mapping) else runtime
    if not isinstance(settings, Mapping) or name != "python":
        raise PackError(f"{file} has runtime {name!r}: only Python policy packs can be run in this preview")
    # Python would go on to look for one in PYTHONPATH.
    if not (directory / "__main__.py").is_file():
        raise PackError(f"{directory} is not a policy pack: it has no __main__.py")
    return settings


def _python(directory: Path, settings: Mapping[str, Any]) -> Path:
    runtime = settings.get("runtime")
    options = runtime.get("options") if isinstance(runtime, Mapping) else None
    folder = options.get("virtualenv") if isinstance(options, Mapping) else None
    found = python_in(directory / str(folder)) if folder else None
    return found or Path(sys.executable)


def _environment(stack: StackIdentity) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    return {
        **own,
        "PULUMI_PROJECT": stack.project,
        "PULUMI_STACK": stack.stack,
        "PULUMI_ORGANIZATION": stack.organization,
        "PULUMI_DRY_RUN": "true",
        "PULUMI_CONFIG": json.dumps(dict(stack.config)),
    }


def _policy_info(policy: Any) -> PolicyInfo:
    properties = from_struct(policy.configSchema.properties)
    return PolicyInfo(
        policy.name,
        _level(policy.enforcementLevel),
        {key: schema for key, schema in properties.items() if isinstance(schema, Mapping)},
        tuple(policy.configSchema.required),
    )


def _level(number: int) -> str:
    return str(analyzer_pb2.EnforcementLevel.Name(cast("Any", number))).lower()


def _severity(number: int) -> str:
    name = str(analyzer_pb2.PolicySeverity.Name(cast("Any", number))).removeprefix("POLICY_SEVERITY_").lower()
    return "" if name == "unspecified" else name
