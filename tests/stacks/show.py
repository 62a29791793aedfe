"""`python -m tests.stacks.show SEED NUMBER`: what is found on one stack, with the smallest program that shows it."""

from __future__ import annotations

import sys
from typing import Any, Final

from tests.stacks.generate import OTHERS
from tests.stacks.run import Finding, Runner
from tests.stacks.shrink import shrink
from tests.stacks.values import Later, Program, Text, names_in

_OTHERS: Final = {item.name for item in OTHERS}


def smallest(finding: Finding) -> Finding:
    """The finding on the smallest program that still has one of its kind."""

    def findings(program: Program) -> list[Finding]:
        runner = Runner(finding.seed)
        runner.check(program, finding.number)
        return [f for f in runner.report.findings if f.kind == finding.kind]

    return findings(shrink(finding.program, lambda program: bool(findings(program))))[0]


def described(finding: Finding) -> str:
    """The finding as a reader needs it."""
    program = finding.program
    used = {name for item in program.items for v in (item.inputs, item.computed) for name in names_in(v)}
    lines = [str(finding)]
    for item in program.items:
        if item.name in _OTHERS:
            continue
        notes = [n for n, on in (("read", item.read), ("deployed", item.deployed)) if on]
        lines.append(f"- {item.type} {item.name} ({', '.join([item.provider, *notes])})")
        lines += [f"    {name}: {_shown(value)}" for name, value in {**item.inputs, **item.computed}.items()]
    lines += [f"- provider {p.name}: {_shown(p.props)} in {p.account} {p.region}" for p in program.providers.values()]
    lines += [f"- «{name}»: {_shown(list(values))}" for name, values in program.choices.items() if name in used]
    lines += [f"- {name}: {value}" for name, value in program.config.items()]
    lines.append(f"world: { {k: _shown(v) for k, v in finding.world.items()} }")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, Later):
        return f"{'' if value.known else 'UNKNOWN '}{_shown(value.template)} from {', '.join(value.made_from)}"
    if isinstance(value, Text):
        return f"text {_shown(value.document)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(_shown, value)) + "]" if isinstance(value, list) else str(value)


if __name__ == "__main__":
    _seed, _number = map(int, sys.argv[1:3])
    _runner = Runner(_seed)
    _runner.stack(_number)
    for _finding in _runner.report.findings:
        if len(sys.argv) < 4 or sys.argv[3] in _finding.kind:
            print(described(smallest(_finding)))
