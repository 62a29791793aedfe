"""Answers to what a preview would ask: data sources, and the outputs of other stacks.

They come from a file (`--answers`), a mapping, or an object with the `call` of `pulumi.runtime.Mocks`:

    {"aws:ec2/getSubnets:getSubnets": {"ids": ["subnet-0a"]},
     "aws.ec2.getVpc": [{"args": {"tags": {"Name": "main"}}, "result": {"id": "vpc-0a"}}],
     "acme/network/prod": {"vpcId": "vpc-0a"},
     "acme/network/prod.roleName": "reports"}
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from pulumi.runtime import MockCallArgs, MockResourceArgs

from .data_sources import POLICY_DOCUMENT, DataSourceError
from .properties import Properties, reveal

STACK_REFERENCE = "pulumi:pulumi:StackReference"


class AnswersError(Exception):
    """The answers cannot be used; the message is one sentence for the user."""


class Answers(Protocol):
    """What answers a preview's questions. None says that there is no answer."""

    def data_source(self, token: str, arguments: Properties, provider: str) -> Properties | None:
        """The result of a data source, or some members of it. Raises AnswersError."""

    def stack(self, reference: str, name: str) -> Properties | None:
        """The outputs, or some of them, of another stack; `reference` is the name of the resource that refers to it."""

    def unused(self) -> tuple[str, ...]:
        """The names of the answers that nobody asked for."""


def load_answers(given: object) -> Answers:
    """Read answers: the path of a JSON file, a mapping, an object with `call`, or None. Raises AnswersError."""
    if given is None:
        return GivenAnswers({})
    if isinstance(given, str | Path):
        return GivenAnswers(_read(Path(given)), f"{given}: ")
    if isinstance(given, Mapping):
        return GivenAnswers(given)
    if callable(getattr(given, "call", None)):
        return MockAnswers(given)
    raise AnswersError(f"answers are a file, a mapping, or an object with `call`, not a {type(given).__name__}")


class GivenAnswers:
    """Answers by token of a data source, name of a stack, or `stack.output`."""

    def __init__(self, answers: Mapping[str, object], where: str = "") -> None:
        """`where` begins the sentence of an error. Raises AnswersError for an answer of the wrong form."""
        self._answers = answers
        self._where = where
        self._used: set[str] = set()
        self._keys = {_short(key): key for key in reversed([*answers])}
        for key in answers:
            if ":" in key:
                self._check(key)

    def data_source(self, token: str, arguments: Properties, provider: str) -> Properties | None:  # noqa: ARG002
        """The result under the token or a short form of it; of several, the first whose `args` fit."""
        key = token if token in self._answers else self._keys.get(_short(token))
        if key is None:
            return None
        self._check(key)
        answer = self._answers[key]
        cases = [{"result": answer}] if isinstance(answer, Mapping) else cast("list[Mapping[str, Any]]", answer)
        for case in cases:
            if _fits(case.get("args", {}), arguments):
                self._used.add(key)
                return cast("Properties", case["result"])
        return None

    def stack(self, reference: str, name: str) -> Properties | None:  # noqa: ARG002
        """The outputs under the stack's name, together with those under `stack.output`, which win."""
        outputs: dict[str, object] = {}
        if name in self._answers:
            self._used.add(name)
            whole = self._answers[name]
            if not isinstance(whole, Mapping):
                raise AnswersError(f"{self._where}{name} must be an object: the outputs of the stack")
            outputs.update(whole)
        single = {key: key.removeprefix(f"{name}.") for key in self._answers if key.startswith(f"{name}.")}
        self._used.update(single)
        outputs.update({output: self._answers[key] for key, output in single.items()})
        return outputs or None

    def unused(self) -> tuple[str, ...]:
        """The keys that nobody asked for, in the order in which they were given."""
        return tuple(key for key in self._answers if key not in self._used)

    def _check(self, key: str) -> None:
        answer = self._answers[key]
        several = isinstance(answer, list) and all(
            isinstance(case, Mapping)
            and isinstance(case.get("result"), Mapping)
            and isinstance(case.get("args", {}), Mapping)
            and set(case) <= {"args", "result"}
            for case in answer
        )
        if not several and not isinstance(answer, Mapping):
            form = 'a result, an object, or a list of {"args": {...}, "result": {...}}'
            raise AnswersError(f"{self._where}{key} must be {form}")


