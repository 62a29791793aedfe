"""What makes functions and roles that the engine does not see: one of each, open, guarded, or not to be seen."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

SUBNETS, GROUPS = ["subnet-0123456789abcdef0"], ["sg-0123456789abcdef0"]
VPC_ACCESS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
STATEMENT = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [STATEMENT]}
ONLY_LAMBDA = {"Null": {"lambda:SourceFunctionArn": "false"}}
DENY = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": ONLY_LAMBDA}
GUARD = {"PolicyName": "guard", "PolicyDocument": {"Version": "2012-10-17", "Statement": [DENY]}}
VPC_CONFIG = {"SubnetIds": SUBNETS, "SecurityGroupIds": GROUPS}

# In YAML, as people write it. The guard names the function by its attribute.
TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Guarded: {Type: String, Default: 'no'}
Conditions:
  IsGuarded: !Equals [!Ref Guarded, 'yes']
Resources:
  OrdersRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
      ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole']
  Guard:
    Type: AWS::IAM::Policy
    Condition: IsGuarded
    Properties:
      PolicyName: guard
      Roles: [!Ref OrdersRole]
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          Effect: Deny
          Action: ec2:*
          Resource: '*'
          Condition: {ArnEquals: {'lambda:SourceFunctionArn': !GetAtt Orders.Arn}}
  Orders:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt OrdersRole.Arn
      VpcConfig: {SubnetIds: [subnet-0123456789abcdef0], SecurityGroupIds: [sg-0123456789abcdef0]}
Outputs:
  RoleArn: {Value: !GetAtt OrdersRole.Arn}
"""
SAM = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      InlineCode: pass
      VpcConfig: {SubnetIds: [subnet-0123456789abcdef0], SecurityGroupIds: [sg-0123456789abcdef0]}
"""


def role(name: str, **more: object) -> aws.iam.Role:
    made = aws.iam.Role(f"{name}-role", assume_role_policy=json.dumps(TRUST), **more)
    aws.iam.RolePolicyAttachment(f"{name}-vpc", role=made.name, policy_arn=VPC_ACCESS)
    return made


# CloudFormation: a template as a text, as an object, with a role of the program in it, and one that nobody reads.
aws.cloudformation.Stack("open-stack", template_body=TEMPLATE, capabilities=["CAPABILITY_IAM"])
aws.cloudformation.Stack(
    "closed-stack", template_body=TEMPLATE, parameters={"Guarded": "yes"}, capabilities=["CAPABILITY_IAM"]
)
aws.cloudformation.Stack("open-sam", template_body=SAM, capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"])
native.cloudformation.Stack(
    "open-native-stack",
    template_body={
        "Resources": {
            "OrdersRole": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [VPC_ACCESS]},
            },
            "Orders": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Role": {"Fn::GetAtt": ["OrdersRole", "Arn"]}, "VpcConfig": VPC_CONFIG},
            },
        }
    },
)
aws.cloudformation.Stack(
    "with-parameter",
    template_body=json.dumps(
        {
            "Parameters": {"RoleArn": {"Type": "String"}},
            "Resources": {
                "Orders": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {"Role": {"Ref": "RoleArn"}, "VpcConfig": VPC_CONFIG},
                }
            },
        }
    ),
    parameters={"RoleArn": role("open-parameter").arn},
)
# Stack sets: the instances of one switch its guard off, those of the other switch it on. What CloudFormation will call the
# function in each account is not known, so this guard asks for the key alone.
BY_KEY = TEMPLATE.replace(
    "ArnEquals: {'lambda:SourceFunctionArn': !GetAtt Orders.Arn}", "'Null': {'lambda:SourceFunctionArn': 'false'}"
)
for name, usual, others in (("open-set", "yes", "no"), ("closed-set", "no", "yes")):
    stack_set = aws.cloudformation.StackSet(
        name, template_body=BY_KEY, parameters={"Guarded": usual}, capabilities=["CAPABILITY_IAM"]
    )
    aws.cloudformation.StackInstances(
        f"{name}-instances",
        stack_set_name=stack_set.name,
        accounts=["111122223333"],
        regions=["us-east-1"],
        parameter_overrides={"Guarded": others},
    )
aws.cloudformation.Stack("unseen-stack", template_url="https://bucket.s3.amazonaws.com/orders.yaml")

# Cloud Control: one resource each.
for name, policies in (("open-control", []), ("closed-control", [GUARD])):
    state = {
        "RoleName": name,
        "AssumeRolePolicyDocument": TRUST,
        "ManagedPolicyArns": [VPC_ACCESS],
        "Policies": policies,
    }
    control = aws.cloudcontrol.Resource(name, type_name="AWS::IAM::Role", desired_state=json.dumps(state))
    aws.lambda_.Function(
        f"{name}-function",
        role=f"arn:aws:iam::123456789012:role/{name}",
        runtime="python3.13",
        handler="index.handler",
        code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")}),
        vpc_config={"subnet_ids": SUBNETS, "security_group_ids": GROUPS},
        opts=pulumi.ResourceOptions(depends_on=[control]),
    )
native.ExtensionResource(
    "extension",
    type="AWS::Lambda::Function",
    properties={"FunctionName": "extension", "Role": role("open-extension").arn, "VpcConfig": VPC_CONFIG},
)

# What nobody sees.
aws.serverlessrepository.CloudFormationStack(
    "unseen-application",
    application_id="arn:aws:serverlessrepo:us-east-1:123456789012:applications/orders",
    capabilities=["CAPABILITY_IAM"],
)
aws.servicecatalog.ProvisionedProduct(
    "unseen-product", product_id="prod-abcdefghijklm", provisioning_artifact_id="pa-abcdefghijklm"
)
