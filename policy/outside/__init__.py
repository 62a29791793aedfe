"""What is on record of roles outside the stack: from an account's details, from other stacks, from AWS itself.

May import `stack`, `iam` and `shared`. Must never judge: what is on record becomes resources, which are judged as all are.
"""
