"""Where the simulator is no reference for AWS: each difference has a name, a reason and a translation.

Nothing is skipped. A role with such a form is rewritten into one that means the same to IAM and that the simulator gets
right, and must then agree; how often the original would have been answered otherwise is counted under the name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.differential.plain import Json, as_list, like

REASONS: Final = {
    "wildcard in an action's service": "IAM takes `*:*` and `e*:*`; the simulator refuses the document or ignores it",
    "wildcard before the resource's first slash": "IAM's wildcard may stand anywhere in the last field of an ARN; the "
    "simulator takes what stands before the first `/` or `:` literally",
    "short ARN under NotResource": "missing fields are completed with `*`; the simulator does not invert that mismatch",
    "variable in an ARN's account": "the simulator fills in no variable in the account field",
    "variable in a condition": "the simulator fills in no variable in the account of an ARN, and has its own idea of one "
    "without a value: that matches nothing (IAM User Guide, Policy variables with no value)",
    "address without a range": "IAM reads a single address as a range of one; the simulator's negation then fails "
    "for an address of the other version",
    "range of all addresses": "0.0.0.0/0 holds every IPv4 address (and ::/0 every IPv6 one); for the simulator, none",
    "Describe* under NotResource": "the resource of an action without resource level is `*`, so a NotResource that "
    "does not match `*` applies; for the simulator it does not",
    "`**` as a resource": "matches what `*` matches; the simulator asks for an ARN",
}

# EC2 authorises the new interface of a Create as `network-interface/*`. For the simulator a `*` in a request is a
# wildcard, so the request is put with a character that no generated pattern holds; `*` and `?` match it all the same.
_NEW_INTERFACE: Final = ":network-interface/*"
_STAND_IN: Final = ":network-interface/~"
_KINDS: Final = ("network-interface", "subnet")


def resource_for_simulator(resource: str) -> str:
    """The request's resource as the simulator has to be asked."""
    return resource.removesuffix(_NEW_INTERFACE) + _STAND_IN if resource.endswith(_NEW_INTERFACE) else resource


class Translation:
    """A role as the simulator has to be given it, for actions with or without resource level."""

    def __init__(self, role: Json, *, describe: bool) -> None:
        self._describe = describe
        self._account = role["function_arn"].split(":")[4]
        self.names: set[str] = set()
        self.role: Json = {
            **role,
            "policies": [self._document(d) for d in role["policies"]],
            "boundary": None if role["boundary"] is None else [self._document(d) for d in role["boundary"]],
            "levels": [[self._document(d) for d in level] for level in role.get("levels", ())],
        }

    def _document(self, document: Json) -> Json:
        return {**document, "Statement": [self._statement(s) for s in as_list(document["Statement"])]}

    def _statement(self, statement: Json) -> Json:
        out = dict(statement)
        for name in ("Action", "NotAction"):
            if name in out:
                out[name] = self._each(out[name], self._action)
        if "NotResource" in out and self._describe and not any(set(p) == {"*"} for p in as_list(out["NotResource"])):
            self.names.add("Describe* under NotResource")
            del out["NotResource"]
            out["Resource"] = "*"
        for name in ("Resource", "NotResource"):
            if name in out:
                out[name] = self._each(out[name], partial(self._resource, negated=name == "NotResource"))
        if "Condition" in out:
            out["Condition"] = {
                operator: {
                    key: self._each(values, self._network)
                    if "ipaddress" in operator.lower()
                    else self._each(values, self._variables)
                    if "lambda:" in str(values)
                    else values
                    for key, values in by_key.items()
                }
                for operator, by_key in out["Condition"].items()
            }
        return out

    @staticmethod
    def _each(value: Any, change: Callable[[str], list[str]]) -> Any:
        """A one-element answer keeps the form of the original, so that an untouched document stays as it is."""
        changed = [text for item in as_list(value) for text in change(item)]
        return changed[0] if isinstance(value, str) and len(changed) == 1 else changed

    def _action(self, text: str) -> list[str]:
        service, colon, name = text.partition(":")
        if not colon or not set(service) & set("*?"):
            return [text]
        self.names.add("wildcard in an action's service")
        # A name of another service keeps a statement alive that covers nothing of EC2.
        return [f"ec2:{name}" if like(service, "ec2", True) else f"s3:{name}"]

    def _resource(self, text: str, negated: bool) -> list[str]:
        if set(text) == {"*"} and text != "*":
            self.names.add("`**` as a resource")
            return ["*"]
        if text == "*":
            return [text]
        if "${aws:PrincipalAccount}" in text:
            # The only variable that is generated there.
            self.names.add("variable in an ARN's account")
            text = text.replace("${aws:PrincipalAccount}", self._account)
        fields = text.split(":", 5)
        if len(fields) < 6:
            if negated:
                self.names.add("short ARN under NotResource")
                return self._resource(text + ":*" * (6 - len(fields)), negated)
            return [text]
        head, slash, tail = fields[5].partition("/")
        if slash and set(head) & set("*?"):
            self.names.add("wildcard before the resource's first slash")
            kinds = [kind for kind in _KINDS if like(head, kind)] or ["nothing"]
            return [":".join((*fields[:5], f"{kind}/{tail}")) for kind in kinds]
        return [":".join(fields)]

    def _variables(self, text: str) -> list[str]:
        filled = text.replace("${aws:PrincipalAccount}", self._account)
        filled = re.sub(r"\$\{aws:PrincipalTag/none, '(\w+)'\}", r"\1", filled)
        if "${aws:PrincipalTag/none}" in filled:
            filled = "arn:aws:lambda:nowhere:000000000000:function:nothing"
        if filled != text:
            self.names.add("variable in a condition")
        return [filled]

    def _network(self, text: str) -> list[str]:
        if text.endswith("/0"):
            self.names.add("range of all addresses")
            return ["0.0.0.0/1", "128.0.0.0/1"] if ":" not in text else ["::/1", "8000::/1"]
        if "/" not in text and re.fullmatch(r"[0-9a-fA-F.:]+", text):
            self.names.add("address without a range")
            return [f"{text}/{128 if ':' in text else 32}"]
        return [text]
