"""Finding the messages that commands name, by id or by idempotency key."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from herald.contracts.commands import CancelMessage
from herald.contracts.operator_commands import ResendMessage
from herald.database.pool import Connection
from router.store.messages import find_by_key


async def find_named(
    connection: Connection, commands: Sequence[CancelMessage | ResendMessage]
) -> list[UUID | None]:
    """Return the id that each command means; None where no message has its key.

    An id is as the command gave it: whether there is such a message shows when it is locked.
    """
    keys = [(one.tenant, one.idempotency_key) for one in commands if one.idempotency_key]
    by_key = await find_by_key(connection, keys) if keys else {}
    return [one.id or by_key.get((one.tenant, one.idempotency_key or "")) for one in commands]
