"""From what the engine passes to execution roles: resources, the links between them, what is on a role, what runs on it.

May import `iam` and `shared`; only resources.py imports the SDK. Must never judge, and never know how a finding is worded.
"""
