"""Every condition operator, by tables. Source: IAM User Guide, "Condition operators" and "Multivalued context keys"."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any, Final

import pytest

from policy.iam.conditions import (
    MULTIVALUED_KEYS,
    OPERATORS,
    Condition,
    Context,
    Family,
    SetOperator,
    holds,
    parse_date,
    parse_network,
    parse_number,
    substitute,
    unescaped,
    variable_keys,
    widened,
)
from policy.iam.document import parse_document
from policy.iam.matching import LITERAL_QUESTION, LITERAL_STAR
from policy.iam.truth import UNKNOWN as NOT_KNOWN
from policy.iam.truth import Truth, Unknown

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
ORDERS: Final = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
BILLING: Final = "arn:aws:lambda:eu-central-1:123456789012:function:billing"
KEY: Final = "lambda:SourceFunctionArn"


def condition(operator: str, values: Any, key: str = "aws:x", version: str = "2012-10-17") -> Condition:
    """The condition of a statement that says `operator: {key: values}`."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {key: values}}}
    document = parse_document({"Version": version, "Statement": statement})
    assert document.errors == ()
    (found,) = document.statements[0].conditions
    return found


def asked(operator: str, values: Any, given: Any, key: str = "aws:x") -> Truth:
    """`given`: None for an absent key, a value, or a list of values."""
    context: dict[str, Any] = {}
    if given is not None:
        context[key.lower()] = tuple(given) if isinstance(given, list) else given if given is NOT_KNOWN else (given,)
    return holds(condition(operator, values, key), context)


# ---- the table of facts.md: (operator, value, absent, the function's own call)
# absent = the Lambda service's call; code = the function's call.


@pytest.mark.parametrize(
    ("operator", "values", "absent", "code"),
    [
        ("Null", "true", YES, NO),
        ("Null", True, YES, NO),
        ("Null", ["true"], YES, NO),
        ("Null", "True", YES, NO),
        ("Null", "false", NO, YES),
        ("Null", False, NO, YES),
        ("Null", ["true", "false"], YES, YES),
        ("ArnEquals", ORDERS, NO, YES),
        ("ArnLike", "arn:aws:lambda:*:*:function:ord*", NO, YES),
        ("StringEquals", ORDERS, NO, YES),
        ("StringLike", "arn:aws:lambda:*:function:orders", NO, YES),
        ("StringEquals", "arn:aws:lambda:*:*:function:*", NO, NO),
        ("ArnNotEquals", ORDERS, YES, NO),
        ("ArnNotLike", "arn:aws:lambda:*:*:function:*", YES, NO),
        ("StringNotEquals", ORDERS, YES, NO),
        ("StringNotLike", "*", YES, NO),
        ("ArnNotEquals", BILLING, YES, YES),
        ("ArnEqualsIfExists", ORDERS, YES, YES),
        ("ArnEqualsIfExists", BILLING, YES, NO),
        ("ArnNotEqualsIfExists", ORDERS, YES, NO),
        ("ArnNotEqualsIfExists", BILLING, YES, YES),
        ("ForAllValues:ArnEquals", ORDERS, YES, YES),
        ("ForAllValues:ArnNotEquals", ORDERS, YES, NO),
        ("ForAnyValue:ArnEquals", ORDERS, NO, YES),
        ("ForAnyValue:ArnNotEquals", ORDERS, NO, NO),
        ("ForAnyValue:ArnNotEquals", BILLING, NO, YES),
        # Several values of one key are alternatives; of a negated operator, none may match.
        ("ArnEquals", [BILLING, ORDERS], NO, YES),
        ("ArnNotEquals", [BILLING, ORDERS], YES, NO),
        ("ArnEquals", f"{ORDERS}:live", NO, NO),
        ("ArnLike", f"{ORDERS}:*", NO, NO),
        ("ArnLike", "arn:aws:lambda:*:function:orders", NO, NO),
    ],
)
def test_conditions_on_the_function(operator: str, values: Any, absent: Truth, code: Truth) -> None:
    assert asked(operator, values, None, KEY) is absent
    assert asked(operator, values, ORDERS, KEY) is code


