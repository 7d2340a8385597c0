"""The backlog: what waits for room, whose turn it is, and routers that share the work or die."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from behaviour.router.backlogged import Broker, routers
from behaviour.router.explaining import Explaining
from behaviour.router.units import lose_one_commit
from herald.contracts.masking import address_hash
from many_messages import make_messages
from router.core.windows import FIRST, SMALLEST
from router.jobs.timers import BATCH
from router.store.backlog import QUERIES

NOW = datetime.now(UTC)
WAITING = "SELECT count(*) FROM router.messages WHERE waits_in = 'backlog.sms.bulk'"
FREE = "UPDATE router.windows SET claimed_until = '-infinity'"
SIZE = "UPDATE router.windows SET size = $1, drained = NULL, has_backlog = false"
COMES = """
UPDATE router.messages SET
    due_at = now() - (CASE idempotency_key WHEN $1 THEN 1 ELSE 60 END) * interval '1 second',
    state = regexp_replace(state::text, '"send_at":"[0-9]+', '"send_at":"2001')::json
"""
HAS_COME = "SELECT waits_in LIKE 'backlog.%' FROM router.messages WHERE idempotency_key = $1"
ATTEMPTS = "SELECT count(*) FROM router.attempts"


async def test_what_finds_no_room_waits_without_an_attempt(postgres_dsn: str) -> None:
    """It is accepted, and no channel knows of it."""
    broker = Broker()
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        await router.take(5)
        assert broker.works == []
        assert await database.fetchval(WAITING) == 5
        assert await database.fetchval(ATTEMPTS) == 0
        broker.depth = 0
        await router.look()
        assert len(broker.works) == 5
        assert await database.fetchval(WAITING) == 0


async def test_nothing_waits_while_there_is_room(postgres_dsn: str) -> None:
    """It is dispatched in the transaction that took its command."""
    broker = Broker(depth=0)
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        await router.take(50)
        assert len(broker.works) == 50
        assert await database.fetchval(WAITING) == 0


async def test_a_queue_is_given_no_more_than_its_window_holds(postgres_dsn: str) -> None:
    """Whatever is not let in waits for the next look, and what comes then waits behind it."""
    broker = Broker(depth=FIRST - 30)
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        await router.take(100)
        assert len(broker.works) == 30
        await router.take(10)
        assert len(broker.works) == 30, "others wait longer"
        assert await database.fetchval(WAITING) == 80


async def test_tenants_are_served_in_turn(postgres_dsn: str) -> None:
    """Whoever has three messages has them served as soon as another's first three."""
    broker = Broker()
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        await router.take(60)
        await router.take(3, tenant="other")
        await database.execute(SIZE, SMALLEST)
        broker.depth = SMALLEST - 8
        await router.look()
        assert broker.by_tenant() == {"default": 5, "other": 3}


async def test_routers_let_in_each_message_once(postgres_dsn: str) -> None:
    """However many look at the same backlog at the same time."""
    broker = Broker()
    async with routers(postgres_dsn, broker, number=3) as (three, database):
        await three[0].look()
        await three[0].take(120)
        broker.depth = 0
        for _ in range(4):
            await asyncio.gather(*(router.look() for router in three))
        assert len(broker.works) == len({work.attempt_id for work in broker.works}) == 120
        assert await database.fetchval(WAITING) == 0


async def test_a_router_that_died_is_replaced(postgres_dsn: str) -> None:
    """Its claim on a window lapses, and another lets in what it had left in the backlog."""
    broker = Broker()
    async with routers(postgres_dsn, broker, number=2) as ((first, second), database):
        await first.look()
        await first.take(10)
        await database.execute(
            "UPDATE router.windows SET claimed_until = clock_timestamp() + interval '1 hour'"
        )
        broker.depth = 0
        await second.look()
        assert broker.works == [], "it may live still"
        await database.execute(FREE)
        await asyncio.sleep(0)
        second.windows.note([], 1)
        await second.look()
        assert len(broker.works) == 10


