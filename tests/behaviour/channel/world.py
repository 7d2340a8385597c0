"""A running SMS channel with a provider of the test's own, and everything around it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from behaviour.bus.rabbit import Rabbit
from behaviour.channel.fakes import FakeProvider
from herald.channel import sends
from herald.channel.definitions import Render, definition_of
from herald.channel.metrics import REDELIVERED
from herald.channel.sends import Claim
from herald.channel.service import Channel, MakeProvider
from herald.config.loading import load_configuration
from herald.contracts import topology
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work
from herald.service.settings import read_settings
from secret_files import write_masking_key, write_secrets

ACCOUNT_SID = "AC" + "0" * 32
READY_SECONDS = 15

HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{{channel = "sms"}}]
"""

ACCOUNT_TOML = """
[accounts.{name}]
provider = "twilio"
account_sid = "{account_sid}"
base_url = "{base_url}"
rate = "{rate}"
timeout = "{timeout}"
secrets_file = "twilio.toml"
"""


@dataclass(slots=True)
class World:
    """The broker and the database around a channel, seen from outside."""

    rabbit: Rabbit
    dsn: str
    folder: Path
    database: asyncpg.Connection
    provider: FakeProvider = field(default_factory=FakeProvider)

    async def send(
        self, *attempts: str, lane: Lane = Lane.NORMAL, bodies: Sequence[bytes] = (), **changes: Any
    ) -> None:
        """Put work on the bus as the router does."""
        made = [work(attempt, **changes) for attempt in attempts]
        key = topology.outbound_key("sms", lane)
        await self.rabbit.fill(topology.OUTBOUND, key, [*made, *bodies])

    async def receipts(self, expect: int) -> list[dict[str, Any]]:
        """Take `expect` receipts."""
        return [json.loads(message.body) for message in await self.messages(expect)]

    async def messages(self, expect: int) -> list[AbstractIncomingMessage]:
        async with self.receipts_queue() as queue, asyncio.timeout(30):
            return [await next_of(queue) for _ in range(expect)]

    async def receipts_so_far(self) -> list[dict[str, Any]]:
        """Take every receipt that is confirmed by now: those before a marker of ours."""
        marker, taken = uuid4().hex.encode(), []
        key = topology.attempt_receipt_key("sms", Lane.NORMAL)
        await self.rabbit.fill(topology.RECEIPTS, key, [marker])
        async with self.receipts_queue() as queue, asyncio.timeout(10):
            while (message := await next_of(queue)).body != marker:
                taken.append(json.loads(message.body))
        return taken

    @asynccontextmanager
    async def receipts_queue(self) -> AsyncIterator[AbstractQueue]:
        """Give the queue that a router would take reports from."""
        async with self.rabbit.channel() as channel:
            yield await channel.get_queue(topology.receipts_queue(Lane.NORMAL))

    async def abandon(self, attempt: str) -> None:
        """Leave a claim whose worker is gone and whose lease is over."""
        async with self.database.transaction():
            await sends.claim(self.database, "sms", [claim(attempt, -timedelta(minutes=1))])

    async def row(self, attempt: str) -> dict[str, Any] | None:
        """Read an attempt's row."""
        found = await self.database.fetchrow(
            "SELECT state::text, published, report, lease_until FROM channel.sends"
            " WHERE attempt_id = $1",
            attempt,
        )
        return dict(found) if found is not None else None

    async def recorded(self, attempt: str) -> None:
        """Wait until an attempt's report is in its row; its receipt may be out before."""

        async def is_recorded() -> bool:
            row = await self.row(attempt)
            return row is not None and row["state"] == "recorded"

        await until(is_recorded)

    async def end_lease(self, attempt: str) -> None:
        """Let an hour pass for a claim."""
        await self.database.execute(
            "UPDATE channel.sends SET lease_until = lease_until - interval '1 hour'"
            " WHERE attempt_id = $1",
            attempt,
        )

    async def withdraw(self, attempt: str) -> str:
        """Take an attempt back as the router does; return the state found."""
        state: str = await self.database.fetchval(
            "SELECT state::text FROM channel.withdraw($1::text[])", [attempt]
        )
        return state

    async def unsettled(self) -> int:
        """Count work that is still in a queue of the channel, once nobody holds any."""
        return sum([await self.rabbit.ready(topology.outbound_queue("sms", lane)) for lane in Lane])

    @asynccontextmanager
    async def channel(self, **options: Any) -> AsyncIterator[Channel]:
        """Run the channel, ready; stop it as SIGTERM does."""
        built = self.build(**options)
        application = built.application()
        async with application.router.lifespan_context(application):
            await ready(built)
            yield built

    def build(
        self,
        *,
        dsn: str | None = None,
        amqp_url: str | None = None,
        rate: str = "100000/s",
        timeout: str = "5s",
        accounts: Sequence[str] = ("main",),
        pauses: tuple[float, float] | None = None,
        base_url: str = "https://api.example.com",
        more: str = "",
        make: MakeProvider | None = None,
        render: Render | None = None,
    ) -> Channel:
        """Make a channel; `pauses` are those between probes, the first and the longest.

        `more` is the rest of its configuration; `make` makes its providers, in place of the test's;
        `render` renders its contents, in place of the medium's rules.
        """
        path = configure(
            self.folder, rate=rate, timeout=timeout, accounts=accounts, base_url=base_url, more=more
        )
        configuration = load_configuration(path)
        settings = read_settings(
            operations_port=8005,
            environment={
                "HERALD_AMQP_URL": amqp_url or self.rabbit.amqp_url,
                "HERALD_POSTGRES_DSN": dsn or self.dsn,
                "HERALD_CONFIG": str(path),
            },
        )
        credentials = configuration.credentials_for(accounts)
        definition = definition_of("sms")
        definition = definition if render is None else replace(definition, render=render)
        made_by = make or self.provider.make
        channel = Channel(definition, settings, configuration, credentials, make=made_by)
        if pauses is not None:
            for account in channel._worker._accounts:
                account.breaker.first_pause, account.breaker.longest_pause = pauses
        return channel


