"""Why a question about a role has no answer, in words."""

from __future__ import annotations

from collections.abc import Iterator

from policy.iam.search import keys
from policy.iam.search.keys import SOURCE_FUNCTION_KEY
from policy.iam.search.witness import Answer
from policy.shared.escapes import quoted


def reasons(answer: Answer) -> Iterator[str]:
    """What an UNKNOWN hangs on. A document of which nothing is known is left to the one who knows where it is from."""
    if answer.too_complex:
        yield "undecided: its policies are too complex"
    for found in answer.unresolved:
        if not found.document.unknown:
            unsure = "may or may not be on the role" if found.statement.possible else "has parts that are not known"
            yield f"{found.statement.label} of {quoted(found.document.name)} {unsure}"
    for key in answer.unknown_keys:
        if key == SOURCE_FUNCTION_KEY:
            yield "it depends on the ARN of the function, which is not known yet"
        else:
            yield f"it depends on {quoted(keys.spelled(key))}, which is not known"
