"""Sends webhooks, and retries them as each provider does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, field

import aiohttp

from sandbox.settings import Pace

CONCURRENCY = 64
TIMEOUT_SECONDS = 15.0
SUCCESS = range(200, 300)
UNANSWERED = 0  # in place of a status: the connection failed or timed out


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One request to the customer. `retries`: seconds before each further try.

    `final_statuses`: the HTTP statuses, or UNANSWERED, after which there is no further try.
    """

    url: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    method: str = "POST"  # a GET carries its fields in the URL
    retries: tuple[float, ...] = ()
    final_statuses: Container[int] = SUCCESS


# Called at the moment of sending, since signatures cover its time. None: there is no URL to call.
WebhookFactory = Callable[[], Webhook | None]


class WebhookSender:
    """Sends webhooks in tasks of its own; `enabled=False` drops them."""

    def __init__(self, pace: Pace, *, enabled: bool) -> None:
        self.pace = pace
        self.enabled = enabled  # may be switched while running
        self._tasks: set[asyncio.Task[None]] = set()
        self._semaphore = asyncio.Semaphore(CONCURRENCY)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the connections' pool."""
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

    @property
    def pending(self) -> int:
        """How many webhooks wait: for their time, for a response, or for another try."""
        return len(self._tasks)

    def later(self, delay_seconds: float, make: WebhookFactory) -> None:
        """Send after a delay."""
        if self.enabled:
            self._spawn(self._after(delay_seconds, make))

    async def now(self, make: WebhookFactory) -> None:
        """Send, and return once there was a response or the last try failed."""
        if self.enabled:
            await self._send(make)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _after(self, delay_seconds: float, make: WebhookFactory) -> None:
        await asyncio.sleep(delay_seconds)
        await self._send(make)

    async def _send(self, make: WebhookFactory) -> None:
        webhook = make()
        pauses = iter(webhook.retries if webhook else ())
        while webhook is not None and await self._post(webhook) not in webhook.final_statuses:
            pause = next(pauses, None)
            if pause is None:
                return
            await asyncio.sleep(pause)
            webhook = make()

    async def _post(self, webhook: Webhook) -> int:
        assert self._session is not None, "start() comes first"
        try:
            async with (
                self._semaphore,
                self._session.request(
                    webhook.method,
                    webhook.url,
                    data=webhook.body or None,
                    headers=webhook.headers,
                    allow_redirects=False,
                ) as response,
            ):
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return UNANSWERED
