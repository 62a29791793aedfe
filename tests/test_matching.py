"""Wildcards against regular expressions, `cells` against all short texts, and linear time without a clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policy.iam import matching
from policy.iam.matching import (
    FRESH,
    LITERAL_QUESTION,
    LITERAL_STAR,
    Glob,
    action_matches,
    arn_like,
    cells,
    glob,
    may_name,
    resource_globs,
    resource_like,
)
from policy.iam.truth import Truth
from tests.strategies import examples

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN

patterns = st.text("ab:*?", max_size=6)
texts = st.text("abc:", max_size=7)
# Fields that collide often, and now and then one field too few or too many.
arn_patterns = st.lists(
    st.sampled_from(("", "a", "b", "*", "?", "a*", "*b", "?b", "a?b", "**")), min_size=5, max_size=8
).map(":".join)
arn_texts = st.lists(st.sampled_from(("", "a", "b", "ab", "aab", "acb")), min_size=4, max_size=8).map(":".join)


# ---- the reference: regular expressions, written from IAM's words and not from the code


def _expression(pattern: str, one: str = ".") -> str:
    return "".join(one + "*" if c == "*" else one if c == "?" else re.escape(c) for c in pattern)


def _plain_reference(pattern: str, text: str, ignore_case: bool = False) -> bool:
    return re.fullmatch(_expression(pattern), text, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def _arn_reference(pattern: str, text: str) -> bool:
    """Six fields, split at the first five colons; each matches alone."""
    left, right = pattern.split(":", 5), text.split(":", 5)
    return len(left) == len(right) == 6 and all(map(_plain_reference, left, right))


@examples(300)
@given(patterns, texts, st.booleans())
def test_a_wildcard_matches_what_its_regular_expression_matches(pattern: str, text: str, ignore_case: bool) -> None:
    assert glob(pattern, ignore_case).matches(text) is _plain_reference(pattern, text, ignore_case)


@examples(200)
@given(st.text("aB?*", max_size=5), st.text("AbBa", max_size=5))
def test_case_is_ignored_only_where_asked(pattern: str, text: str) -> None:
    assert Glob(pattern, ignore_case=True).matches(text) is _plain_reference(pattern.lower(), text.lower())
    assert Glob(pattern).matches(text) is _plain_reference(pattern, text)


@examples(300)
@given(arn_patterns, arn_texts)
def test_an_arn_matches_field_by_field(pattern: str, text: str) -> None:
    assert arn_like(text, pattern) is _arn_reference(pattern, text)
    found = Glob(pattern, arn=True)
    assert found.matches(text) is _arn_reference(pattern, text)
    # The automaton, which `cells` walks, and the shortcuts of `matches` are two ways to one answer.
    assert bool(found.after(text) & found.accept) is _arn_reference(pattern, text)


@examples(200)
@given(patterns, texts)
def test_the_automaton_agrees_with_the_shortcuts(pattern: str, text: str) -> None:
    found = Glob(pattern)
    assert bool(found.after(text) & found.accept) is found.matches(text)


@examples(200)
@given(patterns, texts)
def test_a_wildcard_that_stops_at_fields_never_takes_in_a_colon(pattern: str, text: str) -> None:
    expected = re.fullmatch(_expression(pattern, one="[^:]"), text) is not None
    assert Glob(pattern, field_stops=True).matches(text) is expected


@examples(200)
@given(st.text("ab:*?", max_size=4), st.text("ab:", max_size=6), st.text("ab:", max_size=3))
def test_settled_is_settled(pattern: str, text: str, more: str) -> None:
    for found in (Glob(pattern), Glob(pattern + "::*:::*", arn=True)):
        state = found.after(text)
        if found.settled(state):
            assert found.matches(text + more) is (state != 0)


# ---- tables


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "a:b/c\nd", True),
        ("?", "", False),
        ("?", "a", True),
        ("?", ":", True),
        ("?", "ab", False),
        ("??", "ab", True),
        ("a*", "a", True),
        ("a*", "ba", False),
        ("*a", "ba", True),
        ("*a", "ab", False),
        ("a*b*c", "a--b--c", True),
        ("a*b*c", "abcb", False),
        ("a**c", "abc", True),
        # No two pieces share a character.
        ("ab*bc", "abc", False),
        ("*ab*b", "ab", False),
        ("*ab*b", "abb", True),
        ("a*aba*a", "aaba", False),
        ("a*aba*a", "aabaa", True),
        ("a*b*b*c", "abc", False),
        ("*?", "", False),
        ("?*", "x", True),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("A", "a", False),
        # `${*}` and `${?}` are literal.
        (LITERAL_STAR, "*", True),
        (LITERAL_STAR, "x", False),
        (LITERAL_QUESTION, "?", True),
        (LITERAL_QUESTION, "x", False),
        (f"a{LITERAL_STAR}*", "a*bc", True),
        (f"a{LITERAL_STAR}*", "abc", False),
        ("*", LITERAL_STAR, True),
    ],
)
def test_wildcards(pattern: str, text: str, expected: bool) -> None:
    assert glob(pattern).matches(text) is expected


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("*", "ec2:CreateNetworkInterface", True),
        ("ec2:*", "ec2:CreateNetworkInterface", True),
        ("EC2:createnetworkinterface", "ec2:CreateNetworkInterface", True),
        ("ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", False),
        ("ec2:CreateNetworkInterface*", "ec2:CreateNetworkInterfacePermission", True),
        ("ec2:Describe*", "ec2:DescribeSubnets", True),
        ("ec2:Describe*", "ec2:DeleteNetworkInterface", False),
        ("ec2:?escribeSubnets", "ec2:DescribeSubnets", True),
        ("ec2:?DescribeSubnets", "ec2:DescribeSubnets", False),
        ("s3:*", "ec2:DescribeSubnets", False),
        ("*:*", "ec2:DescribeSubnets", True),
        ("e*:*Subnets", "ec2:DescribeSubnets", True),
        ("ec2", "ec2:DescribeSubnets", False),
        ("", "ec2:DescribeSubnets", False),
        ("EC2:*NETWORK*", "ec2:CreateNetworkInterface", True),
    ],
)
def test_actions(pattern: str, action: str, expected: bool) -> None:
    assert action_matches(pattern, action) is expected


ENI: Final = "arn:aws:ec2:eu-central-1:123456789012:network-interface/eni-0ab"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", YES),
        ("**", YES),
        (ENI, YES),
        (ENI + "c", NO),
        (ENI.upper(), NO),
        ("arn:aws:ec2:*:*:network-interface/*", YES),
        ("arn:aws:ec2:*:*:*/*", YES),
        ("arn:aws:ec2:*:*:*", YES),
        ("arn:aws:ec2:*:*:network-interface/eni-0?b", YES),
        ("arn:aws:ec2:*:*:network-interface/eni-0?", NO),
        ("arn:aws:ec2:*:*:subnet/*", NO),
        ("arn:aws:ec2:us-*:*:*", NO),
        ("arn:aws:ec2:*:210987654321:*", NO),
        # Missing fields are completed with `*`.
        ("arn:aws:ec2:*:*", YES),
        ("arn:aws:ec2:eu-central-1", YES),
        ("arn:aws:ec2", YES),
        ("arn:*", YES),
        ("arn:aws:s3", NO),
        ("arn:aws:ec", NO),
        # AWS also says that a wildcard at the end of a field expands beyond the colon: not decided.
        ("arn:aws:ec2:*:network-interface/*", UNKNOWN),
        ("arn:aws:*/*", UNKNOWN),
        ("arn:*:*/eni-0ab", UNKNOWN),
        ("arn:*:*/eni-0abc", NO),
        # Not an ARN: the whole text.
        ("*/eni-0ab", YES),
        ("*eni-0a", NO),
        ("?rn:aws:ec2:*", YES),
        ("", NO),
    ],
)
def test_resources(pattern: str, expected: Truth) -> None:
    assert resource_like(ENI, pattern) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("*", YES), ("**", YES), ("?", YES), ("*?", YES), ("arn:*", NO), ("arn:aws:ec2:*:*:*", NO), ("??", NO)],
)
def test_an_action_without_resource_level_has_the_resource_star(pattern: str, expected: Truth) -> None:
    assert resource_like("*", pattern) is expected


FUNCTION: Final = "arn:aws:lambda:eu-central-1:123456789012:function:orders"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (FUNCTION, True),
        ("arn:aws:lambda:*:*:function:*", True),
        ("arn:aws:lambda:*:123456789012:function:ord*", True),
        ("arn:aws:lambda:*:*:function:?rders", True),
        ("arn:aws:lambda:*:*:*", True),
        ("arn:*:*:*:*:*", True),
        ("arn:aws:lambda:*:*:function:orders:live", False),
        ("arn:aws:lambda:*:*:function:orders:*", False),
        # A wildcard in one of the first five fields never takes in a colon.
        ("arn:aws:lambda:*:function:orders", False),
        ("arn:aws:lambda*", False),
        ("arn:aws:lambda:*", False),
        ("*", False),
        ("arn:aws:lambda:eu-central-1:123456789012:function", False),
        ("arn:aws:lambda:??-central-1:123456789012:function:orders", True),
        ("arn:aws:lambda:?:123456789012:function:orders", False),
        ("arn:aws:lambda:eu-central-1?123456789012:function:orders", False),
        ("arn:aws:lambda:eu-central-1:123456789012:function?orders", True),
        (FUNCTION.upper(), False),
    ],
)
def test_arn_operators_match_six_fields(pattern: str, expected: bool) -> None:
    assert arn_like(FUNCTION, pattern) is expected


@pytest.mark.parametrize(
    ("value", "pattern", "expected"),
    [
        ("a:b:c:d:e", "*:*:*:*:*", False),
        ("a:b:c:d:e:f", "*:*:*:*:*:*", True),
        (":::::", ":::::", True),
        ("", "", False),
    ],
)
def test_fewer_than_six_fields_match_nothing(value: str, pattern: str, expected: bool) -> None:
    assert arn_like(value, pattern) is expected


def test_a_pattern_that_is_no_arn_is_looked_at_once_for_resources() -> None:
    assert resource_globs(["*x"]) == [glob("*x"), glob("*x")]
    by_field, whole = resource_globs(["arn:aws:ec2:*"])
    assert by_field is glob("arn:aws:ec2:*:*:*", arn=True)
    assert whole is glob("arn:aws:ec2:*")


def test_only_arns_are_matched_field_by_field() -> None:
    assert Glob("a*?:b:c:d:e:f").matches("ax:y:b:c:d:e:f")
    assert not Glob("a*?:b:c:d:e:f", arn=True).matches("ax:y:b:c:d:e:f")
    for arn in (False, True):
        assert Glob("A?:b:c:d:e:f", ignore_case=True, arn=arn).matches("a1:B:c:d:e:f")
        assert not Glob("A?:b:c:d:e:f", arn=arn).matches("a1:B:c:d:e:f")


@pytest.mark.parametrize("field", range(6))
def test_the_automaton_takes_in_a_colon_in_the_last_field_only(field: int) -> None:
    for wildcard, more in (("*", "x:y"), ("?", ":")):
        pattern = ":".join(wildcard if i == field else "a" for i in range(6))
        text = ":".join(more if i == field else "a" for i in range(6))
        found = Glob(pattern, arn=True)
        assert bool(found.after(text) & found.accept) is (field == 5)


def test_the_literal_prefix_ends_before_the_first_wildcard() -> None:
    assert [Glob(p).literal_prefix() for p in ("abc", "ab*c*", "a?c*", "*", "?", "")] == ["abc", "ab", "a", "", "", ""]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Glob("abc"), True),
        (Glob("abc*"), True),
        (Glob("*"), True),
        (Glob(""), True),
        (Glob("a*c"), False),
        (Glob("*a*"), False),
        (Glob("a?"), False),
        (Glob("?*"), True),
        (Glob("a?*"), True),
        (Glob("a??*"), False),
        (Glob("?a*"), False),
        (Glob("a*?"), False),
        (Glob("a*?*"), False),
        (Glob("a?*", field_stops=True), False),
        (Glob("a:b:c:d:e:f?*", arn=True), True),
        (Glob("a?*", arn=True), False),
        (Glob("ab", ignore_case=True), False),
        (Glob("12*", ignore_case=True), True),
        (Glob("a:b:c:d:e:f*", arn=True), True),
        (Glob("a*", arn=True), False),
        (Glob("a*", field_stops=True), False),
    ],
)
def test_plain_prefixes(found: Glob, expected: bool) -> None:
    assert found.is_plain_prefix() is expected


def test_next_chars_are_those_that_lead_on() -> None:
    found = Glob("a*b?c")
    assert found.next_chars(found.start) == {"a"}
    assert found.next_chars(found.after("a")) == {"b"}
    assert found.next_chars(found.after("ab")) == {"b"}
    assert found.next_chars(found.after("abx")) == {"b", "c"}
    assert found.next_chars(found.after("abxc")) == {"b"}
    assert found.next_chars(0) == set()
    assert Glob("a", ignore_case=True).next_chars(1) == {"a", "A"}


def test_settled() -> None:
    assert Glob("ab*").settled(Glob("ab*").after("ab"))
    assert not Glob("ab*").settled(Glob("ab*").after("a"))
    assert Glob("ab*").settled(Glob("ab*").after("x"))
    assert not Glob("ab").settled(Glob("ab").after("ab"))
    # A wildcard at the end that stops at a colon does not take in every text.
    assert not Glob("ab*", field_stops=True).settled(Glob("ab*", field_stops=True).after("abc"))


_SHORT: Final = tuple("".join(chars) for length in range(5) for chars in product("abx:", repeat=length))


@examples(120)
@given(st.text("abA:*?", max_size=5), st.text("ab:", max_size=3), st.sampled_from(("", ":", "b", "ab")), st.booleans())
def test_stuck_is_stuck(pattern: str, text: str, without: str, ignore_case: bool) -> None:
    found = Glob(pattern, ignore_case=ignore_case)
    state = found.after(text)
    matched = any(found.matches(text + more) for more in _SHORT if not set(more) & set(without))
    assert not (found.stuck(state, without) and matched)


def test_stuck() -> None:
    found = Glob("a*:b*")
    assert found.stuck(found.after("a"), ":")
    assert not found.stuck(found.after("a"), "")
    assert not found.stuck(found.after("a:b"), ":")
    assert found.stuck(found.after("a:"), "b:")
    assert not Glob("a?b").stuck(Glob("a?b").after("a"), ":")
    # The other case of the letter will do.
    assert not Glob("xb", ignore_case=True).stuck(1, "b")
    assert Glob("xb", ignore_case=True).stuck(1, "bB")


# ---- cells: one text for each way in which patterns can turn out

Make = Callable[[str], Glob]


def _vectors(globs: list[Glob], found: list[str], prefix: str = "") -> set[tuple[bool, ...]]:
    return {tuple(g.matches(prefix + text) for g in globs) for text in found}


@examples(120)
@given(
    st.lists(st.text("ab:*?", min_size=1, max_size=4), min_size=1, max_size=3),
    st.sampled_from(("*", "?*", "a*", "*b", "??")),
    st.sampled_from(("", "", "a", "b:")),
    st.sampled_from(("", ":", "b")),
    st.booleans(),
)
def test_cells_miss_no_combination_that_a_short_text_shows(
    written: list[str], base: str, prefix: str, without: str, ignore_case: bool
) -> None:
    globs = [Glob(p, ignore_case=ignore_case) for p in written]
    inside = [t for t in _SHORT[:85] if _plain_reference(base, t) and not set(t) & set(without)]
    assume(any(inside))
    fresh = next(t for t in inside if t)
    found = cells(globs, base=glob(base), fresh=fresh, prefix=prefix, without=without)
    assert found.complete
    assert found.texts[0] == fresh
    for text in found.texts:
        assert _plain_reference(base, text)
        assert not set(text) & set(without)
    shown = _vectors(globs, list(found.texts), prefix)
    assert len(found.texts) == len(shown) or len(found.texts) == 1
    assert _vectors(globs, inside, prefix) <= shown


@examples(25)
@given(
    st.lists(
        st.sampled_from(("::::::", ":::::*", "*:::::a", "a:::::*b", "*:*:::::*", "?:::::", "b:::::a?", "*")),
        min_size=1,
        max_size=4,
    )
)
def test_cells_of_arns_miss_no_combination(written: list[str]) -> None:
    globs = [Glob(p, arn=True) for p in written]
    found = cells(globs, base=glob("*"), fresh="x")
    assert found.complete
    inside = [f"{first}:::::{last}" for first, last in product(_SHORT[:85], _SHORT[:85]) if ":" not in first]
    assert _vectors(globs, inside) <= _vectors(globs, list(found.texts))


@examples(60)
@given(
    st.lists(st.tuples(st.text("ab", max_size=3), st.sampled_from(("*", "?*", ""))), min_size=1, max_size=6),
    st.sampled_from(("*", "?*", "a*", "a?*")),
)
def test_cells_of_plain_prefixes_miss_no_combination(written: list[tuple[str, str]], base: str) -> None:
    globs = [Glob(stem + end) for stem, end in written]
    found = cells(globs, base=glob(base), fresh="abab")
    assert found.complete
    inside = [t for t in _SHORT if ":" not in t and _plain_reference(base, t)]
    assert _vectors(globs, inside) <= _vectors(globs, list(found.texts))
    assert all(_plain_reference(base, text) for text in found.texts)


def _cells(written: list[str], base: str = "*", fresh: str = "fresh", **more: Any) -> tuple[str, ...]:
    return cells([glob(p) for p in written], base=glob(base), fresh=fresh, **more).texts


@pytest.mark.parametrize("ends", ["*", "*z", "?*z"])
def test_where_patterns_wait_for_every_character_no_other_is_made_up(ends: str) -> None:
    found = _cells([f"{char}{ends}" for char in FRESH], base="?*", limit=10**7)
    made_up = set(found) - {"fresh"}
    assert {text[0] for text in made_up} - {":"} == {*FRESH} - ({"f"} if ends == "*" else set())
    assert max(map(len, made_up)) <= len(ends.replace("*", "")) + 1


def test_cells_are_the_plainest_texts() -> None:
    assert _cells([]) == ("fresh",)
    assert _cells(["a"]) == ("fresh", "a")
    assert _cells(["a", "a*"]) == ("fresh", "a", "a0")
    assert _cells(["fresh*"]) == ("fresh", "")
    assert _cells(["eni-0a*", "*b"]) == ("fresh", "b", "eni-0a", "eni-0ab")
    assert _cells(["eni-0a*", "*b"], base="eni-*", fresh="eni-7") == ("eni-7", "eni-b", "eni-0a", "eni-0ab")
    # A tail that runs into no other text: `a0` would be the start of `a0b*`, so the fresh character is another.
    assert _cells(["a*", "a0b*", "a"]) == ("fresh", "a", "a1", "a0b")


def test_cells_see_the_prefix_but_do_not_show_it() -> None:
    assert _cells(["x/a*", "x/b", "y*"], prefix="x/") == ("fresh", "a", "b")
    # What the prefix has settled cannot turn out otherwise any more.
    assert _cells(["x*", "y"], prefix="x/") == ("fresh",)


def test_cells_leave_out_characters() -> None:
    assert _cells(["a/b*", "a"], without="/") == ("fresh", "a")
    assert _cells(["*/*", "a"], without="/") == ("fresh", "a")
    assert _cells(["*/*", "a"]) == ("fresh", "/", "a")


def test_cells_say_when_they_gave_up() -> None:
    many = [glob(f"*{a}*{b}") for a, b in product("abcdefgh", repeat=2)]
    found = cells(many, base=glob("*"), fresh="x", limit=50)
    assert not found.complete
    assert found.texts
    assert cells(many[:2], base=glob("*"), fresh="x", limit=50).complete


def test_what_was_given_up_has_cost_its_limit() -> None:
    given_up = cells([glob("*a")], base=glob("?"), fresh="x", limit=6)
    assert given_up.complete is False
    assert given_up.cost == 6


def test_plain_prefixes_cost_what_their_pairs_do() -> None:
    two, four = (cells([glob(f"{c}*") for c in text], base=glob("*"), fresh="x") for text in ("ab", "abcd"))
    assert (two.cost, four.cost) == (8, 32)
    assert cells([], base=glob("*"), fresh="x").cost == 1


def test_plain_prefixes_outside_the_prefix_are_passed_over() -> None:
    found = cells([glob("b"), glob("p:a"), glob("p:ab*")], base=glob("*"), fresh="x", prefix="p:")
    assert set(found.texts) >= {"x", "a", "ab"}


def test_the_limit_is_the_number_of_steps() -> None:
    # From the start and after two texts (an `a` last or not), each pattern takes a step for `:`, `a` and another.
    found = cells([glob("*a")], base=glob("?"), fresh="x")
    assert found.complete
    assert found.cost == 3 * 2 * 3
    assert not cells([glob("*a")], base=glob("?"), fresh="x", limit=6).complete
    assert cells([glob("*a")], base=glob("?"), fresh="x", limit=7).complete


def test_made_up_characters_mean_nothing_to_a_pattern() -> None:
    assert not set(FRESH) & set("*?:/${}")
    assert len(set(FRESH)) == len(FRESH)


# ---- linear time, without a clock


class _Steps:
    """Counts how often any automaton takes a step, and looks at how many states."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken = 0
        original = Glob.step

        def step(this: Glob, state: int, char: str) -> int:
            self.taken += 1
            return original(this, state, char)

        monkeypatch.setattr(Glob, "step", step)


