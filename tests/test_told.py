"""What reports tell of a stack beyond messages: of every case, the same resources as the pack's process, and no bug."""

from __future__ import annotations

import time
from typing import Final

import pytest
from case_runner import STACK, registrations
from test_cases import PACK, STACKS, _stack

from policy.preview.config_file import load
from policy.preview.registration import STACK_TYPE
from policy.preview.what_was_judged import details
from policy.shared import names
from policy.survey.ruled import rules

# Exemptions are told by their own policy, and what is wrong with a configuration on the stack.
_OF_NO_ROLE: Final = (names.NOTICES, STACK)


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKS)
def test_the_resources_of_a_case_are_told_by_reports_too(name: str) -> None:
    case = _stack(name)
    config = rules(load(case.config or None), time.time()).config
    for stage in case.stages:
        told = details(registrations(stage), config, PACK, lambda text: text)
        found = {item.resource for item in told.items if f"::{STACK_TYPE}::" not in item.urn}
        wanted = {e.resource for e in stage.violations if e.policy not in _OF_NO_ROLE and e.resource not in _OF_NO_ROLE}
        assert found == wanted
        keys = {role.key for role in told.roles}
        assert all(item.role in keys for item in told.items if item.role)
