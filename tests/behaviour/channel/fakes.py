"""Providers of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from herald.contracts.work import Work
from herald.providers.rendered import Rendered
from herald.providers.sending import Accepted, Emit, Provider, ProviderContext, SendResult


class FakeProvider:
    """Takes every message at once by default; records every call."""

    def __init__(self) -> None:
        self.calls: list[Work] = []
        self.emit: Emit | None = None
        self.stopped = False
        self.may_respond = asyncio.Event()
        self.may_respond.set()
        self.response: Callable[[Work], SendResult] = lambda work: Accepted(
            (f"SM-{work.attempt_id}",)
        )

    def make(self, context: ProviderContext[Any, Any]) -> Provider:  # noqa: ARG002  as it is called
        """Make the provider of an account: one fake serves them all."""
        return self

    async def start(self, emit: Emit, /) -> None:
        self.emit = emit

    async def stop(self) -> None:
        self.stopped = True

    async def send(self, work: Work, content: Rendered) -> SendResult:  # noqa: ARG002
        self.calls.append(work)
        await self.may_respond.wait()
        return self.response(work)

    def calls_of(self, attempt_id: str) -> int:
        return sum(work.attempt_id == attempt_id for work in self.calls)


class FakeAccounts(FakeProvider):
    """Responds for each account as the test wants, else takes the message; records who called."""

    def __init__(self) -> None:
        super().__init__()
        self.responses: dict[str, SendResult] = {}
        self.made: list[tuple[str, str]] = []  # account and attempt

    def make(self, context: ProviderContext[Any, Any]) -> Provider:
        return _FakeAccount(self, context.name)

    def made_by(self, account: str) -> int:
        return sum(name == account for name, _ in self.made)


class _FakeAccount:
    async def start(self, emit: Emit, /) -> None: ...

    async def stop(self) -> None: ...

    def __init__(self, accounts: FakeAccounts, name: str) -> None:
        self._accounts = accounts
        self._name = name

    async def send(self, work: Work, content: Rendered) -> SendResult:
        self._accounts.made.append((self._name, work.attempt_id))
        response = await self._accounts.send(work, content)
        return self._accounts.responses.get(self._name, response)
