"""`herald cancel`: take a message back if nothing has started."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer

from herald.cli.environment import (
    EXIT_FAILED,
    EXIT_USAGE,
    JsonOption,
    TenantOption,
    amqp_url,
    fail,
    run,
    utf8,
)
from herald.client import Answer, Client, RejectedError
from herald.contracts.reasons import UNKNOWN_MESSAGE
from herald.contracts.vocabulary import CommandAnswer


def cancel(
    message: Annotated[
        str, typer.Argument(callback=utf8, help="The message's id or idempotency key.")
    ],
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Take a message back. Exit 1 if it is too late, 2 if there is no such message."""
    answer = run(_cancel(message, tenant))
    words = ": ".join(filter(None, (answer.answer.replace("_", " "), answer.reason)))
    typer.echo(
        json.dumps(
            {
                "answer": answer.answer,
                "message_id": answer.message_id,
                "status": answer.status,
                "outcome": answer.outcome,
                "reason": answer.reason,
            }
        )
        if as_json
        else f"{words}  {answer.message_id}"
    )
    if answer.answer is CommandAnswer.TOO_LATE:
        raise typer.Exit(EXIT_FAILED)


async def _cancel(name: str, tenant: str) -> Answer:
    async with Client(amqp_url(), tenant=tenant, name="herald cancel") as herald:
        if is_uuid(name):
            try:
                return await herald.cancel(id=name)
            except RejectedError as error:
                if error.reason != UNKNOWN_MESSAGE:
                    raise
        try:
            return await herald.cancel(idempotency_key=name)
        except RejectedError as error:
            if error.reason != UNKNOWN_MESSAGE:
                raise
            raise fail(f"no message of tenant {tenant} is named {name}", EXIT_USAGE) from None


def is_uuid(name: str) -> bool:
    """Return whether a text has the form of a message's id; an idempotency key may have it too."""
    try:
        return str(UUID(name)) == name.lower()
    except ValueError:
        return False
