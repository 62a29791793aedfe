"""How AWS is asked for roles; apart from what asks it, which takes longer to load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that all look-ups of one run may take together."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """How AWS is asked. `timeout` is in seconds for all of a run; the rest is boto3's own choice where it is empty.

    `role` is the ARN of a role to assume first; `endpoint` is a URL for IAM and STS, for tests and private networks.
    """

    timeout: float = DEFAULT_TIMEOUT
    profile: str = ""
    role: str = ""
    endpoint: str = ""
