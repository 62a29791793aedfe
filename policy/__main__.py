"""`python -m policy judge` and `python -m policy preview`."""

from __future__ import annotations

import argparse
import sys

from policy import judge


def main() -> int:
    """Run one command; its exit status is the process's."""
    parser = argparse.ArgumentParser(prog="python -m policy", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    judging = commands.add_parser("judge", help="judge IAM documents as the policies of one role")
    judge.configure_parser(judging)
    judging.set_defaults(run=judge.run)
    args = parser.parse_args()
    return int(args.run(args))


if __name__ == "__main__":
    sys.exit(main())
