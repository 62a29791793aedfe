"""Values that stand in, in a preview without AWS, for what AWS would choose: variables, and recognised as such.

A stand-in has the form of what it stands for, so that a program can go on with it: twelve digits for an account, an id
with its prefix. Each carries a mark that no real value has, so that the pack never takes one for a fact: it is equal to
itself and may or may not be equal to any account, region, partition or id that a document spells out.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

# Of the account, eight digits are the mark; the last four tell the accounts of different providers apart.
_ACCOUNT_MARK: Final = "98400175"
# Eight hexadecimal digits of an id (which has seventeen) that no id has by chance, with an eighth in front.
_ID_MARK: Final = "05ca1ab1e"

REGION: Final = "us-standin-1"
PARTITION: Final = "aws-standin"

ACCOUNTS: Final = re.compile(rf"(?<![0-9]){_ACCOUNT_MARK}[0-9]{{4}}(?![0-9])")
# What AWS makes up besides ids with a prefix: a UUID (KMS), ten letters and digits (API Gateway), sixteen hexadecimal
# digits (load balancers), six characters behind a secret's name, the moment in which a stream was enabled.
_UUID_MARK: Final = "05ca1ab1-e"
_TOKEN_MARK: Final = "ca1ab1"
SUFFIX: Final = "5tAnd1"
MOMENT: Final = "1984-01-01T00:00:00.000"
IDS: Final = re.compile(
    rf"\b(?:[a-z]{{1,20}}(?:-[a-z]{{1,20}}){{0,5}}-)?{_ID_MARK}[0-9a-f]{{7,8}}\b"
    rf"|\b{_UUID_MARK}[0-9a-f]{{3}}(?:-[0-9a-f]{{4}}){{2}}-[0-9a-f]{{12}}\b"
    rf"|(?<![0-9A-Za-z]){_TOKEN_MARK}[0-9a-z]{{4}}(?![0-9A-Za-z])"
    rf"|(?<=-){SUFFIX}(?![0-9A-Za-z])|{re.escape(MOMENT)}"
)
# The twelve characters that CloudFormation puts behind the name of what a template does not name.
_NAME_MARK: Final = "5tAnd1n"
# Looked for from where such a name can begin only: else each character of a long text would be looked at again from each.
NAMES: Final = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9A-Za-z]-)[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*-{_NAME_MARK}[0-9a-f]{{5}}(?![0-9A-Za-z])"
)
ANY: Final = re.compile(f"{ACCOUNTS.pattern}|{IDS.pattern}|{NAMES.pattern}|{REGION}|{PARTITION}")

# Types of the entries that stand, among the resources of a stack check, for what a value was made from and that is no
# resource: a data source that was not answered, a secret that was not decrypted.
DATA_SOURCE: Final = "pulumi:preview:DataSource"
SECRET: Final = "pulumi:preview:Secret"


# What AWS's own examples use, in place of what stands in.
_EXAMPLES: Final = (
    (ACCOUNTS, "123456789012"),
    (re.compile(re.escape(PARTITION)), "aws"),
    (re.compile(REGION), "us-east-1"),
    (re.compile(rf"{_NAME_MARK}[0-9a-f]{{5}}"), "EXAMPLE12345"),
)


def shown(text: str) -> str:
    """The text as a reader should see it: with AWS's example account and a usual region for what stands in for them."""
    for token, example in _EXAMPLES:
        text = token.sub(example, text)
    return text


def account(number: int = 0) -> str:
    """The stand-in for an account: 0 is the default provider's, each other provider may have one of its own."""
    return f"{_ACCOUNT_MARK}{number % 10_000:04d}"


def identifier(prefix: str, of: str) -> str:
    """An id such as `subnet-05ca1ab1e0f1e2d3c`; the same for the same `of`, such as a URN."""
    return f"{prefix}-{_ID_MARK}{_digits(of)[:8]}"


def physical_name(stack: str, logical_id: str) -> str:
    """The name that CloudFormation makes for a resource of a stack, with a stand-in for its random end."""
    name = f"{stack}-{logical_id}"
    return f"{name}-{_NAME_MARK}{_digits(name)[:5]}"


def uuid(of: str) -> str:
    """A UUID, version 4, such as a KMS key has for its id."""
    digits = _digits(of)
    return f"{_UUID_MARK}{digits[:3]}-4{digits[3:6]}-8{digits[6:9]}-{digits[9:21]}"


def token(of: str) -> str:
    """Ten letters and digits, such as API Gateway gives."""
    number, letters = int(_digits(of), 16), ""
    for _ in range(4):
        number, rest = divmod(number, 36)
        letters += "0123456789abcdefghijklmnopqrstuvwxyz"[rest]
    return _TOKEN_MARK + letters


def hexadecimal(of: str) -> str:
    """Sixteen hexadecimal digits, such as stand at the end of a load balancer's ARN."""
    return f"{_ID_MARK}{_digits(of)[:7]}"


def _digits(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()
