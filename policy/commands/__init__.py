"""`python -m policy judge`: IAM documents judged without Pulumi. Not published with the pack.

May import `iam`, `iam.search`, `reports` and `shared`. Must never need the SDK, gRPC, or anything else that has to be
installed.
"""