def configure(
    folder: Path,
    *,
    rate: str,
    timeout: str,
    base_url: str = "https://api.example.com",
    accounts: Sequence[str] = ("main",),
    more: str = "",
) -> Path:
    """Write a configuration with these accounts; return its path."""
    path = folder / "herald.toml"
    options = {"account_sid": ACCOUNT_SID, "rate": rate, "timeout": timeout, "base_url": base_url}
    blocks = (ACCOUNT_TOML.format(name=name, **options) for name in accounts)
    path.write_text(HERALD_TOML.format() + "".join(blocks) + more)
    write_masking_key(folder)
    write_secrets(folder / "twilio.toml", 'auth_tokens = ["secret"]\n')
    return path


def attempt_id() -> str:
    """Name an attempt of a new message."""
    return f"{uuid4()}.1.1"


def work(attempt: str, **changes: Any) -> bytes:
    """Write the work of an attempt."""
    fields: dict[str, Any] = {
        "attempt_id": attempt,
        "message_id": attempt.split(".", maxsplit=1)[0],
        "tenant": "default",
        "channel": "sms",
        "lane": "normal",
        "category": "transactional",
        "to": "+15550002222",
        "sender": "+15550001111",
        "content": {"text": "Hello"},
        "not_after": datetime.now(UTC) + timedelta(minutes=5),
    }
    return Work(**fields | changes).model_dump_json(exclude_none=True).encode()


def claim(attempt: str, lease: timedelta) -> Claim:
    """Make a claim of some worker's; a lease below zero is over."""
    return Claim(
        attempt_id=attempt, provider="twilio", account="main", lease=lease, claimant=uuid4()
    )


def problems(channel: Channel) -> dict[str, str | None]:
    """Ask for readiness."""
    return {name: check() for name, check in channel._checks().items()}


async def next_of(queue: AbstractQueue) -> AbstractIncomingMessage:
    """Wait for a queue's next message."""
    while (message := await queue.get(no_ack=True, fail=False)) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return message


def redelivered() -> float:
    """Count the deliveries so far that found their attempt's row."""
    [metric] = REDELIVERED.collect()
    return sum(sample.value for sample in metric.samples if sample.name.endswith("_total"))


async def ready(channel: Channel) -> None:
    """Wait until the channel is ready."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            while any(problems(channel).values()):  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not ready: {problems(channel)}") from None


async def until(holds: Callable[[], Awaitable[object]], *, within_seconds: float = 10.0) -> None:
    """Wait until something asked for holds; fail when it does not in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            while not await holds():  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.05)
    assert await holds(), "it never came true"
