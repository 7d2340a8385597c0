"""E-mail workers whose account signs in at a sandbox with access tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from behaviour.bus.rabbit import Rabbit
from behaviour.channel.world import ready
from behaviour.sandbox.world import OAUTH_USER, REFRESH_TOKEN, World
from behaviour.sessions.making import keys_file
from herald.channel.definitions import definition_of
from herald.channel.service import Channel
from herald.config.loading import load_configuration
from herald.config.session_keys import session_keys
from herald.contracts import topology
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work
from herald.service.settings import read_settings
from secret_files import write_masking_key, write_secrets

HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{{channel = "email"}}]
[sessions]
keys_file = "session-keys.toml"
[accounts.gmail]
provider = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
rate = "100000/s"
secrets_file = "gmail.toml"
[accounts.gmail.oauth]
grant = "refresh_token"
token_url = "{url}/oauth/token"
client_id = "client"
user = "{user}"
"""


@dataclass(slots=True)
class Email:
    """The broker, the providers, and the workers' folder."""

    rabbit: Rabbit
    dsn: str
    folder: Path
    sandbox: World
    attempts: list[str] = field(default_factory=list)

    def configure(self) -> Path:
        """Write the configuration; return its path."""
        path = self.folder / "herald.toml"
        world = self.sandbox
        path.write_text(HERALD_TOML.format(port=world.smtp_port, url=world.url, user=OAUTH_USER))
        write_masking_key(self.folder)
        keys_file(self.folder)
        text = f'client_secret = "client-secret"\nrefresh_token = "{REFRESH_TOKEN}"\n'
        write_secrets(self.folder / "gmail.toml", text)
        return path

    async def send(self, number: int) -> None:
        """Put mails on the bus as the router does."""
        made = [_work() for _ in range(number)]
        self.attempts += [work.attempt_id for work in made]
        bodies = [work.model_dump_json(exclude_none=True).encode() for work in made]
        key = topology.outbound_key("email", Lane.NORMAL)
        await self.rabbit.fill(topology.OUTBOUND, key, bodies)

    async def send_until(self, done: asyncio.Event, *, each_seconds: float = 0.05) -> None:
        """Send on and on."""
        while not done.is_set():
            await self.send(2)
            await asyncio.sleep(each_seconds)

    async def tokens(self) -> dict[str, Any]:
        """Count what the token endpoint answered."""
        async with self.sandbox.client.get(f"{self.sandbox.url}/_sandbox/oauth") as response:
            counted: dict[str, Any] = await response.json()
            return counted


@asynccontextmanager
async def worker(email: Email) -> AsyncIterator[Channel]:
    """Run a worker, ready; stop it as SIGTERM does. It has nothing of those before it."""
    path = email.configure()
    configuration = load_configuration(path)
    environment = {
        "HERALD_AMQP_URL": email.rabbit.amqp_url,
        "HERALD_POSTGRES_DSN": email.dsn,
        "HERALD_CONFIG": str(path),
    }
    channel = Channel(
        definition_of("email"),
        read_settings(operations_port=8004, environment=environment),
        configuration,
        configuration.credentials_for(["gmail"]),
        session_keys=session_keys(configuration),
    )
    application = channel.application()
    async with application.router.lifespan_context(application):
        await ready(channel)
        yield channel


def _work() -> Work:
    attempt = f"{uuid4()}.1.1"
    return Work.model_validate(
        {
            "attempt_id": attempt,
            "message_id": attempt.split(".", maxsplit=1)[0],
            "tenant": "default",
            "channel": "email",
            "lane": "normal",
            "category": "transactional",
            "to": "delivered@example.com",
            "sender": "Herald <no-reply@example.com>",
            "content": {"text": "Hello", "subject": "Hello"},
            "not_after": datetime.now(UTC) + timedelta(minutes=5),
        }
    )
