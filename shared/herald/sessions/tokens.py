"""The tokens of a session, as they are used and as they are sealed. Pure."""

from __future__ import annotations

import hashlib
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from pydantic_core import to_json

from herald.providers.oauth import OAuth, OAuthSecrets
from herald.sessions.sealing import Sealed, SealingKeys, UnreadableError


class Tokens(BaseModel):
    """What is sealed. A later version may add fields, which this one ignores."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    origin: str  # of `origin_of`: the configuration and secrets that it began with
    access_token: SecretStr
    refresh_token: SecretStr | None = None

    def values(self) -> tuple[str, ...]:
        """Give them in clear."""
        tokens = (self.access_token, self.refresh_token)
        return tuple(token.get_secret_value() for token in tokens if token is not None)


def origin_of(oauth: OAuth, secrets: OAuthSecrets) -> str:
    """Identify what a session begins with: another one means that a person has changed it."""
    parts = (oauth.model_dump_json(), *secrets.values())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def seal_tokens(keys: SealingKeys, tokens: Tokens, row: UUID, account: str) -> Sealed:
    """Seal tokens for one row, and no other."""
    plain = {
        "origin": tokens.origin,
        "access_token": tokens.access_token.get_secret_value(),
    }
    if tokens.refresh_token is not None:
        plain["refresh_token"] = tokens.refresh_token.get_secret_value()
    return keys.seal(to_json(plain), bound_to(row, account))


def open_tokens(keys: SealingKeys, sealed: Sealed, row: UUID, account: str) -> Tokens:
    """Open what was sealed for a row.

    Raises:
        UnreadableError: it can't be opened, or holds no tokens.
    """
    plain = keys.open(sealed, bound_to(row, account))
    try:
        return Tokens.model_validate_json(plain)
    except ValidationError:
        raise UnreadableError("it holds no tokens that this version knows") from None


def bound_to(row: UUID, account: str) -> bytes:
    """Return what a seal is bound to, so that it opens in its own row and account alone."""
    return f"herald session {row} of {account}".encode()
