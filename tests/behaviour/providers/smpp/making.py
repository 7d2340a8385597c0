"""An account at an SMSC, and what it puts on the bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from behaviour.providers.smpp.smsc import Smsc
from herald.channel.accounts import SendingAccount
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.providers.sending import SendResult
from herald.providers.smpp.account import SmppAccount, SmppSecrets
from unit.providers.sending import sending_account
from unit.providers.smpp.making import work

PASSWORD = "secret08"
Receipt = AttemptReceipt | InboundReceipt


@dataclass
class Bus:
    """What was published; `away`: nothing is; `slow`: a confirm takes so many seconds."""

    published: list[Receipt] = field(default_factory=list)
    away: bool = False
    slow: float = 0.0

    async def emit(self, receipt: Receipt) -> None:
        """Take a receipt."""
        if self.away:
            raise ConnectionError
        self.published.append(receipt)
        await asyncio.sleep(self.slow)


def smpp(port: int, **options: Any) -> SendingAccount:
    """Make the account of an SMSC on loopback."""
    fields = {
        "provider": "smpp",
        "host": "127.0.0.1",
        "port": port,
        "system_id": "herald",
        "security": "none",
        "timeout": timedelta(seconds=5),
    }
    account = SmppAccount.model_validate({**fields, **options})
    return sending_account(account, SmppSecrets.model_validate({"password": PASSWORD}))


@asynccontextmanager
async def started(smsc: Smsc, **options: Any) -> AsyncIterator[tuple[SendingAccount, Bus]]:
    """Start an account that is bound, and stop it."""
    account, bus = smpp(smsc.port, **options), Bus()
    await account.provider.start(bus.emit)
    try:
        yield account, bus
    finally:
        await account.provider.stop()


async def send(account: SendingAccount, text: str = "Hello", **fields: Any) -> SendResult:
    """Send a text."""
    return await account.send(work(text, **fields))


async def until(condition: Callable[[], object]) -> None:
    """Wait until something has happened, for two seconds at most."""
    async with asyncio.timeout(2):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)
