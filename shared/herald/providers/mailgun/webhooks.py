"""Mailgun's webhooks: events as JSON, and mails of its routes as forms. Mailgun: "Webhooks"."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from herald.contracts.attempt_reports import WrittenReceipt
from herald.providers.credentials import Credentials
from herald.providers.inbound_mail import MAX_MAIL_BYTES
from herald.providers.json_bodies import read_json
from herald.providers.lenient_json import NotUnderstoodError, Reason, mapping, part
from herald.providers.mailgun.inbound import inbound_receipt
from herald.providers.mailgun.signature import Signed, is_mailgun_signature, signed_by
from herald.providers.mailgun.statuses import status_receipt
from herald.providers.multipart_bodies import firsts, lasts
from herald.providers.webhook_endpoints import EndpointRules, Normalised
from herald.providers.webhook_requests import FORM, MULTIPART, WebhookRequest

if TYPE_CHECKING:
    from herald.providers.mailgun.account import MailgunAccount, MailgunSecrets

RULES = EndpointRules(
    max_body_bytes=MAX_MAIL_BYTES,  # Mailgun: mails of 25 MB
    methods={"POST": frozenset()},  # the signature is in the body
    retries_on_5xx=True,  # Mailgun, "Webhooks: retries": for 8 h, unless it is 200 or 406
)
FORMS = frozenset({MULTIPART, FORM})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MailgunEndpoint:
    """One domain's webhooks, and the mails of its routes."""

    account: str
    keys: tuple[bytes, ...] = field(repr=False)
    age: timedelta = _DAY
    rules: EndpointRules = RULES

    def verify(self, request: WebhookRequest) -> bool:
        try:
            signed = _signed(request)
        except (ValueError, NotUnderstoodError):  # nothing that could be signed
            return False
        return is_mailgun_signature(signed, self.keys, request.received_at, self.age)

    def normalise(self, request: WebhookRequest) -> Normalised:
        found = Normalised()
        signed = _signed(request)
        token = signed.token if signed is not None else ""
        if request.media_type in FORMS:
            found.read(
                firsts(request.form_parts),
                lambda fields: inbound_receipt(self.account, request, token, fields, found),
            )
        else:
            found.read(read_json(request.body), partial(_receipt, self, request, token))
        return found


def _signed(request: WebhookRequest) -> Signed | None:
    """Find the signature; in a form the last fields of its names, for variables come first."""
    if request.media_type in FORMS:
        fields: Mapping[str, Any] = lasts(request.form_parts)
    else:
        fields = part(mapping(read_json(request.body)), "signature")
    return signed_by(fields.get("timestamp"), fields.get("token"), fields.get("signature"))


def _receipt(
    endpoint: MailgunEndpoint, request: WebhookRequest, token: str, element: Any
) -> WrittenReceipt:
    event = mapping(element).get("event-data")
    if not isinstance(event, dict):
        raise NotUnderstoodError(Reason.SHAPE)
    return status_receipt(endpoint.account, request, token, event)


def make_endpoint(
    name: str,
    accounts: Mapping[str, MailgunAccount],
    credentials: Mapping[str, Credentials[MailgunSecrets]],
) -> MailgunEndpoint:
    """Make the endpoint of an account."""
    held = credentials[name].current.webhook_signing_keys
    keys = tuple(key.get_secret_value().encode() for key in held)
    return MailgunEndpoint(name, keys, accounts[name].webhook_age) if keys else make_decoy()


def make_decoy() -> MailgunEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return MailgunEndpoint("", (secrets.token_bytes(32),))
