"""A plain reference: what is on each role of a deployed stack, and what the code of its functions can call.

It knows values after the deployment only, links by names and ARNs within an account, and tries requests. It has nothing
of the pack: a resource is a type and properties, a document is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from typing import Any, Final

from tests.differential.plain import action_covered, allowed, as_list, conditions, statements
from tests.stacks.documents import ACTIONS, AWS_MANAGED, KEY, NEW_REGION, NOTHING, REGIONS, VPC
from tests.stacks.values import Json

_ON_THE_ROLE: Final = (
    "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy",
    "iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy",
)  # fmt: skip
_ON_A_POLICY: Final = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")
_EVERYTHING: Final[Json] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_KEY: Final = KEY.lower()
_TELLING: Final = (_KEY, "aws:sourcevpc", "aws:sourcevpce", "aws:sourceip")
_MOST_VARIANTS: Final = 10
# Where else a call may go.
_REGIONS: Final = (*REGIONS, "eu-north-1", NEW_REGION)
# The moment of a call, from the preview on, and that in which its session began: just now, or an hour ago.
_MOMENTS: Final = tuple(
    (f"{day}T00:00:00Z", issued)
    for day, before in (("2026-01-01", "2025-12-31"), ("2026-03-02", "2026-03-01"), ("2027-03-02", "2027-03-01"),
                        ("2031-03-02", "2031-03-01"))
    for issued in (f"{day}T00:00:00Z", f"{before}T23:00:00Z")
)  # fmt: skip
# What stands for the resource of a policy that is not in the stack.
ELSEWHERE: Final = "elsewhere"


@dataclass(frozen=True)
class Deployed:
    """One resource after the deployment. `own` are the documents that a read role has from elsewhere."""

    type: str
    name: str
    props: Json
    account: str
    region: str
    read: bool = False
    own: Sequence[Json] = ()


@dataclass(frozen=True)
class Policy:
    """A document on a role: inline under a name, or attached under an ARN (`custom` where the account owns it)."""

    key: str
    document: Json
    inline: bool
    custom: bool = False
    # The resources that put it there: that has it, and that attaches it.
    by: frozenset[str] = frozenset()


@dataclass(eq=False)
class Role:
    """A role with all that is put on it. What `removed` names may be taken off again."""

    item: Deployed
    arn: str
    policies: list[Policy] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)
    boundary: Json | None = None
    # What gives the boundary: the role's property, and the policy.
    bounded_by: frozenset[str] = frozenset()
    functions: list[Function] = field(default_factory=list)

    @property
    def in_scope(self) -> bool:
        """Whether something runs on it that needs network interfaces."""
        return any(function.needs_vpc for function in self.functions)

    def _of_one_name(self) -> list[list[int]]:
        names: dict[str, list[int]] = {}
        for i, policy in enumerate(self.policies):
            if policy.inline:
                names.setdefault(policy.key, []).append(i)
        return [found for found in names.values() if len(found) > 1]

    @property
    def unsafe(self) -> set[int]:
        """Which policies may be taken off, or overwritten by one of the same name."""
        return self.removed.union(*self._of_one_name())

    def variants(self) -> Iterator[tuple[list[Policy], bool]]:
        """The sets of policies that can be left, whichever order things are done in; and whether one of those with a Deny
        could have been taken off."""
        losers = [[set(found) - {winner} for winner in found] for found in self._of_one_name()]
        taken = [
            set[int](),
            set(self.removed),
            *({i} for i in self.removed),
            *(self.removed - {i} for i in self.removed),
        ]
        unsafe = self.unsafe
        seen: list[set[int]] = []
        for choice in product(taken, *losers):
            gone = set().union(*choice)
            if gone not in seen and len(seen) < _MOST_VARIANTS:
                seen.append(gone)
                left = [(i, policy) for i, policy in enumerate(self.policies) if i not in gone]
                yield [p for _, p in left], any(i in unsafe and "Deny" in json.dumps(p.document) for i, p in left)


@dataclass(frozen=True)
class Function:
    """What runs on a role."""

    name: str
    arn: str
    needs_vpc: bool


@dataclass(frozen=True)
class Answer:
    """What is true of one role with one set of policies; by function, each of which runs on it."""

    functions: Mapping[str, Function]
    exposed: Mapping[str, frozenset[str]]
    ways: frozenset[str]
    # The same if what was hidden allows nothing on IAM: of no unknown document is that supposed.
    known_ways: frozenset[str]
    locked: frozenset[tuple[str, str]]
    # Those that neither the code nor Lambda can make if what was hidden allows nothing.
    useless: frozenset[tuple[str, str]]
    # Those of the locked calls that a condition on the key or the network keeps out, in a document that was not hidden.
    guarded_out: frozenset[tuple[str, str]]
    # The resources that put the policies there.
    by: frozenset[str] = frozenset()
    # Whether a policy with a Deny is there that may as well be taken off.
    on_sufferance: bool = False
    # What put each policy there that has a Deny.
    denying: frozenset[frozenset[str]] = frozenset()


# ---- linking


class Reference:
    """One deployed stack. `outside` has the documents of policies that are not in it, by ARN; `hidden` has the names of
    the resources of whose policies something was not known at the preview."""

    def __init__(
        self, items: Sequence[Deployed], outside: Mapping[str, Json], hidden: Collection[str], memo: dict[str, Any]
    ) -> None:
        self._items, self._outside, self._hidden, self._memo = items, outside, hidden, memo
        self.roles: dict[str, Role] = {}
        self._names = {
            _text(i, "arn", "policyArn"): i.name for i in items if i.type.endswith((":Policy", ":ManagedPolicy"))
        }
        self._policies = {
            _text(i, "arn", "policyArn"): _document(i.props["policyDocument" if _native(i) else "policy"])
            for i in items
            if i.type in ("aws:iam/policy:Policy", "aws-native:iam:ManagedPolicy")
        }
        for item in items:
            if item.type in ("aws:iam/role:Role", "aws-native:iam:Role"):
                self._add_role(item)
        for item in items:
            self._put(item)
        for item in items:
            self._take(item)
        self._add_functions()

    def _add_role(self, item: Deployed) -> None:
        arn = item.props["arn"]
        same = next((role for role in self.roles.values() if role.arn == arn), None)
        if same is not None:  # read twice
            self.roles[item.name] = same
            return
        role = self.roles[item.name] = Role(item, arn)
        role.policies += [
            Policy(f"own {i}", d, inline=True, by=frozenset((item.name,))) for i, d in enumerate(item.own)
        ]
        if item.read:
            return
        for given in item.props.get("inlinePolicies") or item.props.get("policies") or ():
            name, document = (
                given.get("name", given.get("policyName")),
                given.get("policy", given.get("policyDocument")),
            )
            role.policies.append(Policy(name, _document(document), inline=True, by=frozenset((item.name,))))
        for arn in item.props.get("managedPolicyArns") or ():
            self._attach(role, arn, item.name)
        boundary = item.props.get("permissionsBoundary")
        if boundary:
            role.boundary = self._by_arn(boundary)
            given_by = () if "::aws:" in boundary else (self._names.get(boundary, ELSEWHERE),)
            role.bounded_by = frozenset((f"{item.name}.permissionsBoundary", *given_by))

    def _by_arn(self, arn: str) -> Json:
        return self._policies.get(arn) or AWS_MANAGED.get(arn) or self._outside.get(arn, NOTHING)

    def _attach(self, role: Role, arn: str, by: str) -> None:
        if all(policy.key != arn for policy in role.policies):
            known = {by, self._names.get(arn, by)} if arn in self._names or "::aws:" in arn else {by, ELSEWHERE}
            role.policies.append(Policy(arn, self._by_arn(arn), False, custom="::aws:" not in arn, by=frozenset(known)))

    def _role(self, name: object, account: str) -> Role | None:
        found = (r for r in self.roles.values() if r.item.account == account and r.arn.rpartition("/")[2] == name)
        return next(found, None)

    def _put(self, item: Deployed) -> None:
        props = item.props
        if item.type in ("aws:iam/rolePolicy:RolePolicy", "aws-native:iam:RolePolicy"):
            role = self._role(props.get("role", props.get("roleName")), item.account)
            if role is not None:
                document = _document(props.get("policy", props.get("policyDocument")))
                name = str(props.get("name", props.get("policyName")))
                role.policies.append(Policy(name, document, inline=True, by=frozenset((item.name,))))
        elif item.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
            self._attach_to((props["role"],), props["policyArn"], item)
        elif item.type == "aws:iam/policyAttachment:PolicyAttachment":
            self._attach_to(props["roles"], props["policyArn"], item)
        elif item.type == "aws-native:iam:ManagedPolicy":
            self._attach_to(props.get("roles") or (), props["policyArn"], item)
        elif item.type.endswith(":RolePolicyAttachmentsExclusive"):
            for arn in props["policyArns"]:
                self._attach_to((props["roleName"],), arn, item)

    def _attach_to(self, names: Iterable[object], arn: str, item: Deployed) -> None:
        for name in names:
            role = self._role(name, item.account)
            if role is not None:
                self._attach(role, arn, item.name)

    def _take(self, item: Deployed) -> None:
        """What a list that owns all of a kind takes off, because it is not in it."""
        props = item.props
        if item.type.endswith(":RolePoliciesExclusive"):
            self._take_from(self._role(props["roleName"], item.account), set(props["policyNames"]), inline=True)
        elif item.type.endswith(":RolePolicyAttachmentsExclusive"):
            self._take_from(self._role(props["roleName"], item.account), set(props["policyArns"]), inline=False)
        elif item.type == "aws:iam/role:Role" and not item.read:
            if props.get("inlinePolicies"):
                listed = {given["name"] for given in props["inlinePolicies"] if given}
                self._take_from(self.roles[item.name], listed, inline=True)
            if props.get("managedPolicyArns") is not None:
                self._take_from(self.roles[item.name], set(props["managedPolicyArns"]), inline=False)
        elif item.type == "aws:iam/policyAttachment:PolicyAttachment":
            for role in self.roles.values():
                if role.item.account == item.account and role.arn.rpartition("/")[2] not in props["roles"]:
                    role.removed |= {i for i, p in enumerate(role.policies) if p.key == props["policyArn"]}

    @staticmethod
    def _take_from(role: Role | None, listed: set[str], *, inline: bool) -> None:
        if role is not None:
            role.removed |= {i for i, p in enumerate(role.policies) if p.inline is inline and p.key not in listed}

    def _add_functions(self) -> None:
        polled = {f for item in self._items if item.type.endswith(":EventSourceMapping") for f in self._polled(item)}
        for item in self._items:
            if item.type.endswith(":Function"):
                role = next((r for r in self.roles.values() if r.arn == item.props["role"]), None)
                config = item.props.get("vpcConfig") or {}
                if role is not None:
                    arn = item.props["arn"]
                    needs = bool(config.get("subnetIds")) or arn in polled
                    role.functions.append(Function(item.name, arn, needs))

    def _polled(self, item: Deployed) -> Iterator[str]:
        """The functions for which Lambda polls out of a VPC."""
        source = item.props.get("eventSourceArn")
        access = item.props.get("sourceAccessConfigurations") or ()
        in_vpc = source is not None and source.split(":")[2] in ("kafka", "mq", "rds")
        if in_vpc or any(one["type"] in ("VPC_SUBNET", "VPC_SECURITY_GROUP") for one in access):
            for function in self._items:
                arn = function.props.get("arn", "")
                if function.type.endswith(":Function") and item.props["functionName"] in (arn, arn.split(":")[-1]):
                    yield arn

    # ---- answers

    def possible(self) -> bool:
        """Whether AWS takes it: a function's role is in the function's account, and so is the policy that is attached to a
        role, unless it is AWS's; a name is one role's, or one function's."""
        arns = [role.arn for name, role in self.roles.items() if not role.item.read or role.item.name == name]
        arns += [item.props["arn"] for item in self._items if item.type.endswith(":Function")]
        named = [(i, i.props["role"]) for i in self._items if i.type.endswith(":Function")]
        for item in self._items:
            found = [item.props.get(name) for name in ("policyArn", "permissionsBoundary")]
            found += [arn for name in ("policyArns", "managedPolicyArns") for arn in item.props.get(name) or ()]
            named += [(item, arn) for arn in found if arn and "::aws:" not in arn and not item.read]
        return len(set(arns)) == len(arns) and all(arn.split(":")[4] == item.account for item, arn in named)

    def each_role(self) -> Iterator[tuple[str, Role]]:
        """The roles by the names of their resources; one of those that are read twice."""
        seen: list[Role] = []
        for name, role in self.roles.items():
            if role not in seen:
                seen.append(role)
                yield name, role

    def answers(self, role: Role) -> list[Answer]:
        """What may be true of a role."""
        return [self._answer(role, *variant) for variant in role.variants()]

    def _answer(self, role: Role, policies: list[Policy], on_sufferance: bool) -> Answer:
        trust = role.item.props.get("assumeRolePolicy", role.item.props.get("assumeRolePolicyDocument"))
        tags = _tags(role.item)
        asked = json.dumps(
            [
                [(p.key, p.document, p.inline, bool(p.by & self._hidden)) for p in policies],
                role.boundary, bool(role.bounded_by & self._hidden), role.arn, tags, trust,
                [(f.name, f.arn, f.needs_vpc) for f in role.functions],
            ]
        )  # fmt: skip
        by = frozenset(name for policy in policies for name in policy.by)
        if asked not in self._memo:
            self._memo[asked] = Asked(policies, role, tags, _document(trust), self._hidden).answer()
        denying = frozenset(policy.by for policy in policies if "Deny" in json.dumps(policy.document))
        return replace(self._memo[asked], by=by, on_sufferance=on_sufferance, denying=denying)

    def taken_off(self) -> dict[str, set[frozenset[str]]]:
        """What put the policies there that may be taken off, by the name of the role's resource."""
        return {name: {role.policies[i].by for i in role.unsafe} for name, role in self.roles.items()}