def test_keys_and_operators_are_case_insensitive() -> None:
    found = condition("forANYvalue:ARNlikeIFEXISTS", ORDERS, "LAMBDA:sourceFUNCTIONarn")
    assert found.key == "lambda:sourcefunctionarn"
    assert found.name == "ForAnyValue:ArnLikeIfExists"
    assert holds(found, {"lambda:sourcefunctionarn": (ORDERS,)}) is YES


# ---- one operator after the other: (operator, the statement's values, the request's value, answer)

_STRINGS: Final = [
    ("StringEquals", "a", "a", YES),
    ("StringEquals", "a", "A", NO),
    ("StringEquals", "a*", "ab", NO),
    ("StringEquals", "a*", "a*", YES),
    ("StringEquals", ["a", "b"], "b", YES),
    ("StringEquals", ["a", "b"], "c", NO),
    ("StringEquals", "", "", YES),
    ("StringNotEquals", "a", "a", NO),
    ("StringNotEquals", "a", "A", YES),
    ("StringNotEquals", ["a", "b"], "b", NO),
    ("StringNotEquals", ["a", "b"], "c", YES),
    ("StringEqualsIgnoreCase", "aB", "Ab", YES),
    ("StringEqualsIgnoreCase", "ab", "abc", NO),
    ("StringEqualsIgnoreCase", "a*", "AB", NO),
    ("StringNotEqualsIgnoreCase", "aB", "Ab", NO),
    ("StringNotEqualsIgnoreCase", "aB", "Ac", YES),
    ("StringLike", "a*", "abc", YES),
    ("StringLike", "a*", "Abc", NO),
    ("StringLike", "a?", "a", NO),
    ("StringLike", "a?", "ab", YES),
    ("StringLike", "*", "", YES),
    ("StringLike", ["x", "*c"], "abc", YES),
    ("StringNotLike", "a*", "abc", NO),
    ("StringNotLike", "a*", "b", YES),
    ("StringNotLike", ["x*", "*c"], "abc", NO),
]
_NUMBERS: Final = [
    ("NumericEquals", "10", "10", YES),
    ("NumericEquals", 10, "10.0", YES),
    ("NumericEquals", "10", "10.01", NO),
    ("NumericEquals", ["1", "2"], "2", YES),
    ("NumericEquals", " 10 ", "1e1", YES),
    ("NumericNotEquals", "10", "10", NO),
    ("NumericNotEquals", "10", "11", YES),
    ("NumericLessThan", "10", "9", YES),
    ("NumericLessThan", "10", "10", NO),
    ("NumericLessThan", "10", "11", NO),
    ("NumericLessThan", "10", "9.99", YES),
    ("NumericLessThanEquals", "10", "9", YES),
    ("NumericLessThanEquals", "10", "10", YES),
    ("NumericLessThanEquals", "10", "11", NO),
    ("NumericGreaterThan", "10", "11", YES),
    ("NumericGreaterThan", "10", "10", NO),
    ("NumericGreaterThan", "10", "9", NO),
    ("NumericGreaterThanEquals", "10", "11", YES),
    ("NumericGreaterThanEquals", "10", "10", YES),
    ("NumericGreaterThanEquals", "10", "9", NO),
    ("NumericGreaterThan", "-1", "0", YES),
    # Not a number: AWS does not say what follows.
    ("NumericEquals", "ten", "10", UNKNOWN),
    ("NumericEquals", "10", "ten", UNKNOWN),
    ("NumericEquals", "NaN", "NaN", UNKNOWN),
    ("NumericLessThan", "Infinity", "1", UNKNOWN),
    ("NumericNotEquals", "ten", "10", UNKNOWN),
    ("NumericEquals", ["ten", "10"], "10", YES),
    ("NumericEquals", "0.1", "0.10000000000000000001", NO),
]
_NOON: Final = "2026-07-01T12:00:00Z"
_DATES: Final = [
    ("DateEquals", _NOON, _NOON, YES),
    ("DateEquals", _NOON, "2026-07-01T14:00:00+02:00", YES),
    ("DateEquals", _NOON, "2026-07-01T12:00:01Z", NO),
    ("DateEquals", _NOON, "1782907200", YES),
    ("DateEquals", "1782907200", _NOON, YES),
    ("DateNotEquals", _NOON, _NOON, NO),
    ("DateNotEquals", _NOON, "2026-07-01T12:00:01Z", YES),
    ("DateLessThan", _NOON, "2026-07-01T11:59:59Z", YES),
    ("DateLessThan", _NOON, _NOON, NO),
    ("DateLessThanEquals", _NOON, _NOON, YES),
    ("DateLessThanEquals", _NOON, "2026-07-01T12:00:01Z", NO),
    ("DateGreaterThan", _NOON, "2026-07-01T12:00:01Z", YES),
    ("DateGreaterThan", _NOON, _NOON, NO),
    ("DateGreaterThanEquals", _NOON, _NOON, YES),
    ("DateGreaterThanEquals", _NOON, "2026-07-01T11:59:59Z", NO),
    ("DateGreaterThan", "soon", _NOON, UNKNOWN),
    ("DateGreaterThan", _NOON, "soon", UNKNOWN),
]
_BOOLS: Final = [
    ("Bool", "true", "true", YES),
    ("Bool", True, "true", YES),
    ("Bool", False, "true", NO),
    ("Bool", "TRUE", "true", YES),
    ("Bool", "true", "True", YES),
    ("Bool", "false", "true", NO),
    ("Bool", ["true", "false"], "false", YES),
]
_ADDRESSES: Final = [
    ("IpAddress", "203.0.113.0/24", "203.0.113.0", YES),
    ("IpAddress", "203.0.113.0/24", "203.0.113.255", YES),
    ("IpAddress", "203.0.113.0/24", "203.0.114.0", NO),
    ("IpAddress", "203.0.113.0/24", "203.0.112.255", NO),
    ("IpAddress", "203.0.113.77/24", "203.0.113.1", YES),
    ("IpAddress", "203.0.113.7", "203.0.113.7", YES),
    ("IpAddress", "203.0.113.7", "203.0.113.8", NO),
    ("IpAddress", "0.0.0.0/0", "203.0.113.8", YES),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", NO),
    ("IpAddress", "2001:db8::/32", "2001:db8::1", YES),
    ("IpAddress", "2001:db8::/32", "2001:db9::1", NO),
    ("IpAddress", ["10.0.0.0/8", "203.0.113.0/24"], "203.0.113.8", YES),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.9", NO),
    ("NotIpAddress", "203.0.113.0/24", "203.0.114.0", YES),
    ("NotIpAddress", "0.0.0.0/0", "2001:db8::1", YES),
    ("NotIpAddress", ["10.0.0.0/8", "203.0.113.0/24"], "203.0.113.8", NO),
    ("IpAddress", "house", "203.0.113.8", UNKNOWN),
    ("IpAddress", "10.0.0.0/8", "house", UNKNOWN),
    ("NotIpAddress", "house", "203.0.113.8", UNKNOWN),
]
_BINARIES: Final = [
    ("BinaryEquals", "QUJD", "QUJD", YES),
    ("BinaryEquals", "QUJD", "QUJE", NO),
    ("BinaryEquals", "QUI=", "QUJ=", YES),  # the last bits of base64 carry nothing
    ("BinaryEquals", "no base64!", "QUJD", UNKNOWN),
    ("BinaryEquals", "QUJD", "no base64!", UNKNOWN),
    ("BinaryEquals", "QUJ", "QUJD", UNKNOWN),
    ("BinaryEquals", "QUJD", "QU\u00e9D", UNKNOWN),
]
_ARNS: Final = [
    ("ArnEquals", ORDERS, ORDERS, YES),
    ("ArnEquals", "arn:aws:lambda:*:*:function:o*", ORDERS, YES),
    ("ArnEquals", "*", ORDERS, NO),
    ("ArnEquals", ORDERS, "orders", NO),
    ("ArnLike", "arn:aws:lambda:*:*:function:o*", BILLING, NO),
    ("ArnNotLike", "arn:aws:lambda:*:*:function:o*", BILLING, YES),
    ("ArnNotLike", "arn:aws:lambda:*:*:function:o*", ORDERS, NO),
    # Five fields can never match; with less than that, what a negated operator does is not documented.
    ("ArnNotLike", "arn:aws:lambda:*:function", ORDERS, YES),
    ("ArnNotLike", "arn:aws:lambda:*", ORDERS, UNKNOWN),
    ("ArnNotEquals", "orders", ORDERS, UNKNOWN),
    ("ArnNotEquals", "*", ORDERS, UNKNOWN),
]


