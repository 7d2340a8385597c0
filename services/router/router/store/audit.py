"""What operators did, one row an act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from pydantic_core import to_json

from herald.database.pool import Connection
from herald.database.queries import load_queries

QUERIES = load_queries("router.store", "audit.sql")


class Act(Struct, frozen=True, kw_only=True):
    """What an operator did. `detail` holds no address and nothing of what a message says."""

    user: str  # the broker user
    act: str  # the command's routing key
    tenant: str | None = None
    subject: str | None = None  # the id of the message or dead letter
    detail: Mapping[str, object] = field(default_factory=dict)


async def keep_acts(connection: Connection, acts: Sequence[Act]) -> None:
    """Keep what operators did, in the transaction that did it."""
    if acts:
        await connection.execute(
            QUERIES["keep_acts"],
            [act.user for act in acts],
            [act.act for act in acts],
            [act.tenant for act in acts],
            [act.subject for act in acts],
            [to_json(act.detail, fallback=str).decode() for act in acts],
        )
