"""Configuration in the policies themselves: exemptions, what is guarded elsewhere, scope, levels, and the notices."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from pulumi_policy import (
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import _NotApplicableError
from pulumi_policy.proxy import unknown_checking_proxy

from policy.iam.search.actions import KEPT_FROM_CODE
from policy.pack.checks import Judge
from policy.pack.policies import policies
from policy.preview.config_file import PackConfigError, PolicyInfo, load, reconcile
from policy.preview.run import PreviewError, preview
from policy.shared import aws_types
from policy.shared.names import GUARD, NOTICES, READ_ONLY, ROLE_GUARD, STACK_POLICIES, UNVERIFIED

CONFIGURED: Final = (ROLE_GUARD, GUARD, READ_ONLY, UNVERIFIED)
TRUST: Final = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
OPEN: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(KEPT_FROM_CODE), "Resource": "*"}]}
)
GUARDED: Final = OPEN.replace(
    '"Resource": "*"', '"Resource": "*", "Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}'
)
LOCKED: Final = GUARDED.replace('"true"', '"false"')
ACCOUNT: Final = "123456789012"
ELSEWHERE: Final = f"arn:aws:iam::{ACCOUNT}:role/shared/other-role"

Config = Mapping[str, Mapping[str, Any]]
Told = list[tuple[str, str, str]]


@dataclass
class Stack:
    """The resources of one stack, as the engine hands them over."""

    name: str = "dev"
    found: list[PolicyResource] = field(default_factory=list)

    def urn(self, kind: str, name: str) -> str:
        return f"urn:pulumi:{self.name}::shop::{kind}::{name}"

    def add(self, kind: str, name: str, props: Mapping[str, Any], **depends_on: PolicyResource) -> PolicyResource:
        by_property = {prop: [resource] for prop, resource in depends_on.items()}
        args: Any = (kind, dict(props), self.urn(kind, name), name, None, None, None, [], by_property)
        self.found.append(PolicyResource(*args))
        return self.found[-1]

    def role(self, name: str = "orders-role", **props: Any) -> str:
        self.add(aws_types.ROLE, name, {"name": f"{name}-5f3a9c1", "assumeRolePolicy": TRUST, **props})
        return f"{name}-5f3a9c1"

    def policy(self, role: str, name: str = "orders-eni", text: str = OPEN) -> None:
        self.add(aws_types.ROLE_POLICY, name, {"name": f"{name}-0c0ffee", "role": role, "policy": text})

    def function(self, role: str, name: str = "orders", *, vpc: bool = True) -> None:
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"
        config = {"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": []}} if vpc else {}
        self.add(aws_types.FUNCTION, name, {"name": f"{name}-1234567", "role": arn, **config})

    def tell(self, config: Config | None = None, *, on: str = "2026-06-15", leave_out: Sequence[str] = ()) -> Told:
        """What the policies report: policy, resource (empty for the stack) and message, without the page that it leads
        to; `leave_out` are disabled."""
        moment = datetime.fromisoformat(on if "T" in on else f"{on}T12:00:00").replace(tzinfo=timezone.utc)
        told: Told = []
        for policy in policies(Judge(clock=moment.timestamp)):
            if policy.name in leave_out:
                continue

            def report(message: str, given: str | None = None, urn: str = "", name: str = policy.name) -> None:
                told.append((name, (given or urn).rpartition("::")[2], message.rpartition("\nMore: ")[0]))

            own = (config or {}).get(policy.name, {})
            if isinstance(policy, ResourceValidationPolicy):
                for r in self.found:
                    props = unknown_checking_proxy(dict(r.props))
                    args: Any = (r.resource_type, props, r.urn, r.name, None, None, own, {})
                    policy.validate(ResourceValidationArgs(*args), partial(report, urn=r.urn))
            else:
                assert isinstance(policy, StackValidationPolicy)
                policy.validate(StackValidationArgs(list(self.found), own, {}), report)
        return told


def everywhere(**options: object) -> Config:
    """The same options for every policy that has them."""
    return {name: {k: v for k, v in options.items() if k in OPTIONS[name]} for name in CONFIGURED}


OPTIONS: Final = {
    policy.name: set(policy.config_schema.properties) if policy.config_schema else set() for policy in policies()
}


def violated(told: Told) -> set[tuple[str, str]]:
    """Policies and resources, without notices."""
    return {(policy, name) for policy, name, _ in told if policy != NOTICES}


def noticed(told: Told) -> list[str]:
    return [message for policy, _, message in told if policy == NOTICES]


@pytest.fixture
def orders() -> Stack:
    """One function whose code can manage interfaces."""
    stack = Stack()
    role = stack.role()
    stack.policy(role)
    stack.function(role)
    return stack


HOLE: Final = {(GUARD, "orders-eni")}


def exempt(match: str, reason: str = "moving in June", **more: str) -> Config:
    return everywhere(exemptions=[{"match": match, "reason": reason, **more}])


# ---- exemptions


def test_without_configuration_there_is_a_violation_and_no_notice(orders: Stack) -> None:
    told = orders.tell()
    assert violated(told) == HOLE
    assert noticed(told) == []


@pytest.mark.parametrize(
    "match",
    [
        "orders",
        "orders-role",
        "orders-eni",
        "orders*",
        "order?-eni",
        "*",
        "urn:pulumi:dev::shop::aws:lambda/function:Function::orders",
        "urn:pulumi:dev::shop::aws:iam/role:Role::orders-role",
        "urn:pulumi:dev::shop::aws:iam/rolePolicy:RolePolicy::orders-eni",
        "urn:pulumi:*::shop::*",
        "*::orders-role",
        "orders-1234567",
        "orders-role-5f3a9c1",
    ],
)
def test_an_exemption_by_name_or_urn_of_function_role_or_policy(orders: Stack, match: str) -> None:
    told = orders.tell(exempt(match))
    assert violated(told) == set()
    assert noticed(told) == [f"`{match}` is exempt. Reason: moving in June"]


@pytest.mark.parametrize("match", ["order", "rders*", "urn:pulumi:prod::*", "ORDERS", "aws:iam*", "subnet-1", "shop"])
def test_an_exemption_of_something_else(orders: Stack, match: str) -> None:
    told = orders.tell(exempt(match))
    assert violated(told) == HOLE
    assert noticed(told) == []


def test_an_exemption_counts_only_for_the_policy_that_has_it(orders: Stack) -> None:
    entry = {"exemptions": [{"match": "orders", "reason": "r"}]}
    assert violated(orders.tell({GUARD: entry})) == set()
    for policy in (ROLE_GUARD, READ_ONLY, UNVERIFIED):
        told = orders.tell({policy: entry})
        assert violated(told) == HOLE
        assert noticed(told) == []


def test_all_entries_that_cover_the_same_are_shown(orders: Stack) -> None:
    entries = [{"match": "orders-eni", "reason": "one"}, {"match": "orders*", "reason": "two"}]
    told = orders.tell({GUARD: {"exemptions": [*entries, {"match": "orders-eni", "reason": "one"}]}})
    assert noticed(told) == ["`orders-eni` is exempt. Reason: one", "`orders*` is exempt. Reason: two"]


def test_one_function_of_a_shared_role_is_exempt() -> None:
    stack = Stack()
    role = stack.role("shared-role")
    stack.policy(role)
    for name in ("orders", "billing"):
        stack.function(role, name)
    (told,) = (message for policy, _, message in stack.tell() if policy == GUARD)
    assert "functions `billing` and `orders`" in told
    partly = stack.tell(exempt("orders"))
    (told,) = (message for policy, _, message in partly if policy == GUARD)
    assert "Code of function `billing` can" in told
    assert "orders`" not in told.replace("orders-eni`", "")
    assert noticed(partly) == ["`orders` is exempt. Reason: moving in June"]
    both = everywhere(exemptions=[{"match": "orders", "reason": "a"}, {"match": "billing", "reason": "b"}])
    assert violated(stack.tell(both)) == set()
    assert sorted(noticed(stack.tell(both))) == ["`billing` is exempt. Reason: b", "`orders` is exempt. Reason: a"]


def test_one_policy_resource_of_a_role_is_exempt() -> None:
    stack = Stack()
    role = stack.role()
    stack.policy(role, "one")
    stack.policy(role, "two")
    stack.function(role)
    assert violated(stack.tell()) == {(GUARD, "one"), (GUARD, "two")}
    assert violated(stack.tell(exempt("one"))) == {(GUARD, "two")}


def test_a_role_that_declares_everything_is_exempt_from_its_resource_check() -> None:
    stack = Stack()
    stack.function(stack.role(inlinePolicies=[{"name": "eni", "policy": OPEN}], managedPolicyArns=[]))
    assert violated(stack.tell()) == {(ROLE_GUARD, "orders-role")}
    told = stack.tell(exempt("orders-role"))
    assert violated(told) == set()
    assert noticed(told) == ["`orders-role` is exempt. Reason: moving in June"]


def test_a_lock_out_and_what_is_not_known_can_be_exempt() -> None:
    stack = Stack()
    role = stack.role()
    stack.policy(role, text=LOCKED)
    stack.function(role)
    stack.function(ELSEWHERE, "elsewhere")
    before = violated(stack.tell())
    assert (UNVERIFIED, "elsewhere") in before
    assert GUARD in {policy for policy, _ in before}
    told = stack.tell(
        everywhere(exemptions=[{"match": "orders-eni", "reason": "a"}, {"match": "elsewhere", "reason": "b"}])
    )
    assert violated(told) == set()


def test_an_exemption_that_is_not_needed_is_not_shown() -> None:
    stack = Stack()
    role = stack.role()
    stack.policy(role, text=GUARDED)
    stack.function(role)
    assert stack.tell(exempt("*")) == []


@pytest.mark.parametrize(
    ("on", "in_force"),
    [
        ("2026-06-14", True),
        ("2026-06-15T00:00:00", True),
        ("2026-06-15T23:59:59", True),
        ("2026-06-16T00:00:00", False),
        ("2027-01-01", False),
    ],
)
def test_an_exemption_ends_with_its_last_day(orders: Stack, on: str, in_force: bool) -> None:
    told = orders.tell(exempt("orders", until="2026-06-15"), on=on)
    assert violated(told) == (set() if in_force else HOLE)
    assert noticed(told) == [
        "`orders` is exempt, until 2026-06-15. Reason: moving in June"
        if in_force
        else "The exemption of `orders` ended on 2026-06-15 and has no effect any more. Its reason was: moving in June"
    ]


def test_an_exemption_that_was_extended_is_not_called_over(orders: Stack) -> None:
    config = everywhere(
        exemptions=[
            {"match": "orders", "reason": "r", "until": "2026-01-01"},
            {"match": "orders", "reason": "r", "until": "2026-12-31"},
        ]
    )
    told = orders.tell(config)
    assert violated(told) == set()
    assert "`orders` is exempt, until 2026-12-31. Reason: r" in noticed(told)


@pytest.mark.parametrize("policy", CONFIGURED)
def test_an_exemption_of_a_urn_that_is_gone_says_so(orders: Stack, policy: str) -> None:
    gone = orders.urn(aws_types.ROLE, "old-role")
    told = orders.tell({policy: {"exemptions": [{"match": gone, "reason": "r"}]}})
    assert violated(told) == HOLE
    assert noticed(told) == [
        f"The exemption of `{gone}` has nothing to act on in this stack: take it out. Its reason was: r"
    ]


def test_a_urn_of_another_stack_or_project_is_none_of_ours(orders: Stack) -> None:
    for match in ("urn:pulumi:prod::shop::a::b", "urn:pulumi:dev::shop2::a::b", "old-role"):
        assert noticed(orders.tell(exempt(match))) == []


@pytest.mark.parametrize("left_out", [*CONFIGURED, NOTICES])
def test_a_disabled_policy_takes_nothing_along(orders: Stack, left_out: str) -> None:
    told = orders.tell(exempt("orders"), leave_out=[left_out])
    assert violated(told) == set()
    assert len(noticed(told)) == (0 if left_out in (NOTICES, GUARD) else 1)


def test_an_empty_stack_has_no_notices() -> None:
    assert Stack().tell(exempt("*")) == []


# ---- guarded elsewhere


def elsewhere(match: str, **more: str) -> Config:
    return everywhere(guarded_elsewhere=[{"match": match, "reason": "the SCP eni", **more}])


@pytest.mark.parametrize(
    "match",
    ["orders-role", "*", "urn:pulumi:dev::shop::aws:iam/role:Role::orders-role", "orders-role-5f3a9c1", "*::orders-*"],
)
def test_a_role_that_is_guarded_elsewhere(orders: Stack, match: str) -> None:
    told = orders.tell(elsewhere(match))
    assert violated(told) == set()
    assert noticed(told) == [f"`{match}` is taken to be guarded elsewhere. Reason: the SCP eni"]


@pytest.mark.parametrize("match", ["orders", "orders-eni", "billing-role"])
def test_it_means_roles_and_nothing_else(orders: Stack, match: str) -> None:
    told = orders.tell(elsewhere(match))
    assert violated(told) == HOLE
    assert noticed(told) == []


def test_a_role_of_another_stack_is_guarded_elsewhere() -> None:
    stack = Stack()
    stack.function(ELSEWHERE)
    assert violated(stack.tell()) == {(UNVERIFIED, "orders")}
    for match in (ELSEWHERE, "arn:aws:iam::*:role/shared/*", "*"):
        assert violated(stack.tell(elsewhere(match))) == set()
    assert violated(stack.tell(elsewhere("other"))) == {(UNVERIFIED, "orders")}


def test_no_scp_helps_a_function_that_is_locked_out() -> None:
    stack = Stack()
    role = stack.role()
    stack.policy(role)
    condition = {"ArnLikeIfExists": {"lambda:SourceFunctionArn": "*:*:*:*:*:*"}}
    statement = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": condition}
    stack.policy(role, "lock", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    stack.function(role)
    told = stack.tell()
    assert violated(told) == {(GUARD, "lock")}
    assert "The Lambda service cannot call" in told[0][2]
    assert stack.tell(elsewhere("*")) == told, "and no notice, because the entry has no effect"


def test_the_whole_stack_is_guarded_elsewhere_for_the_resource_check_too() -> None:
    stack = Stack()
    stack.function(stack.role(inlinePolicies=[{"name": "eni", "policy": OPEN}], managedPolicyArns=[]))
    assert violated(stack.tell()) == {(ROLE_GUARD, "orders-role")}
    told = stack.tell(elsewhere("*"))
    assert violated(told) == set()
    assert noticed(told) == ["`*` is taken to be guarded elsewhere. Reason: the SCP eni"]


def test_what_is_guarded_elsewhere_ends_too(orders: Stack) -> None:
    told = orders.tell(elsewhere("*", until="2026-06-14"))
    assert violated(told) == HOLE
    assert noticed(told) == [
        "The entry in guarded_elsewhere for `*` ended on 2026-06-14 and has no effect any more. Its reason was: the SCP eni"
    ]


def test_a_role_that_is_gone_from_guarded_elsewhere(orders: Stack) -> None:
    gone = orders.urn(aws_types.ROLE, "old-role")
    assert noticed(orders.tell(elsewhere(gone))) == [
        f"The entry in guarded_elsewhere for `{gone}` has nothing to act on in this stack: take it out. "
        "Its reason was: the SCP eni"
    ]


# ---- scope and actions


def test_event_sources_can_be_left_out() -> None:
    stack = Stack()
    role = stack.role()
    stack.policy(
        role,
        text=OPEN.replace(
            '"ec2:DescribeSubnets"', '"ec2:DescribeSubnets", "ec2:DescribeVpcs", "ec2:DescribeSecurityGroups"'
        ),
    )
    stack.function(role, vpc=False)
    arn = f"arn:aws:kafka:us-east-1:{ACCOUNT}:cluster/c/1"
    stack.add(aws_types.EVENT_SOURCE, "orders-events", {"eventSourceArn": arn, "functionName": "orders-1234567"})
    assert violated(stack.tell()) == HOLE
    assert violated(stack.tell(everywhere(event_sources=True))) == HOLE
    assert stack.tell(everywhere(event_sources=False)) == []


def test_other_actions_can_be_judged() -> None:
    stack = Stack()
    role = stack.role()
    stack.policy(role, text=GUARDED)
    statement = {"Effect": "Allow", "Action": "ec2:AttachNetworkInterface", "Resource": "*"}
    stack.policy(role, "attach", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    stack.function(role)
    assert stack.tell() == []
    told = stack.tell(everywhere(actions=["ec2:AttachNetworkInterface"]))
    assert violated(told) == {(GUARD, "attach")}
    assert "can call `ec2:AttachNetworkInterface` with" in told[0][2]


def test_describe_alone_is_read_only() -> None:
    stack = Stack()
    role = stack.role()
    stack.policy(role)
    stack.function(role)
    assert violated(stack.tell({READ_ONLY: {"actions": ["ec2:DescribeSubnets"]}})) >= {(READ_ONLY, "orders-eni")}


def test_describe_alone_does_not_turn_the_guard_off() -> None:
    stack = Stack()
    role = stack.role()
    stack.policy(role)
    stack.function(role)
    for config in (everywhere(actions=["ec2:DescribeSubnets"]), {GUARD: {"actions": ["ec2:DescribeSubnets"]}}):
        told = stack.tell(config)
        assert (GUARD, "orders-eni") in violated(told)
        assert any("`actions` lists nothing but read-only actions" in str(violation) for violation in told)


# ---- wrong configuration


@pytest.mark.parametrize("policy", CONFIGURED)
@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"exemption": []}, "`exemption` is not an option of this policy"),
        (
            {"exemptions": [{"match": "orders", "reason": "r", "until": "2026-02-30"}]},
            "`exemptions[0].until` must be a day",
        ),
        ({"actions": ["ec2:*"]}, "`actions[0]` must be an EC2 action on network interfaces, not 'ec2:*'"),
    ],
)
def test_what_no_schema_refuses_is_one_violation_on_the_stack(
    orders: Stack, policy: str, option: dict[str, Any], problem: str
) -> None:
    told = [item for item in orders.tell({policy: option}) if item[1] == ""]
    ((name, _, message),) = told
    assert name == GUARD, "the policy that is mandatory"
    assert message.startswith("The configuration of this policy pack is wrong")
    assert f"\n{policy}: {problem}" in message


def test_all_that_is_wrong_is_told_at_once(orders: Stack) -> None:
    wrong = {"exemptions": [{"match": "orders", "reason": "r", "until": "2026-02-30"}], "x": 1.0}
    told = orders.tell(dict.fromkeys(CONFIGURED, wrong))
    (message,) = (message for _, name, message in told if name == "")
    assert message.count("\n") == 2 * len(CONFIGURED)
    assert violated(told) == {*HOLE, (GUARD, "")}, "an exemption with a wrong date exempts nothing"


# ---- what the engine is told


def schemas() -> list[PolicyInfo]:
    return [
        PolicyInfo(
            policy.name,
            policy.enforcement_level.value if policy.enforcement_level else "",
            policy.config_schema.properties if policy.config_schema else {},
        )
        for policy in policies()
    ]


REFUSED: Final[list[tuple[dict[str, Any], str]]] = [
    ({"exemptions": "orders"}, "exemptions: Invalid type. Expected: array, given: string"),
    ({"exemptions": ["orders"]}, "exemptions.0: Invalid type. Expected: object, given: string"),
    ({"exemptions": [{"match": "orders"}]}, "exemptions.0: reason is required"),
    ({"exemptions": [{"reason": "r"}]}, "exemptions.0: match is required"),
    (
        {"exemptions": [{"match": "", "reason": "r"}]},
        "exemptions.0.match: String length must be greater than or equal to 1",
    ),
    (
        {"exemptions": [{"match": "x", "reason": ""}]},
        "exemptions.0.reason: String length must be greater than or equal to 1",
    ),
    ({"exemptions": [{"match": "x", "reason": "r", "x": 1}]}, "exemptions.0: Additional property x is not allowed"),
    ({"exemptions": [{"match": "x", "reason": "r", "until": "soon"}]}, "exemptions.0.until: Does not match pattern"),
    ({"actions": []}, "actions: Array must have at least 1 items"),
    ({"actions": "every"}, "actions: Does not match pattern '^all$'"),
    ({"actions": {}}, "actions: Invalid type. Expected: array/string, given: object"),
    ({"actions": [1]}, "actions.0: Invalid type. Expected: string, given: integer"),
]
OF_ONE: Final[list[tuple[str, dict[str, Any], str]]] = [
    (
        ROLE_GUARD,
        {"remediate_standalone": "yes"},
        "remediate_standalone: Invalid type. Expected: boolean, given: string",
    ),
    (GUARD, {"event_sources": "no"}, "event_sources: Invalid type. Expected: boolean, given: string"),
    (GUARD, {"guarded_elsewhere": [{"match": "*"}]}, "guarded_elsewhere.0: reason is required"),
]


@pytest.mark.parametrize(
    ("policy", "option", "sentence"), [*((p, *row) for p in CONFIGURED for row in REFUSED), *OF_ONE]
)
def test_the_schema_refuses(policy: str, option: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PackConfigError, match=f"^validating policy config: {policy}: ") as error:
        reconcile(schemas(), {}, load({policy: option}))
    assert sentence in str(error.value)


def test_the_schema_takes_all_actions() -> None:
    settled = reconcile(schemas(), {}, load({name: {"actions": "all"} for name in CONFIGURED}))
    assert {settled[name].properties["actions"] for name in CONFIGURED} == {"all"}


def test_the_schema_takes_every_option() -> None:
    entries = [{"match": "*", "reason": "r"}, {"match": "x", "reason": "r", "until": "2026-12-31"}]
    options = {
        "actions": list(KEPT_FROM_CODE),
        "exemptions": entries,
        "exemption_tag": "eni-guard-exempt",
        "guarded_elsewhere": entries,
        "event_sources": False,
        "remediate_standalone": True,
        "unknown_documents": "may guard",
        "service_control_policies": [["scp.json", {"Version": "2012-10-17", "Statement": []}], []],
        "known_stacks": ["exports", "~/.pulumi"],
        "known_roles": ["account.json", {"file": "other.json.gz", "as_of": "2026-11-01"}],
        "known_roles_max_age": 1.5,
        "lookup": "aws",
        "lookup_timeout": 5,
        "lookup_profile": "audit",
        "lookup_role": "arn:aws:iam::111122223333:role/reader",
        "lookup_endpoint": "http://127.0.0.1:5000",
    }
    assert set().union(*OPTIONS.values()) == set(options)
    given = {name: {key: value for key, value in options.items() if key in OPTIONS[name]} for name in OPTIONS}
    settled = reconcile(schemas(), {}, load(given))
    assert {name: dict(config.properties) for name, config in settled.items()} == given


def test_the_levels_without_configuration() -> None:
    assert {name: config.level for name, config in reconcile(schemas(), {}, {}).items()} == {
        ROLE_GUARD: "mandatory",
        GUARD: "mandatory",
        READ_ONLY: "advisory",
        UNVERIFIED: "advisory",
        NOTICES: "advisory",
    }


def test_the_stack_policies_are_those_that_the_pack_declares_in_this_order() -> None:
    """Preview and survey ask those of the list: one that is missing there would be silent in them."""
    declared = [policy.name for policy in policies() if isinstance(policy, StackValidationPolicy)]
    assert declared == [*STACK_POLICIES, NOTICES]


# ---- exemptions by a tag

TAG: Final = "eni-exempt"


def tagged(value: object, on: str = "role") -> Stack:
    """The open stack with a tag on its role, its function or its policy."""
    stack = Stack()
    name = stack.role(**({"tags": value} if on == "role" else {}))
    stack.policy(name)
    stack.function(name)
    if on == "function":
        dict.update(stack.found[-1].props, {"tags": value})
    return stack


@pytest.mark.parametrize(
    ("tags", "on", "open_still"),
    [
        ({TAG: "firewall"}, "role", False),
        ({TAG: "firewall"}, "function", False),
        ([{"key": TAG, "value": "firewall"}], "role", False),
        ({TAG: "firewall; until=2026-06-15"}, "role", False),
        ({TAG: "firewall; until=2026-06-14"}, "role", True),
        ({"other": "firewall"}, "role", True),
        ({TAG: ""}, "role", True),
        ({TAG: " ; until=2026-12-31"}, "role", True),
        ({TAG: "x; until=soon"}, "role", True),
        ({TAG: "x; until=2026-02-30"}, "role", True),
        ({TAG: 5}, "role", True),
        (None, "role", True),
    ],
)
def test_a_tag_exempts_what_has_it(tags: object, on: str, open_still: bool) -> None:
    stack = tagged(tags, on)
    assert violated(stack.tell()) == {(GUARD, "orders-eni")}, "off without the option"
    told = [item for item in stack.tell(everywhere(exemption_tag=TAG)) if item[0] != NOTICES and item[1]]
    assert [(policy, name) for policy, name, _ in told] == ([(GUARD, "orders-eni")] if open_still else [])


def test_an_exemption_by_a_tag_is_shown_as_one() -> None:
    (notice,) = noticed(tagged({TAG: "firewall; until=2026-06-30"}).tell(everywhere(exemption_tag=TAG)))
    assert "orders-role` is exempt by its tag `eni-exempt`, until 2026-06-30. Reason: firewall" in notice
    (notice,) = noticed(tagged({TAG: "firewall; until=2026-06-01"}).tell(everywhere(exemption_tag=TAG)))
    assert "ended on 2026-06-01 and has no effect any more" in notice


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "it gives no reason"),
        ("x; until=soon", "its last day is not like until=2026-12-31"),
        ("x; until=2026-02-30", "its last day is not a day"),
    ],
)
def test_a_tag_that_exempts_nothing_is_told(value: str, says: str) -> None:
    told = tagged({TAG: value}).tell(everywhere(exemption_tag=TAG))
    ((_, _, message),) = [item for item in told if item[0] == GUARD and not item[1]]
    assert f"the tag `eni-exempt` of `orders-role` exempts nothing: {says}" in message


def test_a_tag_means_its_own_resource_alone() -> None:
    stack = tagged({TAG: "firewall"})
    other = stack.role("orders-role-2")
    stack.policy(other, "orders-eni-2")
    stack.function(other, "orders-2")
    assert violated(stack.tell(everywhere(exemption_tag=TAG))) == {(GUARD, "orders-eni-2")}


# ---- in the pack's own process

PROGRAM: Final = Path(__file__).parent.parent / "examples" / "unguarded-inline-policy"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {(GUARD, "mandatory")}),
        ({"all": "advisory"}, {(GUARD, "advisory")}),
        ({"all": "mandatory"}, {(GUARD, "mandatory")}),
        ({"all": "remediate"}, {(GUARD, "mandatory")}),
        ({"all": "disabled"}, set()),
        ({GUARD: "disabled"}, set()),
        ({"all": "disabled", GUARD: "advisory"}, {(GUARD, "advisory")}),
        ({"all": "disabled", GUARD: {"enforcementLevel": "mandatory"}}, {(GUARD, "mandatory")}),
        ({"all": "remediate", ROLE_GUARD: {"remediate_standalone": True}}, set()),
        ({ROLE_GUARD: {"enforcementLevel": "remediate", "remediate_standalone": True}}, set()),
        ({ROLE_GUARD: {"remediate_standalone": True}}, {(GUARD, "mandatory")}),
        # A notice never blocks, whatever else is raised.
        (
            {UNVERIFIED: "mandatory", GUARD: {"exemptions": [{"match": "orders", "reason": "r"}]}},
            {(NOTICES, "advisory")},
        ),
        (
            {name: {"exemptions": [{"match": "orders", "reason": "r"}]} for name in CONFIGURED},
            {(NOTICES, "advisory")},
        ),
        (
            {GUARD: {"exemptions": [{"match": "orders", "reason": "r", "until": "2020-02-29"}]}},
            {(GUARD, "mandatory"), (NOTICES, "advisory")},
        ),
    ],
)  # fmt: skip
def test_levels_and_options_in_the_pack(config: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    found = preview(PROGRAM, policy_pack_config=config).violations
    assert {(violation.policy, violation.enforcement) for violation in found} == expected
    assert len(found) == len(expected), "each is told once"


def test_a_wrong_value_is_refused_by_the_pack(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({GUARD: {"exemptions": [{"match": "orders"}]}}), encoding="utf-8")
    with pytest.raises(PreviewError, match=f"{GUARD}: exemptions.0: reason is required"):
        preview(PROGRAM, policy_pack_config=file)


def test_a_wrong_value_that_no_schema_refuses_stops_the_preview() -> None:
    result = preview(
        PROGRAM,
        policy_pack_config={
            "all": "mandatory",
            GUARD: {"exemptions": [{"match": "orders", "reason": "r"}], "exemption": 1},
        },
    )
    assert result.mandatory
    ((policy, enforcement, urn),) = {(v.policy, v.enforcement, v.urn) for v in result.violations if v.policy != NOTICES}
    assert (policy, enforcement, urn.rpartition("::")[2]) == (GUARD, "mandatory", "unguarded-inline-policy-dev")


# ---- stacks with nothing to judge


def applies(stack: Stack, name: str, config: dict[str, object]) -> bool:
    """Whether the policy says that it has to do with the stack."""
    policy = next(p for p in policies(Judge()) if p.name == name)
    assert isinstance(policy, StackValidationPolicy)
    try:
        policy.validate(StackValidationArgs(list(stack.found), config, {}), lambda *_: None)
    except _NotApplicableError:
        return False
    return True


@pytest.mark.parametrize("name", [GUARD, READ_ONLY, UNVERIFIED])
def test_the_stack_policies_do_not_apply_where_there_is_nothing_to_judge(orders: Stack, name: str) -> None:
    other = Stack()
    other.add("aws:s3/bucket:Bucket", "logs", {"bucket": "logs"})
    assert not applies(other, name, {})
    assert applies(orders, name, {})
    # A configuration is checked on every stack.
    assert applies(other, name, {"event_sources": 5})
