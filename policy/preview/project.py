"""A Pulumi project on disk: Pulumi.yaml, the stack's configuration file, and how its program is started."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from .properties import UNKNOWN
from .registration import StackIdentity

_ENDINGS = ("yaml", "yml", "json")
PROJECT_FILES = tuple(f"Pulumi.{ending}" for ending in _ENDINGS)


class ProjectError(Exception):
    """The project cannot be previewed; the message is one sentence for the user."""


@dataclass(frozen=True)
class Project:
    """A Python project: where it is, what runs it, and which file is the program."""

    root: Path
    name: str
    entry: Path
    python: Path
    settings: Mapping[str, object]


def load_project(folder: Path) -> Project:
    """Read the project in `folder`. Raises ProjectError: no folder, no good Pulumi.yaml, not Python, no program."""
    if not folder.is_dir():
        raise ProjectError(f"there is no folder {folder}")
    file = _first(folder, PROJECT_FILES)
    if file is None:
        raise ProjectError(f"{folder} is not a Pulumi project: it has no Pulumi.yaml")
    settings = _yaml(file)
    name = settings.get("name")
    if not isinstance(name, str) or not name:
        raise ProjectError(f"{file} has no project `name`")
    given = settings.get("runtime")
    runtime = given.get("name") if isinstance(given, Mapping) else given
    options = given.get("options") if isinstance(given, Mapping) else None
    if runtime != "python":
        raise ProjectError(f"{file} has runtime {runtime!r}: only Python programs can be previewed in this process")
    root = folder.resolve()
    return Project(root, name, _entry(root, settings), _python(root, options), settings)


def load_stack(project: Project, stack: str, overrides: Mapping[str, str]) -> tuple[StackIdentity, tuple[str, ...]]:
    """Put the stack's configuration together: the project's defaults, Pulumi.<stack>.yaml, then `overrides`.

    Secrets stay closed: an encrypted value becomes text that makes every value formed from it unknown. The notes, which
    are returned beside the stack, name them, ESC environments, and a stack that has no file where others have one.
    Raises ProjectError for broken YAML.
    """
    config: dict[str, str] = {}
    secrets: list[str] = []
    notes: list[str] = []
    defaults = project.settings.get("config")
    for key, value in defaults.items() if isinstance(defaults, Mapping) else ():
        if isinstance(value, Mapping):
            value = value.get("value", value.get("default"))
        if value is not None:
            config[_full_key(project.name, str(key))] = _text(value)
    folder = project.root / str(project.settings.get("stackConfigDir", defaults if isinstance(defaults, str) else ""))
    file = _first(folder, tuple(f"Pulumi.{stack}.{ending}" for ending in _ENDINGS))
    content = _yaml(file) if file else {}
    notes += _environment_notes(content.get("environment"), file.name) if file else _missing_notes(stack, folder)
    given = content.get("config")
    if given is not None and not isinstance(given, Mapping):
        raise ProjectError(f"{file} has a `config` that is not a mapping")
    for key, value in (given or {}).items():
        full = _full_key(project.name, str(key))
        opened = _without_secrets(value, full)
        config[full] = _text(opened)
        if opened != value:
            secrets.append(full)
            if full not in (_full_key(project.name, name) for name in overrides):
                notes.append(f"the secret {full} of stack {stack} is not decrypted: what is formed from it is unknown")
    for key, text in overrides.items():
        config[_full_key(project.name, key)] = text
    return StackIdentity(project.name, stack, "organization", config, tuple(secrets)), tuple(notes)


def _missing_notes(stack: str, folder: Path) -> Iterator[str]:
    """Tell of a stack without a file, where there are other stacks' files: it may be the wrong stack."""
    found = {file.name for ending in _ENDINGS for file in folder.glob(f"Pulumi.*.{ending}") if file.is_file()}
    if found:
        there = "is" if len(found) == 1 else "are"
        yield f"stack {stack} has no configuration file; there {there} {', '.join(sorted(found))}: use --stack"


def _environment_notes(environment: object, file: str) -> Iterator[str]:
    """Tell of Pulumi ESC environments: they are in Pulumi Cloud. The file lists their names, or is one that imports some."""
    if not environment:
        return
    listed = environment.get("imports") if isinstance(environment, Mapping) else environment
    # An entry with options is a mapping: `name: {merge: false}`.
    entries = listed if isinstance(listed, list) else []
    names = [str(name) for entry in entries for name in (entry if isinstance(entry, Mapping) else [entry])]
    many = len(names) > 1
    yield (
        f"the ESC environment{'s' * many}{' ' * bool(names)}{', '.join(names)} in {file} {'are' if many else 'is'} not "
        f"read: configuration that {'they set' if many else 'it sets'} is missing"
    )


def python_in(environment: Path) -> Path | None:
    """Find the interpreter of a virtual environment, or None where there is none."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    interpreter = environment.joinpath(*parts)
    return interpreter if interpreter.exists() else None


def _entry(root: Path, settings: Mapping[str, object]) -> Path:
    main = root / str(settings.get("main") or ".")
    entry = main if main.is_file() else main / "__main__.py"
    if not entry.is_file():
        raise ProjectError(
            f"{root} has no program: there is no {entry.relative_to(root) if root in entry.parents else entry}"
        )
    return entry


def _python(root: Path, options: object) -> Path:
    """Choose the interpreter as the language host does, or this one where the project's environment is not set up."""
    given = options if isinstance(options, Mapping) else {}
    folder = given.get("virtualenv") or (".venv" if given.get("toolchain") == "uv" else "")
    found = python_in(root / str(folder)) if folder else None
    return found or Path(sys.executable)


def _yaml(file: Path) -> Mapping[str, object]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}" if mark else ""
        raise ProjectError(f"{file}{place} is not YAML: {getattr(error, 'problem', None) or error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file} cannot be read: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise ProjectError(f"{file} is not a mapping")
    return content


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _full_key(project: str, key: str) -> str:
    # `project:config:key` is how old versions of the CLI wrote it.
    parts = key.split(":")
    if len(parts) == 3 and parts[1] == "config":
        return f"{parts[0]}:{parts[2]}"
    return key if ":" in key else f"{project}:{key}"


def _without_secrets(value: object, key: str) -> object:
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            return f"secret-{key}-{UNKNOWN}"
        return {name: _without_secrets(item, key) for name, item in value.items()}
    return [_without_secrets(item, key) for item in value] if isinstance(value, list) else value


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str)
