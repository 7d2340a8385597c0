"""Whether hashes in the database are made with the masking key that this process has."""

from __future__ import annotations

import asyncio

import structlog

from herald.contracts.masking import MaskingKey
from herald.database.pool import OUTAGES, Connection, Database
from herald.database.queries import load_queries

POLL_SECONDS = 1.0
LOOK_SECONDS = 5.0

OTHER_KEY = (
    "masking.key_file holds another key than the one that addresses in the database are hashed"
    " with: put that one back, or stop every router, run `herald rehash` and start them again"
)

_QUERIES = load_queries("herald.database", "masking.sql")

_log = structlog.get_logger(__name__)


class MaskingWatch:
    """Keeps a router from hashing under another key than others did.

    Nothing would be found any more: the hashes of one address would differ.
    """

    def __init__(self, database: Database, key: MaskingKey) -> None:
        self._database = database
        self._key = key
        self.problem: str | None = "the masking key was not compared yet"

    async def wait(self) -> None:
        """Return once the database's key is this process's; a database without one takes it."""
        while True:
            if await self._is_ours():
                return
            await asyncio.sleep(POLL_SECONDS)

    async def run(self) -> None:
        """Look again now and then: a rehash to another key may begin meanwhile."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._is_ours()

    async def _is_ours(self) -> bool:
        try:
            async with self._database.connection() as connection:
                problem = await self._look(connection)
        except OUTAGES as error:
            # a process that has begun goes on: that the database is away is reported elsewhere
            _log.debug("masking_key.not_compared", error=type(error).__name__)
            return False
        if problem != self.problem and problem is not None:
            _log.error("masking_key.differs", reason=problem)
        self.problem = problem
        return problem is None

    async def _look(self, connection: Connection) -> str | None:
        await connection.execute(_QUERIES["record_key"], self._key.fingerprint)
        fingerprint = await connection.fetchval(_QUERIES["read_key"])
        return None if fingerprint == self._key.fingerprint else OTHER_KEY
