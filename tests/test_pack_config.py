"""The policy pack's configuration: merged and checked as the engine does, refused with place and value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policy.preview.config_file import (
    PackConfigError,
    PolicyConfig,
    PolicyInfo,
    load,
    reconcile,
    violations,
    with_files,
)

POLICIES = (
    PolicyInfo("one", "advisory", {"limit": {"type": "integer", "default": 5}, "name": {"type": "string"}}),
    PolicyInfo("two", "mandatory"),
)


def test_defaults_initial_configuration_and_file_in_that_order() -> None:
    initial = {"one": PolicyConfig("", {"name": "initial", "limit": 6}), "two": PolicyConfig("disabled")}
    assert reconcile(POLICIES, {}, {}) == {
        "one": PolicyConfig("advisory", {"limit": 5}),
        "two": PolicyConfig("mandatory"),
    }
    assert reconcile(POLICIES, initial, load({"one": {"limit": 7}})) == {
        "one": PolicyConfig("advisory", {"limit": 7, "name": "initial"}),
        "two": PolicyConfig("disabled"),
    }


def test_all_gives_a_level_to_those_without_their_own() -> None:
    config = load({"all": "remediate", "one": {"enforcementLevel": "disabled"}})
    assert {name: found.level for name, found in reconcile(POLICIES, {}, config).items()} == {
        "one": "disabled",
        "two": "remediate",
    }


def test_an_empty_file_is_no_configuration(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(" \n")
    assert load(file) == load(None) == {}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"one": {"limit": "5"}},
            "validating policy config: one: limit: Invalid type. Expected: integer, given: string",
        ),
        (
            {"on": "advisory"},
            "the policy pack configuration names on, which the pack does not have (it has one, two)",
        ),
        (
            {"one": "no"},
            "the policy pack configuration: parsing enforcement level for 'one': 'no' is not a valid enforcement level",
        ),
        (
            {"one": {"enforcementLevel": ""}},
            "the policy pack configuration: parsing enforcement level for 'one': '' is not a valid enforcement level",
        ),
        (
            {"one": {"enforcementLevel": 3}},
            "the policy pack configuration: parsing enforcement level for 'one': 3 must be a string",
        ),
        (
            {"one": [1]},
            "the policy pack configuration: parsing 'one': [1] is not a valid value; must be a string or object",
        ),
        (
            {"environments": ["x"]},
            "the policy pack configuration names Pulumi ESC environments, which need Pulumi Cloud",
        ),
    ],
)
def test_a_wrong_configuration_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(PackConfigError) as caught:
        reconcile(POLICIES, {}, load(config))
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON"), ("[]", "must be a JSON object")])
def test_a_broken_file_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(PackConfigError, match=message):
        load(file)
    with pytest.raises(PackConfigError, match="cannot be read: No such file"):
        load(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"enum": ["a", "b"]}, "c", '(root) must be one of the following: "a", "b"'),
        ({"const": 1}, 2, "(root) does not match: 1"),
        ({"minLength": 2}, "a", "String length must be greater than or equal to 2"),
        ({"maxLength": 2}, "abc", "String length must be less than or equal to 2"),
        ({"pattern": "^a$"}, "b", "Does not match pattern '^a$'"),
        ({"minimum": 1}, 0, "Must be greater than or equal to 1"),
        ({"maximum": 1.5}, 2, "Must be less than or equal to 1.5"),
        ({"minItems": 1}, [], "Array must have at least 1 items"),
        ({"maxItems": 0}, [1], "Array must have at most 0 items"),
        ({"uniqueItems": True}, [1, 2, 1], "array items[0,2] must be unique"),
        ({"items": {"type": "string"}}, ["a", None], "1: Invalid type. Expected: string, given: null"),
        ({"required": ["a"]}, {}, "a is required"),
        ({"properties": {"a": {"required": ["b"]}}}, {"a": {}}, "a: b is required"),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1, "b": 1},
            "Additional property b is not allowed",
        ),
        ({"additionalProperties": {"type": "boolean"}}, {"b": 1}, "b: Invalid type. Expected: boolean, given: integer"),
        ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, 2, "Must validate at least one schema (anyOf)"),
        ({"oneOf": [{"type": "number"}, {"minimum": 3}]}, 4, "Must validate one and only one schema (oneOf)"),
        ({"allOf": [{"type": "number"}, {"minimum": 3}]}, 2, "Must validate all the schemas (allOf)"),
        ({"type": ["string", "null"]}, [1], "Invalid type. Expected: string/null, given: array"),
    ],
)
def test_a_value_that_does_not_fit(schema: dict[str, Any], value: object, expected: str) -> None:
    assert list(violations(schema, value)) == [expected]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number"}, 1),
        ({"type": "integer"}, 1.0),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"b": 1}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"minimum": 3}, True),
    ],
)
def test_a_value_that_fits(schema: dict[str, Any], value: object) -> None:
    assert list(violations(schema, value)) == []


def test_a_file_that_is_named_and_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    found = with_files({}, ["one"], {"known_stacks": [tmp_path / "exports"], "known_roles": []})
    assert found == {"one": PolicyConfig("", {"known_stacks": [str(tmp_path / "exports")]})}
    with pytest.raises(PackConfigError, match=r"there is no file or folder .*account\.json"):
        with_files({}, ["one"], {"known_stacks": [], "known_roles": [tmp_path / "account.json"]})
