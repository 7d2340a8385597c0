"""Whether every suppression can be found: by the masking key of now, or by one of before."""

from __future__ import annotations

import structlog

from herald.database.pool import Database
from herald.service.periodic import JITTER, Periodic
from router.store.suppressions import has_foreign_keys

INTERVAL_SECONDS = 3600.0  # it reads the whole table
FOREIGN_KEY = (
    "some suppressions are hashed with a masking key that masking.earlier_key_files does not name:"
    " these recipients are written to; name the key's file there and restart"
)

_log = structlog.get_logger(__name__)


class SuppressionKeys:
    """Looks once an hour whether a masking key of before is missing; `warning` says so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.warning: str | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        await Periodic("suppression_keys", self.turn, INTERVAL_SECONDS, jitter=JITTER).run()

    async def turn(self) -> None:
        """Look once."""
        async with self._database.connection() as connection:
            is_missing = await has_foreign_keys(connection)
        if is_missing and self.warning is None:
            _log.error("suppressions.key_missing", reason=FOREIGN_KEY)
        self.warning = FOREIGN_KEY if is_missing else None
