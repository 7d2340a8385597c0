"""Who waits for whom: urgent messages, a small tenant and a command, behind very many of others.

A hundred tenants have bulk messages queued that an account's rate lets out slowly. Services are
started anew with that configuration, so that this part comes last.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import asyncpg

from behaviour.bus.publishing import publish_confirmed
from bench.load import CHUNK, PATIENCE_SECONDS, bodies, herald_message, publishing
from bench.medians import percentile
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.contracts.vocabulary import Lane
from herald_local import services
from herald_local.progress import report
from herald_local.stack import Stack

TENANTS = [f"shop-{number:03}" for number in range(100)]
SMALL, OTHER = "small", "other"
PER_SECOND = 100  # calls that the account lets out
URGENT_PER_SECOND = 10.0
SMALL_MESSAGES = 10
_RESTARTED = ("router", "channel-sms")
_POLL_SECONDS = 0.02
_ACCEPTED_AT = """
SELECT m.idempotency_key, extract(epoch FROM h.recorded_at)::float AS at
FROM router.history AS h JOIN router.messages AS m ON m.id = h.message_id
WHERE h.status = 'accepted' AND m.idempotency_key = ANY ($1::text[])
"""
_TAKEN = "SELECT count(*) FROM router.messages WHERE idempotency_key LIKE $1"
_OVERTOOK = """
SELECT count(*) FROM router.history AS h JOIN router.messages AS m ON m.id = h.message_id
WHERE h.status = 'accepted' AND m.tenant <> $1 AND h.recorded_at > to_timestamp($2)
    AND h.recorded_at <= to_timestamp($3)
"""


async def measure(stack: Stack, each: int, codes: int, commands: int) -> dict[str, Any]:
    """Measure with `each` messages queued of every tenant."""
    _configure(stack)
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        async with publishing(stack) as connections:
            publisher = connections.publisher
            await _urgent(database, publisher, 10)  # connections, caches
            answered = await _answer(database, publisher, commands)
            await _drained(database)
            idle = await _urgent(database, publisher, codes)
            await _queue(database, publisher, each)
            behind = await _urgent(database, publisher, codes)
            share = await _small_tenant(database, publisher)
    finally:
        await database.close()
    ratio = round(percentile(behind, 0.99) / percentile(idle, 0.99), 2)
    found = {
        "queued": each * len(TENANTS),
        "urgent_idle_ms": _summed_up(idle),
        "urgent_behind_ms": _summed_up(behind),
        "urgent_p99_ratio": ratio,
        "small_tenant": share,
        "answer_behind_commands": {"commands": commands, "seconds": answered},
    }
    report(f"{found}")
    return found


def _configure(stack: Stack) -> None:
    """Start router and worker anew with many tenants and a slow account."""
    tenants = [*TENANTS, SMALL, OTHER]
    text = (stack.home / "herald.toml").read_text()
    owners = f"tenants = {json.dumps(['default', *tenants])}"
    for section in ("senders.default", "accounts.twilio-main", "routes.sms"):
        text = text.replace(f"[{section}]\n", f"[{section}]\n{owners}\n")
    account = re.compile(r'(\[accounts\.twilio-main\].*?rate = )"[^"]*"', re.DOTALL)
    text = account.sub(rf'\1"{PER_SECOND}/s"', text)
    text += "".join(f'\n[tenants.{name}]\nroute = "sms"\nsender = "default"\n' for name in tenants)
    path = stack.home / "fair.toml"
    path.write_text(text)
    services.stop(stack, _RESTARTED)
    for name in _RESTARTED:
        services.launch(stack, name, die_with_parent=True, changes={"HERALD_CONFIG": str(path)})
    services.wait_ready(stack, _RESTARTED)


async def _urgent(database: asyncpg.Connection, publisher: Publisher, number: int) -> list[float]:
    """Publish codes at their rate; return how long each took until its provider accepted it."""
    published: dict[str, float] = {}
    started = time.monotonic()
    for index, body in enumerate(bodies(number)):
        await asyncio.sleep(max(0.0, started + index / URGENT_PER_SECOND - time.monotonic()))
        published[body["idempotency_key"]] = time.time()
        code = {**body, "category": "otp"}
        await publish_confirmed(publisher, herald_message(code, Lane.URGENT), 30)
    accepted = await _accepted(database, list(published))
    return [accepted[key] - at for key, at in published.items()]


async def _answer(database: asyncpg.Connection, publisher: Publisher, number: int) -> float:
    """Publish commands of one tenant, then one of another; return the seconds until it is taken."""
    many = [herald_message({**body, "tenant": OTHER}) for body in bodies(number)]
    await _publish(publisher, many)
    [body] = bodies(1)
    started = time.monotonic()
    await publish_confirmed(publisher, herald_message(body), 30)
    while not await database.fetchval(_TAKEN, body["idempotency_key"]):  # noqa: ASYNC110  seen from outside
        await asyncio.sleep(_POLL_SECONDS)
    return round(time.monotonic() - started, 2)


async def _drained(database: asyncpg.Connection) -> None:
    """Cancel what waits still, so that what is measured next begins alone."""
    await database.execute(
        "UPDATE router.messages SET outcome = 'cancelled', ended_at = now(), due_at = NULL,"
        " silence_at = NULL WHERE outcome IS NULL AND waits_in LIKE 'backlog.%'"
    )
    await asyncio.sleep(5)


async def _queue(database: asyncpg.Connection, publisher: Publisher, each: int) -> None:
    """Publish every tenant's bulk messages, and wait until all are taken."""
    numbered = enumerate(bodies(each * len(TENANTS)))
    queued = [
        {**body, "tenant": TENANTS[number % len(TENANTS)], "category": "marketing"}
        for number, body in numbered
    ]
    await _publish(publisher, [herald_message(body, Lane.BULK) for body in queued])
    prefix = str(queued[0]["idempotency_key"]).rsplit("-", 1)[0]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await database.fetchval(_TAKEN, f"{prefix}-%") < len(queued):  # noqa: ASYNC110  seen from outside
            await asyncio.sleep(10 * _POLL_SECONDS)


