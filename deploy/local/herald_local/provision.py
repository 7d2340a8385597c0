"""The configuration of a stack: Herald's, its secrets, and the sandbox's side of the accounts."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from herald.contracts.read_tokens import EVERY_TENANT, TOKEN_PREFIX, entry_for
from herald_local.names import CHANNELS, Names
from herald_local.ports import LOOPBACK
from herald_local.saved_state import SavedState

# only Linux has all of 127.0.0.0/8 on its loopback interface
PROXY_ADDRESS = "127.0.0.21" if sys.platform == "linux" else None
TEMPLATES = Path(__file__).parent / "templates"

# the order of the group of P-256 (SEC 2, section 2.4.2): a private key lies below it
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the parts of a stack find each other."""

    ingress_url: str  # as the sandbox calls it
    sandbox_url: str
    smtp_port: int
    smtp_host: str = LOOPBACK  # the sandbox's
    smtp_listens_on: str = LOOPBACK
    proxy_port: int  # of the sandbox's proxy, which is where its SMTP is
    proxy_address: str | None = None  # that the proxy calls from; None: as the system has it
    router_names: tuple[str, ...] = ()  # beside loopback's, for the read API
    requests_file: str = "requests.jsonl"
    in_clear: bool = False  # the sandbox is on another machine, and speaks no TLS

    @classmethod
    def on_loopback(cls, ports: Mapping[str, int]) -> Places:
        """Return those of a stack on this machine; `ports` has `ingress` and the sandbox's two."""
        return cls(
            ingress_url=f"http://{LOOPBACK}:{ports['ingress']}",
            sandbox_url=f"http://{LOOPBACK}:{ports['sandbox']}",
            smtp_port=ports["sandbox.smtp"],
            proxy_port=ports["sandbox.proxy"],
            proxy_address=PROXY_ADDRESS,
        )


def write_configuration(
    home: Path,
    state: SavedState,
    names: Names,
    templates: Path = TEMPLATES,
    *,
    names_services: bool = True,
    places: Places | None = None,
) -> None:
    """Write `herald.toml`, `sandbox.toml` and `secrets/` of the stack in `home`, for its eyes only.

    `names_services`: whether reports count only from the services' own users; versions that do not
    name themselves need it off. `places` are those on loopback, on the ports of `state`, unless
    others are given.
    """
    services = _services(names) if names_services else ""
    values = _values(state, places or Places.on_loopback(state.ports))
    values |= {"operator": json.dumps(names.user("operator")), "services": services}
    for template in sorted(path for path in templates.rglob("*") if path.is_file()):
        file = home / template.relative_to(templates)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(Template(template.read_text()).substitute(values))


def _services(names: Names) -> str:
    channels = ", ".join(f"{name} = {_list(names.user(name))}" for name in CHANNELS)
    lines = [f"{part} = {_list(names.user(part))}" for part in ("topology", "router", "ingress")]
    return "\n".join(["[services]", *lines, f"channels = {{{channels}}}"])


def _list(user: str) -> str:
    return json.dumps([user])


def _values(state: SavedState, places: Places) -> dict[str, str]:
    private_key, public_key = _sendgrid_keys(state)
    read_token = f"{TOKEN_PREFIX}{state.secret('read token', 60)}"
    return {
        "ingress_url": places.ingress_url,
        "sandbox_url": places.sandbox_url,
        "smtp_host": places.smtp_host,
        "smtp_port": str(places.smtp_port),
        "smtp_listens_on": places.smtp_listens_on,
        "router_names": json.dumps(places.router_names),
        "requests_file": places.requests_file,
        "allow_cleartext": json.dumps(places.in_clear),
        "proxy_port": str(places.proxy_port),
        "proxy_address": ""
        if places.proxy_address is None
        else f'address = "{places.proxy_address}"',
        "proxy_password": state.secret("proxy password"),
        "smtp_password": state.secret("smtp password"),
        "oauth_client_secret": state.secret("oauth client secret"),
        "oauth_refresh_token": state.secret("oauth refresh token"),
        "session_key": state.secret("session key", 64),
        "bot_token": f"1000000000:{state.secret('bot token')}",
        "webhook_token": state.secret("webhook token"),
        "read_token": read_token,
        "read_token_entry": entry_for("operator", read_token, [EVERY_TENANT]).rstrip(),
        "masking_key": state.secret("masking key", 64),
        "phone_number_id": "100000000000001",
        "whatsapp_access_token": f"EAA{state.secret('whatsapp access token', 60)}",
        "whatsapp_app_secret": state.secret("whatsapp app secret"),
        "whatsapp_verify_token": state.secret("whatsapp verify token"),
        "account_sid": f"AC{state.secret('twilio account sid')}",
        "twilio_auth_token": state.secret("twilio auth token"),
        "sendgrid_api_key": f"SG.{state.secret('sendgrid api key', 60)}",
        "sendgrid_private_key": private_key,
        "sendgrid_public_key": public_key,
    }


def _sendgrid_keys(state: SavedState) -> tuple[str, str]:
    """Return the pair that signs SendGrid's event webhooks: base64 PKCS8 DER, base64 SPKI DER."""
    number = int(state.secret("sendgrid signing key", 64), 16)
    key = ec.derive_private_key(number % (_P256_ORDER - 1) + 1, ec.SECP256R1())
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(private).decode(), base64.b64encode(public).decode()
