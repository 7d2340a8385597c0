"""Sealing stored sessions with another key, beside workers that use them."""

from __future__ import annotations

from dataclasses import dataclass, field

from herald.database.pool import Connection
from herald.sessions import rows
from herald.sessions.rows import Key
from herald.sessions.sealing import SealingKeys, UnreadableError
from herald.sessions.tokens import open_tokens, seal_tokens


@dataclass(slots=True)
class Resealed:
    """What became of the sessions."""

    sealed: int = 0
    before: int = 0  # were sealed with that key already
    unreadable: dict[str, str] = field(default_factory=dict)  # account -> why

    def add(self, later: Resealed) -> None:
        """Take in what became of them when all were looked at once more."""
        self.sealed += later.sealed
        self.unreadable = later.unreadable


async def reseal_all(connection: Connection, keys: SealingKeys) -> Resealed:
    """Seal every session with the first key; what can't be opened stays as it is."""
    done = Resealed()
    for listed in await rows.list_all(connection):
        if listed.key_id == keys.sealing_id:
            done.before += 1
        elif listed.key_id is not None:
            await _reseal(connection, keys, Key(listed.channel, listed.account), done)
    return done


async def _reseal(connection: Connection, keys: SealingKeys, key: Key, done: Resealed) -> None:
    """Seal one, while nobody else writes it: a refresh waits for the end, and seals its own."""
    async with connection.transaction():
        found = await rows.read_sealed(connection, key)
        if found is None or found.sealed is None:
            return
        try:
            tokens = open_tokens(keys, found.sealed, found.row, key.account)
        except UnreadableError as error:
            done.unreadable[key.account] = str(error)
            return
        sealed = seal_tokens(keys, tokens, found.row, key.account)
        await rows.reseal(connection, key, sealed)
        done.sealed += 1