@pytest.mark.parametrize("length", [50, 200, 800])
@pytest.mark.parametrize("ending", ["a", "b", "*"])
def test_hostile_wildcards_cost_one_step_for_a_character(
    monkeypatch: pytest.MonkeyPatch, length: int, ending: str
) -> None:
    steps = _Steps(monkeypatch)
    Glob("*?a" * length + ending).matches("a" * length)
    assert steps.taken <= length
    steps.taken = 0
    Glob("a?*" * length + ending, ignore_case=True).matches("a" * 2 * length + "c")
    assert steps.taken <= 2 * length + 1


class _Searched(str):
    """A text that remembers from where it was searched."""

    starts: list[int]

    def find(self, sub: str, start: Any = 0, end: Any = None) -> int:
        self.starts.append(start)
        return super().find(sub, start, end)


@pytest.mark.parametrize("ending", ["", "b", "a"])
def test_without_question_marks_each_piece_is_looked_for_once_and_onwards(ending: str) -> None:
    text = _Searched("a" * 800)
    text.starts = []
    assert Glob("*a" * 500 + "*" + ending).matches(text) is (ending != "b")
    assert text.starts == list(range(500))[: len(text.starts)]
    assert len(text.starts) == (0 if ending == "b" else 500)
    text.starts.clear()
    assert not Glob("*a" * 500 + "*b*").matches(text)
    assert text.starts == list(range(501))


