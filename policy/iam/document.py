"""IAM policy documents: JSON text or an object in, small typed values out. One-or-many and bad input end here.

A part that is unknown stays UNKNOWN in its place. A part that IAM would refuse is an error with a path, and counts as
unknown: the statement around it may match or may not, and nothing else in the document goes unjudged because of it.

Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM and AWS STS quotas".
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

from policy.iam.conditions import Condition
from policy.iam.elements import ACTION, LIST, OBJECT, RESOURCE, DocumentError, ElementReader, Text, kind, shown
from policy.iam.truth import UNKNOWN, Unknown
from policy.shared.escapes import quoted

# Characters without white space (IAM and AWS STS quotas). Inline policies of a role share one limit.
MANAGED_POLICY_LIMIT: Final = 6_144
INLINE_POLICIES_LIMIT: Final = 10_240
# Past this, however much of it is white space, not a document that IAM takes can be hiding; it is not read at all.
_UNREADABLE: Final = 1_000_000
# Nor is one of so many characters without white space: what takes minutes to judge is never on a role. AWS's own managed
# policies, which may be longer than a customer's, are far from it.
_FAR_TOO_LONG: Final = 20 * INLINE_POLICIES_LIMIT

_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_ROLE_STATEMENT_ELEMENTS: Final = frozenset(
    ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
)
_STATEMENT_ELEMENTS: Final = _ROLE_STATEMENT_ELEMENTS | {"Principal", "NotPrincipal"}


class Effect(Enum):
    """What a matching statement does."""

    ALLOW = "Allow"
    DENY = "Deny"


# Neither this nor a document is `frozen`, which makes building one five times as slow; nothing writes to it.
@dataclass(slots=True, eq=False)
class Statement:
    """One statement. Of `actions` and `not_actions` one is None, as of the two resource elements.

    `effect` is None where it is unknown. `uncertain` says that some part is unknown or refused which is kept in no
    other field, so the statement can at best match with UNKNOWN. `empty_condition` says that it has the element, and
    nothing in it. `possible` says that all of it is known, and only whether the role has it is not.
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
    empty_condition: bool = False
    possible: bool = False

    def perhaps(self) -> Statement:
        """The statement when it is not certain that the role has it."""
        values = (value for condition in self.conditions for value in condition.values)
        texts = (*(self.actions or ()), *(self.not_actions or ()), *self.resource_patterns, *values)
        known = self.effect is not None and not any(isinstance(text, Unknown) for text in texts)
        return replace(self, uncertain=True, possible=self.possible or (known and not self.uncertain))

    @property
    def resource_patterns(self) -> tuple[Text, ...]:
        """What it names in either of the two resource elements."""
        return (*(self.resources or ()), *(self.not_resources or ()))

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
        return _size(self.text)

    @staticmethod
    def not_known(name: str) -> PolicyDocument:
        """A document of which nothing is known: it may allow anything and deny anything."""
        return PolicyDocument(name, (_anything(0, effect=None),), unknown=True)

    @property
    def known_part(self) -> PolicyDocument:
        """The document without the statements of which nothing is known; itself where it has none of them."""
        kept = tuple([s for s in self.statements if s.effect is not None or s.actions != (UNKNOWN,)])
        return self if len(kept) == len(self.statements) else replace(self, statements=kept)

    @property
    def denying_at_most(self) -> PolicyDocument:
        """The document if what is not known of it allows nothing, and may deny; itself where all is known."""
        if self.known_part is self:
            return self
        statements = (replace(s, effect=Effect.DENY) if s.effect is None else s for s in self.statements)
        return replace(self, statements=tuple(statements))

    def without(self, statements: Collection[int]) -> PolicyDocument:
        """The document without the statements of these `id`s; itself where it has none of them."""
        kept = tuple(statement for statement in self.statements if id(statement) not in statements)
        return self if len(kept) == len(self.statements) else replace(self, statements=kept)

    def perhaps(self) -> PolicyDocument:
        """The document when it is not certain that it is on the role: each statement may match, none does for sure."""
        return replace(self, statements=tuple(s.perhaps() for s in self.statements))

    def perhaps_allowing(self) -> PolicyDocument:
        """The same for a document that nobody declares: what it may allow counts, and what it may deny does not."""
        kept = (s for s in self.statements if s.effect is not Effect.DENY)
        return replace(self, statements=tuple(replace(s.perhaps(), effect=Effect.ALLOW) for s in kept))


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
        text = dump if isinstance(source, OBJECT) else ""
    except (TypeError, ValueError, RecursionError):
        text = ""  # what is no JSON is told by the parser
    if too_long := _too_long(text):
        return _refused(name, too_long)
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
        return _Parser().conditions(value, "Condition", variables=True)
    except RecursionError:
        return (), True


