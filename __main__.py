"""What the Pulumi engine runs: the policy pack, served to it until it stops."""

from pathlib import Path

from pulumi_policy import PolicyPack

from policy.policies import policies

_README = Path(__file__).resolve().with_name("README.md")

# Name, version and description of the pack also stand in PulumiPolicy.yaml. The rest is what Pulumi Cloud shows.
PolicyPack(
    name="lambda-eni-guard",
    policies=policies(),
    display_name="Lambda ENI guard",
    readme=_README.read_text(encoding="utf-8") if _README.is_file() else None,
    provider="aws",
    tags=["aws", "lambda", "iam", "vpc", "network-interface"],
)
