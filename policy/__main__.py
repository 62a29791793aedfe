"""`python -m policy preview` and `python -m policy judge`."""

from __future__ import annotations

import argparse
import sys

from policy import judge, preview, streams


def main() -> int:
    """Run one command; its exit status is the process's."""
    for stream in (sys.stdout, sys.stderr):
        streams.escape_what_cannot_be_encoded(stream)
    try:
        return _command()
    except BrokenPipeError:
        # Less was read than there is to say, so nobody may take it for "all is well".
        return 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            streams.finish(stream)


def _command() -> int:
    parser = argparse.ArgumentParser(prog="python -m policy", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, module, purpose in (
        (
            "preview",
            preview,
            "preview a Pulumi Python program with this policy pack; needs no CLI and no cloud account",
        ),
        ("judge", judge, "judge IAM documents as the policies of one role"),
    ):
        command = commands.add_parser(name, help=purpose, description=purpose)
        module.configure_parser(command)
        command.set_defaults(run=module.run)
    args = parser.parse_args()
    return int(args.run(args))


if __name__ == "__main__":
    sys.exit(main())
