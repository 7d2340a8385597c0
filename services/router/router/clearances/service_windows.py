"""Whether recipients wrote lately: some channels take nothing but templates when they did not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from herald.config.file import HeraldFile
from herald.database.pool import Connection
from router.clearances.source import Found, Hop
from router.core.service_windows import clear_window
from router.store.conversations import find_conversations


class ServiceWindows:
    """Finds out which steps may say what their messages say."""

    def __init__(self, configuration: HeraldFile) -> None:
        windowed = [
            account
            for account in configuration.accounts.values()
            if account.service_window is not None
        ]
        self._configuration = configuration
        self._tenants = sorted({account.tenants[0] for account in windowed})

    @property
    def is_needed(self) -> bool:
        """Whether any account has such a window."""
        return bool(self._tenants)

    async def clear(self, connection: Connection, hops: Sequence[Hop], now: datetime) -> Found:
        """Say of each step on such a channel what it may say now."""
        asked = [hop for hop in hops if hop.planned.outside_window is not None]
        if not asked:
            return {}
        addresses = [(hop.planned.channel, hop.planned.address) for hop in asked]
        found = await find_conversations(connection, addresses, self._tenants)
        return {
            hop.key: clear_window(
                hop.message,
                hop.step,
                self._configuration.serving(hop.planned, hop.message.tenant, hop.planned.address),
                conversations,
                now,
            )
            for hop, conversations in zip(asked, found, strict=True)
        }
