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

# What the code gets with a role that has what Lambda needs, and must not have. The option `actions` replaces it.
KEPT_FROM_CODE: Final = NEEDED_BY_SERVICE
