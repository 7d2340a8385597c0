"""Statuses and inbound messages of Vonage's Messages API, on one URL. Vonage: "Webhooks"."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from herald.contracts.attempt_reports import WrittenReceipt
from herald.contracts.receipts import InboundReceipt
from herald.providers.credentials import Credentials
from herald.providers.json_bodies import read_json
from herald.providers.lenient_json import (
    NotForHeraldError,
    NotUnderstoodError,
    Reason,
    carried,
    iso_moment,
    kept_inbound,
    mapping,
    phone,
    reference,
    text,
)
from herald.providers.vonage.inbound import answered_by, content_of
from herald.providers.vonage.names import CHANNELS, NAME
from herald.providers.vonage.statuses import ATTEMPT_FIELD, status_receipt
from herald.providers.vonage.tokens import is_vonage_token
from herald.providers.webhook_endpoints import EndpointRules, Normalised
from herald.providers.webhook_requests import WebhookRequest

if TYPE_CHECKING:
    from herald.providers.vonage.account import VonageAccount, VonageSecrets

TOKEN_HEADER = b"authorization"
RULES = EndpointRules(
    max_body_bytes=256 * 1024,
    methods={"POST": frozenset({TOKEN_HEADER})},
    retries_on_5xx=True,  # Vonage, "Webhooks": after 429 and 5xx, for 24 h
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VonageEndpoint:
    """One account's webhooks. `owners` names the accounts that share a secret, by their channel.

    `ignoring` names accounts that drop statuses of others' messages.
    """

    account: str
    secrets: tuple[bytes, ...] = field(repr=False)
    window: timedelta
    owners: Mapping[str, str]
    ignoring: frozenset[str] = frozenset()
    rules: EndpointRules = RULES

    def verify(self, request: WebhookRequest) -> bool:
        return is_vonage_token(
            request.headers.get(TOKEN_HEADER),
            request.body,
            self.secrets,
            request.received_at,
            self.window,
        )

    def normalise(self, request: WebhookRequest) -> Normalised:
        found, element = Normalised(), read_json(request.body)
        found.read(element, partial(self._receipt, request))
        return found

    def _receipt(self, request: WebhookRequest, element: Any) -> WrittenReceipt:
        document = mapping(element)
        word = (text(document, "status") or "").lower()
        if word:
            return self._status(request, document, word)
        if text(document, "message_type") is not None:
            return self._message(request, document)
        raise NotUnderstoodError(Reason.SHAPE)

    def _status(
        self, request: WebhookRequest, status: Mapping[str, Any], word: str
    ) -> WrittenReceipt:
        """Read a status; one that names an attempt is ours whatever channel it went over."""
        ours = carried(status.get(ATTEMPT_FIELD))
        channel = text(status, "channel") or ""
        account = self.owners.get(channel)
        if account is None:
            channel, account = next(iter(self.owners.items()), ("", ""))
            if ours.attempt_id is None or not account:
                raise self._foreign(account)
        return status_receipt((channel, account), request, status, word, ours)

    def _foreign(self, account: str) -> Exception:
        is_ignored = account in self.ignoring
        return NotForHeraldError() if is_ignored else NotUnderstoodError(Reason.OTHER_CHANNEL)

    def _message(self, request: WebhookRequest, message: Mapping[str, Any]) -> InboundReceipt:
        """Read a message. Where no account serves its channel it is of the one that was called."""
        channel, sender = text(message, "channel") or "", text(message, "from")
        if channel not in CHANNELS:
            raise NotUnderstoodError(Reason.OTHER_CHANNEL)
        if sender is None:
            raise NotUnderstoodError(Reason.SHAPE)
        recipient = text(message, "to")
        return InboundReceipt(
            **dict(content_of(message)),
            channel=channel,
            provider=NAME,
            account=self.owners.get(channel, self.account),
            reference=reference(message, "message_uuid"),
            sender=phone(sender) or sender,
            recipient=None if recipient is None else phone(recipient) or recipient,
            in_reply_to=answered_by(message),
            profile_name=_name(message),
            occurred_at=iso_moment(message.get("timestamp")),
            received_at=request.received_at,
            element=kept_inbound(message, len(request.body)),
        )


def _name(message: Mapping[str, Any]) -> str | None:
    profile = message.get("profile")
    return text(profile, "name") if isinstance(profile, dict) else None


def make_endpoint(
    name: str,
    accounts: Mapping[str, VonageAccount],
    credentials: Mapping[str, Credentials[VonageSecrets]],
) -> VonageEndpoint:
    """Make the endpoint of an account, which reads for all accounts that share its secrets."""

    def secrets_of(account: str) -> tuple[bytes, ...]:
        held = credentials[account].current.signature_secrets
        return tuple(secret.get_secret_value().encode() for secret in held)

    mine = secrets_of(name)
    owners: dict[str, str] = {}
    for other in dict.fromkeys((name, *accounts)):  # first itself: two may serve one channel
        if set(secrets_of(other)) & set(mine):
            owners.setdefault(accounts[other].channel, other)
    return VonageEndpoint(
        account=name,
        secrets=mine,
        window=accounts[name].signature_window,
        owners=owners,
        ignoring=frozenset(other for other in accounts if accounts[other].foreign == "ignore"),
    )


def make_decoy() -> VonageEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return VonageEndpoint(
        account="", secrets=(secrets.token_bytes(32),), window=timedelta(minutes=5), owners={}
    )
