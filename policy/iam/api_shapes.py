"""How AWS's own answers hold policy documents: what the AWS CLI prints of IAM and of Organizations.

Sources: IAM API Reference (documents are URL-encoded by RFC 3986; the AWS CLI decodes them, other tools may not);
Organizations API Reference, DescribePolicy (the document is text in `Policy.Content`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote


def decoded(document: object) -> object:
    """A policy document as text or object, without the URL encoding of its text."""
    return unquote(document) if isinstance(document, str) and document.startswith("%7B") else document


def objects(value: object) -> Iterator[dict[str, Any]]:
    """The objects in a list; none where it is no list."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def described_policy(value: object) -> str | None:
    """The text of the policy in an answer of `aws organizations describe-policy`; None where it is not one."""
    policy = value.get("Policy") if isinstance(value, dict) else None
    content = policy.get("Content") if isinstance(policy, dict) else None
    return content if isinstance(content, str) else None
