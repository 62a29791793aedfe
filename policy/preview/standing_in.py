"""Stands in for AWS in a preview: where each provider works, what each resource is called there, and what was made up."""

from __future__ import annotations

from .answers import Answers, AnswersError
from .data_sources import CALLER_IDENTITY, REGION, DataSourceError
from .places import Place, Places
from .properties import Properties
from .registration import Registration, StackIdentity
from .stand_in_values import described, form, form_read, stood_in


class StandIns:
    """The stand-ins of one preview."""

    def __init__(self, stack: StackIdentity, answers: Answers) -> None:
        account, region = _answered(answers, CALLER_IDENTITY, "accountId"), _answered(answers, REGION, "region", "name")
        self._places = Places(stack.config, account, region)
        self._used: set[str] = set()
        self._ids: dict[str, str] = {}

    @property
    def note(self) -> str:
        """One line that names what was stood in for; empty for nothing."""
        return described(self._used)

    def id_of(self, urn: str) -> str:
        """The id of a resource that was created; empty where it is unknown."""
        return self._ids.get(urn, "")

    def create(self, resource: Registration, outputs: Properties, provider: Registration | None) -> Properties:
        """Complete the outputs of a new resource."""
        formed = form(resource.type, resource.urn, resource.inputs, outputs, self._place_of(resource, provider))
        self._ids[resource.urn] = formed.id
        self._used |= stood_in({key: value for key, value in formed.outputs.items() if outputs.get(key) != value})
        return formed.outputs

    def read(self, resource: Registration, provider: Registration | None) -> Properties:
        """Complete the outputs of a resource that exists already."""
        outputs = form_read(resource.type, resource.outputs, self._place_of(resource, provider))
        self._used |= stood_in(outputs.get("arn"))
        return outputs

    def place(self, provider: Registration | None) -> Place:
        """Where a data source is asked."""
        return self._places.of(provider.urn, provider.inputs) if provider else self._places.of("", {})

    def is_own(self, provider: Registration | None) -> bool:
        """Whether what is answered for the stack's own account is true of a provider."""
        return provider is None or self._places.is_own(provider.urn, provider.inputs)

    def told(self, result: Properties) -> None:
        """Take note of the stand-ins in a data source's result."""
        self._used |= stood_in(result)

    def _place_of(self, resource: Registration, provider: Registration | None) -> Place:
        urn, inputs = (provider.urn, provider.inputs) if provider else ("", {})
        return self._places.of(urn, inputs, resource.inputs.get("region"))


def _answered(answers: Answers, token: str, *members: str) -> str:
    """What an answer to a data source without arguments says, whether or not the program will ask it; empty for none."""
    try:
        result = answers.data_source(token, {}, "") or {}
    except (AnswersError, DataSourceError):
        # Mocks that know only what the program asks.
        return ""
    return next((str(result[member]) for member in members if result.get(member)), "")