@pytest.mark.parametrize(
    ("operator", "values", "given", "expected"),
    [*_STRINGS, *_NUMBERS, *_DATES, *_BOOLS, *_ADDRESSES, *_BINARIES, *_ARNS],
)
def test_operators(operator: str, values: Any, given: str, expected: Truth) -> None:
    assert asked(operator, values, given) is expected
    # IfExists says nothing of a key that is there; ForAllValues and ForAnyValue nothing of a key with one value.
    assert asked(operator + "IfExists", values, given) is expected
    assert asked("ForAllValues:" + operator, values, given) is expected
    assert asked("ForAnyValue:" + operator, values, given) is expected


_NEGATED: Final = [name for name in OPERATORS if "not" in name]


@pytest.mark.parametrize("name", [name for name in OPERATORS if name != "null"])
def test_an_absent_key(name: str) -> None:
    written = OPERATORS[name].name
    absent = YES if "Not" in written else NO
    assert asked(written, "1", None) is absent
    assert asked(written + "IfExists", "1", None) is YES
    assert asked("ForAllValues:" + written, "1", None) is YES
    assert asked("ForAllValues:" + written + "IfExists", "1", None) is YES
    assert asked("ForAnyValue:" + written, "1", None) is NO
    # IfExists says yes, ForAnyValue no.
    assert asked("ForAnyValue:" + written + "IfExists", "1", None) is UNKNOWN
    # A key without any value is as good as absent.
    assert asked(written, "1", []) is absent


