"""Sending webhooks, each provider with its own patience."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, field

import aiohttp

from sandbox.settings import Pace

CONCURRENCY = 64
TIMEOUT_SECONDS = 15.0
SUCCESS = range(200, 300)
UNANSWERED = 0  # stands for the status where none came


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One request to the customer. `retries`: seconds before each further try.

    `settled_by` holds the HTTP statuses, or UNANSWERED, after which there is no further try.
    """

    url: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    retries: tuple[float, ...] = ()
    settled_by: Container[int] = SUCCESS


# Meta retries for days, growing slower, until it gets 200; here for seconds.
META_RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
META_SETTLED = frozenset({200})
SENDGRID_RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)

# Builds the webhook at the moment of its sending: signatures cover its time. None: nobody to tell.
Build = Callable[[], Webhook | None]


class WebhookSender:
    """Sends webhooks in tasks of its own; `enabled=False` drops them."""

    def __init__(self, pace: Pace, *, enabled: bool) -> None:
        self.pace = pace
        self.enabled = enabled  # may be switched while running
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(CONCURRENCY)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make ready to send."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONCURRENCY),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            headers={"User-Agent": "sandbox"},
        )

    async def stop(self) -> None:
        """Drop what is not sent yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._session is not None:
            await self._session.close()

    def later(self, delay_seconds: float, build: Build) -> None:
        """Send after a delay."""
        if self.enabled:
            self._spawn(self._after(delay_seconds, build))

    async def now(self, build: Build) -> None:
        """Send, and return once it was answered, whatever the answer."""
        if self.enabled:
            await self._send(build)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _after(self, delay_seconds: float, build: Build) -> None:
        await asyncio.sleep(delay_seconds)
        await self._send(build)

    async def _send(self, build: Build) -> None:
        webhook = build()
        pauses = iter(webhook.retries if webhook else ())
        while webhook is not None and await self._post(webhook) not in webhook.settled_by:
            pause = next(pauses, None)
            if pause is None:
                return
            await asyncio.sleep(pause)
            webhook = build()

    async def _post(self, webhook: Webhook) -> int:
        assert self._session is not None, "start() comes first"
        try:
            async with (
                self._places,
                self._session.post(
                    webhook.url, data=webhook.body, headers=webhook.headers, allow_redirects=False
                ) as response,
            ):
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return UNANSWERED
