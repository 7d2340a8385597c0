"""Meta's WhatsApp Cloud API webhooks. Meta: "Webhooks reference", field `messages`."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from herald.contracts.receipts import InboundReceipt
from herald.providers.credentials import Credentials
from herald.providers.json_bodies import read_json
from herald.providers.lenient_json import (
    NotUnderstoodError,
    Reason,
    kept_inbound,
    mapping,
    moment,
    part,
    reference,
    sequence,
    text,
)
from herald.providers.webhook_endpoints import EndpointRules, Normalised
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.webhook_responses import WebhookResponse
from herald.providers.whatsapp_cloud.account_news import NOT_OURS, account_receipt
from herald.providers.whatsapp_cloud.inbound_messages import (
    answered_by,
    content_of,
    own_number,
    sender_of,
)
from herald.providers.whatsapp_cloud.names import CHANNEL
from herald.providers.whatsapp_cloud.names import PROVIDER as PROVIDER_NAME
from herald.providers.whatsapp_cloud.preferences import preference_receipt
from herald.providers.whatsapp_cloud.signature import is_meta_signature
from herald.providers.whatsapp_cloud.statuses import status_receipt

if TYPE_CHECKING:
    from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount, WhatsAppCloudSecrets

SIGNATURE_HEADER = b"x-hub-signature-256"
RULES = EndpointRules(
    max_body_bytes=4 * 1024 * 1024,  # Meta: payloads up to 3 MB
    methods={"GET": frozenset(), "POST": frozenset({SIGNATURE_HEADER})},
    retries_on_5xx=True,  # Meta, "Create a webhook endpoint": for up to 7 days
)

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,256}")  # it is sent back: nothing a browser would run


@dataclass(frozen=True, slots=True)
class WhatsAppCloudEndpoint:
    """One account's webhooks. `owners` names the accounts that share a secret, by phone number id.

    A business has one webhook for all its numbers, so any account's URL may get what is of another.
    `businesses` names them by the id of their business account, where it is configured.
    """

    account: str
    app_secrets: tuple[bytes, ...] = field(repr=False)
    verify_token: bytes = field(repr=False)
    owners: Mapping[str, str]
    businesses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: EndpointRules = RULES

    def verify(self, request: WebhookRequest) -> bool:
        if request.method == "GET":
            return _is_handshake(request, self.verify_token)
        return is_meta_signature(
            request.headers.get(SIGNATURE_HEADER), request.body, self.app_secrets
        )

    def normalise(self, request: WebhookRequest) -> Normalised:
        if request.method == "GET":
            return Normalised(response=WebhookResponse(200, (_challenge(request) or "").encode()))
        found, body = Normalised(), mapping(read_json(request.body))
        if "entry" not in body:
            raise NotUnderstoodError(Reason.SHAPE)
        for entry in sequence(body["entry"]):
            found.descend(entry, _read_entry, self, request, found, entry)
        return found

    def concerned(self, business: str | None) -> tuple[str, ...]:
        """Return the accounts that a business account's news is about.

        Where no account names its business account, it is the one whose URL was called.
        """
        if not self.businesses:
            return (self.account,)
        return self.businesses.get(business or "", ())


def _is_handshake(request: WebhookRequest, verify_token: bytes) -> bool:
    """Meta: "Create a webhook endpoint": asked once, when the URL is entered in the console."""
    try:
        mode, token = request.query_value("hub.mode"), request.query_value("hub.verify_token")
        right = hmac.compare_digest((token or "").encode("latin-1"), verify_token)
        return right and mode == "subscribe" and _challenge(request) is not None
    except ValueError:  # more fields than anyone sends
        return False


def _challenge(request: WebhookRequest) -> str | None:
    challenge = request.query_value("hub.challenge")
    return challenge if challenge is not None and _CHALLENGE.fullmatch(challenge) else None


def _read_entry(
    endpoint: WhatsAppCloudEndpoint, request: WebhookRequest, found: Normalised, entry: Any
) -> None:
    for change in sequence(mapping(entry).get("changes")):
        found.descend(change, _read_change, endpoint, request, found, entry, change)


def _read_change(
    endpoint: WhatsAppCloudEndpoint,
    request: WebhookRequest,
    found: Normalised,
    entry: Mapping[str, Any],
    change: Any,
) -> None:
    """Read one change: about a phone number, or about the business account."""
    name = text(mapping(change), "field")
    if name is None:
        raise NotUnderstoodError(Reason.SHAPE)
    if name in NOT_OURS:
        found.ignored += 1
    elif name == "messages":
        _read_messages(endpoint, request, found, mapping(change.get("value")))
    elif name == "user_preferences":
        value = mapping(change.get("value"))
        account = _owner(endpoint, value)
        for preference in sequence(value.get("user_preferences")):
            found.read(preference, partial(preference_receipt, account, request, value))
    else:
        accounts = endpoint.concerned(text(entry, "id"))
        for account in accounts:
            found.read(change, partial(account_receipt, account, request, entry))
        if not accounts:  # with the business account's id: it is what is not configured
            found.set_aside(Reason.UNKNOWN_ACCOUNT, {**entry, "changes": [change]})


def _read_messages(
    endpoint: WhatsAppCloudEndpoint,
    request: WebhookRequest,
    found: Normalised,
    value: Mapping[str, Any],
) -> None:
    account = _owner(endpoint, value)
    lists = [sequence(value.get(key)) for key in ("statuses", "messages", "errors")]
    statuses, messages, errors = lists
    if not any(lists):
        raise NotUnderstoodError(Reason.SHAPE)
    for status in statuses:
        found.read(status, partial(status_receipt, account, request))
    for message in messages:
        found.read(message, partial(_message, account, request, value))
    for error in errors:
        found.set_aside(Reason.ACCOUNT_ERROR, error)


def _owner(endpoint: WhatsAppCloudEndpoint, value: Mapping[str, Any]) -> str:
    """Return the account whose phone number it is."""
    account = endpoint.owners.get(text(part(value, "metadata"), "phone_number_id") or "")
    if account is None:
        raise NotUnderstoodError(Reason.UNKNOWN_ACCOUNT)
    return account


def _message(
    account: str, request: WebhookRequest, value: Mapping[str, Any], element: Any
) -> InboundReceipt:
    message = mapping(element)
    sender, content = sender_of(message, sequence(value.get("contacts"))), content_of(message)
    return InboundReceipt(
        **dict(content),
        channel=CHANNEL,
        provider=PROVIDER_NAME,
        account=account,
        reference=reference(message, "id"),
        sender=sender.address,
        sender_id=sender.user_id,
        recipient=own_number(value),
        group=text(message, "group_id"),
        in_reply_to=answered_by(message, content),
        profile_name=sender.profile_name,
        username=sender.username,
        occurred_at=moment(message.get("timestamp")),
        received_at=request.received_at,
        element=kept_inbound(message, len(request.body)),
    )


def make_endpoint(
    name: str,
    accounts: Mapping[str, WhatsAppCloudAccount],
    credentials: Mapping[str, Credentials[WhatsAppCloudSecrets]],
) -> WhatsAppCloudEndpoint:
    """Make the endpoint of an account, which reads for all accounts under its secrets."""

    def app_secrets_of(account: str) -> tuple[bytes, ...]:
        keys = credentials[account].current.app_secrets
        return tuple(key.get_secret_value().encode() for key in keys)

    mine = app_secrets_of(name)
    owners: dict[str, str] = {}
    businesses: dict[str, tuple[str, ...]] = {}
    for other in dict.fromkeys((name, *accounts)):  # first itself: two may share one number
        if set(app_secrets_of(other)) & set(mine):
            account = accounts[other]
            owners.setdefault(account.phone_number_id, other)
            business = account.business_account_id
            if business is not None:
                businesses[business] = (*businesses.get(business, ()), other)
    verify_token = credentials[name].current.verify_token.get_secret_value().encode()
    return WhatsAppCloudEndpoint(name, mine, verify_token, owners, businesses)


def make_decoy() -> WhatsAppCloudEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return WhatsAppCloudEndpoint("", (secrets.token_bytes(32),), secrets.token_bytes(32), {})
