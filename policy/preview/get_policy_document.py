"""`aws:iam/getPolicyDocument:getPolicyDocument`, computed as the AWS provider computes it.

Source: terraform-provider-aws `internal/service/iam/policy_document_data_source.go` and `policy_model.go`, to the
letter of the JSON: lists sorted in reverse, single elements unwrapped, Go's escapes.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence

from .properties import Properties

_ELEMENTS = ("Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition")
_ARGUMENTS = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
    "principals": "Principal",
    "notPrincipals": "NotPrincipal",
    "conditions": "Condition",
}

_UNDERSCORE = re.compile("_([a-z])")


class DataSourceError(Exception):
    """The data source refuses its arguments; the message is the provider's own."""


def policy_document(arguments: Properties) -> dict[str, str]:
    """Compute `json`, `minifiedJson` and `id` of getPolicyDocument.

    `arguments` are the data source's own (`statements`, `version`, `policyId`, `sourcePolicyDocuments`,
    `overridePolicyDocuments`), all known. Raises DataSourceError as the provider does: a Sid used twice, a source that
    is not a policy document, `&{` in a document of 2008.
    """
    arguments = _in_camel_case(arguments)
    merged: dict[str, object] = {}
    sids: set[str] = set()
    for index, source in enumerate(_texts(arguments.get("sourcePolicyDocuments"))):
        document = _parse(source, f"merging source document {index}")
        for position, statement in enumerate(_statements(document)):
            sid = str(statement.get("Sid", ""))
            if sid and sid in sids:
                raise DataSourceError(
                    f"writing IAM Policy Document: merging source document {index}: duplicate Sid ({sid}) in "
                    f"source_policy_documents (statement {position}). Remove the Sid or ensure Sids are unique."
                )
            sids.add(sid)
        _merge(merged, document)
    _merge(merged, _declared(arguments))
    for index, override in enumerate(_texts(arguments.get("overridePolicyDocuments"))):
        _merge(merged, _parse(override, f"merging override document {index}"))
    ordered = {key: merged[key] for key in ("Version", "Id", "Statement") if merged.get(key)}
    text = _go_json(ordered, indent=2)
    return {"json": text, "minifiedJson": _go_json(ordered), "id": str(zlib.crc32(text.encode()))}


def _in_camel_case(given: Properties) -> Properties:
    """The arguments by the names of the schema: a dictionary in a program has `not_actions`, which Pulumi's SDK sends
    as it is, and which its bridge to the provider takes for `notActions`."""
    return {_UNDERSCORE.sub(lambda found: found[1].upper(), name): value for name, value in given.items()}


def _declared(arguments: Properties) -> dict[str, object]:
    version = str(arguments.get("version") or "2012-10-17")
    document: dict[str, object] = {"Version": version}
    if arguments.get("policyId"):
        document["Id"] = str(arguments["policyId"])
    statements: list[dict[str, object]] = []
    sids: set[str] = set()
    for given in map(_in_camel_case, _objects(arguments.get("statements"))):
        sid = str(given.get("sid") or "")
        if sid in sids:
            raise DataSourceError(
                f"writing IAM Policy Document: duplicate Sid ({sid}). Remove the Sid or ensure the Sid is unique."
            )
        if sid:
            sids.add(sid)
        statement: dict[str, object] = {"Sid": sid} if sid else {}
        statement["Effect"] = str(given.get("effect") or "Allow")
        for argument, element in _ARGUMENTS.items():
            value = given.get(argument)
            if not value:
                continue
            if element == "Condition":
                statement[element] = _conditions(_objects(value), version)
            elif element.endswith("Principal"):
                statement[element] = _principals(
                    [
                        (str(item.get("type", "")), _strings(item.get("identifiers"), version))
                        for item in _objects(value)
                    ]
                )
            else:
                # The provider leaves `&{` in actions alone.
                statement[element] = _one_or_reversed(_strings(value, version if "Resource" in element else ""))
        statements.append(statement)
    document["Statement"] = statements
    return document