def test_the_table_of_operators() -> None:
    """All of the IAM reference, each under its own name, with its family; IAM has no NotBool and no BinaryNotEquals."""
    assert set(OPERATORS) == {
        "stringequals", "stringnotequals", "stringequalsignorecase", "stringnotequalsignorecase", "stringlike",
        "stringnotlike", "numericequals", "numericnotequals", "numericlessthan", "numericlessthanequals",
        "numericgreaterthan", "numericgreaterthanequals", "dateequals", "datenotequals", "datelessthan",
        "datelessthanequals", "dategreaterthan", "dategreaterthanequals", "bool", "binaryequals", "ipaddress",
        "notipaddress", "arnequals", "arnlike", "arnnotequals", "arnnotlike", "null",
    }  # fmt: skip
    families = {
        "string": Family.STRING, "numeric": Family.NUMERIC, "date": Family.DATE,
        "bool": Family.BOOL,
        "binary": Family.BINARY, "ipaddress": Family.IP_ADDRESS, "notip": Family.IP_ADDRESS, "arn": Family.ARN,
        "null": Family.NULL,
    }  # fmt: skip
    for name, row in OPERATORS.items():
        assert row.name.lower() == name
        assert row.family is next(family for prefix, family in families.items() if name.startswith(prefix))
        assert row.negated is ("Not" in row.name)
        assert row.wildcards is ("Like" in row.name or row.family is Family.ARN)
        assert row.ignore_case is ("IgnoreCase" in row.name)
        assert row.takes_variables is (row.family in (Family.STRING, Family.ARN))


def test_null_never_looks_at_a_value() -> None:
    with pytest.raises(AssertionError, match=r"^Null looks at presence, not at values$"):
        OPERATORS["null"].compare("a", "true")


# ---- several values


@pytest.mark.parametrize(
    ("operator", "values", "given", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], YES),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], NO),
        ("ForAllValues:StringEquals", ["a", "b"], [], YES),
        ("ForAnyValue:StringEquals", ["a", "b"], ["a", "c"], YES),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c", "d"], NO),
        ("ForAnyValue:StringEquals", ["a", "b"], [], NO),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], YES),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "b"], NO),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "c"], YES),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], NO),
        ("ForAnyValue:StringLike", "x*", ["a", NOT_KNOWN], UNKNOWN),
        ("ForAnyValue:StringLike", "x*", ["xa", NOT_KNOWN], YES),
        ("ForAllValues:StringLike", "x*", ["a", NOT_KNOWN], NO),
        ("ForAllValues:StringLike", "x*", ["xa", NOT_KNOWN], UNKNOWN),
        # Without a set operator AWS does not say what several values do.
        ("StringEquals", "a", ["a", "a"], UNKNOWN),
        ("StringNotEquals", "x", ["a", "b"], UNKNOWN),
    ],
)
def test_several_values(operator: str, values: Any, given: list[Any], expected: Truth) -> None:
    assert asked(operator, values, given) is expected


