"""`python -m policy preview`, `python -m policy survey` and `python -m policy judge`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import Final, NamedTuple

from policy.shared import streams


class Command(NamedTuple):
    """Where a command lives, and what it is for."""

    module: str
    purpose: str


COMMANDS: Final = {
    "preview": Command(
        "policy.preview.run",
        "preview a Pulumi Python program with this policy pack; needs no CLI and no cloud account",
    ),
    "survey": Command(
        "policy.survey.run", "judge the stacks of an organization by their states: exports, or a file backend's folder"
    ),
    "judge": Command("policy.commands.judge_command", "judge IAM documents as the policies of one role"),
}


def main() -> int:
    """Run one command; its exit status is the process's."""
    if sys.version_info < (3, 10):  # noqa: UP036  # what follows is not even parsed by an older one
        sys.exit(f"This needs Python 3.10 or newer, and this is Python {sys.version.split()[0]}.")
    for stream in (sys.stdout, sys.stderr):
        streams.escape_what_cannot_be_encoded(stream)
    try:
        return _command(sys.argv[1:])
    except BrokenPipeError:
        # Less was read than there is to say, so nobody may take it for "all is well".
        return 1
    except OSError as error:
        # A full disk: what was found is not all written down.
        streams.write(f"error: {error.strerror or error}\n", sys.stderr)
        return 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            streams.finish(stream)


def _command(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m policy", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        # Only the command that runs is imported: `judge` works where neither Pulumi nor gRPC is installed.
        if name in arguments[:1]:
            runner = import_module(module)
            runner.configure_parser(command)
            command.set_defaults(run=runner.run)
    args = parser.parse_args(arguments)
    return int(args.run(args))


if __name__ == "__main__":
    sys.exit(main())
