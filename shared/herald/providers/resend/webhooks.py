"""Resend's webhooks, sent by Svix. Resend: "Webhooks"."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from herald.contracts.attempt_reports import WrittenReceipt
from herald.contracts.text import storable
from herald.providers.credentials import Credentials
from herald.providers.json_bodies import read_json
from herald.providers.lenient_json import mapping, text
from herald.providers.resend.inbound import RECEIVED, inbound_receipt
from herald.providers.resend.signature import is_svix_signature, key_of
from herald.providers.resend.statuses import status_receipt
from herald.providers.webhook_endpoints import EndpointRules, Normalised
from herald.providers.webhook_requests import WebhookRequest

if TYPE_CHECKING:
    from herald.providers.resend.account import ResendAccount, ResendSecrets

ID, TIMESTAMP, SIGNATURE = b"svix-id", b"svix-timestamp", b"svix-signature"
RULES = EndpointRules(
    max_body_bytes=1024 * 1024,
    methods={"POST": frozenset({ID, TIMESTAMP, SIGNATURE})},
    retries_on_5xx=True,  # Svix, "Retries": for a day
)
_FIVE_MINUTES = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ResendEndpoint:
    """One account's webhooks."""

    account: str
    keys: tuple[bytes, ...] = field(repr=False)
    age: timedelta = _FIVE_MINUTES
    rules: EndpointRules = RULES

    def verify(self, request: WebhookRequest) -> bool:
        name, timestamp, signatures = (
            request.headers.get(header) for header in (ID, TIMESTAMP, SIGNATURE)
        )
        return is_svix_signature(
            name,
            timestamp,
            signatures,
            request.body,
            self.keys,
            request.received_at,
            self.age,
        )

    def normalise(self, request: WebhookRequest) -> Normalised:
        found = Normalised()
        found.read(read_json(request.body), partial(_receipt, self.account, request, found))
        return found


def _receipt(
    account: str, request: WebhookRequest, found: Normalised, element: Any
) -> WrittenReceipt:
    event = mapping(element)
    if text(event, "type") == RECEIVED:
        return inbound_receipt(account, request, event, found)
    name = storable(request.headers.get(ID, b"").decode("latin-1"))
    return status_receipt(account, request, name, event)


def make_endpoint(
    name: str,
    accounts: Mapping[str, ResendAccount],
    credentials: Mapping[str, Credentials[ResendSecrets]],
) -> ResendEndpoint:
    """Make the endpoint of an account."""
    held = credentials[name].current.webhook_secrets
    keys = tuple(key_of(secret.get_secret_value()) for secret in held)
    return ResendEndpoint(name, keys, accounts[name].webhook_age) if keys else make_decoy()


def make_decoy() -> ResendEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return ResendEndpoint("", (secrets.token_bytes(32),))
