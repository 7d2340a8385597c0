"""A handler that keeps what it was given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pydantic import BaseModel

from herald.bus.deliveries import Delivery
from herald.bus.subscribers import BatchSubscriber

Subscribe = Callable[..., Awaitable[BatchSubscriber]]


class Payload(BaseModel):
    """A payload for AsyncAPI."""

    text: str


class Collector:
    """A handler that keeps what it was given, and waits until it may go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.deliveries: list[Delivery] = []
        self.may_go = asyncio.Event()
        self.may_go.set()

    @property
    def bodies(self) -> list[str]:
        return [body for batch in self.batches for body in batch]

    async def __call__(self, batch: Sequence[Delivery]) -> None:
        self.batches.append([d.body.decode() for d in batch])
        self.deliveries.extend(batch)
        await self.may_go.wait()


def bodies(number: int) -> list[bytes]:
    return [str(i).encode() for i in range(number)]
