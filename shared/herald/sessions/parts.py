"""What a session is made of, and the tokens that a worker holds of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from herald.database.pool import Database
from herald.providers.credentials import Credentials
from herald.providers.oauth import OAuth, OAuthSecrets
from herald.sessions.asking import Post
from herald.sessions.held import Held
from herald.sessions.key_ring import KeyRing
from herald.sessions.rows import Key, Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a session is made of."""

    key: Key
    provider: str
    oauth: OAuth
    credentials: Credentials[OAuthSecrets] = field(repr=False)
    post: Post
    database: Database
    keys: KeyRing
    clock: Callable[[], float] = time.monotonic

    @property
    def names(self) -> dict[str, str]:
        """Name the session in logs."""
        return {"channel": self.key.channel, "account": self.key.account}


class Holding:
    """The tokens in memory, and those they replaced: what a provider says may repeat either."""

    def __init__(self) -> None:
        self.held: Held | None = None
        self._former: tuple[str, ...] = ()

    @property
    def known(self) -> Known:
        """What need not be read again."""
        if self.held is None:
            return Known()
        return Known(version=self.held.token.version, key_id=self.held.key_id)

    def replace(self, held: Held | None) -> None:
        """Hold others from now on."""
        before = self.held
        if before is not None and (held is None or held.tokens != before.tokens):
            self._former = before.tokens.values()
        self.held = held

    def seconds_left(self, now: float) -> float:
        """Return how long the access token lasts; 0 where there is none."""
        return max(0.0, self.held.ends_at - now) if self.held is not None else 0.0

    def values(self) -> tuple[str, ...]:
        """Give all of them in clear."""
        return (*self._former, *(self.held.tokens.values() if self.held is not None else ()))
