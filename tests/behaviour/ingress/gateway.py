"""A running ingress, and providers that call it with their own signatures."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from yarl import URL

from behaviour.serving import serving
from herald.config.loading import load_configuration
from herald.service.settings import Address, read_settings
from ingress.app import OPERATIONS_PORT, PUBLIC_PORT, build_apps
from secret_files import write_masking_key, write_secrets

APP_SECRET, VERIFY_TOKEN, AUTH_TOKEN = "app-secret", "verify-token", "auth-token"
PUBLIC_URL = "https://hooks.example.com"
UNSUBSCRIBE_SECRET = bytes(range(32, 64))
ACCOUNT_SID = "AC" + "0" * 32

HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{{channel = "whatsapp"}}, {{channel = "email"}}]
[accounts.wa-main]
provider = "whatsapp_cloud"
phone_number_id = "100000000000001"
secrets_file = "wa.toml"
[accounts.wa-second]
provider = "whatsapp_cloud"
phone_number_id = "100000000000002"
secrets_file = "wa.toml"
{twilio}
[accounts.sendgrid-main]
provider = "sendgrid"
webhook_public_keys = ["{public_key}"]
secrets_file = "sendgrid.toml"
[accounts.sendgrid-keyless]
provider = "sendgrid"
secrets_file = "sendgrid.toml"
[ingress]
public_base_url = "{public_url}"
[unsubscribe]
key_files = ["secrets/unsubscribe.key"]
"""

TWILIO_TOML = f"""
[accounts.twilio-main]
provider = "twilio"
account_sid = "{ACCOUNT_SID}"
secrets_file = "twilio.toml"
"""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What ingress answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Providers:
    """Everyone who calls ingress."""

    def __init__(
        self,
        base_url: str,
        operations_url: str,
        http: aiohttp.ClientSession,
        key: ec.EllipticCurvePrivateKey,
    ) -> None:
        self.base_url = base_url
        self.operations_url = operations_url
        self.http = http
        self._key = key

    async def meta(
        self, body: bytes, account: str = "wa-main", secret: str = APP_SECRET
    ) -> ApiResponse:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
        return await self.call(f"/webhooks/whatsapp_cloud/{account}", body, headers)

    async def twilio(
        self, fields: list[tuple[str, str]], query: str = "", token: str = AUTH_TOKEN
    ) -> ApiResponse:
        path = "/webhooks/twilio/twilio-main" + (f"?{query}" if query else "")
        text = PUBLIC_URL + path + "".join(name + value for name, value in sorted(set(fields)))
        digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
        headers = {
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return await self.call(path, urlencode(fields).encode(), headers)

    async def sendgrid(self, body: bytes, account: str = "sendgrid-main") -> ApiResponse:
        signature = self._key.sign(b"1768824000" + body, ec.ECDSA(SHA256()))
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": "1768824000",
            "Content-Type": "application/json",
        }
        return await self.call(f"/webhooks/sendgrid/{account}", body, headers)

    async def call(
        self,
        path: str,
        body: Any = b"",
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> ApiResponse:
        url = URL(self.base_url + path, encoded=True)
        async with self.http.request(method, url, data=body, headers=headers) as response:
            return ApiResponse(response.status, response.headers, await response.read())

    async def operations(self, path: str) -> ApiResponse:
        """GET from the operations listener."""
        async with self.http.get(self.operations_url + path) as response:
            return ApiResponse(response.status, response.headers, await response.read())


def configure(folder: Path, public_key: str, twilio: str = TWILIO_TOML) -> Path:
    """Write a configuration with its secrets; return its path."""
    path = folder / "herald.toml"
    path.write_text(HERALD_TOML.format(twilio=twilio, public_key=public_key, public_url=PUBLIC_URL))
    write_secrets(
        folder / "wa.toml",
        f'access_token = "t"\nverify_token = "{VERIFY_TOKEN}"\n'
        f'app_secrets = ["next", "{APP_SECRET}"]\n',
    )
    write_masking_key(folder)
    write_secrets(folder / "secrets" / "unsubscribe.key", UNSUBSCRIBE_SECRET.hex() + "\n")
    write_secrets(folder / "twilio.toml", f'auth_tokens = ["next", "{AUTH_TOKEN}"]\n')
    write_secrets(folder / "sendgrid.toml", 'api_key = "k"\n')
    return path


def public_key_of(key: ec.EllipticCurvePrivateKey) -> str:
    """Show a key's public half as SendGrid's console does."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


@asynccontextmanager
async def running_ingress(
    amqp_url: str, folder: Path, *, twilio: str = TWILIO_TOML, spool: bool = True
) -> AsyncIterator[Providers]:
    """Serve ingress on a port of its own; give those who call it."""
    key = ec.generate_private_key(ec.SECP256R1())
    settings = read_settings(
        operations_port=OPERATIONS_PORT,
        public_port=PUBLIC_PORT,
        database=False,
        environment={
            "HERALD_AMQP_URL": amqp_url,
            "HERALD_CONFIG": str(configure(folder, public_key_of(key), twilio)),
            **({"HERALD_SPOOL_DIR": str(folder / "spool")} if spool else {}),
        },
    )
    anywhere = Address("127.0.0.1", 0)
    settings = dataclasses.replace(settings, public=anywhere, operations=anywhere)
    public, operations = build_apps(settings, load_configuration(settings.config_path))
    async with serving(operations, settings, public) as served, aiohttp.ClientSession() as http:
        assert served.public is not None
        yield Providers(served.public, served.operations, http, key)


async def until_well(providers: Providers) -> None:
    """Wait until `/readyz` has nothing to complain of."""
    await until(providers, lambda checks: set(checks.values()) == {"ok"})


async def until_unready(providers: Providers) -> None:
    """Wait until `/readyz` has noticed that the broker is away."""
    await until(providers, lambda checks: checks["broker"] != "ok")


async def until(providers: Providers, holds: Callable[[dict[str, str]], bool]) -> None:
    """Wait until the checks of `/readyz` are as wanted."""
    checks: dict[str, str] = {}
    deadline = time.monotonic() + 15
    while not (checks and holds(checks)):
        assert time.monotonic() < deadline, f"still {checks}"
        await asyncio.sleep(0.05)
        with contextlib.suppress(aiohttp.ClientConnectionError):
            checks = json.loads((await providers.operations("/readyz")).body)["checks"]
