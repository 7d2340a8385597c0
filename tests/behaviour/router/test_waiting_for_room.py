"""A message in the backlog, as its users see it: answered, cancelled, expired, erased, sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
import pytest_asyncio

from behaviour.router.backlogged import FULL
from behaviour.router.receipts import receipt
from behaviour.router.world import World, command
from herald.bus.depths import QueueDepths
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Lane, Status
from router.clearances import windows

STATE = "SELECT waits_in = 'backlog.sms.normal' FROM router.messages WHERE idempotency_key = $1"
NOTES = """
SELECT string_agg(note, ' / ' ORDER BY recorded_at) FROM router.history
WHERE message_id = (SELECT id FROM router.messages WHERE idempotency_key = $1)
"""
DEPTH = {"all": FULL}


LOOKS = "SELECT sum(looks) FROM router.windows WHERE queue LIKE 'outbound.sms.%'"
LOOKED = "SELECT sum(looks) > $1 FROM router.windows WHERE queue LIKE 'outbound.sms.%'"


@pytest.fixture(scope="module", autouse=True)
def said_depths() -> Iterator[None]:
    """Have the broker say what the test wants, and be asked again and again."""

    async def read(_self: QueueDepths, queues: Iterable[str]) -> dict[str, int]:
        return dict.fromkeys(queues, DEPTH["all"])

    patch = pytest.MonkeyPatch()
    patch.setattr(QueueDepths, "read", read)
    patch.setattr(windows, "STALE_SECONDS", 0.0)
    yield
    patch.undo()


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def full(world: World) -> None:
    """Begin with full queues, and routers that know it."""
    DEPTH["all"] = FULL
    looks = await world.database.fetchval(LOOKS) or 0
    await world.row(LOOKED, looks + 2 * len(Lane))  # the shares are taken after a look


async def wait_in_the_backlog(world: World, **changes: object) -> str:
    """Send a message that finds no room; return its key."""
    body = command(route="sms", **changes)
    heard = await world.ask(body)
    assert heard.what == "accepted"
    key = str(body["idempotency_key"])
    await world.row(STATE, key)
    return key


async def test_it_is_sent_once_there_is_room(world: World) -> None:
    """The timeline says that it was queued and released, and its clocks count from then."""
    key = await wait_in_the_backlog(world)
    DEPTH["all"] = 0
    work = await world.work("sms", key)
    assert work.dispatch == 1
    notes = await world.row(NOTES, key)
    assert "sms (step 1) queued" in notes
    assert "released; dispatched sms 1.1" in notes


async def test_it_can_be_cancelled(world: World) -> None:
    """Nothing is on its way: the message ends at once."""
    key = await wait_in_the_backlog(world)
    assert (await world.cancel(key)).what == "accepted"
    [event] = await world.heard("cancelled", key)
    assert event["terminal"]
    assert not await world.database.fetchval(STATE, key)


async def test_it_expires_while_it_waits(world: World) -> None:
    """No attempt was made."""
    key = await wait_in_the_backlog(world, ttl="500ms")
    [event] = await world.heard("expired", key)
    assert (event["terminal"], event["attempt_id"]) == (True, None)


async def test_a_fallback_waits_for_room_too(world: World) -> None:
    """The event that says so comes when its step begins, not before."""
    DEPTH["all"] = 0
    await world.row("SELECT bool_and(depth = 0 AND NOT has_backlog) FROM router.windows")
    key = await world.send(route="quick")
    work = await world.work("whatsapp", key)
    DEPTH["all"] = FULL
    looks = await world.database.fetchval(LOOKS)
    await world.row(LOOKED, looks + 2 * len(Lane))
    failure = Failure.of(FailureClass.UNREACHABLE, "nobody", "not there")
    await world.report(receipt(work, Status.FAILED, failure=failure))
    await world.row(STATE, key)
    assert world.events_of("fallback", key) == []
    DEPTH["all"] = 0
    await world.work("sms", key)
    [event] = await world.heard("fallback", key)
    assert event["fallback"]["reason"] == "unreachable"
