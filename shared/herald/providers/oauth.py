"""How an account gets its access tokens (OAuth 2.0), and the secrets that this takes. Pure.

Source: RFC 6749 sections 4.4 (client credentials) and 6 (refresh), RFC 7523 section 2.1 (JWT
bearer).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from herald.providers.account import BaseUrl, NonEmptySecret, Secrets

Grant = Literal["refresh_token", "client_credentials", "jwt_bearer"]
# RFC 6749, appendix A: printable, for it goes into a form or a claim
_Word = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,1000}$")]

NEEDED: dict[Grant, str] = {
    "refresh_token": "refresh_token",
    "client_credentials": "client_secret",
    "jwt_bearer": "private_key",
}


class KeyUnusableError(Exception):
    """The private key can't sign; the text shows nothing of it."""


class OAuth(BaseModel):
    """A session at a token endpoint; its secrets are in the account's `secrets_file`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    grant: Grant  # how it asks: by refresh token, client's secret or signed assertion
    token_url: BaseUrl  # the token endpoint
    client_id: _Word  # with jwt_bearer the issuer: a service account's e-mail address
    scope: _Word | None = None  # what is asked for, separated by blanks
    user: _Word | None = None  # whose mailbox, or on whose behalf
    client_authentication: Literal["body", "basic"] = "body"  # where id and secret are sent


class OAuthSecrets(Secrets):
    """What a session begins with; which of them is needed depends on its grant."""

    client_secret: NonEmptySecret | None = None
    refresh_token: NonEmptySecret | None = None  # the first one; later ones are kept in PostgreSQL
    private_key: NonEmptySecret | None = None  # PEM, RSA or P-256, with jwt_bearer
    private_key_id: NonEmptySecret | None = None  # `kid` of the assertion, where it is asked for


def missing_secrets(oauth: OAuth, secrets: OAuthSecrets) -> Iterator[str]:
    """Name the secret that a session can't begin without."""
    needed = NEEDED[oauth.grant]
    if getattr(secrets, needed) is None:
        yield f"{needed}: oauth.grant = {oauth.grant!r} needs it"
