"""The elements of a statement, read: texts of a form, and conditions. What IAM refuses is an error with a path.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from policy.iam.conditions import OPERATORS, SET_OPERATORS, Condition, Family, Operator, SetOperator
from policy.iam.truth import UNKNOWN, Unknown

Text = str | Unknown

# An exact type is told at once, an abstract one is not: it comes second.
OBJECT: Final = (dict, Mapping)
LIST: Final = (list, Sequence)


@dataclass(frozen=True, slots=True)
class DocumentError:
    """A part of a document that IAM refuses. `path` is like `Statement[1].Condition.ArnEquals`, or empty for the whole."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" if self.path else self.what


def kind(value: object) -> str:
    """What a value of JSON is, in words."""
    if value is None:
        return "null"
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (int, "a number"),
        (float, "a number"),
        (str, "a string"),
        (Mapping, "an object"),
        (Sequence, "a list"),
    )
    return next((word for of, word in kinds if isinstance(value, of)), f"a {type(value).__name__}")


def shown(value: object) -> str:
    """A value of the document in a message: short, on one line."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, default=lambda _: "...")
    except (TypeError, ValueError):  # no JSON: a key that is no text, or a number of thousands of digits
        text = "..."
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else text[:57] + "...")


class TextForm:
    """What the texts of an element look like."""

    def __init__(self, words: str, pattern: str) -> None:
        self.words = words
        # One search over all texts of a list at once: lists of hundreds are common, and hardly any text is refused.
        self._all = re.compile(f"(?:{pattern})(?:\n(?:{pattern}))*").fullmatch

    def texts(self, value: object) -> tuple[str, ...] | None:
        """The text of this form, or the list of such texts, that it is; None where it is none, or empty."""
        if isinstance(value, str):
            return (value,) if value == "*" or (self._all(value) and "\n" not in value) else None
        if not isinstance(value, list):
            return None
        try:
            joined = "\n".join(value)
        except TypeError:
            return None
        # A line break inside a text must not make it look like two.
        return tuple(value) if self._all(joined) and "\n" not in "".join(value) else None


ACTION: Final = TextForm("`*` or like `service:Action`", r"[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+|\*")
# Each text has one way to match: two would make the search over a list exponential in its length.
RESOURCE: Final = TextForm("`*` or an ARN", r"(?:arn:|[*?$])[^\n]*|(?!arn:)[^\n:*?$][^\n:*]*\*[^\n]*")


@lru_cache(maxsize=256)
def _operator(written: str) -> tuple[Operator, SetOperator | None, bool] | None:
    """The operator, its set operator, and whether it ends in IfExists; None where there is no such operator."""
    prefix, colon, name = written.partition(":") if ":" in written else ("", "", written)
    set_operator = SET_OPERATORS.get(prefix.lower())
    if_exists = name.lower().endswith("ifexists")
    operator = OPERATORS.get(name[: -len("IfExists")].lower() if if_exists else name.lower())
    if operator is None or (colon and set_operator is None) or (if_exists and operator.family is Family.NULL):
        return None
    return operator, set_operator, if_exists


@dataclass(slots=True)
class ElementReader:
    """Collects errors while it reads elements."""

    errors: list[DocumentError] = field(default_factory=list)
    # How many keys the objects have that stand where a document has objects.
    keys: int = 0

    def error(self, path: str, what: str) -> None:
        """Note that IAM refuses what stands at a path."""
        self.errors.append(DocumentError(path, what))

    def texts(self, value: object, path: str, form: TextForm) -> tuple[Text, ...]:
        """The texts of an element, one or many; UNKNOWN in the place of each that is none."""
        if isinstance(value, str) or isinstance(value, Unknown):  # noqa: SIM101  # a union of types is slow to ask
            value = [value]
        if not isinstance(value, LIST):
            self.error(path, f"must be a string or a list of strings, not {kind(value)}")
            return (UNKNOWN,)
        if not value:
            self.error(path, "is empty")
        given = form.texts(value)
        if given is not None:
            return given
        texts: list[Text] = []
        for i, item in enumerate(value):
            where = f"{path}[{i}]" if len(value) > 1 else path
            if not isinstance(item, Unknown | str):
                self.error(where, f"must be a string, not {kind(item)}")
                texts.append(UNKNOWN)
                continue
            if isinstance(item, str) and form.texts(item) is None:
                self.error(where, f"must be {form.words}, not {shown(item)}")
            texts.append(item)
        return tuple(texts)

    def conditions(self, value: object, path: str, variables: bool) -> tuple[tuple[Condition, ...], bool]:
        """The conditions that can be read, and whether there are others."""
        known: list[Condition] = []
        incomplete = False
        if not isinstance(value, OBJECT):
            if not isinstance(value, Unknown):
                self.error(path, f"must be an object, not {kind(value)}")
            return (), True
        self.keys += len(value)
        for written, keys in value.items():
            if not self._operator(str(written), keys, f"{path}.{written}", variables, known):
                incomplete = True
        return tuple(known), incomplete

    def _operator(self, written: str, keys: object, path: str, variables: bool, known: list[Condition]) -> bool:
        """Add the conditions under one operator to those that are known; whether all of them can be read."""
        found = _operator(written)
        if found is None:
            self.error(path, "is not a condition operator")
            return False
        operator, set_operator, if_exists = found
        if not isinstance(keys, OBJECT):
            if not isinstance(keys, Unknown):
                self.error(path, f"must be an object of condition keys, not {kind(keys)}")
            return False
        self.keys += len(keys)
        before = len(known)
        presence = operator.family is Family.NULL
        for key, given in keys.items():
            key_path = f"{path}.{key}"
            values = (given,) if isinstance(given, str) else self._condition_values(given, key_path)
            if values is None:
                continue
            if presence and any(isinstance(v, str) and v.lower() not in ("true", "false") for v in values):
                self.error(key_path, 'must be "true" or "false"')
                continue
            known.append(Condition(operator, str(key).lower(), values, set_operator, if_exists, variables, key_path))
        return len(known) - before == len(keys)

    def _condition_values(self, value: object, path: str) -> tuple[Text, ...] | None:
        items = value if isinstance(value, LIST) else [value]
        values: list[Text] = []
        for item in items:
            if isinstance(item, str) or isinstance(item, Unknown):  # noqa: SIM101  # a union of types is slow to ask
                values.append(item)
            elif isinstance(item, bool):
                values.append("true" if item else "false")
            elif isinstance(item, int | float):
                try:
                    values.append(json.dumps(item))
                except ValueError:  # thousands of digits
                    self.error(path, "is a number too long")
                    return None
            else:
                self.error(path, f"must be a string or a list of strings, not {kind(item)}")
                return None
        return tuple(values)
