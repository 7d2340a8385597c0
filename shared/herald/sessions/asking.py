"""Asking a token endpoint, by the way that the account's calls take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

from herald.http.errors import NotSentError, ResponseLostError
from herald.http.response import HttpResponse
from herald.providers.oauth import KeyUnusableError, OAuth, OAuthSecrets
from herald.sessions.grants import (
    INVALID_GRANT,
    Granted,
    GrantRefused,
    read_response,
    refresh_tokens,
    write_request,
)
from herald.sessions.tokens import Tokens, origin_of

REQUEST_SECONDS = 10.0


class Post(Protocol):
    """One POST, as `HttpClient.post` makes it."""

    def __call__(
        self, url: str, /, *, headers: Mapping[str, str], body: bytes
    ) -> Awaitable[HttpResponse]: ...


async def ask_for_token(
    post: Post, oauth: OAuth, secrets: OAuthSecrets, kept: Tokens | None, now: datetime
) -> Granted | GrantRefused:
    """Ask for a token with what there is: a refresh token that is refused is followed by the other.

    The answer's refresh token is the one to keep.
    """
    is_changed = kept is None or kept.origin != origin_of(oauth, secrets)
    stored = kept.refresh_token if kept is not None else None
    answer: Granted | GrantRefused = GrantRefused(INVALID_GRANT, is_lasting=True)
    for token in refresh_tokens(oauth, secrets.refresh_token, stored, is_changed=is_changed):
        answer = await _ask_with(post, oauth, secrets, token, now)
        if isinstance(answer, Granted):
            return Granted(answer.access_token, answer.lifetime, answer.refresh_token or token)
        if not answer.code.startswith(INVALID_GRANT):
            return answer
    return answer


async def _ask_with(
    post: Post, oauth: OAuth, secrets: OAuthSecrets, token: SecretStr | None, now: datetime
) -> Granted | GrantRefused:
    try:
        request = write_request(oauth, secrets, token, now)
        async with asyncio.timeout(REQUEST_SECONDS):
            response = await post(request.url, headers=request.headers, body=request.body)
    except KeyUnusableError:
        return GrantRefused("private_key_unusable", is_lasting=True)
    except (NotSentError, ResponseLostError) as error:
        return GrantRefused(error.code, is_lasting=False)
    except TimeoutError:
        return GrantRefused("timeout", is_lasting=False)
    return read_response(response)
