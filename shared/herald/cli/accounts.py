"""The accounts of herald.toml and how they are, by the rows that workers and operators write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from herald.bus.connection_keeper import CONNECT_SECONDS
from herald.channel import account_rows
from herald.channel.account_rows import ListedState
from herald.database.pool import OUTAGES
from herald.providers.account import Account as Configured


@dataclass(slots=True)
class Account:
    """An account as `herald status` shows it."""

    name: str
    channel: str
    provider: str
    state: str = "up"  # up, down or paused
    reason: str = ""
    since: str = ""

    @property
    def problem(self) -> str:
        """Say what is wrong, or nothing."""
        if self.state == "up":
            return ""
        why = f": {self.reason}" if self.reason else ""
        return f"account {self.name} is {self.state}{why}, since {self.since}"


async def read_accounts(dsn: str, configured: Mapping[str, Configured]) -> list[Account]:
    """Read the state of each configured account; none where the database can't say."""
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
        try:
            rows = await account_rows.list_all(connection)
        finally:
            await connection.close()
    except (*OUTAGES, asyncpg.PostgresError):
        return []  # the table of the database says why
    return [
        _account(name, account, rows.get((account.channel, name)))
        for name, account in configured.items()
    ]


def _account(name: str, configured: Configured, row: ListedState | None) -> Account:
    found = Account(name, configured.channel, configured.provider)
    if row is None:
        return found
    if row.paused:
        found.state, since = "paused", row.paused_since or row.since
    elif row.trouble is not None:
        found.state, since = "down", row.since
        found.reason = f"{row.trouble} {row.code or ''}".strip()
    else:
        return found
    found.since = since.isoformat(sep=" ", timespec="seconds")
    return found
