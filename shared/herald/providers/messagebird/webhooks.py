"""Reports and inbound messages of MessageBird's SMS API, on one URL. MessageBird: "SMS API"."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from herald.contracts.attempt_reports import WrittenReceipt
from herald.providers.credentials import Credentials
from herald.providers.lenient_json import NotUnderstoodError, Reason, text
from herald.providers.messagebird.fields import FILES_FIELD, Fields, fields_of
from herald.providers.messagebird.inbound import inbound_receipt
from herald.providers.messagebird.signature import is_messagebird_token
from herald.providers.messagebird.statuses import status_receipt
from herald.providers.webhook_endpoints import EndpointRules, Normalised
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.webhook_responses import WebhookResponse

if TYPE_CHECKING:
    from herald.providers.messagebird.account import MessageBirdAccount, MessageBirdSecrets

TOKEN_HEADER = b"messagebird-signature-jwt"
RULES = EndpointRules(
    max_body_bytes=64 * 1024,
    methods=dict.fromkeys(("GET", "POST"), frozenset({TOKEN_HEADER})),
    retries_on_5xx=True,  # how often is not documented
)
TAKEN = WebhookResponse(200, b"OK")

_SAYING = frozenset({"body", "message", FILES_FIELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBirdEndpoint:
    """One account's webhooks."""

    account: str
    keys: tuple[bytes, ...] = field(repr=False)
    rules: EndpointRules = RULES

    def verify(self, request: WebhookRequest) -> bool:
        return is_messagebird_token(
            request.headers.get(TOKEN_HEADER),
            request.url,
            request.body,
            self.keys,
            request.received_at,
        )

    def normalise(self, request: WebhookRequest) -> Normalised:
        found = Normalised(response=TAKEN)
        fields, files = fields_of(request)
        found.read(dict(fields), partial(self._receipt, request, files))
        return found

    def _receipt(self, request: WebhookRequest, files: list[str], fields: Fields) -> WrittenReceipt:
        word = (text(fields, "status") or "").lower()
        if word:
            return status_receipt(self.account, request, fields, word)
        if _SAYING & fields.keys():
            return inbound_receipt(self.account, request, fields, files)
        raise NotUnderstoodError(Reason.SHAPE)


def make_endpoint(
    name: str,
    _accounts: Mapping[str, MessageBirdAccount],
    credentials: Mapping[str, Credentials[MessageBirdSecrets]],
) -> MessageBirdEndpoint:
    """Make the endpoint of an account: MessageBird's webhooks name none, so its URL does."""
    keys = credentials[name].current.signing_keys
    return MessageBirdEndpoint(
        account=name, keys=tuple(key.get_secret_value().encode() for key in keys)
    )


def make_decoy() -> MessageBirdEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return MessageBirdEndpoint(account="", keys=(secrets.token_bytes(32),))
