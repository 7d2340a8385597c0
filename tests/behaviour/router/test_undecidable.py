"""A message that can't be decided, by a bug or an edited row, and everybody else's clocks."""

from __future__ import annotations

from behaviour.router.world import World

ROW = "SELECT state FROM router.messages WHERE idempotency_key = $1"
SPOIL = """
UPDATE router.messages SET state = $2, due_at = now() - interval '1 hour' WHERE idempotency_key = $1
"""
LATER = "SELECT due_at > now() + interval '1 min' FROM router.messages WHERE idempotency_key = $1"


async def test_one_bad_message_stops_nobody_elses_clock(world: World) -> None:
    """It is looked at again later, and goes on once it can be decided; others fall back in time."""
    bad = await world.send(route="impatient")
    await world.work("whatsapp", bad)
    state = await world.database.fetchval(ROW, bad)
    await world.database.execute(SPOIL, bad, '{"attempts": "none that can be read"}')
    good = [await world.send(route="impatient") for _ in range(3)]
    for key in good:
        await world.work("sms", key)
    assert await world.row(LATER, bad)
    await world.database.execute(SPOIL, bad, state)
    await world.work("sms", bad)
