"""Cases as data: reads the folders of tests/cases, and runs stack cases through the pack's real analyzer process.

A *role case* is `role.json` (one line of `python -m policy judge --jsonl`) with `expected.json`. A *stack case* is
`stack.yaml`: what a program declares, what the engine would hand over, and the exact violations.

Tags in stack.yaml: `!unknown` (a value that nobody knows before the update), `!json {...}` (an object as JSON text),
`!file name` (a file of the folder, verbatim), `!secret value`.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from google.protobuf.json_format import ParseDict
from pulumi.runtime.proto import analyzer_pb2

from policy.iam.conditions import ContextValues
from policy.iam.request import Authorization, Request
from policy.preview import config_file
from policy.preview.analyzer import Analyzer, Violation
from policy.preview.properties import UNKNOWN, as_secret, reveal
from policy.preview.registration import STACK_TYPE, Registration, StackIdentity
from policy.shared import names
from policy.stack.resources import Resource, configuration, declared, plain

CASES = Path(__file__).parent / "cases"
PACK = Path(__file__).parent.parent
PROJECT = "cases"
# How a case names the stack itself, where a violation is about no resource.
STACK = "STACK"

Props = dict[str, Any]


# ---- reading


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """One folder's stack.yaml. Refuses a key that stands twice: YAML would silently take the last."""

    folder: Path


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Props:
    names = [loader.construct_object(key) for key, _ in node.value]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"twice in one mapping: {sorted(twice)}", node.start_mark)
    return dict(loader.construct_mapping(node, deep=True))


