"""The property values of a state, without the marks that Pulumi puts on some of them.

Source: pulumi `sdk/go/common/resource/sig/sig.go` and `pkg/resource/stack/deployment.go` (v3.259.0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from policy.iam.truth import HIDDEN_SECRET

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT_VALUE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def opened(value: Any, secrets: set[str], path: str = "") -> Any:
    """The value itself: of a resource its id, of an encrypted secret HIDDEN_SECRET.

    A secret that `pulumi stack export --show-secrets` has decrypted is its plain value. The paths of all secrets are added
    to `secrets`, as `inlinePolicies[0].policy`.
    """
    if isinstance(value, dict):
        mark = value.get(_SIGNATURE)
        if mark is not None:
            return _marked(mark, value, secrets, path)
        return {
            key: opened(item, secrets, f"{path}.{key}" if path else key)
            for key, item in value.items()
            if key != "__defaults"
        }
    if isinstance(value, list):
        return [opened(item, secrets, f"{path}[{i}]") for i, item in enumerate(value)]
    return value


def _marked(mark: object, value: Mapping[str, Any], secrets: set[str], path: str) -> Any:
    if mark == _SECRET:
        secrets.add(path)
        plaintext = value.get("plaintext")
        try:
            return opened(json.loads(plaintext), set(), path) if isinstance(plaintext, str) else HIDDEN_SECRET
        except (ValueError, RecursionError):
            return HIDDEN_SECRET
    if mark == _REFERENCE:
        return value.get("id")
    if mark == _OUTPUT_VALUE:
        return opened(value.get("value"), secrets, path)
    # An asset or an archive: nothing of it is looked at.
    return None
