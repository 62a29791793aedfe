"""The Pulumi engine and the AWS providers, stood in for in this process. Not published with the pack.

May import `shared` and `reports`, and starts the pack in a process of its own, as the engine does. Must never know what
the pack says; only `what_was_judged` asks the pack's rooms, by way of `told`.
"""
