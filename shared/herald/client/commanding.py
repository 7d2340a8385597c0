"""Commands as messages, published until the broker has confirmed them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import aio_pika
from aio_pika.exceptions import DeliveryError
from aiormq.exceptions import AMQPError, ChannelAccessRefused, ChannelNotFoundEntity
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from herald.bus.cancellation import own_cancellation_only
from herald.client.connection import Connection, explained
from herald.client.errors import NoAnswerError, PublishFailedError, RejectedError
from herald.client.unwritable import not_json
from herald.contracts.commands import MAX_COMMAND_BYTES, CancelMessage, SendMessage
from herald.contracts.operator_commands import OperatorCommand
from herald.contracts.recipient_commands import (
    EraseRecipient,
    SuppressRecipient,
    UnsuppressRecipient,
)
from herald.contracts.topology import (
    CANCEL_KEY,
    COMMANDS,
    ERASE_KEY,
    SEND_KEYS,
    SUPPRESS_KEY,
    UNSUPPRESS_KEY,
)
from herald.contracts.trace_context import TraceContext
from herald.contracts.validation_errors import validation_errors_of
from herald.contracts.vocabulary import Lane

PUBLISH_SECONDS = 10.0
_RETRY_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as published: again is harmless, and gets the same answer."""

    key: str
    body: bytes
    message_id: str
    trace: TraceContext | None = None  # the producer's span
    is_dry_run: bool = False

    def within(self, headers: Mapping[str, str]) -> Command:
        """Return the command as one of the producer's trace; nothing where none is named."""
        return replace(self, trace=TraceContext.read(headers))

    def message(self, user: str | None) -> aio_pika.Message:
        """Write the AMQP message; its correlation id comes back on every event about it.

        `user`: who publishes it; the broker takes it from nobody else.
        """
        return aio_pika.Message(
            self.body,
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=self.message_id,
            correlation_id=self.message_id,
            headers=None if self.trace is None else dict(self.trace.headers),
            user_id=user,
        )


def send_command(
    message: SendMessage | Mapping[str, Any], tenant: str, lane: Lane, *, dry_run: bool = False
) -> Command:
    """Write a send command for a tenant; only what its producer set is written.

    Raises:
        RejectedError: it is not well-formed, or another tenant's.
    """
    given = message.model_dump(exclude_unset=True) if isinstance(message, SendMessage) else message
    if given.get("tenant", tenant) != tenant:
        raise RejectedError([("tenant", f"this client is {tenant}'s")])
    wanted = {"dry_run": True} if dry_run else {}
    return _command(SendMessage, {**given, "tenant": tenant, **wanted}, SEND_KEYS[lane])


def cancel_command(
    tenant: str, message_id: str | UUID | None, idempotency_key: str | None
) -> Command:
    """Write a cancel command.

    Raises:
        RejectedError: neither or both names are given, or one is not well-formed.
    """
    names = {"id": message_id, "idempotency_key": idempotency_key}
    given = {name: str(value) for name, value in names.items() if value is not None}
    return _command(CancelMessage, {**given, "tenant": tenant}, CANCEL_KEY)


def erase_command(
    tenant: str | None, to: Mapping[str, Any], erasure_id: str | UUID | None
) -> Command:
    """Write an erase command; no tenant: for all of them.

    Raises:
        RejectedError: an address is not well-formed, or none is given.
    """
    given = {} if erasure_id is None else {"id": str(erasure_id)}
    return _command(EraseRecipient, {**given, "tenant": tenant, "to": to}, ERASE_KEY)


def suppress_command(
    tenant: str,
    to: Mapping[str, Any],
    channel: str | None,
    category: str | None,
    *,
    lifts: bool = False,
) -> Command:
    """Write a suppress command, or one that lifts what it did.

    Raises:
        RejectedError: an address is not well-formed, or none is given.
    """
    scope = {"channel": channel, "category": category}
    given = {name: value for name, value in scope.items() if value is not None}
    model = UnsuppressRecipient if lifts else SuppressRecipient
    key = UNSUPPRESS_KEY if lifts else SUPPRESS_KEY
    return _command(model, {**given, "tenant": tenant, "to": to}, key)


def operator_command(key: str, command: OperatorCommand) -> Command:
    """Write an operator's command."""
    body = command.model_dump_json(exclude_unset=True).encode()
    return Command(key=key, body=body, message_id=str(uuid4()))


def _command(
    model: type[SendMessage | CancelMessage | EraseRecipient | SuppressRecipient],
    fields: Mapping[str, Any],
    key: str,
) -> Command:
    try:
        # as JSON, which is how the router will read it
        command = model.model_validate_json(to_json(fields))
    except PydanticSerializationError:
        raise RejectedError([not_json(fields)]) from None
    except ValidationError as error:
        raise RejectedError(validation_errors_of(error)) from None
    body = command.model_dump_json(exclude_unset=True).encode()
    if len(body) > MAX_COMMAND_BYTES:  # the router could not read whose it is, nor answer us
        raise RejectedError([("", f"larger than {MAX_COMMAND_BYTES // 1024} KiB")])
    is_dry_run = isinstance(command, SendMessage) and command.dry_run
    return Command(key=key, body=body, message_id=str(uuid4()), is_dry_run=is_dry_run)


async def publish(connection: Connection, command: Command, seconds: float) -> None:
    """Publish until the broker has confirmed.

    Raises:
        PublishFailedError: not confirmed in time, or refused because a queue is full.
        TopologyMissingError: the broker has no `herald.commands`.
        ConnectionFailedError: the user may not publish there.
    """
    try:
        async with asyncio.timeout(seconds):
            while not await _try(connection, command):  # noqa: ASYNC110  the broker sets no event
                await asyncio.sleep(_RETRY_SECONDS)
    except TimeoutError:
        raise not_confirmed(seconds) from None


def not_confirmed(seconds: float) -> PublishFailedError:
    """Say that a command is in doubt."""
    return PublishFailedError(
        f"RabbitMQ did not confirm within {seconds:g} s; "
        "publish it again under the same idempotency key"
    )


def not_answered(seconds: float) -> NoAnswerError:
    """Say that a command is confirmed, and its answer still to come."""
    return NoAnswerError(
        f"no answer within {seconds:g} s; the command is kept and will be answered "
        "once the router runs"
    )


async def _try(connection: Connection, command: Command) -> bool:
    """Publish once; False when the connection was lost before the confirm."""
    try:
        with own_cancellation_only():
            channel = await connection.channel()
            exchange = await channel.get_exchange(COMMANDS, ensure=False)
            with explained(connection.url, only=(ChannelNotFoundEntity, ChannelAccessRefused)):
                await exchange.publish(command.message(connection.user), command.key)
    except DeliveryError:
        raise PublishFailedError(
            "RabbitMQ refused the command: its queue is full; try again later"
        ) from None
    except (AMQPError, OSError, RuntimeError):
        return False
    return True
