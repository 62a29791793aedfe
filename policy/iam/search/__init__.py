"""Is there any request that a role's documents allow? The existential half: a witness is found, or none exists.

May import `iam` and `shared`. Knows whose calls are asked for, the code's and the Lambda service's; must never know Pulumi.
"""
