"""Asking for erasures, and waiting for them."""

from __future__ import annotations

from itertools import count
from typing import Any

from behaviour.router.world import Body, Heard, World
from herald.contracts.topology import ERASE_KEY
from herald.contracts.work import Work

_numbers = count(2_000_000)


def another_phone() -> str:
    """Return a number that nobody else has."""
    return f"+1555{next(_numbers)}"


def erase_body(phone: str, **changes: Any) -> Body:
    return {"to": {"phone": phone}} | changes


async def completed(world: World, erasure_id: str) -> dict[str, int]:
    """Wait until an erasure is complete; return what it counted."""

    def completion() -> Heard | None:
        return next(
            (
                heard
                for heard in world.events
                if heard.what == "completed" and heard.data["erasure_id"] == erasure_id
            ),
            None,
        )

    heard: Heard = await world.until(completion)
    erased: dict[str, int] = heard.data["erased"]
    return erased


async def erase(world: World, phone: str, **changes: Any) -> dict[str, int]:
    """Ask for an erasure and wait until it is complete."""
    heard = await world.ask(erase_body(phone, **changes), ERASE_KEY)
    assert heard.what == "accepted", heard.data
    return await completed(world, heard.data["erasure_id"])


async def waits_for(world: World, erasure_id: str, obstacle: str) -> None:
    """Wait until an erasure says that it waits for nothing but this."""
    await world.row(
        "SELECT true FROM router.erasures WHERE id = $1 AND waits_for = $2", erasure_id, obstacle
    )


async def sent(world: World, phone: str, **changes: Any) -> tuple[str, Work]:
    """Send a message by SMS; return its key and its work."""
    fields: Body = {"to": {"phone": phone}, "route": "sms"}
    key = await world.send(**fields | changes)
    return key, await world.work("sms", key)


async def row_of(world: World, work: Work) -> str:
    """Return, as text, all that a message's row holds."""
    row: str = await world.database.fetchval(
        "SELECT m::text FROM router.messages m WHERE id = $1", work.message_id
    )
    return row
