"""The configuration in the pack's own folder: `lambda-eni-guard.json`, for every stack that this copy of the pack judges.

The engine tells a pack nothing of where the program is (pulumi `pkg/resource/plugin/analyzer_plugin.go` and
`sdk/python/cmd/pulumi-language-python/main.go`: the pack runs in its own folder). So a file beside a program is for the
commands that know the program. This one becomes the pack's initial configuration: what the engine is given wins over it,
option by option.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from policy.pack.settings import OPTIONS, read_settings
from policy.shared import names

LEVELS: Final = ("advisory", "mandatory", "remediate", "disabled")
_POLICIES: Final = (names.ROLE_GUARD, *names.STACK_POLICIES, names.NOTICES)
_ALL: Final = "all"
_LEVEL: Final = "enforcementLevel"


@dataclass(frozen=True, slots=True)
class Configured:
    """What is given for one policy: its level (empty for its own), and its options."""

    level: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DefaultFile:
    """What the file gives, by policy. Where there are `problems` (a sentence each) it gives nothing."""

    policies: Mapping[str, Configured] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


NO_FILE: Final = DefaultFile()


def read_default_file(folder: Path) -> DefaultFile:
    """Read the file in the pack's folder, if there is one. Never raises.

    One mistake, and nothing of it is used: half of a configuration is another one than was meant.
    """
    file = folder / names.CONFIGURATION_FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return NO_FILE
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return DefaultFile(problems=(f"it cannot be read: {reason}",))
    try:
        content = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        return DefaultFile(problems=(f"it is not JSON: {error}",))
    if not isinstance(content, dict):
        return DefaultFile(problems=("it must be a JSON object, with a policy's level or options by its name",))
    problems = tuple(_problems(content))
    return DefaultFile(problems=problems) if problems else DefaultFile(dict(_policies(content)))


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    for name, value in content.items():
        options = {key: item for key, item in value.items() if key != _LEVEL} if isinstance(value, dict) else {}
        level = value.get(_LEVEL, LEVELS[0]) if isinstance(value, dict) else value
        if name not in (_ALL, *_POLICIES):
            yield f"`{name}` is not a policy of this pack; there are {', '.join(_POLICIES)}, and {_ALL}"
        elif not isinstance(level, str) or level not in LEVELS:
            yield f"`{name}` must have one of the levels {', '.join(LEVELS)}, not {level!r}"
        elif name in OPTIONS:
            found = read_settings(options, OPTIONS[name], writes=name == names.GUARD)
            yield from (f"`{name}`: {problem}" for problem in found.problems)
        elif options:
            yield f"`{name}` has a level and no options, so not {', '.join(f'`{option}`' for option in options)}"


def _policies(content: Mapping[str, Any]) -> Iterator[tuple[str, Configured]]:
    everywhere = _configured(content.get(_ALL, "")).level
    for name in _POLICIES:
        own = _configured(content.get(name, ""))
        if own.level or own.options or everywhere:
            yield name, Configured(own.level or everywhere, own.options)


def _configured(value: Any) -> Configured:
    if isinstance(value, str):
        return Configured(value)
    return Configured(value.get(_LEVEL, ""), {key: item for key, item in value.items() if key != _LEVEL})
