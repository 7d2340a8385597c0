"""How long a one-time code takes to fall back, alone and behind a campaign.

WhatsApp refuses the number, SMS takes it: from the publish to the recorded acceptance by SMS. Once
with providers that answer after a tenth of a second, as real ones do, and once with providers that
answer at once. All of them are one process here, which takes the campaign, too: codes wait in it.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg

from behaviour.bus.publishing import publish_confirmed
from bench.load import CHUNK, PATIENCE_SECONDS, POLL_SECONDS, bodies, herald_message, publishing
from bench.medians import percentile
from herald.bus.publishing import Publisher
from herald.contracts.vocabulary import Lane
from herald_local.progress import report
from herald_local.stack import Stack
from herald_local.web import call

RATE = 5.0  # codes a second
ANSWER_MS = 100
NOT_ON_WHATSAPP = "0002"
_STEPS = {"steps": [{"channel": "whatsapp"}, {"channel": "sms"}]}
_ACCEPTED = """
SELECT m.idempotency_key, extract(epoch FROM h.recorded_at)::float AS at
FROM router.history AS h JOIN router.messages AS m ON m.id = h.message_id
WHERE h.status = 'accepted' AND h.attempt_id LIKE '%.2.1' AND m.idempotency_key = ANY ($1::text[])
"""
_OPEN = "SELECT count(*) FROM router.messages WHERE outcome IS NULL AND idempotency_key LIKE $1"


async def behind_bulk(stack: Stack, campaign: int, codes: int) -> dict[str, Any]:
    """Measure with both kinds of providers."""
    found = {}
    for delay_ms in (ANSWER_MS, 0):
        call("POST", f"{stack.sandbox_url}/_sandbox/answers/delay/{delay_ms}")
        found[f"answers_after_{delay_ms}_ms"] = await _behind_bulk(stack, campaign, codes)
    return found


async def _behind_bulk(stack: Stack, campaign: int, codes: int) -> dict[str, Any]:
    """Measure codes alone, then beside `campaign` bulk messages that were published before."""
    async with publishing(stack) as connections:
        publisher = connections.publisher
        await _fall_back(stack, publisher, 10)  # connections, caches
        alone = await _fall_back(stack, publisher, codes)
        prefix = await _publish_campaign(publisher, campaign)
        busy = await _fall_back(stack, publisher, codes)
        left = await _left(stack, prefix)
        while await _left(stack, prefix):  # noqa: ASYNC110  what is measured next begins alone
            await asyncio.sleep(POLL_SECONDS)
    found = {"alone_ms": _summed_up(alone), "behind_bulk_ms": _summed_up(busy)}
    ratio = round(percentile(busy, 0.95) / percentile(alone, 0.95), 2)
    report(f"{found}, p95 ratio {ratio}, {left} of {campaign} bulk messages left at the end")
    return {"bulk": campaign, "bulk_left": left, "codes": codes, **found, "p95_ratio": ratio}


async def _publish_campaign(publisher: Publisher, number: int) -> str:
    commands = bodies(number, route="sms")
    messages = [herald_message(body, Lane.BULK) for body in commands]
    for start in range(0, number, CHUNK):
        if any(await publisher.publish_many(messages[start : start + CHUNK], 30)):
            raise RuntimeError("commands refused")
    return str(commands[0]["idempotency_key"]).rsplit("-", 1)[0]


async def _left(stack: Stack, prefix: str) -> int:
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        left: int = await database.fetchval(_OPEN, f"{prefix}%")
        return left
    finally:
        await database.close()


async def _fall_back(stack: Stack, publisher: Publisher, number: int) -> list[float]:
    """Publish codes at the rate; return how many seconds each took."""
    published: dict[str, float] = {}
    started = time.monotonic()
    for index, body in enumerate(bodies(number, digits=NOT_ON_WHATSAPP)):
        await asyncio.sleep(max(0.0, started + index / RATE - time.monotonic()))
        published[body["idempotency_key"]] = time.time()
        code = {**body, "category": "otp", "route": _STEPS}
        await publish_confirmed(publisher, herald_message(code, Lane.URGENT), 30)
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        written: dict[str, float] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(written) < number:
                rows = await database.fetch(_ACCEPTED, list(published))
                written = {row["idempotency_key"]: row["at"] for row in rows}
                await asyncio.sleep(POLL_SECONDS)
    finally:
        await database.close()
    return [written[key] - at for key, at in published.items()]


def _summed_up(seconds: list[float]) -> dict[str, float]:
    return {
        "p50": round(percentile(seconds, 0.50) * 1000, 1),
        "p95": round(percentile(seconds, 0.95) * 1000, 1),
    }
