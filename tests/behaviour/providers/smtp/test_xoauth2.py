"""Signing in to a relay with an access token, as Gmail and Microsoft 365 take it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtplib.auth import auth_xoauth2_encode
from pydantic import SecretStr

from behaviour.providers.smtp.making import smtp
from behaviour.providers.smtp.relay import relaying
from behaviour.sandbox.world import OAUTH_USER, World, running_world
from herald.channel.accounts import SendingAccount
from herald.providers.credentials import NoTokenError, Token
from herald.providers.sending import Accepted, NotSent, Refused
from unit.channel_email.making import work

USER = "no-reply@example.com"
OFFERS = {"EHLO": "250-relay.example.com\n250-AUTH PLAIN XOAUTH2\n250 ENHANCEDSTATUSCODES"}
OAUTH = {
    "grant": "refresh_token",
    "token_url": "https://oauth2.example.com/token",
    "client_id": "client",
    "user": USER,
}
SHORT, LONG = "short-token", "long-token-" + "x" * 2000


@dataclass(slots=True)
class FakeSession:
    """Gives one token after the other."""

    tokens: list[str]
    error: NoTokenError | None = None
    renewals: list[str] = field(default_factory=list)

    async def token(self) -> Token:
        if self.error is not None:
            raise self.error
        return Token(SecretStr(self.tokens[0]), len(self.renewals))

    async def renewed(self, refused: Token) -> Token:
        self.renewals.append(refused.value.get_secret_value())
        if len(self.tokens) == 1:
            raise NoTokenError("session_token_refused", is_refused=True)
        self.tokens.pop(0)
        return await self.token()

    def values(self) -> tuple[str, ...]:
        return tuple(self.tokens)


def account(port: int, *tokens: str, error: NoTokenError | None = None, **changes: Any) -> Any:
    made: SendingAccount = smtp(port, oauth={**OAUTH, **changes})
    made.credentials.session = session = FakeSession(list(tokens), error)
    return made, session


async def test_a_short_token_goes_with_the_command() -> None:
    """Gmail's way: one line, at most 512 octets."""
    async with relaying(**OFFERS) as relay:
        made, _ = account(relay.port, SHORT)
        assert isinstance(await made.send(work()), Accepted)
    [line] = [line for line in relay.sessions[0] if line.startswith("AUTH")]
    assert line == f"AUTH XOAUTH2 {auth_xoauth2_encode(USER, SHORT).decode()}"


async def test_a_long_token_goes_after_the_challenge() -> None:
    """Microsoft 365's way: its tokens are longer than a command line may be."""
    encoded = auth_xoauth2_encode(USER, LONG).decode()
    async with relaying(**OFFERS, AUTH="334 ", **{encoded: "235 2.7.0 welcome"}) as relay:
        made, _ = account(relay.port, LONG)
        assert isinstance(await made.send(work()), Accepted)
    assert relay.sessions[0][1:3] == ["AUTH XOAUTH2", encoded]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({**OFFERS, "AUTH": "454 4.7.0 Temporary authentication failure"}, NotSent("auth_454")),
        ({**OFFERS, "AUTH": "421 4.7.0 try again later"}, NotSent("auth_421")),
    ],
)
async def test_a_refusal_for_now_costs_no_token(script: dict[str, str], expected: NotSent) -> None:
    """The relay is in trouble, not the token: no other one is asked for."""
    async with relaying(**script) as relay:
        made, session = account(relay.port, SHORT)
        assert await made.send(work()) == expected
    assert session.renewals == []


async def test_a_relay_without_xoauth2_is_named() -> None:
    """A relay that offers passwords alone is no relay for this account."""
    async with relaying() as relay:
        made, _ = account(relay.port, SHORT)
        result = await made.send(work())
    assert isinstance(result, Refused)
    assert result.failure.code == "auth_unsupported"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoTokenError("session_invalid_grant", is_refused=True), "session_invalid_grant"),
        (NoTokenError("session_unreadable"), "session_unreadable"),
    ],
)
async def test_without_a_token_there_is_no_call(error: NoTokenError, code: str) -> None:
    """Refused by the provider: the account fails. Anything else: the message waits, untried."""
    async with relaying(**OFFERS) as relay:
        made, _ = account(relay.port, SHORT, error=error)
        result = await made.send(work())
    assert relay.sessions == []
    if error.is_refused:
        assert isinstance(result, Refused)
        assert result.failure.code == code
    else:
        assert result == NotSent(code)


async def token_of(world: World, lifetime: float = 60.0) -> str:
    """Obtain a token as a worker does."""
    await world.control("oauth", {"lifetime_seconds": lifetime})
    form = {
        "grant_type": "client_credentials",
        "client_id": "client",
        "client_secret": "client-secret",
    }
    async with world.client.post(f"{world.url}/oauth/token", data=form) as response:
        token: str = (await response.json())["access_token"]
        return token


@pytest.mark.parametrize("length", [0, 2000])
async def test_a_refused_token_is_replaced_in_the_same_call(tmp_path: Path, length: int) -> None:
    """The server's challenge is answered, its 535 read, and another token tried: one message."""
    async with running_world(tmp_path, token_length=length) as world:
        old = await token_of(world)
        await world.control("oauth", {"void": True})
        new = await token_of(world)
        made, session = account(world.smtp_port, old, new, user=OAUTH_USER)
        assert isinstance(await made.send(work()), Accepted)
        assert session.renewals == [old]
        assert len(await world.requests("?channel=email")) == 1


async def test_a_mailbox_that_refuses_us_fails_once(tmp_path: Path) -> None:
    """A token of another mailbox is refused, and so is the account: no login follows."""
    async with running_world(tmp_path) as world:
        made, session = account(world.smtp_port, await token_of(world))
        result = await made.send(work())
    assert isinstance(result, Refused)
    assert len(session.renewals) == 1


async def test_a_relay_that_repeats_the_line_gives_no_token_away() -> None:
    """The token is in it, encoded; a part of it counts, too."""
    encoded = auth_xoauth2_encode(USER, SHORT).decode()
    async with relaying(**OFFERS, AUTH=f"535 5.7.8 not understood: {encoded[:70]}") as relay:
        made, _ = account(relay.port, SHORT)
        result = await made.send(work())
    assert isinstance(result, Refused)
    assert encoded[:40] not in repr(result)
