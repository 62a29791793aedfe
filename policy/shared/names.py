"""The policies by name, and the pages that their violations lead to."""

from __future__ import annotations

from typing import Final

GUARD: Final = "vpc-lambda-eni-guard"
READ_ONLY: Final = "vpc-lambda-eni-read-only"
UNVERIFIED: Final = "vpc-lambda-eni-unverified"
NOTICES: Final = "vpc-lambda-eni-notices"
ROLE_GUARD: Final = "lambda-role-eni-guard"

STACK_POLICIES: Final = (READ_ONLY, UNVERIFIED, GUARD)
"""The policies that judge the roles of a stack, and those of other stacks where these are on record. The engine asks them in
this order."""

AWS_PAGE: Final = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"
"""AWS on functions in a VPC; the guard is under "Security best practices"."""

REPOSITORY: Final = ""
"""The https address at which the files of this repository can be read. For one on GitHub that is the address of the
repository with `/blob/main` behind it. It is empty, because this repository has no public address. Who publishes the pack
sets it, and then violations and Pulumi Cloud link there. The pages themselves are published with the pack."""

CONFIGURATION_FILE: Final = "lambda-eni-guard.json"
"""Configuration that is found without being named: in the folder of the pack, or of a program that is previewed."""

POLICIES_PAGE: Final = "docs/policies.md"
CONFIGURATION_PAGE: Final = "docs/configuration.md"


def page(policy: str) -> str:
    """The section about a policy, as a file of this repository: each policy is a heading, by its name."""
    return f"{POLICIES_PAGE}#{policy}"


def url(policy: str) -> str:
    """The section about a policy as a link; AWS's page as long as this repository has no address."""
    return f"{REPOSITORY}/{page(policy)}" if REPOSITORY else AWS_PAGE


def more(file: str) -> str:
    """The last line of a violation: where to read on, also without a network. `file` is one of this repository."""
    if REPOSITORY:
        return f"More: {REPOSITORY}/{file}"
    return f"More: {file} in the folder of this policy pack, and {AWS_PAGE}"