def _native(item: Deployed) -> bool:
    return item.type.startswith("aws-native:")


def _text(item: Deployed, *names: str) -> str:
    return next((str(item.props[name]) for name in names if item.props.get(name)), "")


def _document(value: Any) -> Json:
    return _parsed(value) if isinstance(value, str) else dict(value)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Json:
    found: Json = json.loads(text)
    return found


def _tags(item: Deployed) -> dict[str, str]:
    tags = item.props.get("tagsAll") or item.props.get("tags") or {}
    return {tag["key"]: tag["value"] for tag in tags} if isinstance(tags, list) else dict(tags)


# ---- evaluation


class Asked:
    """One role with one set of policies, asked everything."""

    def __init__(
        self, policies: Sequence[Policy], role: Role, tags: Mapping[str, str], trust: Json, hidden: Collection[str]
    ) -> None:
        self._policies, self._role, self._trust = policies, role, trust
        # Without what unknown documents may deny, and without what they may allow.
        self._seen = [p.document if p.by.isdisjoint(hidden) else _unguarded(_allowing(p.document)) for p in policies]
        self._known = [p.document if p.by.isdisjoint(hidden) else _denying(p.document) for p in policies]
        self._boundary = None if role.boundary is None else [role.boundary]
        self._seen_boundary = self._boundary if role.bounded_by.isdisjoint(hidden) else None
        self._account = role.arn.split(":")[4]
        tagged = {f"aws:principaltag/{name.lower()}": (value,) for name, value in tags.items()}
        self._facts: dict[str, Sequence[str]] = {
            "aws:principaltag/app": (), "aws:principaltag/none": (), **tagged,
            "aws:principalaccount": (self._account,), "aws:resourceaccount": (self._account,),
            "aws:principalarn": (role.arn,), "aws:principaltype": ("AssumedRole",),
        }  # fmt: skip
        named = json.dumps([[policy.document for policy in policies], role.boundary])
        timed = "aws:TokenIssueTime" in named or "aws:CurrentTime" in named
        self._moments: Sequence[Mapping[str, Sequence[str]]] = [
            {"aws:currenttime": (now,), "aws:tokenissuetime": (issued,)}
            for now, issued in (_MOMENTS if timed else _MOMENTS[:1])
        ]

    def answer(self) -> Answer:
        """Everything that is asked of it."""
        documents = [policy.document for policy in self._policies]
        exposed = {
            f.name: frozenset(a for a in ACTIONS if self._can(documents, self._boundary, a, f.arn))
            for f in self._role.functions
        }
        sessions = frozenset(f.name for f in self._role.functions if self._session(f.arn))
        ways = frozenset(f.name for f in self._role.functions if self._rewrites(documents, f.arn))
        known = ways
        if self._known != documents:
            known = frozenset(
                f.name for f in self._role.functions if f.name in ways and self._rewrites(self._known, f.arn)
            )
        locked, guarded_out, useless = set(), set(), set()
        for f in self._role.functions:
            for action in ACTIONS:
                if self._known != documents and not (
                    self._can(self._known, self._boundary, action, f.arn)
                    or self._service(self._known, self._boundary, action, f.arn)
                ):
                    useless.add((f.name, action))
                if not self._service(documents, self._boundary, action, f.arn):
                    locked.add((f.name, action))
                    if not f.needs_vpc or self._service(self._seen, self._seen_boundary, action, f.arn):
                        continue
                    limits = None if self._boundary is None else list(map(_unguarded, self._boundary))
                    if self._service(list(map(_unguarded, documents)), limits, action, f.arn):
                        guarded_out.add((f.name, action))
        functions = {f.name: f for f in self._role.functions}
        calls = (frozenset(locked), frozenset(useless), frozenset(guarded_out))
        return Answer(functions, exposed, ways | sessions, known | sessions, *calls)

    def _can(
        self,
        documents: Sequence[Json],
        boundary: Sequence[Json] | None,
        action: str,
        arn: str,
        *,
        keyless: bool = False,
    ) -> bool:
        """Whether some call of the code is allowed."""
        documents, boundary = _about(documents, action), None if boundary is None else _about(boundary, action)
        named = json.dumps([documents, boundary])
        own = arn.split(":")[3]
        regions = {own, *_REGIONS} if "RequestedRegion" in named else {own}
        networks = (None, VPC, "vpc-0fedcba9876543210") if "SourceVpc" in named else (None,)
        for region, network, moment in product(sorted(regions), networks, self._moments):
            context = {**self._facts, **moment, "aws:requestedregion": (region,), _KEY: () if keyless else (arn,)}
            if network is not None:
                context["aws:sourcevpc"] = (network,)
            resource = f"arn:aws:ec2:{region}:{self._account}:network-interface/eni-0c0de"
            if allowed(documents, boundary, action, resource, context):
                return True
        return False

    def _service(self, documents: Sequence[Json], boundary: Sequence[Json] | None, action: str, arn: str) -> bool:
        """Whether Lambda's own call for a function is allowed."""
        region = arn.split(":")[3]
        context = {**self._facts, "aws:requestedregion": (region,), _KEY: ()}
        resource = f"arn:aws:ec2:{region}:{self._account}:network-interface/eni-0c0de"
        return any(allowed(documents, boundary, action, resource, {**context, **m}) for m in self._moments)

    # ---- ways round

    def _on_iam(self, documents: Sequence[Json], action: str, resource: str, arn: str) -> bool:
        context = {**self._facts, _KEY: (arn,)}
        documents, boundary = (
            _about(documents, action),
            None if self._boundary is None else _about(self._boundary, action),
        )
        if not documents[0]["Statement"]:
            return False
        named = json.dumps([documents, boundary])
        networks = ((), (VPC,)) if "SourceVpc" in named else ((),)
        # IAM's one endpoint is there; STS is called in any region.
        chosen = action.startswith("sts:") and "RequestedRegion" in named
        regions = {arn.split(":")[3], *_REGIONS} if chosen else {"us-east-1"}
        contexts = (
            {**context, **moment, "aws:requestedregion": (region,), **({"aws:sourcevpc": network} if network else {})}
            for region, network, moment in product(sorted(regions), networks, self._moments)
        )
        return any(allowed(documents, boundary, action, resource, c) for c in contexts)

    def _session(self, arn: str) -> bool:
        """The trust policy lets the role's own sessions in, and what they then do is allowed."""
        documents = [policy.document for policy in self._policies]
        direct = by_account = False
        for statement in statements([self._trust]):
            named = as_list(statement["Principal"].get("AWS", [])) if statement["Principal"] != "*" else ["*"]
            itself = self._role.arn in named or "*" in named
            account = f"arn:aws:iam::{self._account}:root" in named or self._account in named
            if statement["Effect"] == "Deny" and (itself or account):
                return False
            if statement["Effect"] == "Allow":
                direct, by_account = direct or itself, by_account or account
        opened = by_account and self._on_iam(documents, "sts:AssumeRole", self._role.arn, arn)
        assume = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
        }
        opened = opened or (direct and self._on_iam([*documents, assume], "sts:AssumeRole", self._role.arn, arn))
        return opened and any(self._can(documents, self._boundary, a, arn, keyless=True) for a in ACTIONS)

    def _rewrites(self, able_by: Sequence[Json], arn: str) -> bool:
        """The code can change what is on the role so that it can make the calls. `able_by` are the documents that let it."""
        documents = [policy.document for policy in self._policies]
        able = {a for a in _ON_THE_ROLE if self._on_iam(able_by, a, self._role.arn, arn)}
        own = {
            p.key
            for p in self._policies
            if p.custom and any(self._on_iam(able_by, a, p.key, arn) for a in _ON_A_POLICY)
        }
        if not able and not own:
            return False
        inline = {"iam:PutRolePolicy", "iam:DeleteRolePolicy"} & able
        gone = [bool(p.key in own or (inline if p.inline else "iam:DetachRolePolicy" in able)) for p in self._policies]
        added = [_EVERYTHING] if own or {"iam:PutRolePolicy", "iam:AttachRolePolicy"} & able else []
        changes_boundary = {"iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"} & able
        boundary = None if changes_boundary else self._boundary
        denies = ["Deny" in json.dumps(document) for document in documents]
        for taken in ([False] * len(gone), gone, [g and d for g, d in zip(gone, denies, strict=True)]):
            left = [d for d, t in zip(documents, taken, strict=True) if not t] + added
            for keyless in (False, True) if "iam:UpdateAssumeRolePolicy" in able else (False,):
                if any(self._can(left, boundary, a, arn, keyless=keyless) for a in ACTIONS):
                    return True
        return False


def _about(documents: Sequence[Json], action: str) -> list[Json]:
    """What the documents say of an action."""
    return [{"Statement": [s for s in statements(documents) if action_covered(s, action)]}]


def _allowing(document: Json) -> Json:
    return {**document, "Statement": [s for s in statements([document]) if s["Effect"] == "Allow"]}


def _denying(document: Json) -> Json:
    return {**document, "Statement": [s for s in statements([document]) if s["Effect"] == "Deny"]}


def _unguarded(document: Json) -> Json:
    """The document as if nobody had thought of the key, or of networks."""
    left = []
    for statement in statements([document]):
        telling = [key for _, key, _ in conditions(statement) if key.lower() in _TELLING]
        if statement["Effect"] == "Deny" and telling:
            continue
        kept = {
            operator: {key: value for key, value in keys.items() if key.lower() not in _TELLING}
            for operator, keys in statement.get("Condition", {}).items()
        }
        left.append({**statement, "Condition": kept})
    return {**document, "Statement": left}
