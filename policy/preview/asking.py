"""What a program asks, answered without AWS: from the answers that were given, else as far as it follows from others."""

from __future__ import annotations

from collections.abc import Mapping

from . import data_sources
from .answers import Answers
from .data_sources import IDENTITY, Answer
from .origins import Origins
from .properties import UNKNOWN, Properties, normalise, reveal
from .registration import Registration
from .standing_in import StandIns


class Questions:
    """The questions of one program."""

    def __init__(
        self, config: Mapping[str, str], answers: Answers, stand_ins: StandIns | None, origins: Origins
    ) -> None:
        """`config` is the stack's; without `stand_ins`, nothing stands in for what is not known."""
        self._config = config
        self._answers = answers
        self._stand_ins = stand_ins
        self._origins = origins

    def data_source(
        self, token: str, arguments: Properties, provider: Registration | None, reference: str
    ) -> data_sources.Answer:
        """Answer a data source that is asked through `provider`, for which mocks are told the `reference`.

        Raises AnswersError where the answers fail, and DataSourceError for arguments that are refused.
        """
        texts: set[str] = set()
        for value in arguments.values():
            normalise(value, texts)
        self._origins.asked(token, texts)
        # An account that was given is that of the stack: a provider with other credentials has its own.
        own = token not in IDENTITY or self._stand_ins is None or self._stand_ins.is_own(provider)
        given = self._answers.data_source(token, arguments, reference) if own else None
        if given is not None and token not in IDENTITY:
            return Answer(given)
        region = reveal(provider.inputs.get("region")) if provider else ""
        place = self._stand_ins.place(provider) if self._stand_ins else None
        answer = data_sources.answer(token, arguments, self._config, region if isinstance(region, str) else "", place)
        if given is not None:
            return Answer({**(answer.result or {}), **given})
        if self._stand_ins and answer.result:
            self._stand_ins.told(answer.result)
        return answer

    def stack(self, reference: str, name: str) -> Answer:
        """Answer what another stack's outputs are; `reference` is the name of the resource that refers to it."""
        given = self._answers.stack(reference, name)
        if given is None:
            note = f"the outputs of the stack {name} are unknown: its state is not read (give them with --answers)"
            return Answer({"outputs": UNKNOWN, "secretOutputNames": UNKNOWN}, note)
        return Answer({"outputs": given, "secretOutputNames": []})
