"""For a team's own pytest: what this policy pack must say of the team's own Pulumi program.

    from policy.testing import assert_passes, assert_violates, preview

    def test_only_lambda_manages_network_interfaces():
        assert_passes(preview("infra", stack="prod"))

No CLI, cloud account or network is needed. docs/testing.md says how to get at this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .preview.run import Preview, PreviewError, Violation, preview

__all__ = ["Preview", "PreviewError", "Violation", "assert_passes", "assert_violates", "preview"]


def assert_passes(result: Preview, *, allow: Iterable[str] = ()) -> None:
    """Assert that a preview found nothing, whatever the level: what cannot be judged is not passed over.

    `allow` names policies that may have something to say, such as `vpc-lambda-eni-unverified` for a program whose roles
    are in another stack. An AssertionError shows what was found, as the Pulumi CLI would, and the lines of the program.
    """
    __tracebackhide__ = True
    allowed = tuple(allow)
    found = [violation for violation in result.violations if violation.policy not in allowed]
    if found:
        raise AssertionError(f"stack {result.stack} must pass, and has {_count(found)}:{_shown(found, result)}")


def assert_violates(
    result: Preview, policy: str, resource: str | None = None, *, says: str | Sequence[str] = ()
) -> Violation:
    """Assert that a preview found a violation of `policy`, and give the first one that fits.

    `resource` is the resource's name in the program, or its URN. `says` is text, or several, that the message holds.
    """
    __tracebackhide__ = True
    texts = (says,) if isinstance(says, str) else tuple(says)
    for violation in result.violations:
        here = resource in (None, violation.urn, _name(violation))
        if violation.policy == policy and here and all(text in violation.message for text in texts):
            return violation
    where = f" on `{resource}`" if resource is not None else ""
    saying = f" that says {' and '.join(map(repr, texts))}" if texts else ""
    found = result.violations
    rest = f"It has {_count(found)}:{_shown(found, result)}" if found else f"It passes.{_shown(found, result)}"
    raise AssertionError(f"stack {result.stack} must violate {policy}{where}{saying}, and does not. {rest}")


def _name(violation: Violation) -> str:
    return violation.urn.rpartition("::")[2]


def _count(found: Sequence[Violation]) -> str:
    return "1 violation" if len(found) == 1 else f"{len(found)} violations"


def _shown(found: Sequence[Violation], result: Preview) -> str:
    """The violations, and the notes, which tell why something may be missing from them."""
    lines = []
    for violation in found:
        place = f" at {violation.source}" if violation.source else ""
        lines.append(f"- [{violation.enforcement}] {violation.policy} on `{_name(violation)}`{place}")
        lines += [f"    {line}".rstrip() for line in violation.message.rstrip("\n").split("\n")]
    lines += [f"note: {note}" for note in result.notes]
    return "".join(f"\n{line}" for line in lines)
