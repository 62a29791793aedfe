"""IAM policy documents: JSON text or an object in, small typed values out. One-or-many and bad input end here.

A part that is unknown stays UNKNOWN in its place. A part that IAM would refuse is an error with a path, and counts as
unknown: the statement around it may match or may not, and nothing else in the document goes unjudged because of it.

Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM and AWS STS quotas".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from policy.iam.conditions import OPERATORS, SET_OPERATORS, Condition, Family, Operator, SetOperator
from policy.iam.truth import UNKNOWN, Unknown
from policy.shared.escapes import quoted

Text = str | Unknown

# Characters without white space (IAM and AWS STS quotas). Inline policies of a role share one limit.
MANAGED_POLICY_LIMIT: Final = 6_144
INLINE_POLICIES_LIMIT: Final = 10_240
# Past this not a document that IAM takes can be hiding; it is not read at all.
_UNREADABLE: Final = 1_000_000

_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_ROLE_STATEMENT_ELEMENTS: Final = frozenset(
    ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
)
_STATEMENT_ELEMENTS: Final = _ROLE_STATEMENT_ELEMENTS | {"Principal", "NotPrincipal"}


# An exact type is told at once, an abstract one is not: it comes second.
_OBJECT: Final = (dict, Mapping)
_LIST: Final = (list, Sequence)


class Effect(Enum):
    """What a matching statement does."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class DocumentError:
    """A part of a document that IAM refuses. `path` is like `Statement[1].Condition.ArnEquals`, or empty for the whole."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" if self.path else self.what


# Neither this nor a document is `frozen`, which makes building one five times as slow; nothing writes to it.
@dataclass(slots=True, eq=False)
class Statement:
    """One statement. Of `actions` and `not_actions` one is None, as of the two resource elements.

    `effect` is None where it is unknown. `uncertain` says that some part is unknown or refused which is kept in no
    other field, so the statement can at best match with UNKNOWN.
    """

    index: int
    sid: str | None
    effect: Effect | None
    actions: tuple[Text, ...] | None
    not_actions: tuple[Text, ...] | None = None
    resources: tuple[Text, ...] | None = None
    not_resources: tuple[Text, ...] | None = None
    conditions: tuple[Condition, ...] = ()
    variables: bool = True
    uncertain: bool = False

    @property
    def path(self) -> str:
        """Where it stands in its document."""
        return f"Statement[{self.index}]"

    @property
    def label(self) -> str:
        """How a reader finds it: by its Sid, else by its place."""
        return f"statement {quoted(self.sid)}" if self.sid else f"`{self.path}`"


@dataclass(slots=True, eq=False)
class PolicyDocument:
    """A document on a role, under the name that a reader knows it by."""

    name: str
    statements: tuple[Statement, ...]
    errors: tuple[DocumentError, ...] = ()
    unknown: bool = False
    text: str = ""
    # What `evaluate.touching` finds: kept here, so that it lives as long as the document.
    by_service: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def size(self) -> int:
        """Its length as IAM counts it: characters without white space. What is not known counts nothing."""
        return len("".join(self.text.split()))

    @staticmethod
    def not_known(name: str) -> PolicyDocument:
        """A document of which nothing is known: it may allow anything and deny anything."""
        return PolicyDocument(name, (_anything(0, effect=None),), unknown=True)

    @property
    def known_part(self) -> PolicyDocument:
        """The document without the statements of which nothing is known; itself where it has none of them."""
        kept = tuple([s for s in self.statements if s.effect is not None or s.actions != (UNKNOWN,)])
        return self if len(kept) == len(self.statements) else replace(self, statements=kept)

    def without(self, statements: Collection[int]) -> PolicyDocument:
        """The document without the statements of these `id`s; itself where it has none of them."""
        kept = tuple(statement for statement in self.statements if id(statement) not in statements)
        return self if len(kept) == len(self.statements) else replace(self, statements=kept)

    def perhaps(self) -> PolicyDocument:
        """The document when it is not certain that it is on the role: each statement may match, none does for sure."""
        return replace(self, statements=tuple(replace(s, uncertain=True) for s in self.statements))

    def perhaps_allowing(self) -> PolicyDocument:
        """The same for a document that nobody declares: what it may allow counts, and what it may deny does not."""
        kept = (s for s in self.statements if s.effect is not Effect.DENY)
        return replace(self, statements=tuple(replace(s, effect=Effect.ALLOW, uncertain=True) for s in kept))


def _anything(index: int, effect: Effect | None, sid: str | None = None) -> Statement:
    return Statement(index, sid, effect, actions=(UNKNOWN,), resources=(UNKNOWN,), uncertain=True)


def parse_document(source: object, name: str = "") -> PolicyDocument:
    """Read a document given as JSON text, as an object, or as UNKNOWN. Never raises: what is wrong is in `errors`."""
    if isinstance(source, Unknown):
        return PolicyDocument.not_known(name)
    if isinstance(source, str):
        return _parse_text(source, name)
    try:
        dump = json.dumps(source, separators=(",", ":"), ensure_ascii=False, default=_nothing)
        text = dump if isinstance(source, _OBJECT) else ""
    except (TypeError, ValueError, RecursionError):
        text = ""  # what is no JSON is told by the parser
    if len(text) > _UNREADABLE:
        return _refused(name, f"{len(text):,} characters; IAM takes at most {INLINE_POLICIES_LIMIT:,}")
    try:
        return _Parser().document(source, name, text)
    except RecursionError:
        return _refused(name, "nested too deeply to be an IAM policy document")


def _nothing(value: object) -> object:
    """What an object of a document counts that is none of JSON's: what it holds, or nothing where it is not known."""
    return dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, Sequence) else None


