"""A policy pack's process, started and called as the engine does, and what it costs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2

from .stack import PROJECT, STACK, Messages

_SIZE = 1024 * 1024 * 1024
_OPTIONS = [("grpc.max_receive_message_length", _SIZE), ("grpc.max_send_message_length", _SIZE)]


@dataclass(frozen=True)
class PolicyPack:
    """A pack and the command that the language host runs for it."""

    name: str
    folder: Path
    command: Sequence[str] = field(default=(sys.executable, "-u", "-m", "pulumi.policy"))


def run(pack: PolicyPack, messages: Messages | None) -> dict[str, float]:
    """Start the pack, hand it the stack as a preview does, and end it. Without messages only the start is measured."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "PYTHON"))}
    environment |= {"PULUMI_PROJECT": PROJECT, "PULUMI_STACK": STACK, "PULUMI_DRY_RUN": "true", "PULUMI_CONFIG": "{}"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [*pack.command, "127.0.0.1:1", "."],
        cwd=pack.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        port_after = time.perf_counter() - started
        if not line.strip().isdigit():
            assert process.stderr is not None
            raise RuntimeError(f"{pack.name} does not start: {process.stderr.read().decode()[-2000:]}")
        start_cpu = _cpu(process.pid)
        violations, stack_cpu = _drive(process.pid, int(line), messages) if messages is not None else (0, 0.0)
        peak = _peak(process.pid)
    finally:
        process.send_signal(signal.SIGKILL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    cpu = usage.ru_utime + usage.ru_stime
    return {"cpu": cpu, "calls": cpu - start_cpu, "start": port_after, "start cpu": start_cpu, "stack cpu": stack_cpu,
            "peak": peak, "violations": float(violations)}  # fmt: skip


def _drive(pid: int, port: int, messages: Messages) -> tuple[int, float]:
    """Configure, Remediate and Analyze for each resource in turn, AnalyzeStack: the number of violations, and the
    seconds of CPU that the process takes for the last call."""
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS)

    def method(name: str) -> Any:
        # Messages go as bytes: what this side costs is not to be in the way.
        return channel.unary_unary(f"/pulumirpc.Analyzer/{name}", request_serializer=None, response_deserializer=None)

    configure = analyzer_pb2.AnalyzerStackConfigureRequest(stack=STACK, project=PROJECT, dry_run=True)
    method("ConfigureStack")(configure.SerializeToString())
    info = analyzer_pb2.AnalyzerInfo.FromString(method("GetAnalyzerInfo")(empty_pb2.Empty().SerializeToString()))
    request = analyzer_pb2.ConfigureAnalyzerRequest(
        policyConfig={
            policy.name: analyzer_pb2.PolicyConfig(
                enforcementLevel=policy.enforcementLevel, properties=_defaults(policy)
            )
            for policy in info.policies
        }
    )
    method("Configure")(request.SerializeToString())
    remediate, analyze = method("Remediate"), method("Analyze")
    violations = 0
    for message in messages.resources:
        if messages.remediate:
            remediate(message)
        response = analyze(message)
        if response:
            violations += len(analyzer_pb2.AnalyzeResponse.FromString(response).diagnostics)
    before = _cpu(pid)
    response = method("AnalyzeStack")(messages.stack)
    stack_cpu = _cpu(pid) - before
    violations += len(analyzer_pb2.AnalyzeResponse.FromString(response).diagnostics)
    channel.close()
    return violations, stack_cpu


def _defaults(policy: analyzer_pb2.PolicyInfo) -> struct_pb2.Struct:
    properties = struct_pb2.Struct()
    for name, schema in json_format.MessageToDict(policy.configSchema).get("properties", {}).items():
        if "default" in schema:
            properties[name] = schema["default"]
    return properties


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


def _peak(pid: int) -> float:
    """The most memory that the process has had, in MiB. (`ru_maxrss` would begin with that of this process.)"""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def cache() -> Path:
    """Where other tools are installed: outside the repository."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lambda-eni-guard" / "bench"


def node() -> str | None:
    """Node.js, where it and npm are there."""
    return shutil.which("node") if shutil.which("npm") else None
