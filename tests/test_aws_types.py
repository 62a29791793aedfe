"""The table of resource types: it is whole, the providers have what it names, and nothing else says the same again."""

from __future__ import annotations

import re
from dataclasses import astuple, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from policy.preview.resource_types import TYPES as PREVIEWED
from policy.shared import aws_types
from policy.shared.aws_types import CLASSIC, NATIVE, TYPES, AwsType
from tests.test_stand_ins import source_of

ROOT: Final = Path(__file__).resolve().parent.parent
CASES: Final = ROOT / "tests" / "cases"
# What judges: the rooms that no longer need to know how a provider calls a thing.
JUDGING: Final = ("stack", "outside", "verdict", "pack")

GROUPS: Final = {
    name: group for name, group in vars(aws_types).items() if isinstance(group, tuple) and set(group) <= TYPES.keys()
}
NEEDED: Final = {
    "ROLES": ("name", "arn", "trust", "inline", "managed", "boundary"),
    "FUNCTIONS": ("name", "arn", "role"),
    "CANARIES": ("name", "role"),
    "ROLE_POLICIES": ("name", "document"),
    "MANAGED_POLICIES": ("name", "arn", "document"),
    "EVENT_SOURCES": (),
    "STACK_SETS": ("name",),
    "QUALIFIERS": (),
}


def test_every_type_has_its_row() -> None:
    named = {
        value for value in vars(aws_types).values() if isinstance(value, str) and re.match(r"aws(-native)?:", value)
    }
    assert named == TYPES.keys()
    for kind, row in TYPES.items():
        assert row.provider == (NATIVE if kind.startswith("aws-native:") else CLASSIC), kind


def test_every_group_has_what_its_readers_ask_for() -> None:
    assert GROUPS.keys() == NEEDED.keys()
    for name, group in GROUPS.items():
        assert {TYPES[kind].provider for kind in group} == {CLASSIC, NATIVE}
        assert [
            (kind, c) for kind in group for c in NEEDED[name] if getattr(TYPES[kind], c) in ("", AwsType().inline)
        ] == []


# The provider had it until its version 1, and templates have it still.
_GONE: Final = frozenset((aws_types.NATIVE_INLINE_POLICY,))


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in _GONE])
def test_the_provider_has_every_property_of_the_row(kind: str) -> None:
    source = source_of(kind)
    row = TYPES[kind]
    columns = [getattr(row, column.name) for column in fields(AwsType) if column.name not in ("provider", "inline")]
    for path in filter(None, (*columns, row.inline.prop)):
        name = path.partition(".")[0]
        assert f'name="{name}"' in source or f"def {name}(self)" in source, name


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_has_an_entry_in_the_in_process_provider(kind: str) -> None:
    assert kind in PREVIEWED


@cache
def _types_in(case: str) -> frozenset[str]:
    text = (CASES / case / "stack.yaml").read_text(encoding="utf-8")
    return frozenset(kind for kind in TYPES if re.search(rf"{re.escape(kind)}(?![\w:/])", text))


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_has_a_line_of_cases_in_the_coverage_table(kind: str) -> None:
    lines = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8").splitlines()
    named = [set(re.findall(r"`([a-z0-9-]+)`", line)) for line in lines if line.startswith("|")]
    cases = {case for line in named for case in line if (CASES / case / "stack.yaml").is_file()}
    assert any(kind in _types_in(case) for case in cases)


def test_no_other_module_spells_a_type() -> None:
    spelled = re.compile("|".join(f'"{re.escape(kind)}"' for kind in TYPES))
    found = [
        str(path.relative_to(ROOT))
        for room in JUDGING
        for path in (ROOT / "policy" / room).glob("*.py")
        if spelled.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_module_that_judges_spells_where_a_document_is() -> None:
    rows: list[Any] = [
        value for row in TYPES.values() for value in (row.document, row.trust, row.managed, *astuple(row.inline))
    ]
    # `name` and `policy` are words of many things.
    names = set(filter(None, rows)) - {"name", "policy", "policies"}
    spelled = re.compile("|".join(f'"{name}"' for name in sorted(names)))
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for room in JUDGING
        for path in (ROOT / "policy" / room).glob("*.py")
        for match in spelled.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == set()