async def _small_tenant(database: asyncpg.Connection, publisher: Publisher) -> dict[str, Any]:
    """Publish few bulk messages of a small tenant; say how many of others' went before its last.

    Its share is one of every round: as many rounds as it has messages.
    """
    own = [{**body, "tenant": SMALL, "category": "marketing"} for body in bodies(SMALL_MESSAGES)]
    started = time.time()
    await _publish(publisher, [herald_message(body, Lane.BULK) for body in own])
    accepted = await _accepted(database, [body["idempotency_key"] for body in own])
    last = max(accepted.values())
    overtook = await database.fetchval(_OVERTOOK, SMALL, started, last)
    fair = SMALL_MESSAGES * len(TENANTS)
    return {"others_before_its_last": overtook, "fair": fair, "seconds": round(last - started, 1)}


async def _publish(publisher: Publisher, messages: list[OutgoingMessage]) -> None:
    for start in range(0, len(messages), CHUNK):
        if any(await publisher.publish_many(messages[start : start + CHUNK], 30)):
            raise RuntimeError("commands refused")


async def _accepted(database: asyncpg.Connection, keys: list[str]) -> dict[str, float]:
    written: dict[str, float] = {}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(written) < len(keys):
            rows = await database.fetch(_ACCEPTED_AT, keys)
            written = {row["idempotency_key"]: row["at"] for row in rows}
            await asyncio.sleep(10 * _POLL_SECONDS)
    return written


def _summed_up(seconds: list[float]) -> dict[str, float]:
    return {
        "p50": round(percentile(seconds, 0.50) * 1000, 1),
        "p99": round(percentile(seconds, 0.99) * 1000, 1),
    }
