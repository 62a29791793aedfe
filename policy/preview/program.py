"""Runs one Pulumi program against a resource monitor, in a process of its own.

Started by its path with the program's own interpreter, so it imports nothing of this package. It reads its orders as
JSON from standard input and writes one JSON line to the standard output it was started with: `{}`, or
`{"error": {"type", "message", "file", "line", "stand_ins"}}`. What the program itself prints goes to standard error.

A process of its own, because the Pulumi SDK keeps settings, stack and event loop in globals.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
import typing
from collections.abc import Iterator
from types import TracebackType
from typing import Any

UNANSWERED = "__unknown__"
"""Key in a data source's result that says: unknown. SDKs since 3.250 or so have a field for it, older ones do not."""

LIST_LENGTH = 3
"""How many elements a list of a plain, unknown data-source result gets: enough for `ids[0]`, `names[:3]`."""


def main() -> int:
    """Run the program that standard input names; the exit status is 0 whenever the report was written."""
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    orders = json.loads(sys.stdin.buffer.read())
    entry = orders["entry"]
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.path.dirname(entry), *(path for path in sys.path if os.path.abspath(path or ".") != own)]
    sys.argv = [entry]
    result: dict[str, Any] = {}
    try:
        _run(orders)
    except SystemExit as stop:
        if stop.code not in (None, 0):
            result = {"error": {"type": "SystemExit", "message": str(stop.code), **_place(stop.__traceback__, entry)}}
    except BaseException as error:
        result = {"error": {**_describe(error, entry), "stand_ins": _involved(error, orders["stand_ins"], entry)}}
    sys.stdout.flush()
    report.write(json.dumps(result) + "\n")
    report.close()
    return 0


def _run(orders: dict[str, Any]) -> None:
    import asyncio
    import gc
    import logging
    import runpy

    import pulumi
    import pulumi.runtime

    pulumi.runtime.set_all_config(orders["config"], orders["secret_keys"])
    settings: dict[str, Any] = {
        "project": orders["project"],
        "stack": orders["stack"],
        "organization": orders["organization"],
        "monitor": orders["address"],
        "engine": orders["address"],
        "dry_run": True,
        "root_directory": orders["root"],
    }
    try:
        configured = pulumi.runtime.Settings(**settings)
    except TypeError:
        del settings["root_directory"]
        configured = pulumi.runtime.Settings(**settings)
    pulumi.runtime.configure(configured)
    _answer_plainly(pulumi)
    _answer_outputs(pulumi, orders["origin"])
    _answer_references(pulumi)
    # pulumi_aws holds very many objects for good: looking through them again and again is a third of a large preview.
    gc.set_threshold(100_000, 50, 100)
    # As the language host does: asyncio reports tasks that a failing program leaves behind.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def program() -> None:
        runpy.run_path(orders["entry"], run_name="__main__")

    loop.run_until_complete(pulumi.runtime.run_in_stack(program))


def _answer_plainly(pulumi: Any) -> None:
    """Give plain data-source calls (`get_subnets(...)`, not `get_subnets_output`) a value to go on with.

    They return values, not outputs, and so have no way to say "unknown": the SDK would give None, and `f"{None}"` looks
    known. Each text in the stand-in carries the unknown sentinel, so that the monitor sees what was formed from it. So
    does what an answer leaves out, in both forms of a call.
    """
    invoke = pulumi.runtime.invoke

    def plain(tok: str, props: Any, opts: Any = None, typ: Any = None, **more: Any) -> Any:
        result = invoke(tok, props, opts, None, **more)
        unknown = not result.is_known or not result.value or UNANSWERED in result.value
        path = tok.rsplit(":", 1)[-1]
        if unknown:
            result.value = _stand_in(typ, path) if typ else {}
        else:
            result.value = _completed(pulumi, result.value, typ, path)
        return result

    pulumi.runtime.invoke = plain


def _answer_outputs(pulumi: Any, origin: str) -> None:
    """Let the outputs of data sources tell where they come from.

    What was not answered depends on an entry whose URN is `origin` and the token, as if it were a resource; the monitor
    knows it. The SDK drops the dependencies of unknown arguments: those on such entries are kept.
    """
    from pulumi.resource import DependencyResource

    invoke_output = pulumi.runtime.invoke_output
    entries: dict[str, Any] = {}

    def output(tok: str, props: Any, opts: Any = None, typ: Any = None, **more: Any) -> Any:
        def known(value: Any) -> Any:
            if isinstance(value, pulumi.output.Unknown) or not value or UNANSWERED in value:
                return _unknown(pulumi, origins())
            return _completed(pulumi, value, typ, tok.rsplit(":", 1)[-1])

        async def origins() -> set[Any]:
            arguments = pulumi.Output.from_input(props)
            if not await arguments.is_known():
                return {resource for resource in await arguments.resources() if resource in entries.values()}
            return {entries.setdefault(tok, DependencyResource(f"{origin}{tok}"))}

        return invoke_output(tok, props, opts, None, **more).apply(known, run_with_unknowns=True)

    pulumi.runtime.invoke_output = output


