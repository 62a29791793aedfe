"""The policies by name, and the page that all of them refer to."""

from __future__ import annotations

from typing import Final

GUARD: Final = "vpc-lambda-eni-guard"
READ_ONLY: Final = "vpc-lambda-eni-read-only"
UNVERIFIED: Final = "vpc-lambda-eni-unverified"
NOTICES: Final = "vpc-lambda-eni-notices"
ROLE_GUARD: Final = "lambda-role-eni-guard"

URL: Final = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"
