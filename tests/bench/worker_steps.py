"""What one message costs an SMS worker of its own, step by step and whole.

`PYTHONPATH=tests .venv/bin/python -m bench.worker_steps` prints microseconds of CPU time. No server
is needed: database, broker and provider answer at once, and cost next to nothing.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import uvloop

from bench.load import TEXT
from channel_sms.content import render
from herald.bus.deliveries import Delivery
from herald.bus.publishing import Publisher
from herald.bus.receipt_messages import report_message
from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Attempt
from herald.channel.calling import Caller
from herald.channel.finished import Finished, ended
from herald.channel.limits.keeper import LimitKeeper
from herald.channel.limits.limiter import Limiter
from herald.channel.planning import Moment, Planner, read_work
from herald.channel.recorders import Recorders
from herald.channel.reserving import Reserving
from herald.channel.worker import Worker
from herald.contracts.masking import MaskingKey, set_masking_key
from herald.contracts.vocabulary import Category, Lane
from herald.contracts.work import Work, WorkContent
from herald.database.pool import Database
from herald.http.client import HttpClient
from herald.http.response import HttpResponse
from herald.providers.credentials import Credentials
from herald.providers.rendered import Rendered
from herald.providers.sending import ProviderContext
from herald.providers.twilio.account import TwilioAccount, TwilioSecrets
from herald.providers.twilio.send import make_provider, read_response, write_request
from herald.service.serving import NEW_OBJECTS_A_COLLECTION
from unit.channel.memory_rows import MemoryRows

BATCH, SMALL_BATCH = 100, 4
RUNS = 30
CREATED = HttpResponse(
    201,
    {"Content-Type": "application/json"},
    b'{"sid": "SM' + b"0" * 32 + b'", "status": "queued", "num_segments": "3"}',
)


class Tables:
    """A database that takes everything, and a broker that confirms everything."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Tables]:
        yield self

    async def fetch(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """Take every claim and every report."""
        names = arguments[1] if "INSERT" in query else arguments[0]
        return [{"attempt_id": name, "published": True} for name in names]

    async def execute(self, *_arguments: Any) -> None: ...

    async def publish_many(self, messages: Sequence[object], _seconds: float) -> list[None]:
        return [None] * len(messages)

    def now(self) -> datetime:
        return datetime.now(UTC)


class Accepting:
    """Takes the place of the HTTP client: its provider accepts everything, a moment later."""

    async def request(self, *_request: str, **_more: Any) -> HttpResponse:
        await asyncio.sleep(0)
        return CREATED


class Desk:
    """A worker of one account, and its parts."""

    def __init__(self) -> None:
        options = TwilioAccount(
            provider="twilio", channel="sms", account_sid="AC" + "0" * 32, rate=100_000.0
        )
        secrets = TwilioSecrets(auth_tokens=("0" * 32,))
        self.context = ProviderContext(
            name="main",
            account=options,
            credentials=Credentials(secrets, lambda: secrets),
            http=cast("HttpClient", Accepting()),
            callback_url="https://herald.example.com/webhooks/twilio/main",
        )
        self.account = SendingAccount(
            name="main",
            options=options,
            provider=make_provider(self.context),
            credentials=self.context.credentials,
            render=render,
        )
        tables = Tables()
        database = cast("Database", tables)
        self.limits = LimitKeeper(database, [self.account])
        self.limits.limiter = Limiter(MemoryRows(time.monotonic))
        self.recorders = Recorders("sms", database, cast("Publisher", tables))
        self.caller = Caller("sms", lambda: None, self.limits.feedback)
        self.worker = Worker("sms", [self.account], database, self.recorders, self.limits)

    def planner(self, now: Moment) -> Planner:
        return Planner([self.account], self.limits.limiter, now)

    def plan(self, works: Sequence[Work]) -> list[Attempt]:
        """Plan a batch as the worker does."""
        planner = self.planner(moment())
        return [
            Attempt(delivery=Delivery(body=b""), work=work, plan=planner.plan(work))
            for work in works
        ]

    async def reserve(self, attempts: Sequence[Attempt]) -> None:
        reserving = Reserving("sms", self.limits.limiter, self.planner)
        await reserving.reserve(attempts, moment())

    async def call(self, attempts: Sequence[Attempt]) -> None:
        """Make calls, each in its task."""
        calls = [self.caller.call(attempt) for attempt in attempts]
        await asyncio.gather(*calls)

    async def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Handle a batch to its end.

        Raises:
            RuntimeError: its reports can't be recorded, and the worker would try for ever.
        """
        await self.worker(deliveries)
        while not all(delivery.settled for delivery in deliveries):
            if self.recorders.problem is not None:
                raise RuntimeError(self.recorders.problem)
            await asyncio.sleep(0)


def moment() -> Moment:
    return Moment(time.monotonic(), datetime.now(UTC))


def body() -> bytes:
    """Write work as the router does."""
    message = str(uuid4())
    work = Work(
        attempt_id=f"{message}.1.1",
        message_id=message,
        tenant="default",
        channel="sms",
        lane=Lane.NORMAL,
        category=Category.TRANSACTIONAL,
        to="+15550019001",
        sender="+15550000001",
        account="main",
        content=WorkContent(text=TEXT),
        not_after=datetime.now(UTC) + timedelta(hours=24),
    )
    return work.model_dump_json(exclude_none=True).encode()


async def microseconds(step: Callable[[], Awaitable[object]], each: int) -> float:
    """Return the CPU time that one of `each` takes: the median of some runs."""
    taken = []
    for _ in range(RUNS):
        began = time.process_time()
        await step()
        taken.append((time.process_time() - began) / each * 1e6)
    return sorted(taken)[RUNS // 2]


async def steps(desk: Desk) -> dict[str, float]:
    """Measure what is done with each message, one step after the other."""
    bodies = [body() for _ in range(BATCH)]
    works = [work for one in bodies if (work := read_work(one)) is not None]
    attempts, rendered = desk.plan(works), [desk.account.rendered(work) for work in works]
    await desk.reserve(attempts)
    for attempt in attempts:
        attempt.lease_ends = time.monotonic() + 3600
    result, now = read_response(CREATED), datetime.now(UTC)
    finished = [ended(attempt, result, now) for attempt in attempts]

    async def plan_and_reserve() -> None:
        await desk.reserve(desk.plan(works))

    taken: dict[str, Callable[[], object]] = {
        "read work": lambda: [read_work(one) for one in bodies],
        "plan": lambda: desk.plan(works),
        "render": lambda: [desk.account.rendered(work) for work in works],
        "write the request": lambda: _write(desk, works, rendered),
        "read the response": lambda: [read_response(CREATED) for _ in works],
        "report": lambda: [ended(attempt, result, now) for attempt in attempts],
        "address the receipt": lambda: _address(finished),
    }
    found = {name: await microseconds(_later(step), BATCH) for name, step in taken.items()}
    found["plan and reserve"] = await microseconds(plan_and_reserve, BATCH)
    found["call"] = await microseconds(lambda: desk.call(attempts), BATCH)
    return found


async def whole(desk: Desk, size: int) -> float:
    """Measure batches from their deliveries to the last acknowledgement."""
    batches = iter([[Delivery(body=body()) for _ in range(size)] for _ in range(RUNS)])
    recording = asyncio.create_task(desk.recorders.run())
    try:
        return await microseconds(lambda: desk.handle(next(batches)), size)
    finally:
        recording.cancel()


def _write(desk: Desk, works: Sequence[Work], contents: Sequence[Rendered]) -> None:
    for work, content in zip(works, contents, strict=True):
        write_request(desk.context, work, content)


def _address(finished: Sequence[Finished]) -> None:
    for item in finished:
        report_message(item.receipt, item.body)


def _later(step: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def take() -> object:
        return step()

    return take


async def main() -> None:
    """Measure and print."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_A_COLLECTION, 20, 20)  # as the services do
    set_masking_key(MaskingKey(b"0" * 32))
    desk = Desk()
    await whole(desk, BATCH)  # everything is warm
    figures = await steps(desk)
    figures[f"whole, in batches of {BATCH}"] = await whole(desk, BATCH)
    figures[f"whole, in batches of {SMALL_BATCH}"] = await whole(desk, SMALL_BATCH)
    for what, figure in figures.items():
        print(f"{what:26}{figure:7.1f} µs")  # noqa: T201  the result


if __name__ == "__main__":
    uvloop.run(main())
