"""Random programs: roles, what is put on them and taken off them, what runs on them, in one account or two.

Most of a program is ordinary. What is not known at its preview is a variable, and its choices are the ways in which it may
turn out: the resource that it was made from, one of several, or, where it comes from outside the stack, anything.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, Final

from tests.stacks import documents
from tests.stacks.documents import ADMIN, BASIC, FRESH, GUARD, HOME, NAMED, NOTHING, OPEN, OWN, VPC_ACCESS, Documents
from tests.stacks.values import Item, Json, Later, Program, Provider, Text

_ROLES: Final = ("orders-role", "reports-role")
_FUNCTIONS: Final = ("orders", "reports", "batch")
_VPC_CONFIG: Final = {"subnetIds": ["subnet-0a1b2c3d4e5f60718"], "securityGroupIds": ["sg-0a1b2c3d4e5f60718"]}
ELSEWHERE: Final = f"arn:aws:iam::{OWN}:policy/elsewhere"
THEIRS: Final = f"arn:aws:iam::{OWN}:policy/theirs"
_MSK: Final = f"arn:aws:kafka:{HOME}:{OWN}:cluster/events/1"
_SQS: Final = f"arn:aws:sqs:{HOME}:{OWN}:events"
# Two reads of one role.
TWINS: Final = {"shared-again": "shared"}
# What values come from that are none of a role's, function's or policy's.
OTHERS: Final = (
    Item("aws:sqs/queue:Queue", "queue", {}),
    Item("random:index/randomPet:RandomPet", "pet", {}),
    Item("aws:msk/cluster:Cluster", "msk", {}),
    Item("pulumi:pulumi:StackReference", "network", {}, read=True),
)


class Generator:
    """One program from one random generator."""

    def __init__(self, rng: Random, rare: Random) -> None:
        self._rng = rng
        self._items: list[Item] = list(OTHERS)
        self._providers: dict[str, Provider] = {}
        self._choices: dict[str, tuple[Any, ...]] = {}
        # How much of it is deployed already.
        self._age = rng.choices((0.0, 1.0, 0.5), (5, 3, 2))[0]
        self._roles: dict[str, Item] = {}
        self._functions: dict[str, Item] = {}
        self._on: dict[str, str] = {}
        self._policies: dict[str, Item] = {}
        self._documents = Documents(rng, _FUNCTIONS, _ROLES, rare)

    def program(self) -> Program:
        """The program."""
        rng = self._rng
        self._add_providers()
        for name in rng.choice((_ROLES[:1], _ROLES[:1], _ROLES)):
            self._add_role(name)
        if rng.random() < 0.08:
            self._add_read_roles()
        for name in _FUNCTIONS[: rng.choice((1, 1, 2, 2, 3))]:
            self._add_function(name)
        for role in list(self._roles.values()):
            self._add_policies(role)
        if rng.random() < 0.12:
            self._add_event_source()
        if rng.random() < 0.2:
            self._add_owner()
        rng.shuffle(self._items)
        return Program(tuple(self._items), self._providers, self._choices, self._config())

    def _config(self) -> Json:
        rng = self._rng
        config: Json = {}
        if rng.random() < 0.1:
            config["role level"] = "advisory"
        if rng.random() < 0.1:
            config["role actions"] = [rng.choice(documents.ACTIONS)]
        if rng.random() < 0.1:
            config["options"] = {"unknown_documents": "may guard"}
        return config

    # ---- values

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    def _variable(self, name: str, *choices: Any) -> str:
        self._choices[name] = tuple(choices)
        return f"«{name}»"

    def _hidden(self, name: str, made_from: tuple[str, ...], *choices: Any) -> Later:
        return Later(self._variable(name, *choices), tuple(dict.fromkeys(made_from)))

    def _add(self, item: Item) -> Item:
        self._items.append(item)
        return item

    # ---- providers

    def _add_providers(self) -> None:
        rng = self._rng
        own: Json = {}
        region = self._variable("region:default", HOME, "us-east-1")
        own["region"] = Later(region, ("pet",), known=self._chance(0.8))
        account = self._variable("account:default", OWN, NAMED, FRESH)
        if self._chance(0.1):
            own["allowedAccountIds"] = f'["{account}"]'
        if self._chance(0.12):
            own["defaultTags"] = {"tags": {"app": "shop"}}
        self._providers["default"] = Provider("default", own, account, region)
        if self._chance(0.35):
            self._providers["other"] = self._other_provider(
                rng.choice(("region", "allowed", "profile", "assumed", "hidden"))
            )

    def _other_provider(self, kind: str) -> Provider:
        if kind == "region":  # the same credentials, elsewhere
            return Provider("other", {"region": "us-east-1"}, "«account:default»", "us-east-1")
        account = self._variable("account:other", NAMED, FRESH)
        props: Json = {"region": HOME}
        if kind == "allowed":
            props["allowedAccountIds"] = f'["{account}"]'
        elif kind == "profile":
            props["profile"] = "production"
        elif kind == "assumed":
            props["assumeRoles"] = [{"roleArn": f"arn:aws:iam::{account}:role/deploy"}]
        else:
            props["assumeRoles"] = [{"roleArn": Later(f"arn:aws:iam::{account}:role/deploy", ("network",))}]
        return Provider("other", props, account, HOME)

    def _other_account(self) -> bool:
        return "account:other" in self._choices

    # ---- roles

    def _add_role(self, name: str) -> None:
        rng = self._rng
        other = "other" in self._providers and self._roles and self._chance(0.6)
        provider = self._providers["other" if other else "default"]
        native = self._chance(0.22)
        deployed = self._chance(self._age)
        role_name: Any = name
        if other and self._other_account() and self._chance(0.5):
            role_name = _ROLES[0]
        given = role_name
        if self._chance(0.07):
            role_name = self._variable(f"name:{name}", f"{name}-4d2f", f"{name}-9c1e")
            given = Later(role_name, ("pet",), known=deployed)
        arn = Later(f"arn:aws:iam::{provider.account}:role/{role_name}", (name,), known=deployed)
        trust = self._trust()
        if native:
            inputs: Json = {"roleName": given, "assumeRolePolicyDocument": trust}
        else:
            inputs = {"name": given, "assumeRolePolicy": Text(trust)}
        computed: Json = {"arn": arn}
        if not native:
            computed["id"] = Later(role_name, (name,), known=deployed)
        self._tag(name, provider, inputs, computed, native, deployed)
        item = Item(
            "aws-native:iam:Role" if native else "aws:iam/role:Role",
            name,
            inputs,
            computed,
            provider.name,
            False,
            deployed,
        )
        self._roles[name] = item
        if self._chance(0.12):
            prop, inner = ("policies", "policyDocument") if native else ("inlinePolicies", "policy")
            key = "policyName" if native else "name"
            inputs[prop] = [
                {key: f"in-{i}", inner: self._document(f"{name}:{i}", name, native)}
                for i in range(rng.choice((1, 1, 2)))
            ]
        # A role that declares both lists is judged by itself as well.
        if self._chance(0.5 if {"policies", "inlinePolicies"} & inputs.keys() else 0.12):
            inputs["managedPolicyArns"] = [self._policy_arn(item, f"{name}:m{i}") for i in range(rng.choice((1, 1, 2)))]
        if self._chance(0.1):
            inputs["permissionsBoundary"] = rng.choice((ADMIN, self._policy_arn(item, f"{name}:b")))
        self._add(item)

    def _tag(self, name: str, provider: Provider, inputs: Json, computed: Json, native: bool, deployed: bool) -> None:
        tags: Any = {}
        if self._chance(0.35):
            value: Any = self._rng.choice(("orders", "shop"))
            if self._chance(0.2):
                value = self._hidden(f"tag:{name}", ("pet",), "orders", "other")
            tags = {"app": value}
            if self._chance(0.1):
                tags = self._hidden(f"tags:{name}", ("pet",), {"app": "orders"}, {"app": "other"}, {})
        added = provider.props.get("defaultTags", {}).get("tags", {})
        if native:
            every = {**added, **(tags if isinstance(tags, dict) else {})}
            inputs["tags"] = [{"key": key, "value": value} for key, value in every.items()]
            return
        if tags:
            inputs["tags"] = tags
        if isinstance(tags, dict):
            every = {**added, **tags}
            inner = {
                key: replace(value, known=True) if deployed and isinstance(value, Later) else value
                for key, value in every.items()
            }
            hides = not deployed or any(isinstance(value, Later) and not value.known for value in inner.values())
            computed["tagsAll"] = Later(every, (name,), known=not hides)

    def _trust(self) -> Json:
        rng = self._rng
        found: list[Json] = [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
        if self._chance(0.25):
            literal = rng.choice((OWN, OWN, NAMED))
            principal = rng.choice(
                (f"arn:aws:iam::{literal}:root", f"arn:aws:iam::{literal}:role/{_ROLES[0]}", "*", literal)
            )
            found.append({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})
            if self._chance(0.25):
                principal = f"arn:aws:iam::{OWN}:role/{_ROLES[0]}"
                found.append({"Effect": "Deny", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})
        return documents.document(*found)

    def _add_read_roles(self) -> None:
        """A role of another stack, read once or twice."""
        rng = self._rng
        echoed = self._chance(0.5)
        own = self._variable(
            "own", [], [NOTHING], [GUARD], [OPEN], [self._documents.any()], [self._documents.any(), GUARD]
        )
        if echoed:
            self._choices["own"] = self._choices["own"][rng.randrange(6) :][:1]
        arn = "arn:aws:iam::«account:default»:role/shared-role"
        trust = self._trust()
        for name in ("shared", "shared-again")[: rng.choice((1, 1, 2))]:
            lists: Json = {
                "inlinePolicies": Later(own, (name,)),
                "managedPolicyArns": [] if echoed else Later("«nothing»", (name,)),
            }
            if echoed:
                found = self._choices["own"][0]
                lists["inlinePolicies"] = [{"name": f"p{i}", "policy": Text(d)} for i, d in enumerate(found)]
            self._choices["nothing"] = ([],)
            computed = {
                "name": "shared-role", "id": "shared-role", "arn": Later(arn, (name,), known=echoed),
                "assumeRolePolicy": Text(trust), "tags": {}, "tagsAll": {}, **lists,
            }  # fmt: skip
            item = Item("aws:iam/role:Role", name, {}, computed, read=True, deployed=echoed)
            self._add(item)
            self._roles[name] = item

    def _own_name(self, role: Item) -> Any:
        return role.inputs.get("name", role.inputs.get("roleName", role.computed.get("name")))

    # ---- references

    def _name_of(self, role: Item, variable: str) -> Any:
        """A reference to a role by its name, in one of the ways in which programs have it."""
        rng = self._rng
        given = self._own_name(role)
        template = given.template if isinstance(given, Later) else given
        kind = rng.random()
        if kind < 0.3 and not isinstance(given, Later):
            return given
        if isinstance(given, Later) and kind < 0.25:
            return given  # made from what the role's own name is made from
        if kind < 0.6:
            known = not isinstance(given, Later) or given.known
            return Later(template, (role.name,), known=known)
        if kind < 0.88:
            return Later(template, (role.name,), known=role.deployed)
        return self._one_of_roles(role, variable, "name")

    def _arn_of(self, role: Item, variable: str) -> Any:
        arn = role.computed["arn"]
        kind = self._rng.random()
        if kind < 0.08 and "«name" not in arn.template:
            return arn.template.replace("«account:default»", OWN).replace("«account:other»", NAMED)
        return arn if kind < 0.9 else self._one_of_roles(role, variable, "arn")

    def _one_of_roles(self, role: Item, variable: str, what: str) -> Later:
        """An unknown reference that may be another role's, or anything."""
        same = [r for r in self._roles.values() if r.provider == role.provider]

        def text(r: Item) -> Any:
            given = r.computed["arn"] if what == "arn" else self._own_name(r)
            return given.template if isinstance(given, Later) else given

        foreign = "a-role-of-another-stack"
        if what == "arn":
            foreign = f"arn:aws:iam::{self._providers[role.provider].account}:role/{foreign}"
        kind = self._rng.random()
        if kind < 0.4:
            return self._hidden(
                variable, tuple(r.name for r in same), text(role), *(text(r) for r in same if r is not role)
            )
        if kind < 0.75:
            return self._hidden(variable, (role.name, "network"), text(role), foreign)
        # What another stack gives names nothing of this one.
        return self._hidden(variable, ("network",), foreign)

    def _policy_arn(self, role: Item, variable: str, *, owned: bool = False) -> Any:
        """A managed policy for a role: AWS's, the account's, one of another stack.

        What is `owned`, as a PolicyAttachment owns it, is not taken for one that the stack attaches elsewhere as well.
        """
        rng = self._rng
        kind = rng.random()
        if kind < 0.4:
            return rng.choice((VPC_ACCESS, VPC_ACCESS, BASIC, ADMIN))
        if kind < 0.44:
            self._choices[f"outside:{ELSEWHERE}"] = (NOTHING, GUARD, OPEN, self._documents.any())
            return ELSEWHERE
        policy = self._a_policy(role, variable)
        arn = policy.computed.get("arn", policy.computed.get("policyArn"))
        kind = rng.random()
        if kind < 0.75:
            return arn
        if kind < 0.85:
            return arn.template.replace("«account:default»", OWN).replace("«account:other»", NAMED)
        others = [
            p.computed.get("arn", p.computed.get("policyArn")).template
            for p in self._policies.values()
            if p is not policy
        ]
        if kind < 0.92 and others:
            found = tuple(p.name for p in self._policies.values())
            return self._hidden(variable, found, arn.template, *others)
        self._choices[f"outside:{ELSEWHERE}"] = self._choices[f"outside:{THEIRS}"] = (NOTHING, GUARD, OPEN)
        foreign = (THEIRS,) if owned else (VPC_ACCESS, BASIC, ELSEWHERE)
        if self._chance(0.6):
            return self._hidden(variable, (policy.name, "network"), arn.template, *foreign)
        return self._hidden(variable, ("network",), *foreign)

    def _a_policy(self, role: Item, variable: str) -> Item:
        """A customer managed policy, of the stack already or a new one."""
        known = [p for p in self._policies.values() if p.provider == role.provider]
        if known and self._chance(0.3):
            return self._rng.choice(known)
        name = f"policy-{len(self._policies)}"
        native = self._chance(0.12)
        account, deployed = self._providers[role.provider].account, self._chance(self._age)
        arn = Later(f"arn:aws:iam::{account}:policy/{name}", (name,), known=deployed)
        document = self._document(variable, role.name, native)
        if native:
            inputs: Json = {"managedPolicyName": name, "policyDocument": document}
            item = Item(
                "aws-native:iam:ManagedPolicy", name, inputs, {"policyArn": arn}, role.provider, False, deployed
            )
        else:
            inputs = {"name": name, "policy": document}
            computed = {"arn": arn, "id": arn}
            item = Item("aws:iam/policy:Policy", name, inputs, computed, role.provider, False, deployed)
        self._policies[name] = item
        return self._add(item)

    def _document(self, variable: str, role: str, native: bool) -> Any:
        """A document for a role: known, known but for a function's ARN, or unknown."""
        rng = self._rng
        found = self._documents.any() if self._chance(0.6) else rng.choice((OPEN, GUARD, GUARD, NOTHING))
        if self._chance(0.12):
            sources = rng.choice(
                (("queue",), ("queue",), ("network",), (role,), self._some_function(), ("queue", "network"))
            )
            choices = list(dict.fromkeys(map(str, (found, NOTHING, GUARD, OPEN))))
            picked = [next(d for d in (found, NOTHING, GUARD, OPEN) if str(d) == text) for text in choices]
            return self._hidden(f"doc:{variable}", sources, *(d if native else Text(d) for d in picked))
        if self._functions and self._chance(0.12):
            function = rng.choice(list(self._functions.values()))
            deny = {
                "Effect": "Deny", "Action": "ec2:*", "Resource": "*",
                "Condition": {"ArnEquals": {documents.KEY: function.computed["arn"]}},
            }  # fmt: skip
            found = documents.document(*found["Statement"], deny)
        return found if native else Text(found)

    def _some_function(self) -> tuple[str, ...]:
        return (self._rng.choice(list(self._functions)),) if self._functions else ("queue",)

    # ---- functions

    def _add_function(self, name: str) -> None:
        rng = self._rng
        role = rng.choice(list(self._roles.values()))
        if self._functions and self._chance(0.6):
            role = self._roles[self._on[next(iter(self._functions))]]
        provider = self._providers[role.provider]
        if self._choices.get("account:other") is None and "other" in self._providers and self._chance(0.3):
            provider = self._providers["other"]
        deployed = role.deployed and self._chance(max(self._age, 0.3))
        native = self._chance(0.2)
        function_name: Any = name
        given = function_name
        if self._chance(0.06):
            function_name = self._variable(
                # One that a function has, or that a role's tag gives.
                f"name:{name}",
                f"{name}-77aa",
                "reports" if name == "orders" else f"{name}-0",
                "shop",
            )
            given = Later(function_name, ("pet",), known=deployed)
        arn = f"arn:aws:lambda:{provider.region}:{provider.account}:function:{function_name}"
        inputs: Json = {
            "functionName" if native else "name": given,
            "role": self._arn_of(role, f"role of {name}"),
        }
        kind = rng.random()
        if kind < 0.65:
            inputs["vpcConfig"] = dict(_VPC_CONFIG)
        elif kind < 0.72:
            inputs["vpcConfig"] = self._hidden(f"vpc of {name}", ("network",), dict(_VPC_CONFIG), {"subnetIds": []})
        elif kind < 0.76:
            subnets = self._hidden(f"subnets of {name}", ("network",), _VPC_CONFIG["subnetIds"], [])
            inputs["vpcConfig"] = {"subnetIds": subnets}
        computed = {"arn": Later(arn, (name,), known=deployed)}
        kind_of = "aws-native:lambda:Function" if native else "aws:lambda/function:Function"
        self._functions[name] = self._add(Item(kind_of, name, inputs, computed, provider.name, False, deployed))
        self._on[name] = role.name

    def _add_event_source(self) -> None:
        rng = self._rng
        function = rng.choice(list(self._functions.values()))
        arn = function.computed["arn"]
        name: Any = arn
        if self._chance(0.2) and len(self._functions) > 1:
            others = [f.computed["arn"].template for f in self._functions.values() if f is not function]
            name = self._hidden("polled", tuple(self._functions), arn.template, *others)
        inputs: Json = {"functionName": name}
        kind = rng.random()
        if kind < 0.35:
            inputs["eventSourceArn"] = Later(_MSK, ("msk",), known=self._chance(0.4))
        elif kind < 0.5:
            inputs["eventSourceArn"] = Later(_SQS, ("queue",), known=self._chance(0.4))
        elif kind < 0.75:
            inputs["eventSourceArn"] = self._hidden("source", ("network",), _MSK, _SQS)
        else:
            inputs["selfManagedEventSource"] = {"endpoints": {"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"}}
            access = {"type": "VPC_SUBNET", "uri": "subnet:subnet-0a1b2c3d4e5f60718"}
            basic = {"type": "BASIC_AUTH", "uri": f"arn:aws:secretsmanager:{HOME}:{OWN}:secret:kafka"}
            inputs["sourceAccessConfigurations"] = rng.choice(
                (
                    [access],
                    [basic],
                    self._hidden("access", ("network",), [access], [basic]),
                    [{**access, "type": self._hidden("access type", ("network",), "VPC_SUBNET", "BASIC_AUTH")}],
                )
            )
        self._add(Item("aws:lambda/eventSourceMapping:EventSourceMapping", "events", inputs, {}, function.provider))

    # ---- policies on roles

    def _add_policies(self, role: Item) -> None:
        for i in range(self._rng.choice((1, 1, 2, 2, 3, 4))):
            name = f"{role.name}-{i}"
            kind = self._rng.choices(
                ("inline", "attachment", "policy attachment", "native inline", "native policy"), (35, 40, 12, 6, 7)
            )[0]
            getattr(self, "_" + kind.replace(" ", "_"))(role, name)

    def _inline(self, role: Item, name: str) -> None:
        listed = "eni" if self._chance(0.1) else name
        inputs = {
            "role": self._name_of(role, f"role of {name}"),
            "name": listed,
            "policy": self._document(name, role.name, native=False),
        }
        self._add(Item("aws:iam/rolePolicy:RolePolicy", name, inputs, {}, self._provider_for(role, inputs["role"])))

    def _native_inline(self, role: Item, name: str) -> None:
        inputs = {
            "roleName": self._name_of(role, f"role of {name}"),
            "policyName": name,
            "policyDocument": self._document(name, role.name, native=True),
        }
        self._add(Item("aws-native:iam:RolePolicy", name, inputs, {}, self._provider_for(role, inputs["roleName"])))

    def _attachment(self, role: Item, name: str) -> None:
        inputs = {"role": self._name_of(role, f"role of {name}"), "policyArn": self._policy_arn(role, f"arn of {name}")}
        kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
        self._add(Item(kind, name, inputs, {}, self._provider_for(role, *inputs.values())))

    def _policy_attachment(self, role: Item, name: str) -> None:
        inputs = {
            "roles": self._role_list(role, name),
            "policyArn": self._policy_arn(role, f"arn of {name}", owned=True),
            "name": name,
        }
        self._add(Item("aws:iam/policyAttachment:PolicyAttachment", name, inputs, {}, role.provider))

    def _native_policy(self, role: Item, name: str) -> None:
        account = self._providers[role.provider].account
        arn = Later(f"arn:aws:iam::{account}:policy/{name}", (name,))
        inputs = {
            "managedPolicyName": name,
            "policyDocument": self._document(name, role.name, native=True),
            "roles": self._role_list(role, name),
        }
        self._add(Item("aws-native:iam:ManagedPolicy", name, inputs, {"policyArn": arn}, role.provider))

    def _role_list(self, role: Item, name: str) -> Any:
        listed = [self._name_of(role, f"role of {name}")]
        others = [r for r in self._roles.values() if r is not role and r.provider == role.provider]
        several = isinstance(listed[0], Later) and len(listed[0].made_from) > 1
        if others and not several and self._chance(0.3):
            # Which of several unknown names may be whose, nobody can say: one name of several roles stands alone.
            second = self._name_of(self._rng.choice(others), f"second role of {name}")
            listed += [] if isinstance(second, Later) and len(second.made_from) > 1 else [second]
        if self._chance(0.12):
            plain = [self._template(v) for v in (self._own_name(role), *listed[1:])]
            every = [self._template(self._own_name(r)) for r in self._roles.values() if r.provider == role.provider]
            foreign = ["a-role-of-another-stack"]
            made_from, choices = self._rng.choice(
                (
                    ((role.name,), [plain[:1]]),
                    ((role.name, "network"), [plain[:1], foreign, [*plain[:1], *foreign], []]),
                    (("network",), [foreign, []]),
                    (tuple(r.name for r in self._roles.values() if r.provider == role.provider), [plain, every]),
                )
            )
            return self._hidden(f"roles of {name}", made_from, *choices)
        return listed

    @staticmethod
    def _template(value: Any) -> Any:
        return value.template if isinstance(value, Later) else value

    def _provider_for(self, role: Item, *names: Any) -> str:
        """Seldom another provider than the role's: of the same account, or of another, where the name is another role's."""
        literal = all(isinstance(name, str) for name in names)
        if "other" in self._providers and self._chance(0.15) and (literal or not self._other_account()):
            return self._rng.choice(("default", "other"))
        return role.provider

    def _add_owner(self) -> None:
        """A list that owns all policies of a kind on a role."""
        rng = self._rng
        role = rng.choice([r for r in self._roles.values() if not r.read])
        given = self._name_of(role, "owned role")
        if self._chance(0.5):
            names = [i.inputs["name"] for i in self._items if i.type == "aws:iam/rolePolicy:RolePolicy"]
            listed = [name for name in names if self._chance(0.6)]
            kind, prop = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive", "policyNames"
        else:
            arns = [
                i.inputs["policyArn"]
                for i in self._items
                if i.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
            ]
            listed = [arn for arn in arns if self._chance(0.6)]
            kind, prop = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", "policyArns"
        self._add(Item(kind, "owner", {"roleName": given, prop: listed}, {}, role.provider))


def program(seed: int, number: int) -> Program:
    """Program `number` of a run: the same for the same seed, however the run is split."""
    rare = Random(f"{seed}:{number}:rare")
    made = Generator(Random(f"{seed}:{number}"), rare).program()
    return _settled(made) if rare.random() < 0.1 else made


def _settled(made: Program) -> Program:
    """The program when it is deployed and nothing changes: all is known, of what may turn out in several ways the first."""
    items = tuple(
        replace(i, inputs=_known(i.inputs), computed=_known(i.computed), deployed=not i.read) for i in made.items
    )
    providers = {name: replace(p, props=_known(p.props)) for name, p in made.providers.items()}
    return replace(made, items=items, providers=providers)


def _known(value: Any) -> Any:
    if isinstance(value, Later):
        return Later(_known(value.template), value.made_from, known=True)
    if isinstance(value, Text):
        return Text(_known(value.document))
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list) else value
