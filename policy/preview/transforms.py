"""Transforms: functions of the program that change what it registers or asks, run through its callback server.

In the order of the engine (pulumi `pkg/resource/deploy/source_eval.go`): a resource's own, its parents' from the inside
out, then the stack's. (The SDK's older `transformations` run inside the program and never come here.)
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from .properties import Properties, from_struct, to_struct


@dataclass(frozen=True)
class Transformed:
    """A registration as it is after its transforms."""

    request: Any
    properties: Properties


class TransformError(Exception):
    """A transform raised; the message is its own."""


class Transforms:
    """The transforms of one program."""

    def __init__(self) -> None:
        self.for_stack: list[Any] = []
        self.for_invokes: list[Any] = []
        self._by_urn: dict[str, list[Any]] = {}
        self._parents: dict[str, str] = {}
        self._channels: dict[str, Any] = {}
        self._lock = threading.Lock()

    def resource(self, request: Any, properties: Properties) -> Transformed:
        """Run a registration's transforms. Raises TransformError where one of them raises."""
        callbacks = [*request.transforms]
        parent = request.parent
        while parent:
            callbacks += self._by_urn.get(parent, [])
            parent = self._parents.get(parent, "")
        callbacks += self.for_stack
        if not callbacks:
            return Transformed(request, properties)
        changed = resource_pb2.RegisterResourceRequest()
        changed.CopyFrom(request)
        for callback in callbacks:
            message = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=to_struct(properties),
                options=_options(changed),
            )
            response = resource_pb2.TransformResponse.FromString(self._call(callback, message, request.name))
            if response.HasField("properties"):
                properties = from_struct(response.properties)
            if response.HasField("options"):
                _apply(response.options, changed)
        return Transformed(changed, properties)

    def remember(self, urn: str, parent: str, callbacks: Any) -> None:
        """Keep a resource's transforms for its children, and where it stands among them."""
        self._parents[urn] = parent
        if callbacks:
            self._by_urn[urn] = [*callbacks]

    def invoke(self, request: Any, arguments: Properties) -> Properties:
        """Run the invoke transforms on a data source's arguments. Raises TransformError as `resource` does."""
        for callback in self.for_invokes:
            message = resource_pb2.TransformInvokeRequest(
                token=request.tok,
                args=to_struct(arguments),
                options=resource_pb2.TransformInvokeOptions(provider=request.provider, version=request.version),
            )
            response = resource_pb2.TransformInvokeResponse.FromString(self._call(callback, message, request.tok))
            if response.HasField("args"):
                arguments = from_struct(response.args)
            if response.HasField("options"):
                request.provider = response.options.provider
        return arguments

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()

    def _call(self, callback: Any, message: Any, name: str) -> bytes:
        with self._lock:
            channel = self._channels.get(callback.target)
            if channel is None:
                channel = grpc.insecure_channel(callback.target, options=[("grpc.enable_http_proxy", 0)])
                self._channels[callback.target] = channel
        stub = callback_pb2_grpc.CallbacksStub(channel)
        request = callback_pb2.CallbackInvokeRequest(token=callback.token, request=message.SerializeToString())
        try:
            return bytes(stub.Invoke(request).response)
        except grpc.RpcError as error:
            details = getattr(error, "details", lambda: "")() or type(error).__name__
            raise TransformError(f"the transform of {name} fails: {details}") from None


def _options(request: Any) -> Any:
    options = resource_pb2.TransformResourceOptions(
        depends_on=request.dependencies,
        protect=request.protect,
        ignore_changes=request.ignoreChanges,
        replace_on_changes=request.replaceOnChanges,
        version=request.version,
        aliases=request.aliases,
        provider=request.provider,
        providers=dict(request.providers),
        custom_timeouts=request.customTimeouts if request.HasField("customTimeouts") else None,
        plugin_download_url=request.pluginDownloadURL,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        additional_secret_outputs=request.additionalSecretOutputs,
    )
    if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace:
        options.delete_before_replace = request.deleteBeforeReplace
    return options


def _apply(options: Any, request: Any) -> None:
    """Take over the options that a preview or a policy can see."""
    request.protect = options.protect
    request.provider = options.provider
    for target, values in (
        (request.dependencies, options.depends_on),
        (request.ignoreChanges, options.ignore_changes),
        (request.additionalSecretOutputs, options.additional_secret_outputs),
    ):
        del target[:]
        target.extend(values)
    if options.HasField("custom_timeouts"):
        request.customTimeouts.CopyFrom(options.custom_timeouts)
    request.deleteBeforeReplaceDefined = options.HasField("delete_before_replace")
    request.deleteBeforeReplace = options.delete_before_replace