def test_variables_in_conditions_on_several_values() -> None:
    team = {"aws:principaltag/team": ("blue",)}
    for name in ("ForAllValues:StringEquals", "ForAnyValue:StringEquals"):
        wanted = condition(name, "${aws:PrincipalTag/team}")
        assert holds(wanted, {"aws:x": ("blue", "blue"), **team}) is YES
        assert holds(wanted, {"aws:x": ("red", "red"), **team}) is NO


def test_a_key_that_can_have_several_values_asks_for_a_set_operator() -> None:
    assert asked("StringEquals", "a", "a", "aws:TagKeys") is UNKNOWN
    assert asked("ForAnyValue:StringEquals", "a", "a", "aws:TagKeys") is YES
    assert asked("StringEquals", "a", None, "aws:TagKeys") is NO
    assert asked("StringNotEquals", "a", None, "aws:TagKeys") is YES
    assert "aws:tagkeys" in MULTIVALUED_KEYS
    assert all(key == key.lower() for key in MULTIVALUED_KEYS)


# ---- what is not known

_ANY: Final = NOT_KNOWN


@pytest.mark.parametrize(
    ("operator", "values", "given", "expected"),
    [
        # Present, with a value that is not known: Null is decided.
        ("Null", "true", [_ANY], NO),
        ("Null", "false", [_ANY], YES),
        ("ArnEquals", ORDERS, [_ANY], UNKNOWN),
        ("ArnEqualsIfExists", ORDERS, [_ANY], UNKNOWN),
        ("StringLike", "*", [_ANY], YES),
        ("StringLike", "**", [_ANY], YES),
        ("StringLike", ["x", "*"], [_ANY], YES),
        ("StringNotLike", "*", [_ANY], NO),
        ("StringLike", "?*", [_ANY], UNKNOWN),
        ("StringLike", "", [_ANY], UNKNOWN),
        ("StringEquals", "*", [_ANY], UNKNOWN),
        ("ArnLike", "*", [_ANY], UNKNOWN),
        ("ArnLike", "*:*:*:*:*:*", [_ANY], UNKNOWN),
        # Not even presence is known.
        ("Null", "true", _ANY, UNKNOWN),
        ("Null", "false", _ANY, UNKNOWN),
        ("Null", ["true", "false"], _ANY, UNKNOWN),
        ("StringEquals", "a", _ANY, UNKNOWN),
        ("StringNotEquals", "a", _ANY, UNKNOWN),
        ("StringEqualsIfExists", "a", _ANY, UNKNOWN),
        # A value of the statement that is not known.
        ("StringEquals", ["a", _ANY], "a", YES),
        ("StringEquals", ["a", _ANY], "b", UNKNOWN),
        ("StringNotEquals", ["a", _ANY], "a", NO),
        ("StringNotEquals", ["a", _ANY], "b", UNKNOWN),
        ("StringEquals", _ANY, None, NO),
        ("StringNotEquals", _ANY, None, YES),
        ("Null", _ANY, None, UNKNOWN),
        ("Null", ["true", _ANY], None, YES),
        ("Null", ["true", _ANY], "a", UNKNOWN),
    ],
)
def test_what_is_not_known(operator: str, values: Any, given: Any, expected: Truth) -> None:
    assert asked(operator, values, given) is expected


# ---- policy variables