def _answer_references(pulumi: Any) -> None:
    """Leave outputs of another stack that no answer names unknown: the SDK says None for what a stack does not have."""
    reference = pulumi.StackReference

    def patched(original: Any) -> Any:
        def get(self: Any, name: Any) -> Any:
            def found(given: list[Any]) -> Any:
                return original(self, given[0]) if given[0] in given[1] else _unknown(pulumi, nothing())

            async def nothing() -> set[Any]:
                return set()

            return pulumi.Output.all(name, self.outputs).apply(found)

        return get

    reference.get_output = patched(reference.get_output)
    reference.require_output = patched(reference.require_output)


def _unknown(pulumi: Any, resources: Any) -> Any:
    """An unknown output that depends on resources."""

    async def value() -> None:
        return None

    async def known() -> bool:
        return False

    return pulumi.Output(resources, value(), known())


def _completed(pulumi: Any, value: Any, kind: Any, path: str) -> Any:
    """Give an answer its type, and text that is seen as unknown for each member it leaves out."""
    if not kind:
        return value
    result = pulumi.runtime.rpc.translate_output_properties(value, lambda key: key, kind)
    for name, annotation in _members(kind):
        # Not by the property itself: reading a deprecated one prints a warning.
        if pulumi.get(result, name) is None:
            pulumi.set(result, name, _stand_in(annotation, f"{path}.{name}"))
    return result


def _stand_in(kind: Any, path: str) -> Any:
    from pulumi.runtime.rpc import UNKNOWN

    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        given = [argument for argument in arguments if argument is not type(None)]
        # Optional results are left out: None is what a program has to expect of them.
        return None if len(given) < len(arguments) else _stand_in(given[0], path)
    if origin is not None:
        if issubclass(origin, typing.Mapping):
            return {}
        return [_stand_in(arguments[0], f"{path}.{index}") for index in range(LIST_LENGTH)]
    if kind in (bool, int, float):
        return kind()
    if kind is str or not isinstance(kind, type) or not hasattr(kind, "_pulumi_output_type"):
        return f"{path}-{UNKNOWN}"
    return _stand_in_object(kind, path)


def _stand_in_object(kind: Any, path: str) -> Any:
    return kind(**{name: _stand_in(annotation, f"{path}.{name}") for name, annotation in _members(kind)})


def _members(kind: Any) -> Iterator[tuple[str, Any]]:
    """The properties of an output type, with their types."""
    import inspect

    space = vars(sys.modules[kind.__module__])
    for name, member in inspect.getmembers(kind, lambda member: isinstance(member, property)):
        yield name, typing.get_type_hints(member.fget, space).get("return", str)


def _describe(error: BaseException, entry: str) -> dict[str, Any]:
    described = {"type": type(error).__name__, "message": str(error).strip(), **_place(error.__traceback__, entry)}
    if isinstance(error, SyntaxError):
        described.update(message=error.msg, file=error.filename or entry, line=error.lineno or 0)
    cause = error.__cause__
    if described["line"] == 0 and cause is not None:
        described.update(_place(cause.__traceback__, entry))
    return described


def _involved(error: BaseException, pattern: str, entry: str) -> list[str]:
    """The stand-ins in an error's message, and in the values of the user's own function that it came from."""
    texts = [str(error)]
    for frame, _ in traceback.walk_tb(error.__traceback__):
        # A module's values are all that the program has: they need not have a part in the error.
        if frame.f_code.co_name != "<module>" and _is_own(frame.f_code.co_filename, entry):
            texts[1:] = [repr(value) for value in frame.f_locals.values() if isinstance(value, str | list | dict)]
    return sorted({found[0] for text in texts for found in re.finditer(pattern, text)})


def _is_own(file: str, entry: str) -> bool:
    """Whether a file is the user's: in the program's folder, but not in an environment in there."""
    file = os.path.abspath(file)
    return file.startswith(os.path.dirname(entry) + os.sep) and "site-packages" not in file


def _place(trace: TracebackType | None, entry: str) -> dict[str, Any]:
    """Find the innermost line of the user's own code."""
    for frame in reversed(traceback.extract_tb(trace)):
        if _is_own(frame.filename, entry):
            return {"file": os.path.abspath(frame.filename), "line": frame.lineno or 0}
    return {"file": entry, "line": 0}


if __name__ == "__main__":
    sys.exit(main())
