"""What some resources of a stack make that the engine does not see: CloudFormation stacks, Cloud Control and their like.

Each resource that such a maker makes, and that the pack reads, becomes a resource as if the program had it. What cannot be
seen of a maker is kept, to be told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from policy.iam.truth import Unknown
from policy.shared import aws_types
from policy.shared.terraform_types import MODULE
from policy.stack.accounts import elsewhere
from policy.stack.execution_role import Decided, Gap, unreadable
from policy.stack.resources import Resource
from policy.stack.templates import instances, sam
from policy.stack.templates.intrinsics import BoundsError
from policy.stack.templates.making import Making
from policy.stack.templates.reading import read_json, read_template
from policy.stack.templates.surroundings import Surroundings, by_name, surroundings
from policy.stack.templates.translate import is_read, native_properties, native_type, unseen


@dataclass(frozen=True, slots=True)
class Unseen:
    """What cannot be seen of a maker: all of it, or the places in `gaps` only."""

    maker: Resource
    gaps: tuple[Gap, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Expansion:
    """A stack with everything that it makes, as far as that is seen, and what is not."""

    resources: tuple[Resource, ...]
    unseen: tuple[Unseen, ...] = ()
    makers: Mapping[str, str] = field(default_factory=dict)

    def made_by(self, urn: str) -> str:
        """The URN of the program's resource that makes another one; the same for one that the program makes."""
        return self.makers.get(urn, urn)


@dataclass(slots=True)
class _Found:
    """What one maker makes. `stands_for` are the resources that a value made from the maker can be of."""

    resources: list[Resource] = field(default_factory=list)
    stands_for: tuple[str, ...] = ()
    gaps: list[Gap] = field(default_factory=list)
    whole: bool = False


_MAKERS: Final = aws_types.MAKERS | {MODULE}


def expand(found: Iterable[Resource]) -> Expansion:
    """The resources without the makers among them, and with what these make. Never raises."""
    every = tuple(found)
    if not any(resource.type in _MAKERS for resource in every):
        return Expansion(every)
    own = [resource for resource in every if resource.type not in _MAKERS]
    made: list[Resource] = []
    unseen_of: list[Unseen] = []
    stands_for: dict[str, tuple[str, ...]] = {}
    by_stack_set = instances.by_stack_set(every)
    for maker in every:
        if maker.type in _MAKERS:
            opened = _opened(maker, by_stack_set.get(maker.urn, ()))
            made += opened.resources
            stands_for[maker.urn] = opened.stands_for
            if opened.gaps:
                unseen_of.append(Unseen(maker, tuple(dict.fromkeys(opened.gaps)), opened.whole))
    every = tuple(_through(resource, stands_for) for resource in (*own, *made))
    return Expansion(every, tuple(unseen_of), {resource.urn: resource.maker for resource in made})


def _through(resource: Resource, stands_for: Mapping[str, tuple[str, ...]]) -> Resource:
    """A resource whose values were made from what a maker makes, where they were made from the maker."""
    if not any(urn in stands_for for urns in resource.depends_on.values() for urn in urns):
        return resource
    depends_on = {
        prop: tuple(dict.fromkeys(known for urn in urns for known in (urn, *stands_for.get(urn, ()))))
        for prop, urns in resource.depends_on.items()
    }
    not_managed = {known for urn in resource.not_managed for known in (urn, *stands_for.get(urn, ()))}
    return replace(resource, depends_on=depends_on, not_managed=frozenset(not_managed))


def _opened(maker: Resource, declared: Sequence[Resource]) -> _Found:
    """What a maker makes. `declared` are those that make instances of it; itself where it makes instances of no set here."""
    try:
        if maker.type in _TEMPLATES:
            return _stack(maker, _TEMPLATES[maker.type], declared)
        if maker.type in aws_types.STACK_SET_INSTANCES:
            return _Found(gaps=list(map(instances.foreign, declared)), whole=True)
        if maker.type in _STATES:
            return _single(maker, _STATES[maker.type])
        if maker.type == MODULE:
            what = "is made by a Terraform module, of which nobody is shown any values"
            return _Found(
                gaps=[Gap(maker.urn, name, Decided.MENDING, what) for name in maker.props["makes"]], whole=True
            )
    except (BoundsError, RecursionError):
        what = "comes to more than any template that CloudFormation takes"
        return _Found(gaps=[Gap(maker.urn, "template", Decided.MENDING, what)], whole=True)
    prop, what = _SEALED[maker.type]
    return _Found(gaps=[Gap(maker.urn, prop, Decided.MENDING, what)], whole=True)


# ---- stacks


class _Template(NamedTuple):
    """Where a maker has the name of its stack, and the stack's id. A stack set makes its stacks elsewhere."""

    name: str
    stack_id: str
    elsewhere: bool = False


_TEMPLATES: Final = {
    aws_types.STACK: _Template("name", "id"),
    aws_types.NATIVE_STACK: _Template("stackName", "stackId"),
    aws_types.STACK_SET: _Template("name", "", elsewhere=True),
    aws_types.NATIVE_STACK_SET: _Template("stackSetName", "", elsewhere=True),
}


