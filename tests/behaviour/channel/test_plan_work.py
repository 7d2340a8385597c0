"""Work of the kind `plan`: answered by the worker, neither claimed nor called."""

from __future__ import annotations

from behaviour.channel.world import World, attempt_id


async def test_it_is_answered_and_no_call_is_made(world: World) -> None:
    """The answer has the account; there is no row, the queue is empty, a real send goes as ever."""
    attempt = attempt_id()
    async with world.channel():
        await world.send(attempt, kind="plan")
        [receipt] = await world.receipts(1)
        assert (receipt["kind"], receipt["attempt_id"]) == ("planned", attempt)
        assert (receipt["plan"]["call"], receipt["plan"]["account"]) == ("now", "main")
        assert receipt["plan"]["segments"] == 1
        assert await world.row(attempt) is None
        assert world.provider.calls == []
        await world.send(attempt)
        [sent] = await world.receipts(1)
    assert sent["status"] == "accepted"
    assert await world.unsettled() == 0
