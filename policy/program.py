"""Runs one Pulumi program against a resource monitor, in a process of its own.

Started by its path with the program's own interpreter, so it imports nothing of this package. It reads its orders as
JSON from standard input and writes one JSON line to the standard output it was started with: `{}`, or
`{"error": {"type", "message", "file", "line"}}`. What the program itself prints goes to standard error.

A process of its own, because the Pulumi SDK keeps settings, stack and event loop in globals.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import typing
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
        result = {"error": _describe(error, entry)}
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
    known. Each text in the stand-in carries the unknown sentinel, so that the monitor sees what was formed from it.
    """
    invoke, invoke_output = pulumi.runtime.invoke, pulumi.runtime.invoke_output
    native = hasattr(pulumi.runtime.proto.resource_pb2, "ResourceInvokeResponse")

    def plain(tok: str, props: Any, opts: Any = None, typ: Any = None, **more: Any) -> Any:
        result = invoke(tok, props, opts, typ if native else None, **more)
        value = result.value
        unknown = not result.is_known if native else not value or UNANSWERED in value
        if unknown:
            result.value = _stand_in(typ, tok.rsplit(":", 1)[-1]) if typ else {}
        elif not native and typ:
            result.value = pulumi.runtime.rpc.translate_output_properties(value, lambda key: key, typ)
        return result

    def output(tok: str, props: Any, opts: Any = None, typ: Any = None, **more: Any) -> Any:
        if native:
            return invoke_output(tok, props, opts, typ, **more)

        def known(value: Any) -> Any:
            if not value or UNANSWERED in value:
                return pulumi.UNKNOWN
            return pulumi.runtime.rpc.translate_output_properties(value, lambda key: key, typ) if typ else value

        return invoke_output(tok, props, opts, None, **more).apply(known)

    pulumi.runtime.invoke = plain
    pulumi.runtime.invoke_output = output


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
    import inspect

    space = vars(sys.modules[kind.__module__])
    values: dict[str, Any] = {}
    for name, member in inspect.getmembers(kind, lambda member: isinstance(member, property)):
        annotation = typing.get_type_hints(member.fget, space).get("return", str)
        values[name] = _stand_in(annotation, f"{path}.{name}")
    return kind(**values)


def _describe(error: BaseException, entry: str) -> dict[str, Any]:
    described = {"type": type(error).__name__, "message": str(error).strip(), **_place(error.__traceback__, entry)}
    if isinstance(error, SyntaxError):
        described.update(message=error.msg, file=error.filename or entry, line=error.lineno or 0)
    cause = error.__cause__
    if described["line"] == 0 and cause is not None:
        described.update(_place(cause.__traceback__, entry))
    return described


def _place(trace: TracebackType | None, entry: str) -> dict[str, Any]:
    """Find the innermost line of the user's own code: in the program's folder, but not in an environment in there."""
    folder = os.path.dirname(entry) + os.sep
    for frame in reversed(traceback.extract_tb(trace)):
        name = os.path.abspath(frame.filename)
        if name.startswith(folder) and "site-packages" not in name:
            return {"file": name, "line": frame.lineno or 0}
    return {"file": entry, "line": 0}


if __name__ == "__main__":
    sys.exit(main())
