"""The configuration of one policy, read: every option, and every wrong value with the path and the value it names."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

from policy.iam.search import keys
from policy.iam.search.actions import CHANGING_INTERFACES, KEPT_FROM_CODE
from policy.pack.exempt import Use, notices
from policy.pack.settings import (
    ACTIONS,
    DEFAULTS,
    ELSEWHERE,
    EXEMPTIONS,
    REMEDIATION,
    SCOPE,
    UNKNOWN_DOCUMENTS,
    Entry,
    Settings,
    read_settings,
)
from policy.preview.config_file import violations

ALL: Final = {**ACTIONS, **EXEMPTIONS, **ELSEWHERE, **SCOPE, **REMEDIATION, **UNKNOWN_DOCUMENTS}
ENTRY: Final = {"match": "orders-*", "reason": "an SCP"}


def read(config: dict[str, Any]) -> Settings:
    return read_settings(config, ALL)


def test_nothing_is_configured() -> None:
    assert read({}) is DEFAULTS
    assert Settings(KEPT_FROM_CODE, (), (), True, False, ()) == DEFAULTS


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"actions": ["ec2:CreateNetworkInterface"]}, Settings(actions=("ec2:CreateNetworkInterface",))),
        (
            {"actions": ["EC2:deletenetworkinterface", "ec2:AttachNetworkInterface", "ec2:DeleteNetworkInterface"]},
            Settings(actions=("ec2:DeleteNetworkInterface", "ec2:AttachNetworkInterface")),
        ),
        ({"exemptions": [ENTRY]}, Settings(exemptions=(Entry("orders-*", "an SCP"),))),
        (
            {"exemptions": [{**ENTRY, "until": "2026-12-31"}, ENTRY]},
            Settings(exemptions=(Entry("orders-*", "an SCP", date(2026, 12, 31)), Entry("orders-*", "an SCP"))),
        ),
        ({"exemptions": []}, Settings()),
        ({"guarded_elsewhere": [ENTRY]}, Settings(guarded_elsewhere=(Entry("orders-*", "an SCP", None, True),))),
        ({"event_sources": False}, Settings(event_sources=False)),
        ({"event_sources": True}, Settings()),
        ({"remediate_standalone": True}, Settings(remediate_standalone=True)),
        ({"unknown_documents": "may guard"}, Settings(unknown_documents="may guard")),
        ({"unknown_documents": "do not guard"}, Settings()),
    ],
)
def test_an_option(config: dict[str, Any], expected: Settings) -> None:
    assert read(config) == expected


def test_every_action_of_the_reference_can_be_judged() -> None:
    names = sorted(keys.known_actions())
    assert {*KEPT_FROM_CODE, "ec2:AttachNetworkInterface", "ec2:DetachNetworkInterface"} <= set(names)
    assert read({"actions": names}) == Settings(actions=tuple(names))


def test_all_is_every_action_of_the_reference() -> None:
    found = read({"actions": "all"})
    assert found.problems == ()
    assert set(found.actions) == keys.known_actions()
    assert found.actions[: len(KEPT_FROM_CODE)] == KEPT_FROM_CODE


def test_what_else_changes_interfaces_is_in_the_reference() -> None:
    changing = {
        name
        for name in keys.known_actions()
        if any(kind.name == "network-interface" for kind in keys.action(name).resources)
        and not keys.action(name).read_only
    }
    assert set(CHANGING_INTERFACES) == changing - set(KEPT_FROM_CODE)


def test_read_only_actions_alone_do_not_turn_a_policy_off_that_judges_writes() -> None:
    config = {"actions": ["ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces"]}
    refused = read_settings(config, ["actions"], writes=True)
    assert refused.actions == KEPT_FROM_CODE
    assert refused.problems == ("`actions` lists nothing but read-only actions, which this policy does not report",)
    assert read_settings(config, ["actions"]).actions == tuple(config["actions"])
    mixed = [*config["actions"], "ec2:CreateNetworkInterface"]
    assert read_settings({"actions": mixed}, ["actions"], writes=True).problems == ()


# What no schema refuses, or where the policy stands alone: (configuration, problems, what is in force all the same).
WRONG: Final[list[tuple[dict[str, Any], list[str], Settings]]] = [
    (
        {"exemption": [ENTRY]},
        ["`exemption` is not an option of this policy; it has " + ", ".join(ALL)],
        Settings(),
    ),
    ({"actions": []}, ['`actions` must be a list of EC2 actions or "all", not []'], Settings()),
    ({"actions": "ec2:*"}, ["`actions` must be a list of EC2 actions or \"all\", not 'ec2:*'"], Settings()),
    (
        {"actions": ["ec2:CreateNetworkInterface", "ec2:*", 7.0]},
        [
            "`actions[1]` must be an EC2 action on network interfaces, not 'ec2:*'",
            "`actions[2]` must be an EC2 action on network interfaces, not 7.0",
        ],
        Settings(actions=("ec2:CreateNetworkInterface",)),
    ),
    (
        {"actions": ["s3:GetObject"]},
        ["`actions[0]` must be an EC2 action on network interfaces, not 's3:GetObject'"],
        Settings(),
    ),
    (
        {"unknown_documents": "guard"},
        ['`unknown_documents` must be "do not guard" or "may guard", not \'guard\''],
        Settings(),
    ),
    ({"exemptions": {"match": "x"}}, ["`exemptions` must be a list, not {'match': 'x'}"], Settings()),
    ({"exemptions": None}, ["`exemptions` must be a list, not None"], Settings()),
    (
        {"exemptions": ["orders-*"]},
        ["`exemptions[0]` must be an object with match and reason, not 'orders-*'"],
        Settings(),
    ),
    (
        {"exemptions": [ENTRY, {"match": "y"}]},
        ["`exemptions[1].reason` is missing"],
        Settings(exemptions=(Entry("orders-*", "an SCP"),)),
    ),
    ({"exemptions": [{"reason": "y"}]}, ["`exemptions[0].match` is missing"], Settings()),
    ({"exemptions": [{}]}, ["`exemptions[0].match` is missing", "`exemptions[0].reason` is missing"], Settings()),
    ({"exemptions": [{**ENTRY, "reason": " "}]}, ["`exemptions[0].reason` must be a text, not ' '"], Settings()),
    ({"exemptions": [{**ENTRY, "match": 5.0}]}, ["`exemptions[0].match` must be a text, not 5.0"], Settings()),
    (
        {"exemptions": [{**ENTRY, "ticket": "A-1"}]},
        ["`exemptions[0].ticket` is not known; there are match, reason and until"],
        Settings(),
    ),
    (
        {"exemptions": [{**ENTRY, "until": "2026-02-30"}]},
        ["`exemptions[0].until` must be a day like 2026-12-31, not '2026-02-30'"],
        Settings(),
    ),
    (
        {"exemptions": [{**ENTRY, "until": "31.12.2026"}]},
        ["`exemptions[0].until` must be a day like 2026-12-31, not '31.12.2026'"],
        Settings(),
    ),
    (
        {"exemptions": [{**ENTRY, "until": "20261231"}]},
        ["`exemptions[0].until` must be a day like 2026-12-31, not '20261231'"],
        Settings(),
    ),
    (
        {"exemptions": [{**ENTRY, "until": "٢٠٢٦-12-31"}]},
        ["`exemptions[0].until` must be a day like 2026-12-31, not '٢٠٢٦-12-31'"],
        Settings(),
    ),
    (
        {"guarded_elsewhere": [{"match": "*", "until": 2026.0}]},
        [
            "`guarded_elsewhere[0].reason` is missing",
            "`guarded_elsewhere[0].until` must be a day like 2026-12-31, not 2026.0",
        ],
        Settings(),
    ),
    ({"event_sources": "false"}, ["`event_sources` must be true or false, not 'false'"], Settings()),
    ({"remediate_standalone": 1.0}, ["`remediate_standalone` must be true or false, not 1.0"], Settings()),
]


@pytest.mark.parametrize(("config", "problems", "in_force"), WRONG)
def test_a_wrong_value_is_named_with_its_path_and_has_no_effect(
    config: dict[str, Any], problems: list[str], in_force: Settings
) -> None:
    found = read(config)
    assert list(found.problems) == problems
    assert found == Settings(
        in_force.actions, in_force.exemptions, in_force.guarded_elsewhere, True, False, tuple(problems)
    )


def test_an_option_of_another_policy_is_no_option_of_this_one() -> None:
    found = read_settings({"remediate_standalone": True, "event_sources": False}, {**ACTIONS, **EXEMPTIONS})
    assert list(found.problems) == [
        "`event_sources` is not an option of this policy; it has actions, exemptions, exemption_tag",
        "`remediate_standalone` is not an option of this policy; it has actions, exemptions, exemption_tag",
    ]


_JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["2026-01-01", *KEPT_FROM_CODE]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["match", "reason", "until", "x", *ALL]), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.mark.slow
@examples(300)
@given(st.dictionaries(st.sampled_from([*ALL, "x"]), _JSON, max_size=4))
def test_what_the_schema_takes_is_read_and_what_it_refuses_is_a_problem(config: dict[str, Any]) -> None:
    found = read(config)
    refused = list(violations({"type": "object", "properties": ALL}, config))
    if refused:
        assert found.problems
    for problem in found.problems:
        assert problem.startswith("`")
    for entry in (*found.exemptions, *found.guarded_elsewhere):
        assert entry.match
        assert entry.reason


# ---- an entry

URN: Final = "urn:pulumi:dev::shop::aws:iam/role:Role::orders-role"


@pytest.mark.parametrize(
    ("match", "names", "expected"),
    [
        ("orders-role", ["orders-role", URN], True),
        ("orders", ["orders-role", URN], False),
        ("orders-*", ["orders-role", URN], True),
        ("order?-role", ["orders-role", URN], True),
        ("*::orders-role", ["orders-role", URN], True),
        ("urn:pulumi:*::shop::aws:iam/role:Role::*", ["orders-role", URN], True),
        (URN, ["orders-role", URN], True),
        (URN + "x", ["orders-role", URN], False),
        ("ORDERS-role", ["orders-role", URN], False),
        ("*", ["anything"], True),
        ("*", [], False),
        ("[o]rders-role", ["orders-role"], False),
    ],
)
def test_what_an_entry_means(match: str, names: list[str], expected: bool) -> None:
    assert Entry(match, "r").matches(*names) is expected


def test_the_last_day_is_a_day_of_effect() -> None:
    entry = Entry("x", "r", date(2026, 2, 28))
    assert [entry.expired(date(2026, 2, day)) for day in (27, 28)] == [False, False]
    assert entry.expired(date(2026, 3, 1))
    assert not Entry("x", "r").expired(date(9999, 12, 31))


TODAY: Final = date(2026, 6, 15)
OVER: Final = Entry("orders", "moving", date(2026, 6, 14))
RUNNING: Final = Entry("orders", "moving", date(2026, 6, 15))


def test_an_entry_that_is_over_covers_nothing_and_is_noted() -> None:
    use = Use.of([OVER, RUNNING])
    assert not use.covers([OVER], TODAY, "orders")
    assert not use.covers([RUNNING], TODAY, "billing")
    assert (list(use.used), list(use.expired), list(use.seen)) == ([], [OVER], [OVER, RUNNING])
    assert use.covers([OVER, RUNNING], TODAY, "orders")
    assert list(use.used) == [RUNNING]


@pytest.mark.parametrize(
    ("used", "expired", "seen", "expected"),
    [
        ([Entry("a", "r")], [], [], ["`a` is exempt. Reason: r"]),
        ([RUNNING], [], [RUNNING], ["`orders` is exempt, until 2026-06-15. Reason: moving"]),
        ([Entry("*", "SCP", None, True)], [], [], ["`*` is taken to be guarded elsewhere. Reason: SCP"]),
        (
            [],
            [OVER],
            [OVER],
            ["The exemption of `orders` ended on 2026-06-14 and has no effect any more. Its reason was: moving"],
        ),
        (
            [],
            [Entry("*", "SCP", date(2026, 1, 1), True)],
            [],
            [
                "The entry in guarded_elsewhere for `*` ended on 2026-01-01 and has no effect any more. Its reason was: SCP"
            ],
        ),
        (
            [],
            [],
            [Entry(URN, "old")],
            [f"The exemption of `{URN}` has nothing to act on in this stack: take it out. Its reason was: old"],
        ),
        # A pattern, or another stack's URN, may have its use elsewhere.
        ([], [], [Entry("orders", "r"), Entry("*::orders", "r"), Entry(URN.replace(":dev:", ":prod:"), "r")], []),
        ([Entry(URN, "r")], [], [Entry(URN, "r")], [f"`{URN}` is exempt. Reason: r"]),
    ],
)
def test_notices(used: list[Entry], expired: list[Entry], seen: list[Entry], expected: list[str]) -> None:
    use = Use(dict.fromkeys(used), dict.fromkeys(expired), dict.fromkeys(seen))
    assert list(notices(use, "dev", "shop")) == expected
