"""Sessions of several workers over one database, and a token endpoint of the test's own."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from pydantic import SecretStr

from herald.config.session_keys import read_session_keys, write_session_keys
from herald.database.pool import Database
from herald.http.response import HttpResponse
from herald.providers.credentials import Credentials
from herald.providers.oauth import OAuth, OAuthSecrets
from herald.sessions.channel_sessions import ChannelSessions
from herald.sessions.key_ring import KeyRing
from herald.sessions.parts import Parts
from herald.sessions.rows import Key
from herald.sessions.session import AccountSession

CHANNEL, ACCOUNT = "email", "gmail"
KEY = Key(CHANNEL, ACCOUNT)
OAUTH = OAuth.model_validate(
    {
        "grant": "refresh_token",
        "token_url": "https://oauth2.example.com/token",
        "client_id": "client",
        "user": "no-reply@example.com",
    }
)


@dataclass(slots=True)
class Endpoint:
    """Gives `token-1`, `token-2`, ...; each refresh token works once where it rotates."""

    lifetime: float = 3600
    rotates: bool = False
    errors: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    used: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def post(
        self,
        _url: str,
        /,
        *,
        headers: Mapping[str, str],  # noqa: ARG002  as a client's
        body: bytes,
    ) -> HttpResponse:
        """Answer a request."""
        form = dict(parse_qsl(body.decode()))
        self.requests.append(form)
        number = len(self.requests)
        self.asked.set()
        await self.may_answer.wait()
        if self.errors:
            status, document = self.errors.pop(0)
            return HttpResponse(status, {}, json.dumps(document).encode())
        token = form.get("refresh_token", "")
        self.used[token] += 1
        if self.rotates and self.used[token] > 1:
            return HttpResponse(400, {}, b'{"error": "invalid_grant"}')
        document = {"access_token": f"token-{number}", "expires_in": self.lifetime}
        if self.rotates:
            document["refresh_token"] = f"refresh-{number}"
        return HttpResponse(200, {}, json.dumps(document).encode())

    def refuse(self, error: str, status: int = 400, times: int = 1) -> None:
        """Refuse the next requests."""
        self.errors += [(status, {"error": error})] * times


@dataclass(slots=True)
class Secrets:
    """A secrets file."""

    refresh_token: str = "first"
    client_secret: str = "secret"

    def read(self) -> OAuthSecrets:
        return OAuthSecrets(
            client_secret=SecretStr(self.client_secret),
            refresh_token=SecretStr(self.refresh_token),
        )


@dataclass(slots=True)
class Worker:
    """One worker's sessions."""

    session: AccountSession
    sessions: ChannelSessions
    now: list[float]

    async def turn(self) -> None:
        """Read the rows, and finish what that began."""
        await self.sessions._turn()
        await asyncio.gather(*self.sessions._refreshes.values())

    async def value(self) -> str:
        """Return the token that a call would use."""
        return (await self.session.token()).value.get_secret_value()


def keys_file(folder: Path) -> Path:
    """Write a first key."""
    path = folder / "session-keys.toml"
    if not path.exists():
        write_session_keys(path)
    return path


def worker(
    database: Database, endpoint: Endpoint, keys: Path, secrets: Secrets | None = None
) -> Worker:
    """Start a worker."""
    source = secrets or Secrets()
    now = [0.0]
    ring = KeyRing(keys, read_session_keys)
    parts = Parts(
        key=KEY,
        provider="smtp",
        oauth=OAUTH,
        credentials=Credentials(source.read(), source.read),
        post=endpoint.post,
        database=database,
        keys=ring,
        clock=lambda: asyncio.get_running_loop().time() + now[0],
    )
    session = AccountSession(parts)
    sessions = ChannelSessions(CHANNEL, [session], database, ring, parts.clock)
    return Worker(session, sessions, now)
