"""The CrossGuard policies: their settings and exemptions, and what the engine calls.

May import every room but `preview` and `commands`. Must never decide what IAM means or how a role is linked.
"""