@pytest.mark.parametrize("length", [50, 200, 800])
def test_hostile_arns_cost_one_step_for_a_character_and_reading(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    steps = _Steps(monkeypatch)
    hostile = "*a" * length + "?*b"
    text = f"arn:aws:ec2:{'a' * length}:{'a' * length}:{'a' * length}"
    assert not arn_like(text, f"arn:aws:ec2:{hostile}:{hostile}:{hostile}")
    assert steps.taken <= len(text)
    steps.taken = 0
    assert resource_like(text, f"arn:aws:ec2:{hostile}:{hostile}:{hostile}") is NO
    # Read by field, and as a whole.
    assert 0 < steps.taken <= 2 * len(text)
    steps.taken = 0
    assert resource_like("a" * length, hostile) is NO
    assert steps.taken <= 2 * length


def test_a_match_that_is_lost_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = _Steps(monkeypatch)
    assert not Glob("a?*c").matches("xb" + "c" * 1000)
    assert steps.taken == 1


def test_hostile_patterns_do_not_multiply_in_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = _Steps(monkeypatch)
    found = cells([Glob("*a" * 30)], base=Glob("*"), fresh="x")
    assert found.complete
    assert len(found.texts) == 2
    assert steps.taken < 1500


def test_a_pattern_is_compiled_once() -> None:
    assert glob("abc*") is glob("abc*")
    assert matching.glob("abc*", arn=True) is not glob("abc*")


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("arn:aws:lambda:*:*:function:orders", True),
        ("arn:aws:lambda:*:*:function:or*", True),
        ("*:*:*:*:*:*", True),
        ("arn:aws:lambda:*:*:function:billing", False),
        # An Arn operator takes no pattern of fewer fields.
        ("function:orders", False),
        ("*", False),
    ],
)
def test_whether_a_pattern_may_name_a_resource(pattern: str, named: bool) -> None:
    assert may_name(pattern, "function:orders") is named
