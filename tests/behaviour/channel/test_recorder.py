"""The recorder on a real database with a broker that fails on command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from behaviour.bus.link import linked
from behaviour.channel.recording import Desk, lost, settled
from behaviour.channel.world import World, attempt_id, claim, until
from herald.bus.receipt_messages import receipt_body
from herald.channel import sends
from herald.channel.finished import Finished
from herald.channel.reports import returned
from herald.database.pool import Database
from unit.channel.making import work


async def test_a_report_that_can_not_be_published_is_acked_and_left_to_the_sweeper(
    desk: Desk,
) -> None:
    """Once the report is recorded its work may go; the row says that it is not published."""
    attempt = attempt_id()
    desk.broker.away = True
    await desk.claim(attempt)
    delivery = desk.accepted(attempt)
    await until(lambda: settled(delivery))
    await desk.recorder.finish()
    assert not await desk.published(attempt)


async def test_a_return_never_hides_the_report_that_follows(desk: Desk) -> None:
    """A published return does not mark a later dispatch's report as published."""
    attempt = attempt_id()
    delivery = desk.returned(attempt)
    await until(lambda: settled(delivery))
    desk.broker.away = True
    await desk.claim(attempt)
    delivery = desk.accepted(attempt)
    await until(lambda: settled(delivery))
    await desk.recorder.finish()
    assert not await desk.published(attempt)


async def test_a_return_that_could_not_be_published_is_kept_and_published_later(desk: Desk) -> None:
    """No row remembers a return, so its work stays unacknowledged; nothing spins meanwhile."""
    desk.broker.away = True
    attempt = attempt_id()
    await desk.claim(attempt)
    back = desk.returned(attempt_id())
    made = desk.accepted(attempt)
    await until(lambda: settled(made))  # a return that waits holds no report back
    tries, began = desk.broker.tries, time.monotonic()

    async def is_tried_again() -> bool:
        return desk.broker.tries >= tries + 3

    await until(is_tried_again)
    assert time.monotonic() - began > 0.4  # two pauses at least
    assert not back.settled
    desk.broker.away = False
    await until(lambda: settled(back))
    assert [b'"returned"' in message.body for message in desk.broker.published] == [True]


async def test_the_return_of_a_claim_outlives_its_delivery(desk: Desk) -> None:
    """Its claim is removed and its delivery gone: nobody else would ever report that work."""
    attempt = attempt_id()
    one = claim(attempt, timedelta(hours=1))
    async with desk.database.connection() as connection:
        await sends.claim(connection, "sms", [one])
    desk.broker.away = True
    receipt = returned(work(attempt_id=attempt), "claim_failed", datetime.now(UTC))
    desk.recorder.add(Finished(lost(), receipt, receipt_body(receipt), release=one.claimant))

    async def is_released() -> bool:
        return await desk.world.row(attempt) is None

    async def is_published() -> bool:
        return bool(desk.broker.published)

    await until(is_released)
    desk.broker.away = False
    await until(is_published)
    assert [b'"returned"' in message.body for message in desk.broker.published] == [True]


async def test_a_report_whose_work_would_come_again_is_not_the_sweepers(desk: Desk) -> None:
    """Its row calls it published at once: nothing is written when it is."""
    attempt = attempt_id()
    desk.broker.has_room.clear()
    await desk.claim(attempt)
    delivery = desk.accepted(attempt)
    await until(lambda: desk.published(attempt))
    assert not delivery.settled
    desk.broker.has_room.set()
    await until(lambda: settled(delivery))


async def test_a_report_whose_delivery_is_lost_is_the_sweepers_until_it_is_published(
    desk: Desk,
) -> None:
    """Its work may have come again before the report was recorded, and will not once more."""
    attempt = attempt_id()
    desk.broker.has_room.clear()
    await desk.claim(attempt)
    desk.accepted(attempt, lost())
    await desk.world.recorded(attempt)
    assert not await desk.published(attempt)
    desk.broker.has_room.set()
    await until(lambda: desk.published(attempt))


async def test_a_report_is_on_its_way_while_it_is_recorded(desk: Desk) -> None:
    """The router need not wait for the row; the work is not acknowledged before it stands."""
    attempt = attempt_id()
    await desk.claim(attempt)

    async def is_out() -> bool:
        return bool(desk.broker.published)

    async with desk.world.database.transaction():
        await desk.world.database.execute(
            "SELECT FROM channel.sends WHERE attempt_id = $1 FOR UPDATE", attempt
        )
        delivery = desk.accepted(attempt)
        await until(is_out)
        assert not delivery.settled
    await until(lambda: settled(delivery))
    assert len(desk.broker.published) == 1


async def test_a_report_that_could_not_be_recorded_is_published_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response of the statement is lost: the next try records and publishes nothing twice."""
    attempt = attempt_id()
    await desk.claim(attempt)
    record, tries = sends.record, 0

    async def losing(connection: object, reports: Sequence[sends.StoredReport]) -> dict[str, bool]:
        nonlocal tries
        tries += 1
        recorded = await record(connection, reports)  # type: ignore[arg-type]  # handed through
        if tries == 1:
            raise ConnectionResetError
        return recorded

    monkeypatch.setattr("herald.channel.sends.record", losing)
    delivery = desk.accepted(attempt)
    await until(lambda: settled(delivery))
    assert (tries, len(desk.broker.published)) == (2, 1)


async def test_what_finished_in_the_meantime_makes_a_group(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports that wait are recorded in one statement."""
    attempts = [attempt_id() for _ in range(50)]
    for attempt in attempts:
        await desk.claim(attempt)
    sizes: list[int] = []
    record = sends.record

    async def counted(connection: object, reports: Sequence[sends.StoredReport]) -> dict[str, bool]:
        sizes.append(len(reports))
        return await record(connection, reports)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr("herald.channel.sends.record", counted)
    deliveries = [desk.accepted(attempt) for attempt in attempts]
    await until(lambda: settled(*deliveries))
    assert sizes == [50]


async def test_finishing_settles_what_a_stopped_run_left(world: World) -> None:
    """Reports handed in after the loop ended are recorded and acknowledged all the same."""
    database = Database(world.dsn, application_name="test")
    await database.start()
    desk = Desk(world, database)
    attempt = attempt_id()
    await desk.claim(attempt)
    delivery = desk.accepted(attempt)
    await desk.recorder.finish()
    assert delivery.settled
    assert await desk.published(attempt)
    await database.stop()


async def test_a_report_outlives_a_link_that_went_dead(world: World) -> None:
    """A database that says nothing and closes nothing is given up in time, and found again."""
    async with linked(world.dsn) as (link, url):
        database = Database(url, application_name="test", command_seconds=0.5)
        await database.start()
        desk = Desk(world, database)
        attempt = attempt_id()
        await desk.claim(attempt)
        link.hold()
        delivery = desk.accepted(attempt)
        running = asyncio.create_task(desk.recorder.run())

        async def is_given_up() -> bool:
            return desk.recorder.problem is not None

        await until(is_given_up, within_seconds=25)
        assert not delivery.settled
        link.release()
        await until(lambda: settled(delivery), within_seconds=25)
        running.cancel()
        await asyncio.wait([running])
        await database.stop()
    assert len(desk.broker.published) == 1
