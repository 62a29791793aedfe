"""What the Pulumi engine runs: the policy pack, served to it until it stops."""

from pulumi_policy import PolicyPack

from policy.policies import policies

PolicyPack(name="lambda-eni-guard", policies=policies())
