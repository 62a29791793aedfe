"""Which partition a region is in, by its name."""

from __future__ import annotations

from typing import Final

# The public ones beside `aws`, by how the names of their regions begin (AWS General Reference).
_BEGINNINGS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


def partition_of(region: str) -> str:
    """The partition of a region, of the public ones."""
    return next((partition for begins, partition in _BEGINNINGS.items() if region.startswith(begins)), "aws")


def may_have(partition: str, region: str) -> bool:
    """Whether a region of that name may be one of the partition, some day; of one that is not public nothing is known."""
    return partition not in ("aws", *_BEGINNINGS.values()) or partition_of(region) == partition
