"""What is sent to a token endpoint, and what its response means. Pure.

Source: RFC 6749 sections 2.3.1 (authentication of the client), 4.4, 5.1, 5.2 and 6; RFC 7523.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from pydantic import SecretStr

from herald.http.response import HttpResponse
from herald.http.response_times import retry_after
from herald.providers.oauth import OAuth, OAuthSecrets

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEFAULT_LIFETIME = timedelta(hours=1)  # RFC 6749 5.1 lets an endpoint leave it out
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(days=30)
_AHEAD, _SHARE_AHEAD = timedelta(minutes=5), 0.2
_OK = 200
_SERVER_ERRORS = 500
_TOO_MANY = 429
_WORD = re.compile(r"[a-z_]{1,40}")
# words of 5.2 and of OpenID that say "not now"; every other refusal is about what we are or have
_PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
INVALID_GRANT = "invalid_grant"  # the refresh token or the assertion is no longer accepted


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One POST to a token endpoint."""

    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """A token, for how long, and the refresh token that replaces ours if there is one."""

    access_token: SecretStr
    lifetime: timedelta
    refresh_token: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class GrantRefused:
    """There is no token; `is_lasting`: nor will there be one until a person acts."""

    code: str
    is_lasting: bool
    wait: timedelta | None = None


def write_request(
    oauth: OAuth, secrets: OAuthSecrets, refresh_token: SecretStr | None, now: datetime
) -> TokenRequest:
    """Write the request for a token.

    Raises:
        KeyUnusableError: the assertion can't be signed.
    """
    fields = _grant_fields(oauth, secrets, refresh_token, now)
    if oauth.scope is not None and oauth.grant != "jwt_bearer":
        fields["scope"] = oauth.scope
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    secret = secrets.client_secret
    if oauth.client_authentication == "basic" and secret is not None:
        pair = f"{quote_plus(oauth.client_id)}:{quote_plus(secret.get_secret_value())}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif oauth.grant != "jwt_bearer":
        fields["client_id"] = oauth.client_id
        if secret is not None:
            fields["client_secret"] = secret.get_secret_value()
    return TokenRequest(oauth.token_url, headers, urlencode(fields).encode())


def _grant_fields(
    oauth: OAuth, secrets: OAuthSecrets, refresh_token: SecretStr | None, now: datetime
) -> dict[str, str]:
    if oauth.grant == "refresh_token":
        token = refresh_token.get_secret_value() if refresh_token is not None else ""
        return {"grant_type": "refresh_token", "refresh_token": token}
    if oauth.grant == "client_credentials":
        return {"grant_type": "client_credentials"}
    claims: dict[str, Any] = {"iss": oauth.client_id, "aud": oauth.token_url}
    claims |= {"scope": oauth.scope} if oauth.scope else {}
    claims |= {"sub": oauth.user} if oauth.user else {}
    # imported for accounts that sign: it takes 10 MB
    from herald.sessions.assertions import signed_assertion  # noqa: PLC0415

    key, key_id = secrets.private_key, secrets.private_key_id
    return {
        "grant_type": JWT_BEARER,
        "assertion": signed_assertion(
            claims,
            key.get_secret_value() if key is not None else "",
            now,
            key_id.get_secret_value() if key_id is not None else None,
        ),
    }


def read_response(response: HttpResponse) -> Granted | GrantRefused:
    """Read what a token endpoint responded. Its own text is not kept: it may repeat tokens."""
    document = response.document()
    token = document.get("access_token")
    if response.status == _OK and isinstance(token, str) and token.isascii() and token:
        return Granted(SecretStr(token), _lifetime(document), _refresh_token(document))
    wait = retry_after(response.headers)
    error = document.get("error")
    if response.status == _OK or not isinstance(error, str) or not _WORD.fullmatch(error):
        # a page of a proxy's or a gateway's; one that refuses us by name is no better
        code = "response_unreadable" if response.status == _OK else f"http_{response.status}"
        return GrantRefused(code, is_lasting=False, wait=wait)
    is_passing = error in _PASSING or response.status == _TOO_MANY
    is_lasting = not is_passing and response.status < _SERVER_ERRORS
    return GrantRefused(_code(error, document), is_lasting=is_lasting, wait=wait)


def _code(error: str, document: dict[str, Any]) -> str:
    """Add the number that Microsoft's endpoint gives: its word stands for some hundred causes."""
    numbers = document.get("error_codes")
    if isinstance(numbers, list) and numbers and isinstance(numbers[0], int):
        return f"{error}_{numbers[0]}"
    return error


def _lifetime(document: dict[str, Any]) -> timedelta:
    value = document.get("expires_in")
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return DEFAULT_LIFETIME
    return min(max(timedelta(seconds=min(value, _LONGEST.total_seconds())), _SHORTEST), _LONGEST)


def _refresh_token(document: dict[str, Any]) -> SecretStr | None:
    value = document.get("refresh_token")
    return SecretStr(value) if isinstance(value, str) and value else None


def refresh_tokens(
    oauth: OAuth, configured: SecretStr | None, kept: SecretStr | None, *, is_changed: bool
) -> tuple[SecretStr | None, ...]:
    """Return the refresh tokens to try, in order; a grant that takes none tries once.

    The kept one is newer than the configured one, unless a person has changed the configuration.
    """
    if oauth.grant != "refresh_token":
        return (None,)
    both = (configured, kept) if is_changed else (kept, configured)
    return tuple(dict.fromkeys(token for token in both if token is not None)) or (None,)


def refresh_after(lifetime: timedelta) -> timedelta:
    """Return when to ask for the next token: five minutes ahead, or a fifth of a short life."""
    return lifetime - min(_AHEAD, lifetime * _SHARE_AHEAD)
