"""`python -m policy survey`: the states of many stacks, judged as the engine would have them judged. Not published.

May import `shared`, `iam`, `iam.search`, `stack`, `outside`, `verdict`, `pack`, `told`, `preview` and `reports`.
Must never judge by itself: what it says of a stack, the pack's own rooms say.
"""
