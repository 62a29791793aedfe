"""Which calls are judged: those that are kept from a function's code, and those that Lambda itself has to make."""

from __future__ import annotations

from typing import Final

# What Lambda needs on the execution role of a function in a VPC (Lambda Developer Guide, "configuration-vpc").
NEEDED_BY_SERVICE: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
# What it needs to fetch events out of a VPC (Lambda Developer Guide, "Using Lambda with Amazon MSK" and others).
NEEDED_BY_POLLER: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcs",
)
# A statement that names these was written for a function in a VPC.
NEEDED_BY_NAME: Final = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")

# What else changes network interfaces (Service Authorization Reference for Amazon EC2: actions on a network interface that
# are no List or Read; the worst in code's hands first). The same broad statements give it.
CHANGING_INTERFACES: Final = (
    "ec2:AttachNetworkInterface",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:AssignIpv6Addresses",
    "ec2:UnassignIpv6Addresses",
    "ec2:DetachNetworkInterface",
    "ec2:ResetNetworkInterfaceAttribute",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:CreateTrafficMirrorSession",
    "ec2:ModifyPublicIpDnsNameOptions",
    "ec2:RegisterTransitGatewayMulticastGroupMembers",
    "ec2:RegisterTransitGatewayMulticastGroupSources",
    "ec2:RunInstances",
)

# What the code gets with a role that has what Lambda needs, and must not have. The option `actions` replaces it.
KEPT_FROM_CODE: Final = NEEDED_BY_SERVICE
