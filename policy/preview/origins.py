"""Where unknown values come from that no resource explains: unanswered data sources, secrets that are not decrypted.

Both reach the monitor as text with the unknown sentinel in it, behind words that tell the origin (`getSubnets.ids.0-`
from program.py, `secret-shop:password-` from project.py), or as a dependency on an entry of the data source's token
(from program.py's outputs). A stack check then has an entry for each origin that a resource was made from, beside the
resources: the SDK drops dependencies on what is not among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ..shared.stand_ins import DATA_SOURCE, SECRET
from .data_sources import POLICY_DOCUMENT
from .properties import TEXT, UNKNOWN
from .registration import Registration, StackIdentity

_ORIGIN: Final = re.compile(
    rf"secret-(?P<secret>[^\s\"'<>]+?)-{re.escape(UNKNOWN)}|(?P<function>\w+)(?:\.\w+)*-{re.escape(UNKNOWN)}",
    re.IGNORECASE,
)


class Origins:
    """The origins of one preview's unknown values."""

    def __init__(self, stack: StackIdentity) -> None:
        self._stack = stack
        self._asked: dict[str, set[str]] = {}
        self._entries: dict[str, Registration] = {}

    def asked(self, token: str, texts: Iterable[str]) -> None:
        """Remember a data source that the program asks, and the texts in its arguments that `normalise` found unknown.

        getPolicyDocument is computed: what is unknown in it comes from its arguments.
        """
        found = self.resolve(texts) if token == POLICY_DOCUMENT else {self._entry(DATA_SOURCE, token)}
        self._asked.setdefault(token, set()).update(found)

    def resolve(self, dependencies: Iterable[str]) -> set[str]:
        """URNs, with those of the origins in place of unknown texts and of what was not asked after all."""
        resolved: set[str] = set()
        prefix = self._stack.urn("", DATA_SOURCE, "")
        for dependency in dependencies:
            if dependency.startswith(TEXT):
                resolved |= self._of_text(dependency.removeprefix(TEXT))
            elif dependency.startswith(prefix):
                resolved |= self._asked.get(dependency.removeprefix(prefix), set())
            else:
                resolved.add(dependency)
        return resolved

    def entries(self, resources: Iterable[Registration]) -> tuple[Registration, ...]:
        """An entry for each origin that one of the resources depends on, in the order of URNs."""
        used = {urn for resource in resources for urn in resource.dependencies}
        return tuple(entry for urn, entry in sorted(self._entries.items()) if urn in used)

    def _of_text(self, text: str) -> set[str]:
        found: set[str] = set()
        for match in _ORIGIN.finditer(text):
            # Text before it can look like the beginning of a name.
            if match["secret"]:
                key = _longest_end(match["secret"], self._stack.secret_keys)
                found |= {self._entry(SECRET, key)} if key else set()
            else:
                function = _longest_end(match["function"], map(_function, self._asked))
                found |= {urn for token in self._asked if _function(token) == function for urn in self._asked[token]}
        return found

    def _entry(self, kind: str, name: str) -> str:
        urn = self._stack.urn("", kind, name)
        self._entries.setdefault(urn, Registration(urn, kind, name, True, self._stack.root_urn, {}))
        return urn


def _function(token: str) -> str:
    return token.rpartition(":")[2]


def _longest_end(text: str, names: Iterable[str]) -> str:
    """The longest of the names that the text ends with, in any case; empty for none."""
    return max((name for name in names if text.lower().endswith(name.lower())), key=len, default="")