def _stack(maker: Resource, form: _Template, declared: Sequence[Resource]) -> _Found:
    """What a template makes. `declared` are the resources of the program that make instances of a stack set."""
    props = maker.props
    body = props.get("templateBody")
    if maker.inputs is not None and maker.inputs.get("templateBody") is None and body is not None:
        # The provider shows the template that is deployed, which the one at the URL is about to replace.
        body = None if maker.inputs.get("templateUrl") is not None else body
    if body is None and props.get("templateUrl") is not None:
        what = "names a file outside the program, which this policy pack does not read"
        return _Found(gaps=[Gap(maker.urn, "templateUrl", Decided.MENDING, what)], whole=True)
    if body is None or isinstance(body, Unknown):
        return _Found(gaps=[unreadable(maker, "templateBody", body)], whole=True)
    read = read_template(body)
    template, problem = read.value, read.problem
    if template is not None:
        problem = sam.foreign(template)
    if template is None or problem:
        return _Found(gaps=[Gap(maker.urn, "templateBody", Decided.MENDING, problem)], whole=True)
    if form.elsewhere:
        # In which accounts is not said: a name of the program's own account may be another one there.
        maker = replace(maker, account=maker.urn)
    around = surroundings(
        maker,
        props.get(form.name),
        props.get(form.stack_id),
        elsewhere=form.elsewhere,
        parameters=by_name(_given(maker, "parameters"), "parameterKey", "parameterValue"),
        body=frozenset(maker.depends_on.get("templateBody", ())),
    )
    template = sam.plain(template)
    if form.elsewhere:
        return _instances_of(maker, template, around, declared)
    outputs = by_name(props.get("outputs"), "outputKey", "outputValue")
    return _made(Making(maker, template, around, outputs if isinstance(outputs, Mapping) else {}))


def _made(making: Making) -> _Found:
    return _Found(list(making.resources()), making.passed_on(), making.gaps)


def _instances_of(
    stack_set: Resource, template: Mapping[str, Any], around: Surroundings, declared: Sequence[Resource]
) -> _Found:
    """What the instances of a stack set make. Those that make the same are one.

    What others make than the set's own parameters would is told apart, and is in accounts of its own: one account has no
    two roles of one name.
    """
    stack_set = replace(stack_set, provider=elsewhere(stack_set.provider))
    usual = _made(Making(stack_set, template, around, {}))
    kept: list[_Found] = []
    found = _Found()
    for each in instances.each_of(stack_set, around.parameters, declared):
        there = replace(around, parameters=each.parameters, made_from=around.made_from | each.made_from)
        made = usual if there == around else _made(Making(stack_set, template, there, {}))
        if made in kept:
            continue
        kept.append(made)
        if made != usual:
            apart = replace(stack_set, account=f"{stack_set.account} {each.which}")
            made = _made(Making(apart, template, replace(there, which=each.which), {}))
        found.resources += made.resources
        found.gaps += made.gaps
    return found


def _given(maker: Resource, prop: str) -> Any:
    """What the program gives for a property that the provider fills in where the program gives nothing."""
    nothing = maker.inputs is not None and maker.inputs.get(prop) is None
    return None if nothing else maker.props.get(prop)


# ---- one resource


class _State(NamedTuple):
    """Where a maker has the type of its resource, what the program wants of it, and what AWS says of it."""

    kind: str
    wanted: str
    found: str


_STATES: Final = {
    aws_types.CLOUD_CONTROL: _State("typeName", "desiredState", "properties"),
    aws_types.NATIVE_EXTENSION: _State("type", "properties", "outputs"),
}
# What AWS adds that tells which resource it is.
_IDENTITY: Final = ("Arn", "FunctionName", "Id", "ManagedPolicyName", "PolicyArn", "RoleName")


def _single(maker: Resource, form: _State) -> _Found:
    kind, wanted = maker.props.get(form.kind), maker.props.get(form.wanted)
    if isinstance(kind, Unknown):
        return _Found(gaps=[unreadable(maker, form.kind, kind)], whole=True)
    if not isinstance(kind, str) or not is_read(kind):
        why = unseen(kind, wanted if isinstance(wanted, Mapping) else {})
        return _Found(gaps=[Gap(maker.urn, form.kind, Decided.MENDING, why)] if why else [], whole=True)
    if wanted is None or isinstance(wanted, Unknown):
        return _Found(gaps=[unreadable(maker, form.wanted, wanted)], whole=True)
    read = read_template(wanted) if isinstance(wanted, Mapping) else read_json(wanted)
    if read.value is None:
        return _Found(gaps=[Gap(maker.urn, form.wanted, Decided.MENDING, read.problem)], whole=True)
    state = maker.props.get(form.found)
    state = state if isinstance(state, Mapping) else read_json(state).value or {}
    identity = {name: state[name] for name in _IDENTITY if isinstance(state.get(name), str)}
    props = native_properties({**identity, **read.value})
    made_from = maker.depends_on.get(form.wanted, ())
    head = maker.urn.split("::")
    urn = "::".join([*head[:2], f"{head[2]}${native_type(kind)}", maker.name])
    made = replace(
        maker,
        urn=urn,
        type=native_type(kind),
        props=props,
        inputs=props,
        depends_on=dict.fromkeys(props, made_from) if made_from else {},
        maker=maker.urn,
    )
    return _Found([made], (urn,))


# ---- what is never seen

_SEALED: Final = {
    aws_types.APPLICATION: (
        "applicationId",
        "is an application of the Serverless Application Repository, whose template this policy pack does not read",
    ),
    aws_types.PRODUCT: (
        "productId",
        "is a product of the Service Catalog, whose template this policy pack does not read",
    ),
    aws_types.NATIVE_PRODUCT: (
        "productId",
        "is a product of the Service Catalog, whose template this policy pack does not read",
    ),
}
