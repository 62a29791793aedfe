"""The values worth trying: for every way in which conditions can turn out on a key there is one that shows it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.iam.conditions import Condition, holds, parse_network
from policy.iam.document import parse_document
from policy.iam.matching import LITERAL_QUESTION, LITERAL_STAR, glob
from policy.iam.search import candidates
from policy.iam.search.candidates import (
    Place,
    Variable,
    addresses,
    escaped,
    key_values,
    network_path,
    request_tags,
    text_globs,
)
from policy.iam.search.keys import EXAMPLE_ACCOUNT
from policy.iam.truth import UNKNOWN, Truth
from tests.strategies import examples

PLACE: Final = Place("aws", "eu-central-1", EXAMPLE_ACCOUNT, EXAMPLE_ACCOUNT)
NOW: Final = Decimal(1_790_000_000)


def conditions(**by_operator: dict[str, Any]) -> dict[str, list[Condition]]:
    """`StringLike={"aws:x": ["a*"]}` as conditions by key. `__` in a name stands for a colon."""
    condition = {operator.replace("__", ":"): keys for operator, keys in by_operator.items()}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    document = parse_document({"Version": "2012-10-17", "Statement": statement})
    assert document.errors == ()
    found: dict[str, list[Condition]] = {}
    for item in document.statements[0].conditions:
        found.setdefault(item.key, []).append(item)
    return found


def on(key: str, **by_operator: Any) -> list[Condition]:
    """Conditions on one key."""
    return conditions(**{operator: {key: values} for operator, values in by_operator.items()})[key]


def strict(variable: Variable) -> list[dict[str, tuple[str, ...]]]:
    return [dict(e) for i, e in enumerate(variable.elements) if not variable.lax >> i & 1]


def lax(variable: Variable) -> list[dict[str, tuple[str, ...]]]:
    return [dict(e) for i, e in enumerate(variable.elements) if variable.lax >> i & 1]


def _answers(found: Sequence[Condition], key: str, values: Sequence[str]) -> set[tuple[Truth, ...]]:
    return {tuple(holds(c, {key: (value,)}) for c in found) for value in values}


# ---- texts, numbers, dates, addresses


def test_literals_are_escaped() -> None:
    assert escaped("a*b?") == f"a{LITERAL_STAR}b{LITERAL_QUESTION}"
    (found,) = text_globs(on("aws:x", StringEquals="a*"), {})
    assert found.matches("a*")
    assert not found.matches("ab")


def test_patterns_of_a_key() -> None:
    found = on("aws:x", StringLike=["a*", "b"], StringEqualsIgnoreCase="C", Bool="true", NumericEquals="1", Null="true")
    globs = list(text_globs(found, {}))
    assert [[g.matches(t) for t in ("ab", "b", "c", "TRUE", "1")] for g in globs] == [
        [True, False, False, False, False],
        [False, True, False, False, False],
        [False, False, True, False, False],
        [False, False, False, True, False],
    ]
    (arn,) = text_globs(on("aws:x", ArnLike="a:*:c:d:e:f*"), {})
    assert arn.matches("a:b:c:d:e:f:g")
    assert not arn.matches("a:b:b:c:d:e:f")
    (prefixed,) = text_globs(on("aws:x", StringLike="a*"), {}, prefix="p*/")
    assert prefixed.matches("p*/ab")
    assert not prefixed.matches("px/ab")
    (filled,) = text_globs(on("aws:x", StringLike="${aws:y}*"), {"aws:y": ("v*",)})
    assert filled.matches("v*1")
    assert not filled.matches("vx1")
    assert list(text_globs(on("aws:x", StringLike="${aws:none}"), {})) == []


_TEXTS: Final = tuple("".join(chars) for n in range(4) for chars in product("ab*", repeat=n))


@examples(60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("StringEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")),
            st.text("abA*?", max_size=3),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_every_way_that_text_conditions_turn_out(wanted: list[tuple[str, str]]) -> None:
    found = [c for operator, value in wanted for c in on("aws:x", **{operator: value})]
    values = key_values(found, {}, fresh="other")
    assert values.complete
    tried = [*values.fitting, *values.others]
    assert _answers(found, "aws:x", [t for t in _TEXTS if t]) <= _answers(found, "aws:x", tried)
    assert "" not in tried


@examples(60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("NumericEquals", "NumericLessThan", "NumericGreaterThanEquals", "NumericNotEquals")),
            st.integers(-3, 3).map(str),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_every_way_that_numbers_turn_out(wanted: list[tuple[str, str]]) -> None:
    found = [c for operator, value in wanted for c in on("aws:x", **{operator: value})]
    values = key_values(found, {}, fresh="1")
    assert values.complete
    every = [str(Decimal(n) / 2) for n in range(-10, 11)]
    assert _answers(found, "aws:x", every) <= _answers(found, "aws:x", values.fitting)


_NETWORKS: Final = (
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.0.0.0/9",
    "0.0.0.0/0",
    "10.255.255.255",
    "255.255.255.0/24",
    "0.0.0.0/1",
    "::/0",
    "2001:db8::/32",
)


@examples(60)
@given(
    st.lists(
        st.tuples(st.sampled_from(("IpAddress", "NotIpAddress")), st.sampled_from(_NETWORKS)), min_size=1, max_size=4
    )
)
def test_every_way_that_addresses_turn_out(wanted: list[tuple[str, str]]) -> None:
    found = [c for operator, value in wanted for c in on("aws:sourceip", **{operator: value})]
    values = key_values(found, {}, fresh="198.51.100.7")
    assert values.complete
    edges = {
        "0.0.0.0",
        "255.255.255.255",
        "::",
        "198.51.100.7",
        "2001:db8::7",
        "ffff::1",
        "2001:db7::",
        "10.0.255.255",
        "127.0.0.1",
    }
    for text in _NETWORKS:
        network = parse_network(text)
        assert network is not None
        edges |= {str(network.network_address), str(network.broadcast_address)}
    assert _answers(found, "aws:sourceip", sorted(edges)) <= _answers(found, "aws:sourceip", values.fitting)
    for text in values.fitting:
        ipaddress.ip_address(text)


def test_addresses_begin_with_the_natural_one() -> None:
    assert addresses([], "198.51.100.7")[0] == "198.51.100.7"
    assert addresses(["10.0.0.0/8", "house"], "198.51.100.7") == [
        "198.51.100.7", "10.0.0.0", "11.0.0.0", "9.255.255.255", "0.0.0.0", "2001:db8::7", "::",
    ]  # fmt: skip


def test_values_of_another_form_are_apart() -> None:
    values = key_values(on("aws:x", StringLike="v*", StringEquals="w"), {}, fresh="v-1", form="v-*")
    assert values.fitting == ("v-1",)
    assert set(values.others) == {"0", "v", "w"}
    assert values.complete
    only = key_values(on("aws:x", StringLike="v*"), {}, fresh="v-1", form="v-*", any_text=False)
    assert (only.fitting, only.others) == (("v-1",), ())


def test_two_kinds_on_one_key_may_leave_combinations_out() -> None:
    assert key_values(on("aws:x", NumericLessThan="1"), {}, fresh="x").complete
    assert key_values(on("aws:x", NumericLessThan="1", Null="false"), {}, fresh="x").complete
    assert key_values(on("aws:x", StringLike="1", Bool="true", ArnLike="a:b:c:d:e:f"), {}, fresh="x").complete
    assert not key_values(on("aws:x", NumericLessThan="1", StringLike="1"), {}, fresh="x").complete
    assert not key_values(on("aws:x", NumericLessThan="1", DateLessThan="1"), {}, fresh="x").complete


def test_binary_and_date_values() -> None:
    assert "QUJD" in key_values(on("aws:x", BinaryEquals="QUJD"), {}, fresh="x").fitting
    dates = key_values(on("aws:x", DateLessThan="2026-07-01T12:00:00Z"), {}, fresh="x").fitting
    assert {"2026-07-01T11:59:59Z", "2026-07-01T12:00:00Z", "2026-07-01T12:00:01Z"} <= set(dates)


def test_numbers_have_exact_neighbours() -> None:
    large, small = "1e30", "1.0000000000000000000000000000000001"
    assert "999999999999999999999999999999" in key_values(on("aws:x", NumericLessThan=large), {}, fresh="x").fitting
    found = on("aws:x", NumericLessThan=small, NumericGreaterThan="1")
    tried = key_values(found, {}, fresh="x").fitting
    assert any(all(holds(c, {"aws:x": (text,)}) is Truth.YES for c in found) for text in tried)


@pytest.mark.parametrize("number", ["1e999999", "1e-999999", "1e9999999999", "-1e999999"])
def test_huge_numbers_cost_nothing(number: str) -> None:
    """A number is written out in digits, and one of a million digits would be a million characters."""
    values = key_values(on("aws:x", NumericLessThan=[number, "5"]), {}, fresh="1")
    assert all(len(text) < 1000 for text in values.fitting)
    candidates.time(conditions(DateLessThan={"aws:CurrentTime": number}), NOW)


# ---- variables


def test_a_single_key() -> None:
    found = candidates.single("aws:useragent", conditions(StringEquals={"aws:UserAgent": "x"}), {}, PLACE)
    assert strict(found) == [{}, {"aws:useragent": ("code",)}, {"aws:useragent": ("x",)}]
    assert found.lax == 0
    assert found.complete


def test_a_key_that_every_such_resource_has() -> None:
    vpc = "arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-a"
    found = candidates.single("ec2:vpc", conditions(ArnEquals={"ec2:Vpc": vpc}), {}, PLACE)
    assert strict(found) == [
        {"ec2:vpc": ("arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-0c0de0c0de0c0de00",)},
        {"ec2:vpc": (vpc,)},
    ]
    assert {} not in strict(found)


def test_a_boolean_key_has_two_values() -> None:
    found = candidates.single("aws:securetransport", conditions(StringLike={"aws:SecureTransport": "x"}), {}, PLACE)
    assert strict(found) == [{"aws:securetransport": ("true",)}, {"aws:securetransport": ("false",)}]


def test_aliases_have_the_same_value() -> None:
    by_key = conditions(StringEquals={"aws:ResourceTag/x": "a", "ec2:ResourceTag/x": "b"})
    found = candidates.single("aws:resourcetag/x", by_key, {}, PLACE, ["ec2:resourcetag/x"])
    values = [e.get("aws:resourcetag/x") for e in strict(found)]
    assert values == [e.get("ec2:resourcetag/x") for e in strict(found)]
    assert {None, ("a",), ("b",), ("other",)} <= set(values)


def test_a_tag_can_be_empty() -> None:
    found = candidates.single("aws:resourcetag/x", conditions(StringEquals={"aws:ResourceTag/x": ""}), {}, PLACE)
    assert {"aws:resourcetag/x": ("",)} in strict(found)


def test_time_runs_from_now_on() -> None:
    by_key = conditions(
        DateLessThan={"aws:CurrentTime": ["2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z"]},
        NumericLessThan={"aws:EpochTime": "1800000000"},
    )
    found = candidates.time(by_key, NOW)
    assert found.complete
    assert strict(found) == [
        {"aws:currenttime": ("2026-09-21T14:13:20Z",), "aws:epochtime": ("1790000000",)},
        {"aws:currenttime": ("2027-01-15T07:59:59Z",), "aws:epochtime": ("1799999999",)},
        {"aws:currenttime": ("2027-01-15T08:00:00Z",), "aws:epochtime": ("1800000000",)},
        {"aws:currenttime": ("2027-01-15T08:00:01Z",), "aws:epochtime": ("1800000001",)},
        {"aws:currenttime": ("2029-12-31T23:59:59Z",), "aws:epochtime": ("1893455999",)},
        {"aws:currenttime": ("2030-01-01T00:00:00Z",), "aws:epochtime": ("1893456000",)},
        {"aws:currenttime": ("2030-01-01T00:00:01Z",), "aws:epochtime": ("1893456001",)},
    ]
    assert not candidates.time(conditions(StringLike={"aws:CurrentTime": "2*"}), NOW).complete


def test_a_moment_between_two_seconds_is_met_from_both_sides() -> None:
    found = candidates.time(conditions(DateLessThan={"aws:CurrentTime": "1800000000.5"}), NOW)
    assert [e["aws:epochtime"][0] for e in strict(found)] == [
        "1790000000",
        "1799999999",
        "1800000000",
        "1800000001",
        "1800000002",
    ]


def test_over_the_internet_or_through_an_endpoint_never_both() -> None:
    by_key = conditions(StringEquals={"aws:SourceVpc": "vpc-a"}, IpAddress={"aws:SourceIp": "10.0.0.0/8"})
    found = network_path(by_key, {}, PLACE)
    for element in strict(found):
        assert ("aws:sourceip" in element) is not ("aws:sourcevpc" in element)
    assert {"aws:sourceip": ("198.51.100.7",)} in strict(found)
    assert {"aws:sourceip": ("10.0.0.0",)} in strict(found)
    assert {"aws:sourcevpc": ("vpc-a",)} in strict(found)
    assert found.complete


def test_the_keys_of_an_endpoint_come_together() -> None:
    by_key = conditions(StringEquals={"aws:SourceVpc": "vpc-a", "aws:SourceVpce": "vpce-b"})
    found = network_path(by_key, {}, PLACE)
    strictly = strict(found)
    assert {} in strictly
    for element in strictly:
        assert set(element) in (set(), {"aws:sourcevpc", "aws:sourcevpce"})
    assert {"aws:sourcevpc": ("vpc-a",), "aws:sourcevpce": ("vpce-b",)} in strictly
    assert {"aws:sourcevpce": ("vpce-b",)} in lax(found)


def test_request_tags_and_their_names_agree() -> None:
    by_key = conditions(ForAllValues__StringEquals={"aws:TagKeys": ["x", "y"]}, StringEquals={"aws:RequestTag/x": "a"})
    found = request_tags(by_key, {}, PLACE)
    assert found.complete
    elements = strict(found)
    assert elements[0] == {}
    assert {"aws:requesttag/x": ("a",), "aws:tagkeys": ("x", "y")} in [
        {k: tuple(sorted(v)) for k, v in e.items()} for e in elements
    ]
    for element in elements:
        assert ("aws:requesttag/x" in element) is ("x" in element.get("aws:tagkeys", ()))


def _names(*elements: Any) -> set[frozenset[str]]:
    return {frozenset(element.get("aws:tagkeys", ())) for element in elements}


def test_one_name_stands_for_all_of_which_the_conditions_say_the_same() -> None:
    many = [f"k{i}" for i in range(12)]
    by_key = conditions(ForAllValues__StringEquals={"aws:TagKeys": many}, StringEquals={"aws:RequestTag/k7": "a"})
    found = request_tags(by_key, {}, PLACE)
    assert found.complete
    # `k7` has a value to choose, `other` is in no list.
    assert frozenset().union(*_names(*found.elements)) == {"other", "k0", "k7"}
    apart = conditions(
        ForAllValues__StringEquals={"aws:TagKeys": ["a", "b"]}, ForAnyValue__StringLike={"aws:TagKeys": "b*"}
    )
    assert {"a", "b"} <= set().union(*_names(*request_tags(apart, {}, PLACE).elements))
    # What a variable will say of a name is not known.
    listed = {"ForAnyValue__StringEquals": {"aws:TagKeys": ["b", "c"]}}
    unknown = conditions(ForAllValues__StringLike={"aws:TagKeys": "${aws:RequestTag/a}"}, **listed)
    assert {"b", "c"} <= set().union(*_names(*request_tags(unknown, {"aws:requesttag/a": UNKNOWN}, PLACE).elements))


def test_a_key_with_several_values() -> None:
    by_key = conditions(ForAnyValue__StringEquals={"ec2:IKEVersions": ["a", "b"]})
    found = candidates.several("ec2:ikeversions", by_key, {}, PLACE)
    sets = [set(e.get("ec2:ikeversions", ())) for e in strict(found)]
    assert set() in sets
    assert {"a"} in sets
    assert {"a", "b", "other"} in sets


def test_identifiers() -> None:
    eni = "arn:aws:ec2:eu-central-1:123456789012:network-interface/"
    by_key = conditions(StringLike={"ec2:NetworkInterfaceID": "*b"})
    found = candidates.identifier(
        "network-interface", PLACE, [glob(eni + "eni-0a*")], by_key, ["ec2:networkinterfaceid"], {}
    )
    assert found.complete
    pairs = [(e[""][0].removeprefix(eni), e["ec2:networkinterfaceid"][0]) for e in strict(found)]
    assert all(left == right for left, right in pairs)
    assert next(left for left, _ in pairs) == "eni-0c0de0c0de0c0de00"
    assert {"eni-0a", "eni-0ab", "eni-b"} <= {left for left, _ in pairs}
    assert all(not left.startswith("eni-") for e in lax(found) for left in [e[""][0].removeprefix(eni)])
    without = candidates.identifier("subnet", PLACE, [], {}, [], {})
    assert strict(without) == [{"": ("arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-0c0de0c0de0c0de00",)}]


def test_too_many_combinations_are_not_complete() -> None:
    found = request_tags(conditions(StringEquals={f"aws:RequestTag/k{i}": "a" for i in range(12)}), {}, PLACE)
    assert not found.complete
    assert len(found.elements) == 256


def test_places() -> None:
    assert PLACE.arn("subnet/s") == "arn:aws:ec2:eu-central-1:123456789012:subnet/s"
    assert PLACE.arn("role/r", "iam") == "arn:aws:iam::123456789012:role/r"