async def test_a_router_that_hung_lets_nothing_in_any_more(postgres_dsn: str) -> None:
    """Another looks after the window by then: room is given once."""
    broker = Broker()
    async with routers(postgres_dsn, broker, number=2) as ((first, second), database):
        await first.look()
        await first.take(10)
        broker.depth = 0

        async def lose_the_claim(*_arguments: object) -> None:
            await database.execute(
                "UPDATE router.windows SET claim = gen_random_uuid(),"
                " claimed_until = clock_timestamp() + interval '1 hour'"
            )

        first.release._turns.wait = lose_the_claim  # type: ignore[method-assign]
        await first.look()
        assert broker.works == []
        assert await database.fetchval(WAITING) == 10
        await database.execute(FREE)
        await second.look()
        assert len(broker.works) == 10


async def test_a_database_that_goes_away_costs_a_turn(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not committed was not published, and goes at the next turn, once."""
    broker = Broker()
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        await router.take(10)
        broker.depth = 0
        lost = lose_one_commit(monkeypatch, "SELECT count(*) > 0 FROM router.attempts")
        with pytest.raises(OSError, match=r"^$"):
            await router.look()
        assert lost
        assert broker.works == []
        assert await database.fetchval(WAITING) == 10
        await router.look()
        assert len({work.attempt_id for work in broker.works}) == len(broker.works) == 10


async def test_a_queue_that_can_not_be_asked_is_given_nothing(postgres_dsn: str) -> None:
    """A broker with an alarm, or a queue that is missing: the backlog waits."""
    broker = Broker()
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        await router.take(4)
        broker.depth = None
        await router.look()
        assert await database.fetchval(WAITING) == 4


async def test_one_that_can_not_be_decided_holds_up_no_other(postgres_dsn: str) -> None:
    """It is put off, and the others of its batch go."""
    broker = Broker()
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        bad, *_ = await router.take(6)
        await database.execute(
            "UPDATE router.messages SET state = '{\"attempts\": 1}' WHERE idempotency_key = $1", bad
        )
        broker.depth = 0
        await router.look()
        await router.look()
        assert len(broker.works) == 5
        assert await database.fetchval(
            "SELECT waits_since > now() FROM router.messages WHERE idempotency_key = $1", bad
        )


async def test_a_message_that_waits_for_nothing_is_taken_out(postgres_dsn: str) -> None:
    """As a router that knows no backlog may leave it."""
    broker = Broker()
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        await router.take(2)
        await database.execute("UPDATE router.messages SET state = '{}'")
        broker.depth = 0
        await router.look()
        assert await database.fetchval(WAITING) == 0


async def test_what_many_kept_for_one_hour_is_let_in_as_there_is_room(postgres_dsn: str) -> None:
    """When it comes they wait like everything else, and nobody's deadlines wait for them."""
    broker = Broker()
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        at = await database.fetchval("SELECT now() + interval '1 hour'")
        await router.take(300, send_at=at.isoformat())
        [late] = await router.take(1, tenant="other", send_at=at.isoformat())
        await database.execute(COMES, late)
        await router.act_on_deadlines()
        assert await database.fetchval(HAS_COME, late), "it was due last"
        assert await database.fetchval(WAITING) == BATCH + BATCH // 4
        await router.act_on_deadlines()
        assert await database.fetchval(WAITING) == 301
        broker.depth = SMALLEST
        await database.execute(SIZE, SMALLEST + 10)
        await router.look()
        assert broker.by_tenant() == {"default": 9, "other": 1}


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("count_waiting", (["backlog.sms.bulk"], [500], NOW)),
        ("find_tenants", ("backlog.sms.bulk",)),
        ("find_waiting", ("backlog.sms.bulk", ["default", "other"], [50, 50], NOW)),
    ],
)
async def test_a_scan_reads_what_waits_and_nothing_else(
    postgres_dsn: str, statement: str, values: tuple[object, ...]
) -> None:
    """Through the backlog's own index, in the order in which tenants are served."""
    broker = Broker()
    async with routers(postgres_dsn, broker) as ([router], database):
        await router.look()
        await router.take(20)
        await router.take(2, tenant="other")
        await make_messages(database, 3000, "many", [address_hash("+15550007777")])
        await database.execute("ANALYZE router.messages")
        explaining = Explaining(database)
        await explaining.explain(QUERIES[statement], *values)
        tables = [node for node in explaining.read if node.get("Relation Name") == "messages"]
        assert {node["Index Name"] for node in tables} == {"messages_backlog"}
