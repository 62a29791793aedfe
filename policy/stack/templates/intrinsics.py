"""The functions of a template, resolved as far as their arguments are known. What is not known stays so, with its reason.

Source: CloudFormation User Guide, "Intrinsic function reference", "Condition functions", "Pseudo parameters reference" and
"Parameters"; of the transform AWS::LanguageExtensions, Fn::Length and Fn::ToJsonString.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from policy.iam.truth import UNKNOWN, Truth, Unknown, all_of, any_of
from policy.shared import stand_ins
from policy.shared.escapes import quoted
from policy.stack.templates.surroundings import Made, Surroundings

# More than any template that CloudFormation takes comes to: what grows beyond it was made to grow.
_MOST_VALUES: Final = 400_000
_MOST_CHARACTERS: Final = 1_000_000
_MOST_DEPTH: Final = 120


class BoundsError(Exception):
    """The template comes to more than any that CloudFormation takes."""


# What `Ref: AWS::NoValue` is: the property, or the element, is not there.
class _Removed:
    pass


_REMOVED: Final = _Removed()

# What a resource of the template is called or has, by its logical id and an attribute (`Ref` for its reference).
Physical = Callable[[str, str], Made]

_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")


class Resolver:
    """Resolves the values of one template."""

    def __init__(self, template: Mapping[str, Any], surroundings: Surroundings, physical: Physical) -> None:
        self._parameters = _section(template, "Parameters")
        self._mappings = _section(template, "Mappings")
        self._conditions = _section(template, "Conditions")
        self._resources = _section(template, "Resources")
        self._around = surroundings
        self._physical = physical
        self._known_conditions: dict[str, tuple[Truth, frozenset[str], str]] = {}
        self._asked: list[str] = []
        self._made_from: set[str] = set()
        self._left = _MOST_VALUES
        self._depth = 0
        # Parameters without a value, in the order in which they were asked for.
        self.without_value: dict[str, None] = {}

    def resolve(self, value: object) -> Made:
        """A value of the template. Raises BoundsError."""
        outer, self._made_from = self._made_from, set()
        try:
            found = self._resolve(value)
            return Made(None if isinstance(found, _Removed) else found, frozenset(self._made_from))
        finally:
            self._made_from = outer | self._made_from

    def condition(self, name: object) -> Truth:
        """Whether a condition of the template holds; YES of one that is not given."""
        return Truth.YES if name is None else self._condition(name)[0]

    # ---- values

    def _resolve(self, value: object) -> Any:
        self._left -= 1
        if self._left < 0 or self._depth > _MOST_DEPTH:
            raise BoundsError
        self._depth += 1
        try:
            return self._resolved(value)
        finally:
            self._depth -= 1

    def _resolved(self, value: object) -> Any:
        if isinstance(value, Unknown):
            self._made_from |= self._around.body_made_from
            return value
        if isinstance(value, str):
            return Unknown(why="is made with a dynamic reference") if "{{resolve:" in value else value
        if isinstance(value, list | tuple):
            items = [self._resolve(item) for item in value]
            return [item for item in items if not isinstance(item, _Removed)]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._function(str(name), argument)
        if any(str(name).startswith(("Fn::Transform", "Fn::ForEach")) for name in value):
            return Unknown(why="is written by a macro or a loop, which this policy pack does not run")
        found = {str(name): self._resolve(item) for name, item in value.items()}
        return {name: item for name, item in found.items() if not isinstance(item, _Removed)}

    def _function(self, name: str, argument: object) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            return Unknown(why=f"is made with {quoted(name)}, which this policy pack does not resolve")
        try:
            return function(self, argument)
        except _MalformedError:
            return Unknown(why=f"is made with {quoted(name)}, which does not have the form that CloudFormation takes")

    def _ref(self, argument: object) -> Any:
        if not isinstance(argument, str):
            raise _MalformedError
        if argument in self._parameters:
            return self._parameter(argument)
        if argument in _PSEUDO:
            return _PSEUDO[argument](self._around)
        return self._attribute(argument, "Ref")

    def _attribute(self, logical: str, attribute: str) -> Any:
        if logical not in self._resources:
            return Unknown(why=f"refers to {quoted(logical)}, which is not in the template")
        made = self._physical(logical, attribute)
        self._made_from |= made.made_from
        return made.value

    def _get_att(self, argument: object) -> Any:
        if isinstance(argument, str):
            argument = list(argument.partition(".")[::2])
        if not isinstance(argument, list | tuple) or len(argument) < 2:
            raise _MalformedError
        logical, attribute = argument[0], self._resolve(argument[1])
        if not isinstance(logical, str):
            raise _MalformedError
        return self._attribute(logical, attribute if isinstance(attribute, str) else "")

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        declared = declared if isinstance(declared, Mapping) else {}
        kind = str(declared.get("Type", "String"))
        given = self._around.parameters
        value = given if isinstance(given, Unknown) else given.get(name)
        if value is None:
            value = declared.get("Default")
        if value is None:
            self.without_value[name] = None
            return Unknown(why=f"is made from the parameter {quoted(name)}, which has no value")
        if isinstance(value, Unknown):
            self._made_from |= self._around.made_from
            return value
        if kind.startswith("AWS::SSM::Parameter::Value"):
            return Unknown(why=f"is made from the parameter {quoted(name)}, whose value is in the SSM parameter store")
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [item.strip() for item in _text(value).split(",")] if isinstance(value, _SCALAR) else value
        return _text(value) if isinstance(value, _SCALAR) else value

    def _sub(self, argument: object) -> Any:
        variables: Mapping[str, Any] = {}
        if isinstance(argument, list | tuple) and len(argument) == 2 and isinstance(argument[1], Mapping):
            argument, variables = argument
        if not isinstance(argument, str):
            raise _MalformedError
        parts: list[Any] = []
        end = 0
        for found in _VARIABLE.finditer(argument):
            parts.append(argument[end : found.start()])
            parts.append(self._variable(found[1].strip(), variables))
            end = found.end()
        return self._joined([*parts, argument[end:]])

    def _variable(self, name: str, variables: Mapping[str, Any]) -> Any:
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if name in variables:
            return self._resolve(variables[name])
        return self._resolve({"Fn::GetAtt": name} if "." in name else {"Ref": name})

    def _join(self, argument: object) -> Any:
        separator, items = self._arguments(argument, 2)
        if isinstance(items, Unknown):
            return items
        if not isinstance(separator, str) or not isinstance(items, list):
            raise _MalformedError
        return self._joined([part for item in items for part in (separator, item)][1:])

    def _joined(self, parts: list[Any]) -> Any:
        unknown = [part for part in parts if isinstance(part, Unknown)]
        if unknown:
            # What nothing decides makes the whole undecided, whatever an update decides of the rest.
            return next((part for part in unknown if part.why), unknown[0])
        if not all(isinstance(part, _SCALAR) for part in parts):
            raise _MalformedError
        texts = [_text(part) for part in parts]
        if sum(map(len, texts)) > _MOST_CHARACTERS:
            raise BoundsError
        return "".join(texts)

    def _arguments(self, argument: object, count: int) -> list[Any]:
        if not isinstance(argument, list | tuple) or len(argument) != count:
            raise _MalformedError
        return [self._resolve(item) for item in argument]

    def _select(self, argument: object) -> Any:
        index, items = self._arguments(argument, 2)
        unknown = next((each for each in (items, index) if isinstance(each, Unknown)), None)
        if unknown is not None:
            return unknown
        if not isinstance(items, list) or not _text(index).isdecimal() or int(_text(index)[:9]) >= len(items):
            raise _MalformedError
        return items[int(_text(index))]

    def _split(self, argument: object) -> Any:
        separator, text = self._arguments(argument, 2)
        if isinstance(text, Unknown):
            return text
        if not isinstance(separator, str) or not separator or not isinstance(text, str):
            raise _MalformedError
        if any(separator in found[0] for found in stand_ins.ANY.finditer(text)):
            return Unknown(why=f"is made with {quoted('Fn::Split')} of what is not known here")
        found = text.split(separator)
        self._left -= len(found)
        return found

    def _find_in_map(self, argument: object) -> Any:
        if not isinstance(argument, list | tuple) or len(argument) not in (3, 4):
            raise _MalformedError
        keys = [self._resolve(key) for key in argument[:3]]
        unknown = next((key for key in keys if isinstance(key, Unknown)), None)
        if unknown is not None:
            return unknown
        found: Any = self._mappings
        for key in keys:
            found = found.get(_text(key)) if isinstance(found, Mapping) else None
        sure = not any(stand_ins.ANY.search(_text(key)) for key in keys)
        if found is None and sure and len(argument) == 4 and isinstance(argument[3], Mapping):
            return self._resolve(argument[3].get("DefaultValue"))
        if found is None:
            # A stand-in for the region is in no mapping; any of the regions may be meant.
            return Unknown(why=f"is made with {quoted('Fn::FindInMap')}, and the mapping has no such keys")
        return self._resolve(found)

    def _if(self, argument: object) -> Any:
        if not isinstance(argument, list | tuple) or len(argument) != 3:
            raise _MalformedError
        holds, made_from, why = self._condition(argument[0])
        if holds is not Truth.UNKNOWN:
            return self._resolve(argument[1 if holds is Truth.YES else 2])
        either, other = self._resolve(argument[1]), self._resolve(argument[2])
        if either == other and not isinstance(either, Unknown):
            return either
        self._made_from |= made_from
        return Unknown(why=why)

    def _base64(self, argument: object) -> Any:
        text = self._resolve(argument)
        if isinstance(text, Unknown):
            return text
        if not isinstance(text, _SCALAR):
            raise _MalformedError
        return base64.b64encode(_text(text).encode("utf-8", "replace")).decode("ascii")

    def _length(self, argument: object) -> Any:
        items = self._resolve(argument)
        if isinstance(items, list | Unknown):
            return items if isinstance(items, Unknown) else str(len(items))
        raise _MalformedError

    def _to_json(self, argument: object) -> Any:
        value = self._resolve(argument)
        try:
            return json.dumps(value)
        except (TypeError, ValueError):
            return UNKNOWN

    # ---- conditions

    def _condition(self, name: object) -> tuple[Truth, frozenset[str], str]:
        """Whether a condition holds, what it was made from, and why nothing decides it."""
        if not isinstance(name, str) or name not in self._conditions:
            return Truth.UNKNOWN, frozenset(), "depends on a condition that is not in the template"
        if name in self._asked:
            return Truth.UNKNOWN, frozenset(), f"depends on the condition {quoted(name)}, which depends on itself"
        if name not in self._known_conditions:
            outer, self._made_from = self._made_from, set()
            self._asked.append(name)
            try:
                holds = self._holds(self._conditions[name])
                found = frozenset(self._made_from)
            finally:
                self._asked.pop()
                self._made_from = outer
            why = "" if found else f"depends on the condition {quoted(name)}, which is not known here"
            self._known_conditions[name] = holds, found, why
        return self._known_conditions[name]

    def _holds(self, value: object) -> Truth:
        self._left -= 1
        if self._left < 0 or self._depth > _MOST_DEPTH:
            raise BoundsError
        self._depth += 1
        try:
            return self._decided(value)
        finally:
            self._depth -= 1

    def _decided(self, value: object) -> Truth:
        if not isinstance(value, Mapping) or len(value) != 1:
            return Truth.UNKNOWN
        ((name, argument),) = value.items()
        if name == "Condition":
            holds, made_from, _ = self._condition(argument)
            self._made_from |= made_from
            return holds
        if not isinstance(argument, list | tuple):
            return Truth.UNKNOWN
        if name == "Fn::Equals" and len(argument) == 2:
            return _equal(*(self._resolve(item) for item in argument))
        answers = [self._holds(item) for item in argument]
        if name == "Fn::Not" and len(answers) == 1:
            return ~answers[0]
        return all_of(answers) if name == "Fn::And" else any_of(answers) if name == "Fn::Or" else Truth.UNKNOWN


class _MalformedError(Exception):
    """A function whose arguments CloudFormation would refuse."""


_SCALAR: Final = (str, int, float, bool)


def _text(value: object) -> str:
    """A value as CloudFormation makes it a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equal(one: object, other: object) -> Truth:
    if isinstance(one, _SCALAR) and isinstance(other, _SCALAR):
        return _same(_text(one), _text(other))
    if _has_unknown((one, other)):
        return Truth.UNKNOWN
    return Truth.of(one == other)


