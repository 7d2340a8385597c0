"""What a provider's webhook quotes of a message goes no further."""

from __future__ import annotations

from behaviour.router.receipts import receipt, webhook
from behaviour.router.world import World
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status

TEXT = "Your three yellow lamps ship on Tuesday, code K7319X"
KEPT = "SELECT count(*) FROM router.messages WHERE id = $1 AND state::text LIKE '%spam%'"
QUOTED = """
SELECT count(*) FROM router.messages AS m JOIN router.history AS h ON h.message_id = m.id
WHERE m.id = $1 AND (m.state::text || h::text) LIKE ANY ('{%lamps%,%K7319X%,%Kanarius%}')
"""


async def test_a_failure_quotes_nothing_of_its_message(world: World) -> None:
    """The provider's words come without the message's text, its codes and its recipient's name."""
    key = await world.send(
        to={"phone": "+15550002222", "name": "Carina Kanarius"}, content={"text": TEXT}
    )
    work = await world.work("whatsapp", key)
    await world.report(receipt(work, Status.ACCEPTED))
    words = f"refused as spam: {TEXT!r} to Carina; K7319X"
    failure = Failure.of(FailureClass.PERMANENT, "131049", words)
    await world.report(webhook(work, Status.FAILED, failure=failure))
    assert await world.row(KEPT, work.message_id) == 1
    assert await world.database.fetchval(QUOTED, work.message_id) == 0
    texts = await world.until(
        lambda: [
            event.data["failure"]["text"]
            for event in world.events
            if event.data.get("message_id") == work.message_id and event.data.get("failure")
        ]
    )
    assert texts[0] == "refused as spam: '***' to ***; ***"
