"""The account behind the stand-in providers: a JSON file, so that it outlives each provider process.

A role's real policies are kept apart from the resources that put them there, as in AWS. A role's state therefore
carries what the account held when the role was last read: empty after its creation, complete after a refresh, stale
in between.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from policy.preview.bridge import versioned_document

from .kinds import Properties


class Account:
    """The account while its file is locked: resources by type and id, and what each role really holds."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._resources: dict[str, dict[str, dict[str, Properties]]] = content.setdefault("resources", {})
        self._roles: dict[str, dict[str, Any]] = content.setdefault("roles", {})

    def get(self, type_token: str, resource_id: str) -> tuple[Properties, Properties] | None:
        """The inputs and outputs of a resource as they are now, or None if it is gone."""
        found = self._resources.get(type_token, {}).get(resource_id)
        if found is None or not self._still_attached(type_token, found["outputs"]):
            return None
        inputs, outputs = dict(found["inputs"]), dict(found["outputs"])
        if type_token in ("aws:iam/role:Role", "aws-native:iam:Role"):
            self._reflect(type_token, resource_id, inputs, outputs)
        return inputs, outputs

    def put(self, type_token: str, resource_id: str, inputs: Properties, outputs: Properties) -> None:
        """Creates or updates a resource, and gives the roles that it names what it grants them."""
        before = self._resources.setdefault(type_token, {}).get(resource_id)
        if before is not None:
            self._apply(type_token, before, attach=False)
        self._resources[type_token][resource_id] = after = {"inputs": inputs, "outputs": outputs}
        self._apply(type_token, after, attach=True)

    def delete(self, type_token: str, resource_id: str) -> None:
        """Deletes a resource, and takes from the roles what it granted them."""
        found = self._resources.get(type_token, {}).pop(resource_id, None)
        if found is not None:
            self._apply(type_token, found, attach=False)
        if type_token in ("aws:iam/role:Role", "aws-native:iam:Role"):
            self._roles.pop(resource_id, None)

    def _role(self, name: str) -> dict[str, Any]:
        return self._roles.setdefault(name, {"inline": {}, "managed": []})

    def _apply(self, type_token: str, resource: dict[str, Properties], *, attach: bool) -> None:
        inputs, outputs = resource["inputs"], resource["outputs"]
        match type_token:
            case "aws:iam/role:Role" if attach:
                # A list that the role declares is exclusive: it replaces whatever else the role holds.
                role = self._role(outputs["name"])
                if "inlinePolicies" in inputs:
                    role["inline"] = {
                        each["name"]: each["policy"] for each in outputs["inlinePolicies"] if each.get("name")
                    }
                if "managedPolicyArns" in inputs:
                    role["managed"] = sorted(inputs["managedPolicyArns"])
            case "aws-native:iam:Role":
                for each in inputs.get("policies", []):
                    self._inline(inputs["roleName"], each["policyName"], each["policyDocument"], attach)
                for arn in inputs.get("managedPolicyArns", []):
                    self._managed(inputs["roleName"], arn, attach)
            case "aws:iam/rolePolicy:RolePolicy":
                self._inline(inputs["role"], outputs["name"], outputs["policy"], attach)
            case "aws-native:iam:RolePolicy":
                self._inline(inputs["roleName"], inputs["policyName"], inputs.get("policyDocument"), attach)
            case "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
                self._managed(inputs["role"], inputs["policyArn"], attach)
            case "aws:iam/policyAttachment:PolicyAttachment":
                for role_name in inputs.get("roles", []):
                    self._managed(role_name, inputs["policyArn"], attach)
            case "aws-native:iam:ManagedPolicy":
                for role_name in inputs.get("roles", []):
                    self._managed(role_name, outputs["policyArn"], attach)

    def _inline(self, role_name: str, name: str, document: Any, attach: bool) -> None:
        inline = self._role(role_name)["inline"]
        if attach:
            inline[name] = document
        else:
            inline.pop(name, None)

    def _managed(self, role_name: str, arn: str, attach: bool) -> None:
        managed = set(self._role(role_name)["managed"])
        self._role(role_name)["managed"] = sorted(managed | {arn} if attach else managed - {arn})

    def _still_attached(self, type_token: str, outputs: Properties) -> bool:
        if type_token == "aws:iam/rolePolicy:RolePolicy":
            return outputs["name"] in self._role(outputs["role"])["inline"]
        if type_token == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
            return outputs["policyArn"] in self._role(outputs["role"])["managed"]
        return True

    def _reflect(self, type_token: str, name: str, inputs: Properties, outputs: Properties) -> None:
        """Puts what the account holds into a role's outputs, and into its inputs the lists that it declares itself."""
        role = self._role(name)
        documents = {
            key: value if isinstance(value, str) else str(versioned_document(json.dumps(value)))
            for key, value in role["inline"].items()
        }
        if type_token == "aws:iam/role:Role":
            real = {
                "inlinePolicies": [{"name": key, "policy": text} for key, text in sorted(documents.items())],
                "managedPolicyArns": role["managed"],
            }
        else:
            real = {
                "policies": [
                    {"policyName": key, "policyDocument": json.loads(text)} for key, text in sorted(documents.items())
                ],
                "managedPolicyArns": role["managed"],
            }
        outputs.update(real)
        inputs.update({key: value for key, value in real.items() if key in inputs})


class Cloud:
    """The file, and the lock that several provider processes share."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def account(self) -> Iterator[Account]:
        """The account, read and written as one transaction."""
        with open(self._path, "a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            content: dict[str, Any] = json.loads(file.read() or "{}")
            yield Account(content)
            file.seek(0)
            file.truncate()
            json.dump(content, file, indent=2, sort_keys=True)