TEAM: Final[Context] = {"aws:principaltag/team": ("blue",), "aws:tagkeys": ("a", "b"), "aws:star": ("b*?",)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$plain{}", "$plain{}"),
        ("${aws:PrincipalTag/team}", "blue"),
        ("${AWS:principaltag/TEAM}", "blue"),
        ("${ aws:PrincipalTag/team }", "blue"),
        ("a-${aws:PrincipalTag/team}-${aws:PrincipalTag/team}", "a-blue-blue"),
        ("${aws:PrincipalTag/team, 'red'}", "blue"),
        ("${aws:none}", None),
        ("a${aws:none}${aws:PrincipalTag/team}", None),
        ("${aws:none, 'red'}", "red"),
        ("${aws:none,'red'}", "red"),
        ("${aws:none, 'a*?b'}", f"a{LITERAL_STAR}{LITERAL_QUESTION}b"),
        ("${aws:none, ''}", ""),
        ("${aws:none, red}", None),
        ("${aws:none 'red'}", None),
        ("${aws:none}'red'", None),
        # A key with several values has none to put in, and the default is for absent keys.
        ("${aws:TagKeys}", None),
        ("${aws:TagKeys, 'red'}", None),
        # What is filled in is literal.
        ("${aws:star}", f"b{LITERAL_STAR}{LITERAL_QUESTION}"),
        ("${*}${?}${$}", f"{LITERAL_STAR}{LITERAL_QUESTION}$"),
        ("${ * }", LITERAL_STAR),
        ("${", "${"),
        ("${a${aws:PrincipalTag/team}}", "${ablue}"),
    ],
)
def test_policy_variables(text: str, expected: str | None) -> None:
    assert substitute(text, TEAM) == expected


@pytest.mark.parametrize("values", [NOT_KNOWN, (NOT_KNOWN,)])
def test_a_variable_that_is_not_known(values: Any) -> None:
    assert substitute("${aws:x}", {"aws:x": values}) is NOT_KNOWN
    assert substitute("${aws:x, 'red'}", {"aws:x": values}) is NOT_KNOWN
    # A variable without a value decides: nothing matches.
    assert substitute("${aws:x}${aws:none}", {"aws:x": values}) is None


def _about(operator: str, values: Any, context: Context, version: str = "2012-10-17") -> Truth:
    return holds(condition(operator, values, version=version), {"aws:x": ("blue",), **context})


def test_variables_in_conditions() -> None:
    team = "${aws:PrincipalTag/team}"
    assert _about("StringEquals", team, TEAM) is YES
    assert _about("StringLike", f"b*{team}", {**TEAM, "aws:x": ("bxblue",)}) is YES
    assert _about("ArnLike", f"a:b:c:d:e:{team}", {**TEAM, "aws:x": ("a:b:c:d:e:blue",)}) is YES
    assert _about("StringEquals", team, {}) is NO
    assert _about("StringEquals", ["blue", team], {}) is YES
    # Nothing matches a variable without a value, so its opposite does (IAM User Guide, "Policy variables with no value").
    assert _about("StringNotEquals", team, {}) is YES
    assert _about("StringNotEquals", ["blue", team], {}) is NO
    assert _about("StringEquals", team, {"aws:principaltag/team": NOT_KNOWN}) is UNKNOWN
    # Literal stars of a value are no wildcards, and `${*}` is a star.
    assert _about("StringLike", "${aws:star}", TEAM) is NO
    assert _about("StringLike", "${aws:star}", {**TEAM, "aws:x": ("b*?",)}) is YES
    assert _about("StringEquals", "${aws:star}", {**TEAM, "aws:x": ("b*?",)}) is YES
    assert _about("StringEqualsIgnoreCase", "B${*}", {"aws:x": ("b*",)}) is YES


def test_variables_only_in_text_operators_and_the_newer_version() -> None:
    team = "${aws:PrincipalTag/team}"
    assert _about("StringEquals", team, TEAM, version="2008-10-17") is NO
    assert _about("StringEquals", team, {**TEAM, "aws:x": (team,)}, version="2008-10-17") is YES
    number = {"aws:x": ("5",), "aws:n": ("5",)}
    assert _about("NumericEquals", "${aws:n}", number) is UNKNOWN
    assert _about("Bool", "${aws:n}", number) is NO


def test_the_keys_of_variables() -> None:
    text = "${aws:PrincipalTag/Team}/${*}${?}${$}${ec2:Vpc, 'x'}${AWS:principaltag/team}"
    assert variable_keys(text) == ("aws:principaltag/team", "ec2:vpc")
    assert variable_keys("plain") == ()


def test_unescaped() -> None:
    assert unescaped(f"a{LITERAL_STAR}b{LITERAL_QUESTION}*") == "a*b?*"


# ---- values