class MockAnswers:
    """Answers of an object with the `call` method of `pulumi.runtime.Mocks`, asked in this process."""

    def __init__(self, mocks: Any) -> None:
        """Of its `new_resource`, only what it says of a StackReference is used."""
        self._mocks = mocks
        # Questions come on several threads; nobody's mocks are written for that.
        self._lock = threading.Lock()

    def data_source(self, token: str, arguments: Properties, provider: str) -> Properties | None:
        """What `call` gives; nothing, as most mocks do for what they do not know, is no answer.

        A policy document is computed instead: mocks stand in for AWS, which has no part in it.
        """
        if token == POLICY_DOCUMENT:
            return None
        plain = _plain(arguments)
        with self._lock:
            try:
                given = self._mocks.call(MockCallArgs(token=token, args=cast("Any", plain), provider=provider))
                result, failures = given if isinstance(given, tuple) else (given, None)
                reasons = [f"{reason} ({key})" if key else str(reason) for key, reason in failures or ()]
            except Exception as error:
                raise AnswersError(f"the answers' call of {token} raises {type(error).__name__}: {error}") from error
        if reasons:
            raise DataSourceError("; ".join(reasons))
        return _json_object(result or {}, f"the answer to {token}") or None

    def stack(self, reference: str, name: str) -> Properties | None:
        """The `outputs` of the state that `new_resource` gives a StackReference."""
        create = getattr(self._mocks, "new_resource", None)
        if not callable(create):
            return None
        args = MockResourceArgs(typ=STACK_REFERENCE, name=reference, inputs={"name": name}, resource_id=name)
        with self._lock:
            try:
                _, state = create(args)
            except Exception as error:
                raise AnswersError(f"the answers' new_resource of {name} raises {type(error).__name__}: {error}") from (
                    error
                )
        outputs = state.get("outputs") if isinstance(state, Mapping) else None
        return _json_object(outputs or {}, f"the answer for {name}") or None

    def unused(self) -> tuple[str, ...]:
        """Nothing: what mocks could have answered is not known."""
        return ()


def _read(file: Path) -> Mapping[str, object]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnswersError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AnswersError(f"{file} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise AnswersError(f"{file}:{error.lineno} is not JSON: {error.msg}") from None
    if not isinstance(content, dict):
        raise AnswersError(f"{file} must be an object: token or stack output -> value")
    return content


def _short(token: str) -> str:
    """A token as it is compared: `aws:ec2/getSubnets:getSubnets`, `aws:ec2:getSubnets` and `aws.ec2.get_subnets` agree."""
    package, *rest = re.split("[:.]", token.replace("_", "").lower())
    module = rest[0].partition("/")[0] if len(rest) > 1 else "index"
    return ".".join((package, module, *rest[-1:]))


def _fits(wanted: object, given: object) -> bool:
    """Whether `given` is `wanted` or, as an object, has all members of it."""
    given = reveal(given)
    if isinstance(wanted, Mapping):
        return isinstance(given, Mapping) and all(
            key in given and _fits(value, given[key]) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(given, list) and len(wanted) == len(given) and all(map(_fits, wanted, given))
    return wanted == given


def _plain(value: object) -> object:
    value = reveal(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _json_object(value: object, what: str) -> Properties:
    try:
        plain = json.loads(json.dumps(value))
    except (TypeError, ValueError):
        raise AnswersError(f"{what} is not JSON") from None
    if not isinstance(plain, dict):
        raise AnswersError(f"{what} must be an object, not a {type(value).__name__}")
    return plain
