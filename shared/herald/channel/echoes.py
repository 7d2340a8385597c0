"""What became of a call, without what the provider repeated of the message. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from herald.contracts.echoes import HIDDEN, names_of, said_in, without_names, without_quotes
from herald.contracts.masking import masked
from herald.contracts.work import Work
from herald.providers.sending import Accepted, NotSent, Refused, SendResult


def without_echoes(result: SendResult, work: Work, secrets: Iterable[str]) -> SendResult:
    """Hide what a result repeats of the contents and recipient of `work`, and of secrets."""
    if isinstance(result, NotSent):
        return result
    ids = result.references if isinstance(result, Accepted) else ()  # reported in any case
    said = tuple(said_in(work.content))
    hide = partial(_without, work=work, said=said, secrets=tuple(secrets), ids=ids)
    if result.element is not None:
        result = replace(result, element=_clean(result.element, hide))
    if isinstance(result, Refused) and result.failure.text:
        text = hide(result.failure.text)
        result = replace(result, failure=result.failure.model_copy(update={"text": text}))
    return result


def _clean(element: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(element, str):
        return hide(element)
    if isinstance(element, dict):
        return {name: _clean(value, hide) for name, value in element.items()}
    if isinstance(element, list):
        return [_clean(value, hide) for value in element]
    return element


def _without(
    words: str, work: Work, said: Iterable[str], secrets: Iterable[str], ids: Sequence[str]
) -> str:
    if words in ids:
        return words
    for secret in secrets:
        words = words.replace(secret, HIDDEN)
    if work.to in words:
        words = words.replace(work.to, masked(work.to))
    words = without_quotes(words, said)
    return without_names(words, names_of(work.recipient_name, work.to))
