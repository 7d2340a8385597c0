"""What became of a call, without what the provider repeated of the message. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from herald.contracts.echoes import HIDDEN, names_of, said_in, without_names, without_quotes
from herald.contracts.masking import masked
from herald.contracts.work import Work
from herald.providers.sending import Accepted, NotSent, Refused, SendResult


def without_echoes(result: SendResult, work: Work, secrets: Sequence[str]) -> SendResult:
    """Hide what a result repeats of the contents and recipient of `work`, and of secrets."""
    if isinstance(result, NotSent):
        return result
    ids = result.references if isinstance(result, Accepted) else ()  # reported in any case
    echoes = _Echoes(work, secrets, ids)
    if result.element is not None:
        element = echoes.hidden(result.element)
        if element != result.element:
            result = replace(result, element=element)
    if isinstance(result, Refused) and result.failure.text:
        text = echoes.hidden(result.failure.text)
        result = replace(result, failure=result.failure.model_copy(update={"text": text}))
    return result


class _Echoes:
    """What is hidden in the words of one result; those that are one of `ids` stay."""

    def __init__(self, work: Work, secrets: Sequence[str], ids: Sequence[str]) -> None:
        self._to = work.to
        self._said = said_in(work.content)
        self._names = names_of(work.recipient_name, work.to)
        self._secrets = secrets
        self._ids = ids

    def hidden(self, element: Any) -> Any:
        """Hide them in a text, or in every text of a provider's JSON."""
        if isinstance(element, str):
            return element if element in self._ids else self._hidden_in(element)
        if isinstance(element, dict):
            return {name: self.hidden(value) for name, value in element.items()}
        if isinstance(element, list):
            return [self.hidden(value) for value in element]
        return element

    def _hidden_in(self, words: str) -> str:
        for secret in self._secrets:
            words = words.replace(secret, HIDDEN)
        if self._to in words:
            words = words.replace(self._to, masked(self._to))
        return without_names(without_quotes(words, self._said), self._names)
