"""Twilio's status callbacks and inbound messages, on one URL. Twilio: "Messaging webhooks"."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from herald.contracts.attempt_reports import WrittenReceipt
from herald.contracts.receipts import InboundReceipt
from herald.providers.credentials import Credentials
from herald.providers.lenient_json import NotUnderstoodError, Reason, text
from herald.providers.twilio.inbound import inbound_receipt
from herald.providers.twilio.messages import Fields
from herald.providers.twilio.signature import DEFAULT_OVERRIDES, is_twilio_signature
from herald.providers.twilio.signed_fields import fields_of, is_as_twilio_calls, is_form
from herald.providers.twilio.statuses import status_receipt
from herald.providers.webhook_endpoints import EndpointRules, Normalised
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.webhook_responses import NO_CONTENT, WebhookResponse

if TYPE_CHECKING:
    from herald.providers.twilio.account import TwilioAccount, TwilioSecrets

SIGNATURE_HEADER = b"x-twilio-signature"
RULES = EndpointRules(
    max_body_bytes=256 * 1024,
    methods=dict.fromkeys(("GET", "POST"), frozenset({SIGNATURE_HEADER})),
    # Twilio, "Webhooks connection overrides": all tries lie within 15 s
    retries_on_5xx=False,
)
# A reply with words in it would be sent to the recipient as an SMS.
NO_REPLY = WebhookResponse(
    200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml; charset=utf-8"
)

INBOUND_STATUSES = frozenset({"received", "receiving"})


@dataclass(frozen=True, slots=True)
class TwilioEndpoint:
    """One account's webhooks.

    `owners` names the accounts that share a token, by their SID and their channel, the account
    itself first. `fragment` is what our calls put behind the callback's URL. Whether Twilio signs
    it is not documented, so it may.
    """

    tokens: tuple[bytes, ...] = field(repr=False)
    account_sid: str
    owners: Mapping[str, Mapping[str, str]]
    fragment: str = ""
    ignoring: frozenset[str] = frozenset()  # accounts that drop statuses of others' messages
    rules: EndpointRules = RULES

    def verify(self, request: WebhookRequest) -> bool:
        try:
            if not is_as_twilio_calls(request):
                return False
            fields = request.form_fields if is_form(request) else []
        except ValueError:  # more fields than anyone sends
            return False
        header = request.headers.get(SIGNATURE_HEADER)
        urls = (request.url, f"{request.url}#{self.fragment}") if self.fragment else (request.url,)
        return any(is_twilio_signature(header, url, fields, self.tokens) for url in urls)

    def normalise(self, request: WebhookRequest) -> Normalised:
        found = Normalised(response=NO_CONTENT)
        fields = fields_of(request)
        found.read(fields, partial(_receipt, self, request))
        if any(isinstance(receipt, InboundReceipt) for receipt in found.receipts):
            found.response = NO_REPLY
        return found


def _receipt(endpoint: TwilioEndpoint, request: WebhookRequest, fields: Fields) -> WrittenReceipt:
    sid = text(fields, "AccountSid") if "AccountSid" in fields else endpoint.account_sid
    accounts = endpoint.owners.get(sid or "")
    if accounts is None:
        raise NotUnderstoodError(Reason.UNKNOWN_ACCOUNT)
    word = (text(fields, "MessageStatus") or text(fields, "SmsStatus") or "").lower()
    if word and word not in INBOUND_STATUSES:
        return status_receipt(accounts, endpoint.ignoring, request, fields, word)
    if "Body" in fields or "NumMedia" in fields:
        return inbound_receipt(accounts, request, fields)
    raise NotUnderstoodError(Reason.SHAPE)


def make_endpoint(
    name: str,
    accounts: Mapping[str, TwilioAccount],
    credentials: Mapping[str, Credentials[TwilioSecrets]],
) -> TwilioEndpoint:
    """Make the endpoint of an account, which reads for all accounts that share a token with it."""

    def tokens_of(account: str) -> tuple[bytes, ...]:
        held = credentials[account].current.auth_tokens
        return tuple(token.get_secret_value().encode() for token in held)

    mine = tokens_of(name)
    owners: dict[str, dict[str, str]] = {}
    for other in (name, *accounts):  # first itself: two of ours may share one account of theirs
        if set(tokens_of(other)) & set(mine):
            account = accounts[other]
            owners.setdefault(account.account_sid, {}).setdefault(account.channel, other)
    return TwilioEndpoint(
        tokens=mine,
        account_sid=accounts[name].account_sid,
        owners=owners,
        fragment=accounts[name].callback_overrides,
        ignoring=frozenset(other for other in accounts if accounts[other].foreign == "ignore"),
    )


def make_decoy() -> TwilioEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return TwilioEndpoint((secrets.token_bytes(32),), "", {}, DEFAULT_OVERRIDES)
