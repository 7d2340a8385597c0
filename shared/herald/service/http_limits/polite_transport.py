"""A transport that leaves its closing to the protocol."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Closer(Protocol):
    """Who decides how a connection is closed."""

    @property
    def is_leaving(self) -> bool:
        """Nothing more is to be written."""
        ...

    def close_politely(self) -> None:
        """Close it once the caller has its answer."""
        ...


class PoliteTransport:
    """What an application's answers go through: uvicorn writes, closes and asks, no more."""

    def __init__(self, transport: asyncio.Transport, closer: Closer) -> None:
        self.write = transport.write
        self._transport = transport
        self._closer = closer

    def close(self) -> None:
        self._closer.close_politely()

    def is_closing(self) -> bool:
        return self._closer.is_leaving or self._transport.is_closing()
