"""A sandbox on a free loopback port, and the customer's side of its webhooks."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from behaviour.sandbox.mail_accounts import mail_accounts
from behaviour.sandbox.sms_accounts import sms_accounts
from sandbox.app import build_app
from sandbox.loading import validated
from sandbox.settings import SandboxFile

PHONE_NUMBER_ID = "100000000000001"
ACCESS_TOKEN = "whatsapp-token"
APP_SECRET = "app-secret"
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "twilio-token"
API_KEY = "SG.key"
INBOUND_TOKEN = "inbound-parse-token"
SMTP_USERNAME = "herald"
SMTP_PASSWORD = "smtp-password"
OAUTH_USER = "mailbox@example.com"
REFRESH_TOKEN = "first-refresh-token"
KEY = ec.generate_private_key(ec.SECP256R1())
PRIVATE_KEY = base64.b64encode(
    KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One webhook as it arrived."""

    path: str  # with its query, as called
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


@dataclass(slots=True)
class Receiver:
    """Receives webhooks; responds with `statuses` first, one each, then with 200."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        """Keep a webhook and respond to it."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(
            Received(path=request.path_qs, headers=headers, body=body, method=request.method)
        )
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The sandbox's address, a client for it, and the receiver of its webhooks."""

    url: str
    smtp_port: int
    requests_file: Path
    client: aiohttp.ClientSession
    receiver: Receiver

    async def requests(self, query: str = "") -> list[dict[str, Any]]:
        """List the requests that the sandbox recorded."""
        async with self.client.get(f"{self.url}/_sandbox/requests{query}") as response:
            found: list[dict[str, Any]] = (await response.json())["requests"]
            return found

    async def webhooks(self) -> list[Received]:
        """Wait until the sandbox has no webhook left to send; return all that arrived."""
        async with asyncio.timeout(10):
            while True:
                async with self.client.get(f"{self.url}/_sandbox/webhooks") as response:
                    if (await response.json())["pending"] == 0:
                        return self.receiver.received
                await asyncio.sleep(0.01)

    async def control(self, path: str, document: Any = None) -> tuple[int, Any]:
        """Post to `/_sandbox`."""
        async with self.client.post(f"{self.url}/_sandbox/{path}", json=document) as response:
            return response.status, await response.json()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def settings(
    tmp_path: Path, receiver_url: str, own_url: str, smtp_port: int, token_length: int
) -> SandboxFile:
    """Make a quick sandbox with one account of each provider."""
    return validated(
        {
            "requests_file": tmp_path / "requests.jsonl",
            "smtp": {"port": smtp_port, "username": SMTP_USERNAME, "password": SMTP_PASSWORD},
            "oauth": {
                "client_id": "client",
                "client_secret": "client-secret",
                "user": OAUTH_USER,
                "refresh_token": REFRESH_TOKEN,
                "rotates": True,
                "token_length": token_length,
            },
            "whatsapp_cloud": {
                "main": {
                    "phone_number_id": PHONE_NUMBER_ID,
                    "waba_id": "200000000000001",
                    "display_phone_number": "15550001111",
                    "access_token": ACCESS_TOKEN,
                    "app_secret": APP_SECRET,
                    "webhook_url": f"{receiver_url}/whatsapp",
                }
            },
            "twilio": {
                "main": {
                    "account_sid": ACCOUNT_SID,
                    "auth_token": AUTH_TOKEN,
                    "inbound_url": f"{receiver_url}/inbound",
                }
            },
            **sms_accounts(receiver_url),
            **mail_accounts(receiver_url, own_url),
            "sendgrid": {
                "main": {
                    "api_key": API_KEY,
                    "private_key": PRIVATE_KEY,
                    "webhook_url": f"{receiver_url}/events",
                    "inbound_token": INBOUND_TOKEN,
                }
            },
            "pace": {"webhook_delay_ms": 20, "late_seconds": 0.5, "slow_seconds": 0.6},
        }
    )


@asynccontextmanager
async def running_world(tmp_path: Path, *, token_length: int = 0) -> AsyncIterator[World]:
    """Run a sandbox under uvicorn, and a receiver, in this loop."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", receiver.receive)
    runner = web.AppRunner(application)
    await runner.setup()
    receiver_port, port, smtp_port = free_port(), free_port(), free_port()
    await web.TCPSite(runner, "127.0.0.1", receiver_port).start()
    receiver.url = f"http://127.0.0.1:{receiver_port}"
    file = settings(tmp_path, receiver.url, f"http://127.0.0.1:{port}", smtp_port, token_length)
    config = uvicorn.Config(
        build_app(file), host="127.0.0.1", port=port, http="httptools", log_level="warning"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        await started(server, serving)
        async with aiohttp.ClientSession() as client:
            yield World(
                url=f"http://127.0.0.1:{port}",
                smtp_port=smtp_port,
                requests_file=file.requests_file,
                client=client,
                receiver=receiver,
            )
    finally:
        server.should_exit = True
        await serving
        await runner.cleanup()


async def started(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    async with asyncio.timeout(10):
        while not server.started:
            assert not serving.done(), "the sandbox could not start"
            await asyncio.sleep(0.01)
