"""Operators' commands by the hundred: given side by side, and their answers counted."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import typer
from pydantic import ValidationError

from herald.cli.environment import EXIT_FAILED, EXIT_TIMEOUT, EXIT_USAGE, amqp_url, fail
from herald.client import Answer, NoAnswerError, PublishFailedError, RejectedError
from herald.client.errors import in_words_of
from herald.client.operator import Operator
from herald.contracts.operator_commands import OperatorCommand
from herald.contracts.reasons import in_words
from herald.contracts.validation_errors import validation_errors_of
from herald.contracts.vocabulary import CommandAnswer

AT_ONCE = 200
_OperatorCommand = TypeVar("_OperatorCommand", bound=OperatorCommand)
NOT_AN_OPERATOR = "user"  # the field of the rejection


@dataclass(slots=True)
class Tally:
    """How many commands got which answer."""

    accepted: int = 0
    duplicate: int = 0
    unanswered: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by reason

    @property
    def number(self) -> int:
        """How many were given."""
        return self.accepted + self.duplicate + self.unanswered + self.refused.total()

    def note(self, result: Answer | BaseException) -> None:
        """Count an answer.

        Raises:
            BaseException: what stands in the way of all, such as a user that is no operator.
        """
        if isinstance(result, Answer):
            if result.answer is CommandAnswer.DUPLICATE:
                self.duplicate += 1
            else:
                self.accepted += 1
        elif isinstance(result, RejectedError) and result.field != NOT_AN_OPERATOR:
            self.refused[f"{result.field}: {in_words(result.reason)}"] += 1
        elif isinstance(result, NoAnswerError | PublishFailedError):
            self.unanswered += 1
        else:
            raise result


def operator_command(model: type[_OperatorCommand], **fields: Any) -> _OperatorCommand:
    """Make a command of what was given, or end with 2 naming each field at fault."""
    try:
        return model(**fields)
    except ValidationError as error:
        lines = [f"rejected: {in_words_of(each)}" for each in validation_errors_of(error)]
        raise fail("\n".join(lines), EXIT_USAGE) from None


async def give_all(name: str, key: str, commands: Sequence[OperatorCommand]) -> Tally:
    """Give commands under a routing key, many at once; progress goes to stderr."""
    tally = Tally()
    async with Operator(amqp_url(), name=f"herald {name}") as operator:
        for start in range(0, len(commands), AT_ONCE):
            given = commands[start : start + AT_ONCE]
            for result in await asyncio.gather(
                *(operator.give(key, command) for command in given), return_exceptions=True
            ):
                tally.note(result)
            if len(commands) > AT_ONCE:
                typer.echo(f"{tally.number} of {len(commands)}", err=True)
    return tally


def print_tally(tally: Tally, done: str, done_before: str, *, as_json: bool) -> None:
    """Print the counts; end with 1 if some were refused, with 3 if some were not answered."""
    if as_json:
        document = {
            "accepted": tally.accepted,
            "duplicate": tally.duplicate,
            "unanswered": tally.unanswered,
            "refused": dict(tally.refused),
        }
        typer.echo(json.dumps(document))
    else:
        typer.echo(f"{tally.accepted:>7}  {done}")
        if tally.duplicate:
            typer.echo(f"{tally.duplicate:>7}  {done_before}")
        for reason, number in tally.refused.most_common():
            typer.echo(f"{number:>7}  refused: {reason}")
        if tally.unanswered:
            text = "not answered in time: run it again, nothing is done twice"
            typer.echo(f"{tally.unanswered:>7}  {text}")
    if tally.unanswered:
        raise typer.Exit(EXIT_TIMEOUT)
    if tally.refused:
        raise typer.Exit(EXIT_FAILED)