def parse_conditions(value: object) -> tuple[tuple[Condition, ...], bool]:
    """The conditions of a statement that can be read, and whether there are others. Never raises."""
    try:
        return _Parser()._conditions(value, "Condition", variables=True)
    except RecursionError:
        return (), True


def _parse_text(text: str, name: str) -> PolicyDocument:
    if len(text) > _UNREADABLE:
        return _refused(name, f"{len(text):,} characters; IAM takes at most {INLINE_POLICIES_LIMIT:,}")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return _refused(name, f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except (RecursionError, ValueError):
        return _refused(name, "not readable as JSON: nested too deeply, or a number too long")
    parser = _Parser()
    try:
        document = parser.document(value, name, text)
    except RecursionError:
        return _refused(name, "nested too deeply to be an IAM policy document")
    # A colon follows each key: where there are no more of them than keys, none stands twice.
    twice = _duplicates(text) if _without_space(text).count('":') != parser.keys else []
    if twice:
        # Which of the two counts cannot be known, so neither is believed.
        return _refused(name, f"the key {twice[0]!r} stands twice in one object")
    return document


def _without_space(text: str) -> str:
    """The text; without its white space where some may stand between a key and its colon, which is rare."""
    # A line break that is nowhere in the text is told much faster than one that does not follow a quotation mark.
    spaced = '" ' in text or any(space in text and f'"{space}' in text for space in "\n\r\t")
    return "".join(text.split()) if spaced else text


def _duplicates(text: str) -> list[str]:
    """The keys that stand twice in one object, of the first such object first."""
    found: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        found.extend(sorted(key for key, count in Counter(key for key, _ in pairs).items() if count > 1))

    json.loads(text, object_pairs_hook=look)
    return found


def _refused(name: str, what: str, path: str = "") -> PolicyDocument:
    # IAM never takes such a document, so it guards nothing; what it will allow once it is mended is unknown.
    return PolicyDocument(name, (_anything(0, Effect.ALLOW),), errors=(DocumentError(path, what),))


def _has_variables(statement: Statement) -> bool:
    values = (value for condition in statement.conditions for value in condition.values)
    texts = (*(statement.resources or ()), *(statement.not_resources or ()), *values)
    return any(isinstance(text, str) and "${" in text for text in texts)


def _kind(value: object) -> str:
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
    return next((word for kind, word in kinds if isinstance(value, kind)), f"a {type(value).__name__}")


def _shown(value: object) -> str:
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


_ACTION: Final = TextForm("`*` or like `service:Action`", r"[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+|\*")
# Each text has one way to match: two would make the search over a list exponential in its length.
_RESOURCE: Final = TextForm("`*` or an ARN", r"(?:arn:|[*?$])[^\n]*|(?!arn:)[^\n:*?$][^\n:*]*\*[^\n]*")


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
class _Parser:
    """Collects errors while it reads one document."""

    errors: list[DocumentError] = field(default_factory=list)
    sids: set[str] = field(default_factory=set)
    # How many keys the objects have that stand where a document has objects.
    keys: int = 0

    def error(self, path: str, what: str) -> None:
        self.errors.append(DocumentError(path, what))

    def document(self, value: object, name: str, text: str = "") -> PolicyDocument:
        if not isinstance(value, _OBJECT):
            return _refused(name, f"a policy document is a JSON object, not {_kind(value)}")
        self.keys += len(value)
        variables = self._version(value)
        for key in value:
            if key not in ("Version", "Id", "Statement"):
                self.error(str(key) or '""', "is not an element of a policy document")
        statements = value.get("Statement")
        if isinstance(statements, Unknown):
            return PolicyDocument(name, PolicyDocument.not_known(name).statements, tuple(self.errors), unknown=True)
        if isinstance(statements, _OBJECT):
            statements = [statements]
        if not isinstance(statements, _LIST) or isinstance(statements, str):
            what = (
                "is missing"
                if "Statement" not in value
                else f"must be a statement or a list of them, not {_kind(statements)}"
            )
            refused = _refused(name, what, "Statement")
            return replace(refused, errors=(*self.errors, *refused.errors))
        if not statements:
            self.error("Statement", "is empty")
        parsed = tuple([self._statement(i, item, variables) for i, item in enumerate(statements)])
        if isinstance(value.get("Version"), Unknown):
            # Whether `${...}` is a variable or text is as unknown as the version.
            parsed = tuple(replace(s, uncertain=True) if _has_variables(s) else s for s in parsed)
        return PolicyDocument(name, parsed, tuple(self.errors), text=text)

    def _version(self, value: Mapping[object, object]) -> bool:
        """Whether `${...}` is a policy variable in this document."""
        version = value.get("Version", "2008-10-17")
        if isinstance(version, Unknown):
            return True
        if version not in _VERSIONS:
            self.error("Version", f'must be "2012-10-17" or "2008-10-17", not {_shown(version)}')
        return version == "2012-10-17"

    def _statement(self, index: int, value: object, variables: bool) -> Statement:
        path = f"Statement[{index}]"
        if isinstance(value, Unknown):
            return _anything(index, effect=None)
        if not isinstance(value, _OBJECT):
            self.error(path, f"must be an object, not {_kind(value)}")
            return _anything(index, Effect.ALLOW)
        self.keys += len(value)
        errors_before = len(self.errors)
        effect = self._effect(value, path)
        sid = self._sid(value, path)
        if not _ROLE_STATEMENT_ELEMENTS.issuperset(value):
            self._foreign_elements(value, path)
        actions, not_actions = self._one_of(value, path, "Action", "NotAction")
        resources, not_resources = self._one_of(value, path, "Resource", "NotResource")
        known: tuple[Condition, ...] = ()
        incomplete = False
        if "Condition" in value:
            known, incomplete = self._conditions(value["Condition"], f"{path}.Condition", variables)
        uncertain = incomplete or len(self.errors) > errors_before
        return Statement(
            index, sid, effect, actions, not_actions, resources, not_resources, known, variables, uncertain
        )

    def _foreign_elements(self, value: Mapping[object, object], path: str) -> None:
        for key in value:
            if key not in _STATEMENT_ELEMENTS:
                self.error(f"{path}.{key}", "is not an element of a statement")
            elif key not in _ROLE_STATEMENT_ELEMENTS:
                self.error(f"{path}.{key}", "is not allowed in a policy on a role")

    def _effect(self, value: Mapping[object, object], path: str) -> Effect | None:
        effect = value.get("Effect")
        if effect == "Allow":
            return Effect.ALLOW
        if effect == "Deny":
            return Effect.DENY
        if isinstance(effect, Unknown):
            return None
        if "Effect" not in value:
            self.error(f"{path}.Effect", "is missing")
        else:
            self.error(f"{path}.Effect", f'must be "Allow" or "Deny", not {_shown(effect)}')
        return None

    def _sid(self, value: Mapping[object, object], path: str) -> str | None:
        sid = value.get("Sid")
        if sid is None or isinstance(sid, Unknown):
            return None
        if not isinstance(sid, str):
            self.error(f"{path}.Sid", f"must be a string, not {_kind(sid)}")
            return None
        if sid and not (sid.isascii() and sid.isalnum()):
            self.error(f"{path}.Sid", f"may hold letters and digits only, not {_shown(sid)}")
        elif sid and sid in self.sids:
            self.error(f"{path}.Sid", f"{_shown(sid)} stands on an earlier statement too")
        self.sids.add(sid)
        return sid

    def _one_of(
        self, value: Mapping[object, object], path: str, plain: str, negated: str
    ) -> tuple[tuple[Text, ...] | None, tuple[Text, ...] | None]:
        form = _ACTION if plain == "Action" else _RESOURCE
        if negated not in value:
            texts = form.texts(value.get(plain))
            if texts is not None:
                return texts, None
        if plain in value and negated in value:
            self.error(f"{path}.{negated}", f"stands beside {plain}; a statement has one of the two")
        elif plain not in value and negated not in value:
            self.error(path, f"has neither {plain} nor {negated}")
            return (UNKNOWN,), None
        if plain in value:
            return self._texts(value[plain], f"{path}.{plain}", form), None
        return None, self._texts(value[negated], f"{path}.{negated}", form)

    def _texts(self, value: object, path: str, form: TextForm) -> tuple[Text, ...]:
        if isinstance(value, str) or isinstance(value, Unknown):  # noqa: SIM101  # a union of types is slow to ask
            value = [value]
        if not isinstance(value, _LIST):
            self.error(path, f"must be a string or a list of strings, not {_kind(value)}")
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
                self.error(where, f"must be a string, not {_kind(item)}")
                texts.append(UNKNOWN)
                continue
            if isinstance(item, str) and form.texts(item) is None:
                self.error(where, f"must be {form.words}, not {_shown(item)}")
            texts.append(item)
        return tuple(texts)

    def _conditions(self, value: object, path: str, variables: bool) -> tuple[tuple[Condition, ...], bool]:
        """The conditions that can be read, and whether there are others."""
        known: list[Condition] = []
        incomplete = False
        if not isinstance(value, _OBJECT):
            if not isinstance(value, Unknown):
                self.error(path, f"must be an object, not {_kind(value)}")
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
        if not isinstance(keys, _OBJECT):
            if not isinstance(keys, Unknown):
                self.error(path, f"must be an object of condition keys, not {_kind(keys)}")
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
        items = value if isinstance(value, _LIST) else [value]
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
                self.error(path, f"must be a string or a list of strings, not {_kind(item)}")
                return None
        return tuple(values)
