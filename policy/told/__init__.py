"""What the pack says of one stack, as plain values that reports show and files pass on. Not published.

May import `shared`, `iam`, `iam.search`, `stack`, `outside`, `verdict`, `pack` and `reports`. Must never judge by
itself, and never know where the resources of the stack are from: a preview, or a state.
"""