def _same(one: str, other: str) -> Truth:
    """Whether two texts are equal; UNKNOWN where what stands in, as for the account, may turn out to make them so."""
    if one == other:
        return Truth.YES
    for stood_in, text in ((one, other), (other, one)):
        form = "(?s:.+)".join(map(re.escape, stand_ins.ANY.split(stood_in)))
        if not stand_ins.ANY.search(text) and not re.fullmatch(form, text):
            return Truth.NO
    return Truth.UNKNOWN


def _has_unknown(values: Iterable[object]) -> bool:
    left = list(values)
    while left:
        item = left.pop()
        if isinstance(item, Unknown):
            return True
        left.extend(item.values() if isinstance(item, Mapping) else item if isinstance(item, list | tuple) else ())
    return False


def _section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = template.get(name)
    return found if isinstance(found, Mapping) else {}


_PSEUDO: Final[Mapping[str, Callable[[Surroundings], Any]]] = {
    "AWS::AccountId": lambda around: around.account,
    "AWS::NoValue": lambda _: _REMOVED,
    "AWS::NotificationARNs": lambda _: UNKNOWN,
    "AWS::Partition": lambda around: around.partition,
    "AWS::Region": lambda around: around.region,
    "AWS::StackId": lambda around: around.stack_id,
    "AWS::StackName": lambda around: around.stack_name,
    "AWS::URLSuffix": lambda around: around.url_suffix,
}
_FUNCTIONS: Final[Mapping[str, Callable[[Resolver, object], Any]]] = {
    "Ref": Resolver._ref,
    "Fn::Base64": Resolver._base64,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::If": Resolver._if,
    "Fn::Join": Resolver._join,
    "Fn::Length": Resolver._length,
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::Sub": Resolver._sub,
    "Fn::ToJsonString": Resolver._to_json,
}
