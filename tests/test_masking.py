"""What a preview shows of secrets in a pack's words: nothing."""

from __future__ import annotations

import json

from policy.preview.masking import Mask
from policy.preview.properties import as_secret

DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Sid": "Eni",
            "Effect": "Allow",
            "Action": "ec2:CreateNetworkInterface",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:UserAgent": 'hunter2 "s3cr3t"'}},
        },
    }
)


def test_the_words_of_a_secret_document_are_hidden() -> None:
    mask = Mask()
    mask.note({"policy": as_secret(DOCUMENT), "name": "orders"})
    assert mask.hide("statement `Eni` of `orders` allows `ec2:CreateNetworkInterface` on *") == (
        "statement `[secret]` of `orders` allows `ec2:CreateNetworkInterface` on *"
    )
    assert mask.hide('Check: hunter2 "s3cr3t" ' + json.dumps('hunter2 "s3cr3t"')) == 'Check: [secret] "[secret]"'
    assert mask.hide("Enigma") == "Enigma"


def test_a_secret_at_any_depth_is_hidden() -> None:
    mask = Mask()
    mask.note({"policies": [{"policyDocument": {"Statement": [as_secret({"Sid": "Hunter2Sid"})]}}]})
    assert mask.hide("Hunter2Sid") == "[secret]"


def test_what_is_public_somewhere_is_shown() -> None:
    mask = Mask()
    mask.note({"a": as_secret("eu-west-1"), "b": as_secret("not JSON {"), "c": as_secret("{not JSON")})
    mask.note({"region": "eu-west-1"})
    assert mask.hide("eu-west-1, not JSON {, {not JSON") == "eu-west-1, [secret], [secret]"
