"""The no-op pack with one stack policy: as many decodings of the stack as four would cost that share the result."""

import runpy
from pathlib import Path

import pulumi_policy

make = pulumi_policy.PolicyPack


def with_one_stack_policy(name, policies):
    make(name, policies[:2])


pulumi_policy.PolicyPack = with_one_stack_policy
runpy.run_path(str(Path(__file__).resolve().parents[2] / "noop" / "__main__.py"), run_name="__main__")
