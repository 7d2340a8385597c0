"""What a worker holds of a session, and what that allows. Pure: the time is given, in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from herald.providers.credentials import NoTokenError, Token
from herald.sessions.rows import Row
from herald.sessions.tokens import Tokens

MARGIN_SECONDS = 5.0  # a token is used no longer than so long before its end
_MARGIN_SHARE = 0.1  # of a short life
# A token that is refused though it is younger: the refusal is about the account, and the next
# token would be refused, too.
YOUNGEST = timedelta(seconds=60)
LAPSE_SECONDS = 3.0  # a holder that comes back from an outage has so long to store its token


@dataclass(frozen=True, slots=True)
class Held:
    """The tokens of one version."""

    token: Token
    tokens: Tokens = field(repr=False)
    key_id: str | None  # None: not stored yet
    ends_at: float
    margin: float

    @classmethod
    def of(
        cls, tokens: Tokens, version: int, key_id: str | None, left: timedelta, now: float
    ) -> Held:
        """Hold tokens that end after `left`."""
        seconds = left.total_seconds()
        return cls(
            token=Token(tokens.access_token, version),
            tokens=tokens,
            key_id=key_id,
            ends_at=now + seconds,
            margin=min(MARGIN_SECONDS, max(0.0, seconds) * _MARGIN_SHARE),
        )

    def is_usable(self, now: float, refused: int) -> bool:
        """Whether calls may be made with it; `refused` is the version the provider refused."""
        return self.token.version != refused and now < self.ends_at - self.margin


def hopeless(
    row: Row, unreadable: str | None, refused: int, *, changed: bool
) -> NoTokenError | None:
    """Say why no token is to be had by waiting; None: one may come."""
    if row.is_revoked:
        return NoTokenError("session_revoked")
    if unreadable is not None:
        return NoTokenError("session_unreadable")
    if row.trouble is not None and is_pausing(row) and not changed:
        return NoTokenError(
            f"session_{row.trouble}"[:100], is_refused=row.is_lasting, wait=row.retry_in
        )
    is_young = row.age is not None and row.age < YOUNGEST
    if row.version == refused and is_young and not row.is_due and not row.is_leased:
        return NoTokenError("session_token_refused", is_refused=True)
    return None


def is_pausing(row: Row) -> bool:
    """Whether nobody may ask for a token yet."""
    return row.retry_in is not None and row.retry_in > timedelta(0)