_START_OF_2026: Final = 1_767_225_600


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01", _START_OF_2026),
        ("2026-02", _START_OF_2026 + 31 * 86_400),
        ("2026-01-02", _START_OF_2026 + 86_400),
        ("2026-01-02T03:04Z", _START_OF_2026 + 86_400 + 3 * 3600 + 4 * 60),
        ("2026-01-02T03:04:05Z", _START_OF_2026 + 86_400 + 3 * 3600 + 4 * 60 + 5),
        ("2026-01-02T03:04:05", _START_OF_2026 + 86_400 + 3 * 3600 + 4 * 60 + 5),
        ("2026-01-01T00:00:00.25Z", Decimal("1767225600.25")),
        ("2026-01-01T00:00:00+01:00", _START_OF_2026 - 3600),
        ("2026-01-01T00:00:00-01:30", _START_OF_2026 + 5400),
        ("2026-01-01T00:00:00+0130", _START_OF_2026 - 5400),
        ("2026-01-01T00:00:00+12:45", _START_OF_2026 - 45_900),
        ("2026-01-01T00:00:00-10:00", _START_OF_2026 + 36_000),
        (" 2026-01-01T00:00:00Z ", _START_OF_2026),
        ("1767225600", _START_OF_2026),
        ("1767225600.5", Decimal("1767225600.5")),
        ("0", 0),
        # A year alone is a number.
        ("2026", 2026),
        ("2026-13", None),
        ("2026-00", None),
        ("2026-02-30", None),
        ("2026-01-01T25:00:00Z", None),
        ("2026-01-01 00:00:00Z", None),
        ("2026-1-1", None),
        ("0000-01-01", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: int | Decimal | None) -> None:
    assert parse_date(text) == expected


def test_dates_mean_the_same_wherever_the_pack_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        assert parse_date("2026-01-03") == _START_OF_2026 + 2 * 86_400
        assert parse_date("2026-01-03T00:00:07") == _START_OF_2026 + 2 * 86_400 + 7
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        (" -1.5 ", Decimal("-1.5")),
        ("1e3", 1000),
        ("", None),
        ("x", None),
        ("NaN", None),
        ("inf", None),
        ("1,5", None),
        ("1e400", Decimal("1e400")),
        ("1e401", None),
        ("1e-400", Decimal("1e-400")),
        ("1e-401", None),
        ("1" * 400, int("1" * 400)),
        ("1" * 401, None),
        ("1e9999999999999999999", None),
    ],
)
def test_numbers(text: str, expected: Any) -> None:
    assert parse_number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        (" 10.1.2.3 ", "10.1.2.3/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("10.0.0.0/33", None),
        ("10.0.0", None),
        ("", None),
    ],
)
def test_networks(text: str, expected: str | None) -> None:
    found = parse_network(text)
    assert (None if found is None else str(found)) == expected


def test_the_name_of_a_condition() -> None:
    assert condition("stringlike", "a").name == "StringLike"
    assert condition("forallvalues:stringlike", "a").name == "ForAllValues:StringLike"
    assert condition("ForAnyValue:StringLikeIfExists", "a").name == "ForAnyValue:StringLikeIfExists"
    assert condition("ForAnyValue:StringLike", "a").set_operator is SetOperator.FOR_ANY_VALUE
    assert condition("StringLikeIfExists", "a").if_exists
    assert not condition("StringLike", "a").if_exists


def test_an_unknown_presence_decides_nothing() -> None:
    for name in ("StringLike", "StringLikeIfExists", "StringNotLike", "ForAllValues:StringLike", "Null"):
        values = "true" if name == "Null" else "*"
        assert holds(condition(name, values), {"aws:x": NOT_KNOWN}) is UNKNOWN, name
    assert isinstance(NOT_KNOWN, Unknown)


# ---- patterns of what is not known


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("plain-*", "plain-*"),
        ("of-${aws:PrincipalAccount}-x", "of-123456789012-x"),
        ("${aws:PrincipalTag/none}", "*"),
        ("${aws:PrincipalTag/none, 'some'}-x", "some-x"),
        ("${aws:PrincipalTag/secret}/${aws:PrincipalAccount}", "*/123456789012"),
        ("${*}${?}${$}", f"{LITERAL_STAR}{LITERAL_QUESTION}$"),
    ],
)
def test_a_variable_that_is_not_known_may_be_anything(text: str, pattern: str) -> None:
    context: Context = {"aws:principalaccount": ("123456789012",), "aws:principaltag/secret": (NOT_KNOWN,)}
    assert widened(text, context) == pattern