def _size(text: str) -> int:
    return len("".join(text.split()))


def _too_long(text: str) -> str:
    """Why a text is not even read; empty where it is."""
    if len(text) > _UNREADABLE:
        return f"{len(text):,} characters; IAM takes at most {INLINE_POLICIES_LIMIT:,}"
    if len(text) > _FAR_TOO_LONG and (size := _size(text)) > _FAR_TOO_LONG:
        return f"{size:,} characters without white space; IAM takes at most {INLINE_POLICIES_LIMIT:,}"
    return ""


def _parse_text(text: str, name: str) -> PolicyDocument:
    if too_long := _too_long(text):
        return _refused(name, too_long)
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
    texts = (*statement.resource_patterns, *values)
    return any(isinstance(text, str) and "${" in text for text in texts)


@dataclass(slots=True)
class _Parser(ElementReader):
    """Reads one document, and collects what is wrong with it."""

    sids: set[str] = field(default_factory=set)

    def document(self, value: object, name: str, text: str = "") -> PolicyDocument:
        if not isinstance(value, OBJECT):
            return _refused(name, f"a policy document is a JSON object, not {kind(value)}")
        self.keys += len(value)
        variables = self._version(value)
        for key in value:
            if key not in ("Version", "Id", "Statement"):
                self.error(str(key) or '""', "is not an element of a policy document")
        statements = value.get("Statement")
        if isinstance(statements, Unknown):
            return PolicyDocument(name, PolicyDocument.not_known(name).statements, tuple(self.errors), unknown=True)
        if isinstance(statements, OBJECT):
            statements = [statements]
        if not isinstance(statements, LIST) or isinstance(statements, str):
            what = (
                "is missing"
                if "Statement" not in value
                else f"must be a statement or a list of them, not {kind(statements)}"
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
            self.error("Version", f'must be "2012-10-17" or "2008-10-17", not {shown(version)}')
        return version == "2012-10-17"

    def _statement(self, index: int, value: object, variables: bool) -> Statement:
        path = f"Statement[{index}]"
        if isinstance(value, Unknown):
            return _anything(index, effect=None)
        if not isinstance(value, OBJECT):
            self.error(path, f"must be an object, not {kind(value)}")
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
        written = "Condition" in value
        if written:
            known, incomplete = self.conditions(value["Condition"], f"{path}.Condition", variables)
        uncertain = incomplete or len(self.errors) > errors_before
        return Statement(
            index, sid, effect, actions, not_actions, resources, not_resources, known, variables, uncertain,
            empty_condition=written and not known,
        )  # fmt: skip

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
            self.error(f"{path}.Effect", f'must be "Allow" or "Deny", not {shown(effect)}')
        return None

    def _sid(self, value: Mapping[object, object], path: str) -> str | None:
        sid = value.get("Sid")
        if sid is None or isinstance(sid, Unknown):
            return None
        if not isinstance(sid, str):
            self.error(f"{path}.Sid", f"must be a string, not {kind(sid)}")
            return None
        if sid and not (sid.isascii() and sid.isalnum()):
            self.error(f"{path}.Sid", f"may hold letters and digits only, not {shown(sid)}")
        elif sid and sid in self.sids:
            self.error(f"{path}.Sid", f"{shown(sid)} stands on an earlier statement too")
        self.sids.add(sid)
        return sid

    def _one_of(
        self, value: Mapping[object, object], path: str, plain: str, negated: str
    ) -> tuple[tuple[Text, ...] | None, tuple[Text, ...] | None]:
        form = ACTION if plain == "Action" else RESOURCE
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
            return self.texts(value[plain], f"{path}.{plain}", form), None
        return None, self.texts(value[negated], f"{path}.{negated}", form)
