"""SendGrid's event webhook, and mails that it took in, on one URL.

SendGrid: "Event Webhook reference", "Inbound Parse webhook".
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from herald.providers.credentials import Credentials
from herald.providers.inbound_mail import MAX_MAIL_BYTES
from herald.providers.json_bodies import read_json
from herald.providers.lenient_json import (
    NotUnderstoodError,
    Reason,
)
from herald.providers.multipart_bodies import firsts
from herald.providers.sendgrid.inbound import inbound_receipt
from herald.providers.sendgrid.statuses import status_receipt
from herald.providers.webhook_endpoints import EndpointRules, Head, Normalised
from herald.providers.webhook_requests import MULTIPART, WebhookRequest
from herald.providers.webhook_tokens import has_token

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    from herald.providers.sendgrid.account import SendGridAccount, SendGridSecrets

SIGNATURE_HEADER = b"x-twilio-email-event-webhook-signature"
TIMESTAMP_HEADER = b"x-twilio-email-event-webhook-timestamp"
RULES = EndpointRules(
    max_body_bytes=MAX_MAIL_BYTES,  # SendGrid: batches of 768 kB, mails of 30 MB
    methods={"POST": frozenset()},  # with a signature, or a mail with a token: see `admits`
    # SendGrid, "Troubleshooting event webhooks": for 24 h; mails for 72 h, but a 4xx loses them
    retries_on_5xx=True,
)


@dataclass(frozen=True, slots=True)
class SendGridEndpoint:
    """One account's event webhook, and the mails of its Inbound Parse."""

    account: str
    keys: tuple[EllipticCurvePublicKey, ...]  # none: nobody's
    tokens: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def rules(self) -> EndpointRules:
        return replace(RULES, admits=self.admits)

    def admits(self, head: Head) -> bool:
        return _is_signed(head) or has_token(head, self.tokens)

    def verify(self, request: WebhookRequest) -> bool:
        head = Head(headers=request.headers, query=request.query)
        if not _is_signed(head):  # a token is for mails alone: events are signed
            return request.media_type == MULTIPART and has_token(head, self.tokens)
        from herald.providers.sendgrid.signature import is_sendgrid_signature  # noqa: PLC0415  cryptography

        return is_sendgrid_signature(
            request.headers.get(SIGNATURE_HEADER),
            request.headers.get(TIMESTAMP_HEADER),
            request.body,
            self.keys,
        )

    def normalise(self, request: WebhookRequest) -> Normalised:
        found = Normalised()
        if request.media_type == MULTIPART:
            found.read(
                firsts(request.form_parts),
                lambda fields: inbound_receipt(self.account, request, fields, found),
            )
            return found
        events = read_json(request.body)
        if not isinstance(events, list):  # an array, even for one event
            raise NotUnderstoodError(Reason.SHAPE)
        for event in events:
            found.read(event, partial(status_receipt, self.account, request))
        return found


def _is_signed(head: Head) -> bool:
    return head.headers.keys() >= {SIGNATURE_HEADER, TIMESTAMP_HEADER}


def make_endpoint(
    name: str,
    accounts: Mapping[str, SendGridAccount],
    credentials: Mapping[str, Credentials[SendGridSecrets]],
) -> SendGridEndpoint:
    """Make the endpoint of an account.

    Raises:
        ValueError: a key can't be used; the text begins with the option that holds it.
    """
    account, held = accounts[name], credentials[name].current.inbound_tokens
    keys = _loaded(account.webhook_public_keys) if account.webhook_public_keys else ()
    tokens = tuple(token.get_secret_value().encode() for token in held)
    return SendGridEndpoint(name, keys, tokens or make_decoy().tokens)


def _loaded(keys: tuple[str, ...]) -> tuple[EllipticCurvePublicKey, ...]:
    from herald.providers.sendgrid.signature import load_sendgrid_key  # noqa: PLC0415  likewise

    try:
        return tuple(load_sendgrid_key(key) for key in keys)
    except ValueError as error:
        raise ValueError(f"webhook_public_keys: {error}") from None


def make_decoy() -> SendGridEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return SendGridEndpoint("", (), (secrets.token_hex(32).encode(),))
