"""Asking an endpoint: with which refresh token, and what becomes of a call that fails."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr
from pydantic_core import to_json

from herald.http.errors import NotSentError, ResponseLostError
from herald.http.response import HttpResponse
from herald.providers.oauth import OAuth, OAuthSecrets
from herald.sessions.asking import ask_for_token
from herald.sessions.grants import Granted, GrantRefused
from herald.sessions.tokens import Tokens, origin_of

NOW = datetime(2026, 1, 19, 12, tzinfo=UTC)
OAUTH = OAuth.model_validate(
    {"grant": "refresh_token", "token_url": "https://oauth2.example.com/token", "client_id": "c"}
)
SECRETS = OAuthSecrets(refresh_token=SecretStr("first"))
GRANTED = 200, {"access_token": "token"}
REFUSED = 400, {"error": "invalid_grant"}


class Endpoint:
    """Gives the answers it is made with, in turn."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.tokens: list[str] = []

    async def __call__(
        self,
        _url: str,
        /,
        *,
        headers: Mapping[str, str],  # noqa: ARG002  as a client's
        body: bytes,
    ) -> HttpResponse:
        self.tokens.append(parse_qs(body.decode())["refresh_token"][0])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return HttpResponse(answer[0], {}, to_json(answer[1]))


def kept(*, origin: str | None = None) -> Tokens:
    return Tokens(
        origin=origin or origin_of(OAUTH, SECRETS),
        access_token=SecretStr("a"),
        refresh_token=SecretStr("kept"),
    )


@pytest.mark.parametrize(
    ("tokens", "answers", "sent"),
    [
        (None, [GRANTED], ["first"]),
        (kept(), [GRANTED], ["kept"]),
        (kept(), [REFUSED, GRANTED], ["kept", "first"]),
        (kept(origin="of another configuration"), [GRANTED], ["first"]),
        (kept(origin="of another configuration"), [REFUSED, GRANTED], ["first", "kept"]),
    ],
)
async def test_the_likelier_token_is_sent_first(
    tokens: Tokens | None, answers: list[Any], sent: list[str]
) -> None:
    """The kept one, unless the configuration was changed; the other one if that is refused."""
    endpoint = Endpoint(*answers)
    granted = await ask_for_token(endpoint, OAUTH, SECRETS, tokens, NOW)
    assert isinstance(granted, Granted)
    assert granted.refresh_token == SecretStr(sent[-1]), "it is kept where no new one comes"
    assert endpoint.tokens == sent


async def test_a_refused_client_is_not_asked_for_twice() -> None:
    """Another refresh token would not mend it."""
    endpoint = Endpoint((401, {"error": "invalid_client"}))
    answer = await ask_for_token(endpoint, OAUTH, SECRETS, kept(), NOW)
    assert answer == GrantRefused("invalid_client", is_lasting=True)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotSentError("no_egress"), "no_egress"),
        (NotSentError("connect"), "connect"),
        (ResponseLostError("read_timeout"), "read_timeout"),
        (TimeoutError(), "timeout"),
    ],
)
async def test_a_call_that_fails_is_made_again_later(error: Exception, code: str) -> None:
    """The way is closed, say the pool has no healthy member: nothing leaves by another one."""
    endpoint = Endpoint(error)
    answer = await ask_for_token(endpoint, OAUTH, SECRETS, kept(), NOW)
    assert answer == GrantRefused(code, is_lasting=False)
    assert endpoint.tokens == ["kept"]
