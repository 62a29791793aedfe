"""Stand-ins for `pulumi-resource-aws` and `pulumi-resource-aws-native`, which need an AWS account (and a download).

Run by the launchers that engine.py writes: `python -m tests.e2e.provider <package> <account file> <engine address>`.
They behave as the real ones do in what a policy can see: names are filled in by Check, computed outputs are unknown
at preview, a role's computed lists echo the account as it was when the role was last read (cloud.py), and data
sources are computed.
"""

# ruff: noqa: N802, ARG002 - names and signatures are those of the gRPC service

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from concurrent import futures
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

from policy.preview import data_sources, provider
from policy.preview.bridge import DEFAULTS, document_text, mark_defaults, without_defaults
from policy.preview.properties import is_unknown

from .cloud import Cloud
from .kinds import ACCOUNT, REGION, Properties, kind_of, random_digits


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One package (`aws` or `aws-native`) over one account."""

    def __init__(self, package: str, cloud: Cloud) -> None:
        self._bridged = package == "aws"
        self._package = package
        self._cloud = cloud

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> proto.ProviderHandshakeResponse:
        # Like a bridged provider: no secrets, no resource references. The engine unwraps both and marks the outputs.
        return proto.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> proto.PluginInfo:
        # The program's SDK names the version it needs.
        return proto.PluginInfo(version=metadata.version(f"pulumi_{self._package}".replace("-", "_")))

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> proto.GetSchemaResponse:
        return proto.GetSchemaResponse(schema=f'{{"name": "{self._package}"}}')

    def CheckConfig(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        return proto.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        return proto.DiffResponse(changes=proto.DiffResponse.DIFF_NONE)

    def Configure(self, request: proto.ConfigureRequest, context: grpc.ServicerContext) -> proto.ConfigureResponse:
        return proto.ConfigureResponse(supportsPreview=True)

    def Check(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        type_token, old, new = _type(request.urn), _properties(request.olds), _properties(request.news)
        kind, inputs = kind_of(type_token), dict(new)
        if kind.autoname and not {kind.autoname, f"{kind.autoname}Prefix"} & new.keys():
            digits = random_digits(request.urn, request.randomSeed.hex())[:7]
            inputs[kind.autoname] = old.get(kind.autoname) or f"{_name(request.urn)}-{digits}"
        if self._bridged:
            # Documents may be given as objects; the bridge makes them text before anybody else sees them.
            inputs |= {key: document_text(inputs[key]) for key in _DOCUMENTS if isinstance(inputs.get(key), dict)}
            listed = provider.is_bridged(type_token)
            inputs = provider.with_defaults(type_token, inputs) if listed else mark_defaults(inputs)
            inputs[DEFAULTS] = sorted(inputs.keys() - new.keys())
        return proto.CheckResponse(inputs=_struct(inputs))

    def Diff(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        kind, old, new = kind_of(_type(request.urn)), _properties(request.old_inputs), _properties(request.news)
        filled: list[str] = new.get(DEFAULTS, [])
        changed = sorted(key for key in (old | new) if key != DEFAULTS and old.get(key) != new.get(key))
        replaces = [key for key in changed if key in kind.replaces]
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
            # Two resources of one given name cannot exist side by side.
            deleteBeforeReplace=bool(replaces and kind.autoname and kind.autoname not in filled),
        )

    def Create(self, request: proto.CreateRequest, context: grpc.ServicerContext) -> proto.CreateResponse:
        type_token, inputs = _type(request.urn), _properties(request.properties)
        planned = _planned(type_token, inputs)
        if request.preview:
            return proto.CreateResponse(properties=_struct(self._id(UNKNOWN) | planned))
        random = random_digits(request.urn, repr(sorted(inputs.items())))
        outputs = _computed(type_token, planned, random)
        # Twelve decimal digits of those that are hexadecimal.
        known = {"random": random, "number": f"{int(random, 16) % 10**12:012d}"}
        resource_id = kind_of(type_token).id.format_map(outputs | known)
        outputs |= self._id(resource_id)
        with self._cloud.account() as account:
            account.put(type_token, resource_id, inputs, outputs)
        return proto.CreateResponse(id=resource_id, properties=_struct(outputs))

    def Update(self, request: proto.UpdateRequest, context: grpc.ServicerContext) -> proto.UpdateResponse:
        type_token, inputs, old = _type(request.urn), _properties(request.news), _properties(request.olds)
        dropped = _properties(request.old_inputs).keys() - inputs.keys()
        outputs = _updated(type_token, old, inputs, dropped)
        if not request.preview:
            outputs = _computed(type_token, outputs, random_digits(request.urn, request.id))
            with self._cloud.account() as account:
                account.put(type_token, request.id, inputs, outputs)
                _, outputs = account.get(type_token, request.id) or (inputs, outputs)
        return proto.UpdateResponse(properties=_struct(outputs))

    def Read(self, request: proto.ReadRequest, context: grpc.ServicerContext) -> proto.ReadResponse:
        with self._cloud.account() as account:
            found = account.get(_type(request.urn), request.id)
        if found is None:
            return proto.ReadResponse()  # no id: it is gone
        inputs, outputs = found
        read = kind_of(_type(request.urn)).refreshed
        outputs |= {key: value for key, value in read.items() if outputs.get(key) is None}
        return proto.ReadResponse(id=request.id, inputs=_struct(inputs), properties=_struct(outputs))

    def Delete(self, request: proto.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        with self._cloud.account() as account:
            account.delete(_type(request.urn), request.id)
        return empty_pb2.Empty()

    def Invoke(self, request: proto.InvokeRequest, context: grpc.ServicerContext) -> proto.InvokeResponse:
        arguments = _properties(request.args)
        result: Mapping[str, Any] | None = None
        reason = f"the stand-in provider has no data source {request.tok}"
        if request.tok == "aws:index/getCallerIdentity:getCallerIdentity":
            result = {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "id": ACCOUNT, "userId": ACCOUNT}
        elif request.tok == "aws:iam/getRole:getRole":
            result = self._role(str(arguments["name"]))
        else:
            try:
                result = data_sources.answer(request.tok, arguments, {"aws:region": REGION}).result
            except data_sources.DataSourceError as error:
                reason = str(error)
        if result is None:
            return proto.InvokeResponse(failures=[proto.CheckFailure(reason=reason)])
        return proto.InvokeResponse(**{"return": _struct(result)})

    def _role(self, name: str) -> Properties:
        with self._cloud.account() as account:
            _, outputs = account.get("aws:iam/role:Role", name) or ({}, {})
        return outputs | {"id": name, "name": name}

    def _id(self, value: str) -> Properties:
        """The bridged provider repeats the id among the outputs."""
        return {"id": value} if self._bridged else {}

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()


def _type(urn: str) -> str:
    """`urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>` -> type."""
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _properties(struct: struct_pb2.Struct) -> Properties:
    properties: Properties = json_format.MessageToDict(struct)
    return properties


def _struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def _planned(type_token: str, inputs: Properties) -> Properties:
    """The outputs of a resource at the preview of its creation."""
    if provider.is_bridged(type_token):
        return dict(provider.create(type_token, inputs))
    kind, outputs = kind_of(type_token), without_defaults(inputs)
    if kind.autoname:  # absent where only a prefix is given
        outputs.setdefault(kind.autoname, UNKNOWN)
    for path in kind.computed:
        outputs = provider.set_default(outputs, path, UNKNOWN)
    return outputs


def _updated(type_token: str, old: Properties, inputs: Properties, dropped: Collection[str]) -> Properties:
    """The outputs at the preview of an update: what the provider computes, and what nobody sets, is as it was."""
    planned, computed = _planned(type_token, inputs), kind_of(type_token).computed
    kept = {key: value for key, value in old.items() if key not in inputs and (key in computed or key not in dropped)}
    for path in computed:
        parent, _, key = path.rpartition(".")
        was, now = old.get(parent), planned.get(parent)
        if isinstance(was, dict) and isinstance(now, dict) and is_unknown(now.get(key)) and key in was:
            planned[parent] = {**now, key: was[key]}
    return planned | kept


def _computed(type_token: str, planned: Properties, random: str) -> Properties:
    """The outputs of a resource that is there: what a preview leaves unknown has its value."""
    kind, outputs = kind_of(type_token), dict(planned)
    named = str(outputs.get("functionName", ""))
    known = {"random": random, "function": named.split(":")[6] if named.startswith("arn:") else named}
    if kind.autoname and is_unknown(outputs[kind.autoname]):
        outputs[kind.autoname] = outputs[f"{kind.autoname}Prefix"] + random
    for path, value in kind.computed.items():
        parent, _, key = path.rpartition(".")
        owner = outputs.get(parent) if parent else outputs
        if isinstance(owner, dict) and is_unknown(owner.get(key)):
            owner[key] = _filled(value, outputs | known)
    if "tagsAll" in outputs:
        outputs["tagsAll"] = outputs.get("tags") or {}
    return outputs | {key: value for key, value in kind.created.items() if outputs.get(key) is None}


def _filled(value: Any, known: Properties) -> Any:
    """A template, or an object with templates, with its properties filled in."""
    if isinstance(value, dict):
        return {key: _filled(item, known) for key, item in value.items()}
    return value.format_map(known) if isinstance(value, str) else value


def main(package: str, cloud_file: str) -> None:
    """Serves until the engine ends this process; the port on standard output is how the engine finds it."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(package, Cloud(Path(cloud_file))), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


_DOCUMENTS = frozenset(("policy", "assumeRolePolicy"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
