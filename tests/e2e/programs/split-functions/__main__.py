"""Functions on roles of another stack, which they get at in four ways."""

import pulumi
import pulumi_aws as aws

iam = pulumi.StackReference("organization/split-iam/dev")
read = aws.iam.Role.get("read", "split-open")

roles = {
    "by-reference": iam.require_output("open"),
    "by-data-source": aws.iam.get_role(name="split-open").arn,
    "by-arn": "arn:aws:iam::123456789012:role/split-guarded",
    "by-get": read.arn,
}
for name, arn in roles.items():
    aws.lambda_.Function(
        name,
        role=arn,
        runtime="python3.12",
        handler="index.handler",
        code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")}),
        vpc_config={"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]},
    )
