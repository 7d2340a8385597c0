"""What the broker gave up because it was delivered too often, though nothing is wrong with it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import aio_pika

from behaviour.router.receipts import receipt
from behaviour.router.world import World, command
from herald.contracts.topology import COMMANDS, DEAD, OUTBOUND, RECEIPTS
from herald.contracts.vocabulary import Status

LIMIT = 20


async def _dead_letter(world: World, queue: str, body: bytes, key: str, exchange: str) -> None:
    """Put a message where the broker puts it after too many deliveries, with what it says then."""
    death: dict[str, Any] = {
        "queue": queue,
        "reason": "delivery_limit",
        "exchange": exchange,
        "routing-keys": [key],
        "count": 1,
    }
    headers: dict[str, Any] = {"x-death": [death], "x-delivery-count": LIMIT + 1}
    message = aio_pika.Message(body, message_id=str(uuid.uuid4()), headers=headers)
    target = await world.channel.get_exchange(DEAD, ensure=False)
    await target.publish(message, queue)


async def _kept(world: World, body: bytes) -> int:
    count: int = await world.database.fetchval(
        "SELECT count(*) FROM router.dead_letters WHERE body = $1", body
    )
    return count


async def test_a_command_delivered_too_often_is_answered(world: World) -> None:
    """Links that were cut twenty times lose no command: it is accepted, and no dead letter."""
    body = command()
    key = str(body["idempotency_key"])
    raw = json.dumps(body).encode()
    await _dead_letter(world, "router.commands.normal", raw, "message.send", COMMANDS)
    assert await world.heard("accepted", key)
    assert await _kept(world, raw) == 0


async def test_a_receipt_delivered_too_often_is_applied(world: World) -> None:
    """News that the broker gave up still moves its message."""
    key = await world.send()
    work = await world.work("whatsapp", key)
    raw = receipt(work, Status.DELIVERED).model_dump_json().encode()
    await _dead_letter(world, "router.receipts.normal", raw, "attempt.whatsapp.normal", RECEIPTS)
    assert await world.heard("delivered", key)
    assert await _kept(world, raw) == 0


async def test_a_bad_receipt_delivered_too_often_is_kept(world: World) -> None:
    """What its handler refuses ends in the table, as any other dead letter."""
    raw = uuid.uuid4().hex.encode()
    await _dead_letter(world, "router.receipts.normal", raw, "attempt.whatsapp.normal", RECEIPTS)
    await world.row("SELECT count(*) FROM router.dead_letters WHERE body = $1", raw)


async def test_work_delivered_too_often_is_taken_back(world: World) -> None:
    """Work that its workers could not settle is no call: the message goes on with its next step."""
    key = await world.send(route="quick")
    work = await world.work("whatsapp", key)
    raw = work.model_dump_json().encode()
    await _dead_letter(world, "outbound.whatsapp.normal", raw, "whatsapp.normal", OUTBOUND)
    assert await world.work("sms", key)
