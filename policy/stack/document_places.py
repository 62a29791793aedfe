"""Where a resource holds permission policies itself: paths into its properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.shared.aws_types import AwsType

Path = tuple[str | int, ...]


def document_paths(row: AwsType, props: Mapping[str, Any]) -> list[Path]:
    """The paths of its documents; of a role those in its list of inline policies."""
    if row.document:
        return [(row.document,)]
    inline = row.inline
    items = props.get(inline.prop)
    return [
        (inline.prop, i, inline.document)
        for i, item in enumerate(items if isinstance(items, list) else ())
        if isinstance(item, Mapping) and item.get(inline.document) is not None
    ]


def at(props: Any, path: Path) -> Any:
    """What stands at a path; None where the object at its end lacks the last step."""
    for step in path:
        props = props.get(step) if isinstance(props, Mapping) else props[step]
    return props


def shown(path: Path) -> str:
    """A path as a reader sees it: `inlinePolicies[0].policy`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
