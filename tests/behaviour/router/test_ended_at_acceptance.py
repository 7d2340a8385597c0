"""Messages that end as they are accepted, for none of their steps may start."""

from __future__ import annotations

import uuid
from pathlib import Path

import herald
from behaviour.router.consenting import sent
from behaviour.router.world import World
from herald.contracts.topology import SUPPRESS_KEY

ROUTERS = 2
MIGRATION = Path(herald.__file__).parent / "migrations" / "router" / "0022_ended_at_acceptance.sql"
ROW = "SELECT outcome || ' ' || (ended_at IS NOT NULL) FROM router.messages"


async def row_of(world: World, key: str) -> str | None:
    """Return a message's outcome, if any, and whether it is said when it ended."""
    row: str | None = await world.database.fetchval(f"{ROW} WHERE idempotency_key = $1", key)
    return row


async def failed_at_once(world: World) -> str:
    """Send a message to somebody who gets none; return its key."""
    phone, email = f"+1555{uuid.uuid4().int % 10**7:07}", f"{uuid.uuid4().hex}@example.com"
    await world.ask({"to": {"phone": phone, "email": email}}, SUPPRESS_KEY)
    key = await sent(world, phone, email)
    await world.heard("failed", key)
    return key


async def test_its_row_says_so_and_there_is_no_second_end(world: World) -> None:
    """A cancel comes too late for it."""
    key = await failed_at_once(world)
    assert await row_of(world, key) == "failed true"
    assert (await world.cancel(key)).what == "too_late"
    assert world.events_of("cancelled", key) == []


async def test_what_an_earlier_router_left_under_way_is_ended(world: World) -> None:
    """The migration ends messages of which only the event and the history said so, and no other."""
    failed, going = await failed_at_once(world), await world.send()
    await world.work("whatsapp", going)
    left = "UPDATE router.messages SET outcome = NULL, ended_at = NULL WHERE idempotency_key = $1"
    await world.database.execute(left, failed)
    await world.database.execute(MIGRATION.read_text())
    assert [await row_of(world, key) for key in (failed, going)] == ["failed true", None]
