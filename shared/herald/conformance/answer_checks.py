"""Answers of a provider in which one thing is not as documented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from herald.conformance.checks import Check, Needs
from herald.conformance.hostile_checks import mutations
from herald.conformance.line import open_line
from herald.conformance.trial import Trial
from herald.conformance.verdicts import NotMetError, require
from herald.providers.lenient_json import MAX_REFERENCE
from herald.providers.sending import Accepted, Refused, SendResult
from herald.providers.subject_sending import Answer

_READ = "read_response in send.py: take nothing for what it should be"
_VALUES: tuple[Any, ...] = (None, True, 10**400, 1.5, "", "x" * 5_000, [], [None], {}, {"a": []})


async def odd(trial: Trial) -> None:
    """Survive an answer in which any one value is something else."""
    sending = trial.subject.sending
    async with open_line(trial) as line:
        for answer in (sending.accepted, sending.throttled, *_first_error(trial)):
            for path, changed in _changed(answer):
                try:
                    result = await line.send(changed)
                except Exception as error:
                    seen = f"raises {type(error).__name__}"
                    raise NotMetError(
                        f"an answer with {path} to be survived", seen, _READ
                    ) from error
                _check(result, path)


def _check(result: SendResult, path: str) -> None:
    """Look at what would be recorded and published of a result."""
    if isinstance(result, Accepted):
        for reference in result.references:
            fits = isinstance(reference, str) and 0 < len(reference) <= MAX_REFERENCE
            require(fits, f"an id of 1 to {MAX_REFERENCE} characters for {path}", reference, _READ)
    if isinstance(result, Refused):
        json.dumps(result.failure.model_dump(mode="json"))


def _changed(answer: Answer) -> Iterator[tuple[str, Answer]]:
    try:
        document = json.loads(answer.body)
    except ValueError:
        return  # what is no JSON is garbage, and another check's
    for path, changed in mutations(document, _VALUES):
        yield path, replace(answer, body=json.dumps(changed).encode())


def _first_error(trial: Trial) -> list[Answer]:
    return [error.answer for error in trial.subject.sending.errors[:1]]


CHECKS = (Check("send_odd_answers", "Any value in an answer is survived.", Needs.HTTP, odd),)
