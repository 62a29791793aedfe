"""What a CloudFormation template makes, as resources of the pack's own kind: read, resolved, translated.

May import `stack`, `iam` and `shared`. Must never judge, and must need nothing but PyYAML, which the Pulumi SDK needs too.
"""
