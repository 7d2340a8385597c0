"""A message that can't be decided, by a bug or an edited row, and everybody else's clocks."""

from __future__ import annotations

from behaviour.router.erasing import another_phone, completed, erase, erase_body, sent, waits_for
from behaviour.router.world import World
from herald.contracts.topology import ERASE_KEY

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


async def test_one_bad_message_stops_nobody_elses_erasure(world: World) -> None:
    """The erasure that meets it is tried again later, and is completed once it can be decided."""
    phone = another_phone()
    bad, _ = await sent(world, phone)
    state = await world.database.fetchval(ROW, bad)
    await world.database.execute(SPOIL, bad, '{"attempts": "none that can be read"}')
    assert await world.row(LATER, bad)
    heard = await world.ask(erase_body(phone), ERASE_KEY)
    await erase(world, another_phone())
    await waits_for(world, heard.data["erasure_id"], "error")
    await world.database.execute(SPOIL, bad, state)
    await world.database.execute("UPDATE router.erasures SET look_at = now()")
    assert (await completed(world, heard.data["erasure_id"]))["messages"] == 1
