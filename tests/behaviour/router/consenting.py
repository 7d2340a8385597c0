"""Recipients who say what they want, and messages to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from behaviour.router.receipts import inbound, receipt
from behaviour.router.world import CONFIGURATION, Body, Heard, World
from herald.config.loading import load_configuration
from herald.contracts.identifiers import AttemptId
from herald.contracts.masking import address_hash, masking_key
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.unsubscribe import UnsubscribeLink
from herald.contracts.vocabulary import Status
from herald.contracts.work import Work
from herald.database.pool import Database
from ingress.unsubscribe import receipt_of
from router.jobs.suppression_keys import SuppressionKeys

SMS = {"channel": "sms", "provider": "twilio", "account": "twilio-main"}
TENANTS = load_configuration(CONFIGURATION).file.accounts["twilio-main"].tenants
STEPS = {"steps": [{"channel": "sms"}, {"channel": "email"}]}


async def news(world: World, what: str, address: str, number: int = 1) -> list[Body]:
    """Wait for events about a recipient."""

    def found() -> list[Heard]:
        return [h for h in world.events if h.what == what and h.data.get("address") == address]

    await world.until(lambda: len(found()) >= number)
    return [heard.data for heard in found()]


async def said(world: World, phone: str, text: str, **changes: Any) -> None:
    """Report that somebody wrote."""
    await world.report(inbound(sender=phone, text=text, **SMS, **changes))


async def sent(world: World, phone: str, email: str | None = None, **changes: Any) -> str:
    """Send a message by SMS, else by e-mail."""
    to = {"phone": phone, "email": email or "ada@example.com"}
    return await world.send(to=to, route=STEPS, **changes)


async def notes(world: World, key: str) -> str:
    """Return a message's notes."""
    query = """SELECT string_agg(h.note, '; ' ORDER BY h.recorded_at) FROM router.history AS h
        JOIN router.messages AS m ON m.id = h.message_id WHERE m.idempotency_key = $1"""
    text: str = await world.database.fetchval(query, key)
    return text


async def accepted(world: World, phone: str, email: str, channel: str, **changes: Any) -> Work:
    """Send on one channel and let its provider accept it."""
    route = {"steps": [{"channel": channel}]}
    key = await world.send(to={"phone": phone, "email": email}, route=route, **changes)
    work = await world.work(channel, key)
    await world.report(receipt(work, Status.ACCEPTED))
    query = "SELECT count(*) FROM router.provider_refs WHERE attempt_id = $1"
    await world.row(query, work.attempt_id)
    return work


def clicked(attempt_id: str, email: str) -> AttemptReceipt:
    """Make ingress's receipt of a link that was followed."""
    attempt = AttemptId.parse(attempt_id)
    assert attempt is not None
    link = UnsubscribeLink(
        tenant="default",
        channel="email",
        attempt=attempt,
        address_hash=address_hash(email),
        hashed_with=masking_key().name,
    )
    return receipt_of(link, datetime.now(UTC))


async def missing_key(world: World) -> str | None:
    """Look whether a masking key of before is missing, as routers do once an hour."""
    database = Database(world.dsn, application_name="test")
    await database.start()
    try:
        looking = SuppressionKeys(database)
        await looking.turn()
    finally:
        await database.stop()
    return looking.warning
