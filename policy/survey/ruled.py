"""The policies as a survey asks them: with the configuration that the engine would make of what is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from policy.pack.default_file import NO_FILE, DefaultFile
from policy.pack.policies import policies
from policy.preview.config_file import PackConfigError, PolicyConfig, PolicyInfo, reconcile
from policy.shared import names
from policy.told.judging import Rules


def rules(given: Mapping[str, PolicyConfig], now: float, default_file: DefaultFile = NO_FILE) -> Rules:
    """The rules under a configuration and the file in the pack's folder, over which it wins.

    Raises PackConfigError for a configuration that the engine refuses, and for a file in which something is wrong.
    """
    if default_file.problems:
        problems = "; ".join(default_file.problems)
        raise PackConfigError(f"{names.CONFIGURATION_FILE} in the folder of this policy pack: {problems}")
    pack: Sequence[Any] = policies()
    infos = [
        PolicyInfo(
            policy.name,
            policy.enforcement_level.value,
            policy.config_schema.properties if policy.config_schema else {},
            tuple(policy.config_schema.required or ()) if policy.config_schema else (),
        )
        for policy in pack
    ]
    severities = {policy.name: policy.severity.value for policy in pack}
    initial = {name: PolicyConfig(one.level, one.options) for name, one in default_file.policies.items()}
    return Rules(reconcile(infos, initial, given), severities, now)
