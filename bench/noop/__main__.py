"""As many policies of the same kinds as the pack has, which do nothing: what a Python pack costs at least."""

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy


def nothing(*_: object) -> None:
    return None


PolicyPack(
    name="noop",
    policies=[
        ResourceValidationPolicy(
            name="resource",
            description="Nothing.",
            enforcement_level=EnforcementLevel.MANDATORY,
            validate=nothing,
            remediate=nothing,
        ),
        *(
            StackValidationPolicy(
                name=f"stack-{number}",
                description="Nothing.",
                enforcement_level=EnforcementLevel.ADVISORY,
                validate=nothing,
            )
            for number in range(4)
        ),
    ],
)
