"""Secrets of a program, kept out of what a preview shows of a policy pack's words.

A pack is handed the plain value of a secret, and may quote it. The preview has what the engine has: the inputs with
their marks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from .properties import Properties, is_secret, is_unknown, reveal

_MASK = "[secret]"
# Shorter ones are hidden only where they are quoted as a whole: they may well be parts of other words.
_LONG = 6
# What a policy document says there is IAM's own words, and told by every message.
_VOCABULARY = ("Action", "NotAction", "Effect", "Version")


class Mask:
    """What is secret and what is not, of all the resources so far."""

    def __init__(self) -> None:
        self._secret: set[str] = set()
        self._public: set[str] = set()

    def note(self, inputs: Properties) -> None:
        """Take in the inputs of a resource, with the marks of secrets."""
        for value in inputs.values():
            self._note(value, secret=False)

    def hide(self, message: str) -> str:
        """The message without what is secret and stands nowhere in public."""
        for text in sorted(self._secret - self._public, key=len, reverse=True):
            for form in {text, json.dumps(text)[1:-1]}:
                message = (
                    message.replace(form, _MASK) if len(text) >= _LONG else message.replace(f"`{form}`", f"`{_MASK}`")
                )
        return message

    def _note(self, value: object, *, secret: bool) -> None:
        if is_secret(value):
            self._note(reveal(value), secret=True)
        elif isinstance(value, dict):
            for item in value.values():
                self._note(item, secret=secret)
        elif isinstance(value, list):
            for item in value:
                self._note(item, secret=secret)
        elif isinstance(value, str) and not is_unknown(value):
            (self._secret if secret else self._public).update(_leaves(value))


def _leaves(text: str) -> Iterator[str]:
    """The text, and where it is JSON the texts in it."""
    if text.strip():
        yield text
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _texts(json.loads(text))
        except (ValueError, RecursionError):
            return


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.strip("*"):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _VOCABULARY:
                yield from _texts(item)
