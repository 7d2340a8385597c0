"""A group of reports in few messages, on a real database with a broker that fails on command."""

from __future__ import annotations

import pytest

from behaviour.channel.recording import Desk, settled
from behaviour.channel.world import attempt_id, until


@pytest.mark.parametrize(("in_batches", "messages"), [(False, 50), (True, 3)])
async def test_a_group_goes_in_few_messages_where_routers_read_them(
    desk: Desk, *, in_batches: bool, messages: int
) -> None:
    """Each report is in one of them, and all works are acknowledged; else it goes by itself."""
    desk.in_batches = in_batches
    attempts = [attempt_id() for _ in range(50)]
    for attempt in attempts:
        await desk.claim(attempt)
    deliveries = [desk.accepted(attempt) for attempt in attempts]
    await until(lambda: settled(*deliveries))
    bodies = b"".join(message.body for message in desk.broker.published)
    assert all(attempt.encode() in bodies for attempt in attempts)
    assert len(desk.broker.published) == messages


async def test_reports_whose_message_is_not_confirmed_are_all_the_sweepers(desk: Desk) -> None:
    """What one message was to bring may have arrived or not: each row says that it has not."""
    desk.in_batches, desk.broker.away = True, True
    attempts = [attempt_id() for _ in range(3)]
    for attempt in attempts:
        await desk.claim(attempt)
    deliveries = [desk.accepted(attempt) for attempt in attempts]
    await until(lambda: settled(*deliveries))
    await desk.recorder.finish()
    assert [await desk.published(attempt) for attempt in attempts] == [False] * 3
