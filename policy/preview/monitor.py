# gRPC gives the names and the signatures.
# ruff: noqa: N802, ARG002
"""The resource monitor that a previewed program talks to.

It does at preview what the real engine does with a stack that does not exist yet (pulumi `pkg/resource/deploy`:
source_eval.go, step_generator.go): every registration becomes a resource with its URN, is reviewed by the policy pack
with its checked inputs, and is answered with the outputs that are known before creation.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from . import data_sources, provider
from .answers import STACK_REFERENCE, Answers, AnswersError, load_answers
from .asking import Questions
from .origins import Origins
from .properties import Properties, as_secret, from_struct, is_unknown, normalise, readable, reveal, to_struct
from .registration import STACK_TYPE, Options, Registration, StackIdentity, Timeouts, seconds
from .source import Source
from .standing_in import StandIns
from .transforms import TransformError, Transforms

Review = Callable[[Registration], Properties]
"""Called with each resource before it is "created"; gives the inputs to go on with (remediated ones, or the same)."""

_FEATURES = (
    "secrets",
    "resourceReferences",
    "outputValues",
    "aliasSpecs",
    "replacementTrigger",
    "deletedWith",
    "replaceWith",
    "transforms",
    "invokeTransforms",
    "parameterization",
    "resourceHooks",
    "errorHooks",
    "sendsOptionsToHooks",
    "stateMigrations",
)


class _Note(IntEnum):
    """What a note is about, in the order in which they are shown."""

    DATA_SOURCE = 1
    READ = 2
    STACK = 3
    IMPORT = 4
    COMPONENT = 5


class RegistrationError(Exception):
    """The engine would refuse what the program registers; the message is one sentence."""


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """The resource monitor: records what one program registers. Thread-safe; reviews one resource at a time."""

    def __init__(
        self,
        stack: StackIdentity,
        review: Review,
        source: Callable[[Any], Source | None] = lambda _: None,
        answers: Answers | None = None,
        *,
        first_preview: bool = False,
    ) -> None:
        """`source` says which line of the program a registration comes from.

        `answers` come before the monitor's own. In a `first_preview`, what AWS makes is unknown, as to the engine.
        """
        self._answers = answers or load_answers(None)
        self._stand_ins = None if first_preview else StandIns(stack, self._answers)
        self._origins = Origins(stack)
        self._questions = Questions(stack.config, self._answers, self._stand_ins, self._origins)
        self._stack = stack
        self._review = review
        self._source = source
        self._lock = threading.Lock()
        self._resources: dict[str, Registration] = {}
        self._notes: dict[str, _Note] = {}
        self._transforms = Transforms()
        self.failure: Exception | None = None
        """The first error that was not the program's own: it explains the program's failure better."""

    @property
    def resources(self) -> tuple[Registration, ...]:
        """All resources, in the order of their registration."""
        return tuple(self._resources.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, stood in for or left unknown, each once; the same order whatever the program's threads do."""
        stood_in = self._stand_ins.note if self._stand_ins else ""
        unused = (f"the answer for {name} fits nothing that the program asks" for name in self._answers.unused())
        noted = sorted(self._notes, key=lambda note: (self._notes[note], note))
        return (*([stood_in] if stood_in else []), *noted, *unused)

    @property
    def origins(self) -> tuple[Registration, ...]:
        """Entries for what values were made from that is no resource, for the stack check."""
        return self._origins.entries(self.resources)

    def close(self) -> None:
        """Close the connections to the program's callbacks."""
        self._transforms.close()

    def RegisterResource(self, request: Any, context: Any) -> Any:
        """Register a resource: transform, check, review, create."""
        try:
            properties = from_struct(request.object)
            changed = self._transforms.resource(request, properties)
            with self._lock:
                resource = self._register(changed.request, changed.properties)
                self._transforms.remember(resource.urn, resource.parent, request.transforms)
        except Exception as error:
            self._fail(error, context)
            raise
        known = request.importId or self._id_of(resource.urn)
        response = resource_pb2.RegisterResourceResponse(urn=resource.urn, id=known)
        if resource.custom:
            response.object.CopyFrom(to_struct(resource.outputs))
        return response

    def RegisterResourceOutputs(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Record the outputs of a component or of the stack."""
        outputs = {key: normalise(value, set()) for key, value in from_struct(request.outputs).items()}
        with self._lock:
            if request.urn in self._resources:
                self._resources[request.urn] = replace(self._resources[request.urn], outputs=outputs)
        return empty_pb2.Empty()

    def ReadResource(self, request: Any, context: Any) -> Any:
        """Record a resource that is read, not managed: stack policies see it, resource policies do not."""
        try:
            with self._lock:
                resource = self._read(request)
        except Exception as error:
            self._fail(error, context)
            raise
        response = resource_pb2.ReadResourceResponse(urn=resource.urn, properties=to_struct(resource.outputs))
        known = normalise(request.id, set())
        # Older messages have no id of their own: there the program keeps the one it asked for.
        if hasattr(response, "id") and not is_unknown(known):
            response.id = str(known)
        return response

    def Invoke(self, request: Any, context: Any) -> Any:
        """Answer a data source, or the SDK's own question for a resource it holds a reference to."""
        response = getattr(resource_pb2, "ResourceInvokeResponse", provider_pb2.InvokeResponse)()
        arguments: Properties = from_struct(request.args)
        if request.tok == "pulumi:pulumi:getResource":
            urn = str(arguments.get("urn"))
            found = self._resources.get(urn)
            if found is None:
                response.failures.add(property="urn", reason=f"unknown resource {urn}")
            else:
                known = str(found.outputs.get("id", "")) if found.external else self._id_of(urn)
                getattr(response, "return").update({"urn": urn, "id": known, "state": dict(found.outputs)})
            return response
        try:
            arguments = self._transforms.invoke(request, arguments)
            used = self._resources.get(_urn_of_provider(request.provider))
            answer = self._questions.data_source(request.tok, arguments, used, request.provider)
        except data_sources.DataSourceError as error:
            response.failures.add(property="", reason=str(error))
            return response
        except (TransformError, AnswersError) as error:
            self._fail(error, context)
            raise
        self._note(answer, _Note.DATA_SOURCE)
        if answer.result is not None:
            getattr(response, "return").update(dict(answer.result))
            return response
        getattr(response, "return").update({"__unknown__": True})
        if hasattr(response, "unknown"):
            response.unknown = True
        return response

    def Call(self, request: Any, context: Any) -> Any:
        """Refuse methods of component providers: there is no provider to ask."""
        error = RegistrationError(f"the program calls {request.tok}, which only a provider plugin can answer")
        self._fail(error, context)
        raise error

    def RegisterStackTransform(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Add a transform for every resource registered from now on."""
        self._transforms.for_stack.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Add a transform for every data source called from now on."""
        self._transforms.for_invokes.append(request)
        return empty_pb2.Empty()

    def SupportsFeature(self, request: Any, context: Any) -> Any:
        """Support what the engine supports."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        """Describe the deployment, to SDKs that know this question."""
        # Newer SDKs ask for numbers: RESOURCE_MONITOR_FEATURE_ALIAS_SPECS for aliasSpecs, and so on.
        names = (re.sub("([A-Z])", r"_\1", name).upper() for name in _FEATURES)
        numbers = (getattr(resource_pb2, f"RESOURCE_MONITOR_FEATURE_{name}", None) for name in names)
        return resource_pb2.DeploymentInfo(
            project=self._stack.project,
            stack=self._stack.stack,
            organization=self._stack.organization,
            config=self._stack.config,
            configSecretKeys=self._stack.secret_keys,
            dryRun=True,
            supportedFeatures=[number for number in numbers if number is not None],
        )

    def RegisterPackage(self, request: Any, context: Any) -> Any:
        """Accept a parameterized package; it needs no plugin here."""
        return resource_pb2.RegisterPackageResponse(ref=f"{request.name}@{request.version}")

    def ExistsResource(self, request: Any, context: Any) -> Any:
        """Leave open whether a resource exists: nothing is asked of AWS."""
        return resource_pb2.ExistsResourceResponse(unknown=True)

    def RegisterResourceHook(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Accept a hook. None is run: hooks act on what a deployment does."""
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Accept an error hook; there is no operation that could fail."""
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Let the program end."""
        return empty_pb2.Empty()

    def _register(self, request: Any, given: Properties) -> Registration:
        parent = request.parent or ("" if request.type == STACK_TYPE else self._stack.root_urn)
        name = readable(request.name)
        urn = self._new_urn(parent, request.type, name)
        dependencies = set(request.dependencies)
        by_property: dict[str, tuple[str, ...]] = {}
        inputs: dict[str, object] = {}
        for key, value in given.items():
            own = set(request.propertyDependencies[key].urns if key in request.propertyDependencies else ())
            inputs[key] = normalise(value, own)
            own = self._origins.resolve(own)
            dependencies |= own
            if own:
                by_property[key] = tuple(sorted(own))
        if request.type.startswith("pulumi:providers:") and request.version:
            inputs["version"] = request.version
        if request.remote:
            self._notes[f"what the component {name} ({request.type}) creates is not seen: only its provider knows"] = (
                _Note.COMPONENT
            )
        if request.importId:
            self._notes[f"{name} ({request.type}) is imported: what AWS holds of it is not read"] = _Note.IMPORT
        resource = Registration(
            urn=urn,
            type=request.type,
            name=name,
            custom=request.custom,
            parent=parent,
            inputs=provider.check(request.type, urn, inputs) if request.custom else inputs,
            provider=self._provider(request),
            dependencies=tuple(sorted(self._origins.resolve(dependencies))),
            property_dependencies=by_property,
            options=_options(request),
            source=self._source(request),
        )
        # Known before the review, so that a second registration of the URN is refused whatever the pack says.
        self._resources[urn] = resource
        resource = replace(resource, inputs=self._review(resource))
        if resource.custom:
            outputs = dict(provider.create(resource.type, resource.inputs))
            if request.importId:
                outputs["id"] = request.importId
            if self._stand_ins:
                found = self._resources.get(resource.provider)
                outputs = dict(self._stand_ins.create(resource, outputs, found))
            for key in resource.options.additional_secret_outputs:
                if key in outputs:
                    outputs[key] = as_secret(outputs[key])
            resource = replace(resource, outputs=outputs)
        self._resources[urn] = resource
        return resource

    def _read(self, request: Any) -> Registration:
        parent = request.parent or self._stack.root_urn
        name = readable(request.name)
        urn = self._new_urn(parent, request.type, name)
        dependencies = set(request.dependencies)
        state = {key: normalise(value, dependencies) for key, value in from_struct(request.properties).items()}
        if request.type == STACK_REFERENCE:
            answer = self._questions.stack(name, str(reveal(state.get("name", name))))
            self._note(answer, _Note.STACK)
            outputs: Properties = {**state, **(answer.result or {})}
        else:
            note = f"{name} ({request.type}) exists outside this stack: all but its id is unknown"
            self._notes[note] = _Note.READ
            outputs = provider.read(request.type, str(normalise(request.id, dependencies)), state)
        resource = Registration(
            urn=urn,
            type=request.type,
            name=name,
            custom=True,
            parent=parent,
            inputs=state,
            outputs=outputs,
            external=True,
            provider=self._provider(request),
            dependencies=tuple(sorted(self._origins.resolve(dependencies))),
            options=Options(additional_secret_outputs=tuple(request.additionalSecretOutputs)),
            source=self._source(request),
        )
        if self._stand_ins:
            outputs = self._stand_ins.read(resource, self._resources.get(resource.provider))
            resource = replace(resource, outputs=outputs)
        self._resources[urn] = resource
        return resource

    def _new_urn(self, parent: str, resource_type: str, name: str) -> str:
        urn = self._stack.urn(parent, resource_type, name)
        if urn in self._resources:
            raise RegistrationError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        return urn

    def _provider(self, request: Any) -> str:
        """Give the URN of a resource's provider; the default one is registered with its first resource."""
        package = request.type.split(":", 1)[0]
        explicit = request.provider or getattr(request, "providers", {}).get(package, "")
        if explicit or package == "pulumi" or not getattr(request, "custom", True):
            return _urn_of_provider(explicit)
        resource_type = f"pulumi:providers:{package}"
        name = re.sub(r"[^A-Za-z0-9]", "_", f"default_{request.version}") if request.version else "default"
        urn = self._stack.urn("", resource_type, name)
        if urn not in self._resources:
            given = {
                key.split(":", 1)[1]: normalise(value, set())
                for key, value in self._stack.config.items()
                if key.startswith(f"{package}:")
            }
            inputs = {**given, "version": request.version} if request.version else given
            found = Registration(urn, resource_type, name, True, "", inputs, inputs)
            self._resources[urn] = replace(found, inputs=self._review(found))
        return urn

    def _note(self, answer: data_sources.Answer, kind: _Note) -> None:
        if answer.note:
            self._notes[answer.note] = kind

    def _id_of(self, urn: str) -> str:
        return self._stand_ins.id_of(urn) if self._stand_ins else ""

    def _fail(self, error: Exception, context: Any) -> None:
        self.failure = self.failure or error
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _urn_of_provider(reference: str) -> str:
    # "<urn>::<id>"; the id of a provider that is created in this preview is unknown.
    return reference.rsplit("::", 1)[0] if reference else ""


def _options(request: Any) -> Options:
    defined = request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
    timeouts = request.customTimeouts
    return Options(
        protect=request.protect,
        ignore_changes=tuple(request.ignoreChanges),
        delete_before_replace=request.deleteBeforeReplace if defined else None,
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        timeouts=Timeouts(seconds(timeouts.create), seconds(timeouts.update), seconds(timeouts.delete)),
    )