def _parse(text: str, where: str) -> dict[str, object]:
    prefix = f"writing IAM Policy Document: {where}: "
    try:
        given = json.loads(text)
    except ValueError as error:
        raise DataSourceError(f"{prefix}{error}") from None
    if not isinstance(given, dict):
        raise DataSourceError(f"{prefix}not a JSON object")
    # Go matches the names of JSON members without regard to case.
    members = {key.lower(): value for key, value in given.items()}
    raw = members.get("statement", [])
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise DataSourceError(f"{prefix}Statement must be a list of objects")
    document: dict[str, object] = {
        name: members[name.lower()] for name in ("Version", "Id") if members.get(name.lower())
    }
    document["Statement"] = [_reread({key.lower(): value for key, value in item.items()}, prefix) for item in raw]
    return document


def _reread(given: Mapping[str, object], prefix: str) -> dict[str, object]:
    statement: dict[str, object] = {name: given[name.lower()] for name in ("Sid", "Effect") if given.get(name.lower())}
    for element in _ELEMENTS:
        value = given.get(element.lower())
        if not value:
            continue
        if element == "Condition":
            if not isinstance(value, dict) or not all(isinstance(keys, dict) for keys in value.values()):
                raise DataSourceError(f"{prefix}Condition must be an object of objects")
            # As in the provider: a number in a condition is lost.
            value = {
                test: {k: _condition_value(v) for k, v in keys.items() if _condition_value(v)}
                for test, keys in value.items()
            }
        elif element.endswith("Principal"):
            value = _reread_principals(value, prefix)
        statement[element] = value
    return statement


def _reread_principals(value: object, prefix: str) -> object:
    if isinstance(value, str):
        return "*"
    if not isinstance(value, dict):
        raise DataSourceError(f"{prefix}Principal must be a string or an object")
    return {
        kind: sorted(map(str, names), reverse=True) if isinstance(names, list) else str(names)
        for kind, names in sorted(value.items())
    }


def _condition_value(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return str(value[0]) if len(value) == 1 else [str(item) for item in value]
    return None


def _merge(target: dict[str, object], document: Mapping[str, object]) -> None:
    if document.get("Id"):
        target["Id"] = document["Id"]
    if str(document.get("Version", "")) > str(target.get("Version", "")):
        target["Version"] = document["Version"]
    statements = _statements(target)
    for statement in _statements(document):
        sid = statement.get("Sid")
        places = [place for place, existing in enumerate(statements) if sid and existing.get("Sid") == sid]
        if places:
            statements[places[0]] = statement
        else:
            statements.append(statement)
    target["Statement"] = statements


def _conditions(given: Sequence[Mapping[str, object]], version: str) -> dict[str, dict[str, object]]:
    gathered: dict[str, dict[str, list[str]]] = {}
    for item in given:
        keys = gathered.setdefault(str(item.get("test", "")), {})
        keys.setdefault(str(item.get("variable", "")), []).extend(_strings(item.get("values"), version))
    return {
        test: {key: values[0] if len(values) == 1 else values for key, values in sorted(keys.items())}
        for test, keys in sorted(gathered.items())
    }


def _principals(given: Sequence[tuple[str, list[str]]]) -> object:
    if given == [("*", ["*"])]:
        return "*"
    gathered: dict[str, list[str]] = {}
    for kind, identifiers in given:
        gathered.setdefault(kind, []).extend(sorted(set(identifiers), reverse=True))
    return {kind: names[0] if len(names) == 1 else names for kind, names in sorted(gathered.items())}


def _strings(value: object, version: str) -> list[str]:
    texts = _texts(value)
    if not version:
        return texts
    for text in texts:
        if version == "2008-10-17" and "&{" in text:
            raise DataSourceError(
                f"found &{{ sequence in ({text}), which is not supported in document version 2008-10-17"
            )
    return [text.replace("&{", "${") for text in texts]


def _one_or_reversed(values: list[str]) -> str | list[str]:
    unique = sorted(set(values), reverse=True)
    return unique[0] if len(unique) == 1 else unique


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items if item is not None]


def _objects(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _statements(document: Mapping[str, object]) -> list[dict[str, object]]:
    return list(_objects(document.get("Statement")))


def _go_json(value: object, indent: int | None = None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=False, separators=None if indent else (",", ":"))
    # Go's encoder escapes these inside strings, and they stand nowhere else in JSON.
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