def _value(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    tag = loader.resolve(yaml.ScalarNode, node.value, (node.style is None, node.style is not None))
    return loader.construct_object(yaml.ScalarNode(tag, node.value), deep=True)


def _file(loader: _Loader, node: yaml.Node) -> str:
    assert isinstance(node, yaml.ScalarNode)
    path: Path = loader.folder / node.value
    return path.read_text(encoding="utf-8")


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.add_constructor("!unknown", lambda _loader, _node: UNKNOWN)
_Loader.add_constructor("!json", lambda loader, node: json.dumps(_value(loader, node)))
_Loader.add_constructor("!secret", lambda loader, node: as_secret(_value(loader, node)))
_Loader.add_constructor("!file", _file)


@dataclass(frozen=True)
class Item:
    """One resource of a stack case, by name; `depends_on` has names for each property.

    `provider` is the name of the provider's own item, whose inputs are its configuration; empty for the default one.
    `read` is a resource that this stack only reads (`Role.get`), or that a targeted update leaves alone: the stack
    check sees it, its resource check does not run.
    """

    type: str
    name: str
    parent: str
    inputs: Props
    outputs: Props
    depends_on: Mapping[str, Sequence[str]]
    read: bool = False
    provider: str = ""


@dataclass(frozen=True)
class Expected:
    """One violation that a case asks for: its whole text, or parts of it."""

    policy: str
    resource: str
    message: str | None
    says: tuple[str, ...]

    def fits(self, violation: Violation) -> bool:
        """Whether the pack's violation is this one."""
        text = told(violation)
        return (
            violation.policy == self.policy
            and (STACK if f"::{STACK_TYPE}::" in violation.urn else name_of(violation.urn)) == self.resource
            and (self.message is None or text == self.message)
            and all(part in text for part in self.says)
        )


@dataclass(frozen=True)
class Stage:
    """One preview or update: the resources that the engine hands over, and what the pack must say."""

    label: str
    items: tuple[Item, ...]
    violations: tuple[Expected, ...]


@dataclass(frozen=True)
class StackCase:
    """One folder with a stack.yaml."""

    name: str
    stages: tuple[Stage, ...]
    config: Mapping[str, Any] = field(default_factory=dict)


class CaseError(Exception):
    """A case folder that cannot be read as one: the message names the folder and what is wrong."""


_CASE_KEYS = {"description", "source", "policyPackConfig", "resources", "violations", "stages"}
_STAGE_KEYS = {"description", "resources", "violations"}
_ITEM_KEYS = {"type", "name", "parent", "inputs", "outputs", "computed", "dependsOn", "read", "provider"}


def stack_case(folder: Path) -> StackCase:
    """Read a folder. Raises CaseError for keys that the format does not have: a misspelt one would test nothing."""
    with (folder / "stack.yaml").open(encoding="utf-8") as stream:
        loader = _Loader(stream)
        loader.folder = folder
        try:
            content = loader.get_single_data()
        finally:
            loader.dispose()
    _check(folder, content, _CASE_KEYS, {"description"})
    if "stages" in content:
        stages = tuple(_stage(folder, f"stage {i + 1}", stage) for i, stage in enumerate(content["stages"]))
    else:
        stages = (_stage(folder, "", {k: v for k, v in content.items() if k in _STAGE_KEYS}),)
    return StackCase(folder.name, stages, content.get("policyPackConfig") or {})


def _check(folder: Path, found: Mapping[str, Any], known: set[str], needed: set[str]) -> None:
    wrong = sorted(set(found) - known) or sorted(needed - set(found))
    if wrong:
        raise CaseError(f"{folder.name}: {', '.join(wrong)} (unknown or missing)")


def _stage(folder: Path, label: str, content: Mapping[str, Any]) -> Stage:
    _check(folder, content, _STAGE_KEYS, {"resources", "violations"})
    items = tuple(_item(folder, item) for item in content["resources"])
    names = [item.name for item in items]
    if len(set(names)) < len(names):
        raise CaseError(f"{folder.name}: names of resources must differ within a case")
    for item in items:
        missing = {n for found in item.depends_on.values() for n in found} | ({item.parent} if item.parent else set())
        if missing - set(names):
            raise CaseError(f"{folder.name}: {item.name} refers to {sorted(missing - set(names))}, which is not there")
    return Stage(label, items, tuple(_expected(folder, violation) for violation in content["violations"]))


def _item(folder: Path, content: Mapping[str, Any]) -> Item:
    _check(folder, content, _ITEM_KEYS, {"type", "name"})
    inputs = content.get("inputs") or {}
    outputs = content["outputs"] if "outputs" in content else {**inputs, **(content.get("computed") or {})}
    depends_on = content.get("dependsOn") or {}
    read, provider = bool(content.get("read")), content.get("provider", "")
    return Item(
        content["type"], content["name"], content.get("parent", ""), inputs, outputs, depends_on, read, provider
    )


def _expected(folder: Path, content: Mapping[str, Any]) -> Expected:
    _check(folder, content, {"policy", "resource", "message", "says"}, {"policy", "resource"})
    if ("message" in content) == ("says" in content):
        raise CaseError(f"{folder.name}: a violation has either `message` or `says`")
    return Expected(content["policy"], content["resource"], content.get("message"), tuple(content.get("says", ())))


def folders(file: str) -> list[Path]:
    """The case folders that have this file."""
    return sorted(path.parent for path in CASES.glob(f"*/{file}"))


# ---- running


def told(violation: Violation) -> str:
    """What the pack says of a violation, without the policy's description, which the SDK puts before it, and without the
    last line, which leads to the page about the policy and is the same for all of a policy (tests/test_cases.py)."""
    text = violation.message.removeprefix(violation.description).removeprefix("\n")
    return text.removesuffix(f"\n{names.more(names.page(violation.policy))}")


def name_of(urn: str) -> str:
    """The name of a resource."""
    return urn.rpartition("::")[2]


_runs = itertools.count(1)


def registrations(stage: Stage) -> list[Registration]:
    """The stage's resources as the engine hands them over, in a stack that no other run has.

    The pack remembers inputs by URN; with a stack of its own, a run sees nothing of the runs before it, as a new
    process would not.
    """
    stack = StackIdentity(PROJECT, f"case-{next(_runs)}")
    by_name = {item.name: item for item in stage.items}

    def urn(item: Item) -> str:
        return stack.urn(urn(by_name[item.parent]) if item.parent else stack.root_urn, item.type, item.name)

    root = Registration(stack.root_urn, STACK_TYPE, f"{PROJECT}-{stack.stack}", False, "", {})
    found = [root]
    for item in stage.items:
        depends_on = {key: tuple(urn(by_name[name]) for name in names) for key, names in item.depends_on.items()}
        found.append(
            Registration(
                urn(item),
                item.type,
                item.name,
                custom=True,
                parent=urn(by_name[item.parent]) if item.parent else stack.root_urn,
                inputs=item.inputs,
                outputs=item.outputs,
                external=item.read,
                provider=urn(by_name[item.provider]) if item.provider else "",
                dependencies=tuple(dict.fromkeys(itertools.chain.from_iterable(depends_on.values()))),
                property_dependencies=depends_on,
            )
        )
    return found


class Pack(Analyzer):
    """The pack's process, for one case after the other."""

    def run(self, resources: Iterable[Registration], config: Mapping[str, Any] | None = None) -> list[Violation]:
        """Hand a stack over as the engine does: every resource that it manages, then the whole."""
        if config:
            self._reconfigure(config)
        try:
            self.violations.clear()
            everything = list(resources)
            for resource in everything:
                # The stack itself has no resource check to pass; leaving it out saves one call in five.
                if not resource.external and resource.type != STACK_TYPE:
                    self.review(resource)
            self.review_stack(everything)
            return list(self.violations)
        finally:
            if config:
                self._reconfigure({})

    def replay(self, analyze: Sequence[Props], stack: Sequence[Props]) -> list[Violation]:
        """Hand over what an engine was recorded to send: the messages of one preview, as protobuf JSON."""
        self.ready()
        self.violations.clear()
        for message in analyze:
            request = ParseDict(message, analyzer_pb2.AnalyzeRequest())
            for diagnostic in self._stub.Analyze(request).diagnostics:
                self._report(diagnostic, request.urn, None)
        whole = ParseDict({"resources": stack}, analyzer_pb2.AnalyzeStackRequest())
        for diagnostic in self._stub.AnalyzeStack(whole).diagnostics:
            self._report(diagnostic, diagnostic.urn, None)
        return list(self.violations)

    def _port(self) -> int:
        self._known_port = super()._port()
        return self._known_port

    def _reconfigure(self, config: Mapping[str, Any]) -> None:
        self.ready()
        self._channel.close()
        self._given = config_file.load(config)
        self._configure(self._known_port)


def differences(expected: Sequence[Expected], found: Sequence[Violation]) -> list[str]:
    """What is missing and what is too much, as a reader needs it to mend the case or the pack."""
    left = list(found)
    missing = []
    # Whole texts first: a violation that two expectations fit goes to the one that asks for more.
    for wanted in sorted(expected, key=lambda e: (e.message is None, -len(e.says))):
        match = next((violation for violation in left if wanted.fits(violation)), None)
        if match is None:
            missing.append(wanted)
        else:
            left.remove(match)
    return [
        *(f"missing: {e.policy} on {e.resource}: {e.message or list(e.says)}" for e in missing),
        *(f"too much: {v.policy} on {name_of(v.urn)}: {told(v)}" for v in left),
    ]


def plain_resources(stage: Stage) -> list[Resource]:
    """The stage as the pack's links see it: for tests that look behind the violations."""
    found = registrations(stage)
    providers = {
        item.urn: configuration(plain(item.inputs)) for item in found if item.type.startswith("pulumi:providers:")
    }
    return [
        Resource(
            item.urn,
            item.type,
            declared(plain(_revealed(item.outputs)), None if item.external else plain(_revealed(item.inputs))),
            item.property_dependencies,
            None if item.external else plain(_revealed(item.inputs)),
            provider=providers.get(item.provider, {}),
            managed=not item.external,
            # Providers of a case have different accounts, whatever is known of them.
            account=item.provider,
        )
        for item in found
    ]


def _revealed(value: Any) -> Any:
    value = reveal(value)
    if isinstance(value, dict):
        return {key: _revealed(item) for key, item in value.items()}
    return [_revealed(item) for item in value] if isinstance(value, list) else value


# ---- changing


def request_of(found: Sequence[Mapping[str, Any]], action: str) -> Request:
    """A witness, or a recorded request, as what is put to `evaluate`."""

    def values(given: str | Sequence[str]) -> ContextValues:
        return (given,) if isinstance(given, str) else tuple(given)

    return Request(
        action,
        tuple(
            Authorization(part["resource"], {key.lower(): values(value) for key, value in part["context"].items()})
            for part in found
        ),
    )


def changed(stage: Stage, items: Iterator[Item] | Sequence[Item]) -> Stage:
    """The stage with other resources, which may be changed without changing the case."""
    return replace(stage, items=tuple(items))


def copy_of(item: Item) -> Item:
    """A resource whose properties can be changed."""
    return replace(item, inputs=copy.deepcopy(item.inputs), outputs=copy.deepcopy(item.outputs))
