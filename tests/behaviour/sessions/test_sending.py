"""Workers that send with one session, while things happen to it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio

from behaviour.bus.rabbit import Rabbit
from behaviour.channel.world import until
from behaviour.sandbox.world import running_world
from behaviour.sessions.email import Email, worker
from herald.bus.declaration import apply
from herald.channel.service import Channel
from herald.config.session_keys import read_session_keys, write_session_keys
from herald.contracts import topology
from herald.contracts.topology import topology_for
from herald.contracts.vocabulary import Lane
from herald.sessions.resealing import reseal_all


@pytest_asyncio.fixture(scope="module")
async def rabbit(amqp_url: str, management_url: str, vhost: str) -> Rabbit:
    """Give the module's virtual host, with the topology of e-mail."""
    await apply(amqp_url, topology_for(["email"]))
    return Rabbit(amqp_url, management_url, vhost)


@pytest_asyncio.fixture
async def email(
    rabbit: Rabbit, schema: str, rows: asyncpg.Connection, tmp_path: Path
) -> AsyncIterator[Email]:
    """Give an e-mail channel's surroundings."""
    await rows.execute("TRUNCATE channel.sends, channel.accounts")
    async with rabbit.channel() as channel:
        for name in (
            topology.outbound_queue("email", Lane.NORMAL),
            topology.receipts_queue(Lane.NORMAL),
        ):
            await (await channel.get_queue(name)).purge()
    async with running_world(tmp_path) as sandbox:
        yield Email(rabbit, schema, tmp_path, sandbox)


async def results(email: Email, rows: asyncpg.Connection) -> Counter[str]:
    """Count how attempts ended, once all have."""

    async def over() -> bool:
        left: int = await rows.fetchval(
            "SELECT cardinality($1::text[]) - count(*) FROM channel.sends"
            " WHERE attempt_id = ANY ($1) AND state = 'recorded'",
            email.attempts,
        )
        return left == 0

    await until(over, within_seconds=20)
    reports = await rows.fetch(
        "SELECT report FROM channel.sends WHERE attempt_id = ANY ($1)", email.attempts
    )
    return Counter(json.loads(row["report"])["status"] for row in reports)


async def test_every_worker_is_restarted_and_logs_in_no_more(
    email: Email, rows: asyncpg.Connection
) -> None:
    """Two workers send with one login; both are replaced while they do; no mail fails."""
    done = asyncio.Event()
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await first.enter_async_context(worker(email))
        sending = asyncio.create_task(email.send_until(done))
        await second.enter_async_context(worker(email))
        for running in (first, second):
            await asyncio.sleep(0.2)
            await running.aclose()
            await running.enter_async_context(worker(email))
        await asyncio.sleep(0.2)
        done.set()
        await sending
        assert await results(email, rows) == {"accepted": len(email.attempts)}
    assert await email.tokens() == {"granted": {"refresh_token": 1}, "refused": {}}
    assert len(await email.sandbox.requests("?channel=email")) == len(email.attempts)


async def test_keys_change_while_mails_are_sent(email: Email, rows: asyncpg.Connection) -> None:
    """Two new keys, the old ones taken out, with tokens refreshed meanwhile: no mail fails."""
    await email.sandbox.control("oauth", {"lifetime_seconds": 2})
    done = asyncio.Event()
    keys = email.folder / "session-keys.toml"
    async with AsyncExitStack() as running:
        await running.enter_async_context(worker(email))
        sending = asyncio.create_task(email.send_until(done))
        await until(lambda: rows.fetchval("SELECT sealed IS NOT NULL FROM channel.sessions"))
        for _ in range(2):
            write_session_keys(keys)
            resealed = await reseal_all(rows, read_session_keys(keys))
            assert resealed.unreadable == {}
            await asyncio.sleep(0.5)
        await until(lambda: _is_sealed_with(rows, keys))
        _keep_the_first_key(keys)
        async with worker(email):  # it knows the newest key alone
            await running.aclose()
            await until(lambda: _was_refreshed(rows))
            done.set()
            await sending
            assert await results(email, rows) == {"accepted": len(email.attempts)}
            assert await _is_sealed_with(rows, keys)
    assert (await email.tokens())["refused"] == {}


async def test_a_session_that_cannot_be_opened_loses_no_mail(
    email: Email, rows: asyncpg.Connection
) -> None:
    """Work is given back untried, for that reason; readiness names the account and the key."""
    async with worker(email):
        await email.send(1)
        await results(email, rows)
    keys = email.folder / "session-keys.toml"
    kept = keys.read_bytes()
    keys.unlink()
    write_session_keys(keys)
    async with worker(email) as channel:
        await email.send(2)
        receipts = await _returned(email, number=2)
        assert [(one["status"], one["returned"]["reason"]) for one in receipts] == [
            ("returned", "session_unreadable")
        ] * 2
        warning = channel._warnings()["sessions"]()
        assert "the session of gmail can't be opened: key" in (warning or "")
        keys.write_bytes(kept)
        await until(lambda: _is_well(channel))
        email.attempts = [email.attempts[0]]
        await email.send(1)
        assert await results(email, rows) == {"accepted": 2}
    assert await email.tokens() == {"granted": {"refresh_token": 1}, "refused": {}}


async def _is_well(channel: Channel) -> bool:
    return channel._warnings()["sessions"]() is None


async def _is_sealed_with(rows: asyncpg.Connection, keys: Path) -> bool:
    key_id = await rows.fetchval("SELECT key_id FROM channel.sessions")
    return bool(key_id == read_session_keys(keys).sealing_id)


async def _was_refreshed(rows: asyncpg.Connection) -> bool:
    return bool(await rows.fetchval("SELECT version > 1 FROM channel.sessions"))


def _keep_the_first_key(keys: Path) -> None:
    head, first, *_ = keys.read_text().split("[[keys]]")
    keys.write_text(f"{head}[[keys]]{first}")


async def _returned(email: Email, number: int) -> list[dict[str, Any]]:
    """Take the receipts of the attempts that were sent last."""
    wanted = set(email.attempts[-number:])
    found: list[dict[str, Any]] = []
    async with email.rabbit.channel() as channel, asyncio.timeout(30):
        queue = await channel.get_queue(topology.receipts_queue(Lane.NORMAL))
        while len(found) < len(wanted):
            message = await queue.get(no_ack=True, fail=False)
            if message is None:
                await asyncio.sleep(0.02)
                continue
            receipt = json.loads(message.body)
            if receipt["attempt_id"] in wanted:
                found.append(receipt)
    return found
