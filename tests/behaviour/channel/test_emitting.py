"""Providers that report by themselves, over the connection by which they send."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from behaviour.channel.world import World, attempt_id
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.contracts.vocabulary import InboundKind, Status

NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)


async def test_what_a_provider_reports_goes_to_the_router(world: World) -> None:
    """A status and a recipient's message arrive on the bus, as those of webhooks do."""
    attempt = attempt_id()
    status = AttemptReceipt(
        source="channel",
        channel="sms",
        provider="twilio",
        account="main",
        attempt_id=attempt,
        status=Status.DELIVERED,
        event_key="1",
        received_at=NOW,
    )
    inbound = InboundReceipt(
        channel="sms",
        provider="twilio",
        account="main",
        content=InboundKind.TEXT,
        text="Hi",
        reference="1",
        sender="+15550002222",
        received_at=NOW,
    )
    async with world.channel():
        assert world.provider.emit is not None
        await world.provider.emit(status)
        await world.provider.emit(inbound)
        messages = await world.messages(2)
    found = {message.routing_key: json.loads(message.body) for message in messages}
    assert found["attempt.sms.normal"]["attempt_id"] == attempt
    assert found["inbound.sms.normal"]["text"] == "Hi"


async def test_providers_are_stopped_at_the_end(world: World) -> None:
    """After the last call, so that none loses its connection."""
    async with world.channel():
        assert not world.provider.stopped
    assert world.provider.stopped
