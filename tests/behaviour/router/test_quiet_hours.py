"""Nothing is sent at night, by the recipient's own clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from behaviour.router.world import Body, World
from herald.contracts.identifiers import message_id_for
from herald.contracts.work import Work

STEPS = {"steps": [{"channel": "sms"}, {"channel": "whatsapp"}]}


def zone_at(hour: int) -> str:
    """Name a time zone in which it is about that hour now."""
    ahead = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}"  # these are written the other way round


async def sent(world: World, hour: int, **changes: Any) -> str:
    """Send a newsletter to somebody with whom it is that hour."""
    to = {"phone": "+15550002222", "timezone": zone_at(hour)}
    fields = {"tenant": "other", "category": "marketing", "route": STEPS, "to": to}
    return await world.send(**fields | changes)


async def work(world: World, key: str, channel: str) -> Work:
    message_id = str(message_id_for("other", key))
    found: Work = await world.until(
        lambda: next((w for w in world.works if w.message_id == message_id), None)
    )
    assert found.channel == channel
    return found


async def shown(world: World, key: str) -> Body:
    """Read a message once it is there."""
    await world.heard("accepted", key)
    found = await world.read("/messages", {"tenant": "other", "idempotency_key": key})
    body: Body = found.document
    return body


async def test_at_night_it_waits_until_the_morning(world: World) -> None:
    """No attempt is made; the timeline says until when, and a cancel still takes it back."""
    key = await sent(world, 2)
    body = await shown(world, key)
    assert body["attempts"] == []
    assert any("waits for quiet_hours until" in fact["note"] for fact in body["timeline"])
    assert body["next_action_at"] is not None
    cancelled = await world.ask({"tenant": "other", "idempotency_key": key}, "message.cancel")
    assert cancelled.what == "accepted"


async def test_by_day_and_in_other_categories_it_goes(world: World) -> None:
    """The recipient's clock decides, and the category."""
    await work(world, await sent(world, 12), "sms")
    await work(world, await sent(world, 2, category="transactional"), "sms")


async def test_what_would_end_before_the_morning_goes_another_way(world: World) -> None:
    """Its quiet step is skipped with that reason; without another it fails with it."""
    key = await sent(world, 2, ttl="10m")
    await work(world, key, "whatsapp")
    body = await shown(world, key)
    assert any("skipped sms (step 1): quiet_hours" in fact["note"] for fact in body["timeline"])
    key = await sent(world, 2, ttl="10m", route="sms")
    [failed] = await world.heard("failed", key)
    assert failed["failure"]["code"] == "quiet_hours"
