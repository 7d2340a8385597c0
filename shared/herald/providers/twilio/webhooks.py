"""Twilio's status callbacks and inbound messages, on one URL. Twilio: "Messaging webhooks"."""

from __future__ import annotations

import re
import secrets as tokens
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, cast

from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt, InboundReceipt, Receipt
from herald.contracts.text import storable
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.account import Account, Secrets
from herald.providers.json_bodies import read_json
from herald.providers.lenient_json import (
    Carried,
    NotForHeraldError,
    NotUnderstoodError,
    Reason,
    carried,
    event_key,
    kept_fields,
    kept_inbound,
    mapping,
    reference,
    text,
    whole_number,
)
from herald.providers.signatures import is_twilio_body_hash, is_twilio_signature
from herald.providers.twilio.account import DEFAULT_OVERRIDES, TwilioAccount, TwilioSecrets
from herald.providers.twilio.errors import classify
from herald.providers.twilio.inbound import Fields, content_of
from herald.providers.webhook_endpoints import Normalised, Provider
from herald.providers.webhook_requests import Call, as_text
from herald.providers.webhook_responses import NO_CONTENT, Answer

NAME = "twilio"
CHANNEL = "sms"
ATTEMPT_FIELD = "attempt"  # in the query of the StatusCallback URL that our calls give
BODY_HASH_FIELD = "bodySHA256"  # likewise; Twilio adds it when the body is JSON
MAX_BODY_BYTES = 256 * 1024
SIGNATURE_HEADER = b"x-twilio-signature"
# A reply with words in it would be sent to the recipient as an SMS.
NO_REPLY = Answer(
    200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml; charset=utf-8"
)

STATUSES: dict[str, Status] = {
    "accepted": Status.ACCEPTED,  # waiting for its Messaging Service to choose a sender
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,  # RCS and WhatsApp only
    "undelivered": Status.FAILED,  # the carrier's word
    "failed": Status.FAILED,  # Twilio's own: it never left
    "canceled": Status.FAILED,
    "partially_delivered": Status.OTHER,
}
INBOUND_STATUSES = frozenset({"received", "receiving"})

KEPT = frozenset(  # of a status, for the history
    {
        *("MessageSid", "SmsSid", "SmsMessageSid", "AccountSid", "MessagingServiceSid"),
        *("MessageStatus", "SmsStatus", "ErrorCode", "RawDlrDoneDate", "ApiVersion"),
    }
)

# a failure that came without a code
UNEXPLAINED: dict[str, FailureClass] = {
    "undelivered": FailureClass.UNREACHABLE,
    "failed": FailureClass.PERMANENT,
    "canceled": FailureClass.PERMANENT,
}

# by the network of the sender; an account of SMS may hear WhatsApp, too
INBOUND_CHANNELS: dict[str, str] = {"": CHANNEL, "whatsapp": "whatsapp"}

KEYWORDS: dict[str, Literal["stop", "start", "help"]] = {
    "STOP": "stop",
    "START": "start",
    "HELP": "help",
}

_NAME = re.compile(r"[A-Z][A-Za-z0-9_]*")  # of a field: all of Twilio's, none of ours in a URL
_FORM, _JSON = b"application/x-www-form-urlencoded", b"application/json"


@dataclass(frozen=True, slots=True)
class TwilioEndpoint:
    """One account's webhooks. `owners` names the accounts that share a token, by their SID.

    `fragment` is what our calls put behind the callback's URL. Whether Twilio signs it is not
    documented, so it may.
    """

    account: str
    tokens: tuple[bytes, ...]
    owners: Mapping[str, str]
    fragment: str = ""
    ignoring: frozenset[str] = frozenset()  # accounts that drop statuses of others' messages

    def verify(self, call: Call) -> bool:
        try:
            if not _is_as_twilio_calls(call):
                return False
            fields = call.form_fields if _is_form(call) else []
        except ValueError:  # more fields than anyone sends
            return False
        header = call.headers.get(SIGNATURE_HEADER)
        urls = (call.url, f"{call.url}#{self.fragment}") if self.fragment else (call.url,)
        return any(is_twilio_signature(header, url, fields, self.tokens) for url in urls)

    def normalise(self, call: Call) -> Normalised:
        told = Normalised(answer=NO_CONTENT)
        fields = _fields(call)
        told.read(fields, partial(_receipt, self, call))
        if any(isinstance(receipt, InboundReceipt) for receipt in told.receipts):
            told.answer = NO_REPLY
        return told


def _is_as_twilio_calls(call: Call) -> bool:
    """Say whether fields are where Twilio puts them: a GET's in its query, a POST's in its body.

    The signature covers the URL and a form's fields behind it, but not where the one ends: a signed
    form could come again as a GET with its fields in the query, or a GET as a form.
    """
    names = {name for name, _ in call.query_fields}
    tags = [value for name, value in call.query_fields if name == ATTEMPT_FIELD]
    if any(carried(tag).attempt_id is None for tag in tags):
        return False  # fields behind it
    if call.method == "GET":
        return all(_NAME.fullmatch(name) for name in names - {ATTEMPT_FIELD})
    if call.query.endswith(b"&") or any(_NAME.fullmatch(name) for name in names):
        return False  # a GET, cut in two
    kind = call.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    claimed = call.query_value(BODY_HASH_FIELD)
    if claimed is not None:
        return kind == _JSON and is_twilio_body_hash(claimed, call.body)
    return kind == _FORM and all(_NAME.fullmatch(name) for name, _ in call.form_fields)


def _is_form(call: Call) -> bool:
    return call.method == "POST" and call.query_value(BODY_HASH_FIELD) is None


def _fields(call: Call) -> Fields:
    """Read the fields, wherever they are: a JSON body, the query of a GET, or a form."""
    if call.query_value(BODY_HASH_FIELD) is not None:
        return mapping(read_json(call.body))
    encoded = call.query_fields if call.method == "GET" else call.form_fields
    fields: dict[str, str] = {}
    for name, value in encoded:
        fields.setdefault(as_text(name), as_text(value))
    clean: dict[str, str] = storable(fields)
    return clean


def _receipt(endpoint: TwilioEndpoint, call: Call, fields: Fields) -> Receipt:
    account = endpoint.owners.get(text(fields, "AccountSid") or "", "")
    if "AccountSid" not in fields:
        account = endpoint.account
    if not account:
        raise NotUnderstoodError(Reason.UNKNOWN_ACCOUNT)
    word = (text(fields, "MessageStatus") or text(fields, "SmsStatus") or "").lower()
    if word and word not in INBOUND_STATUSES:
        ours = carried(call.query_value(ATTEMPT_FIELD))
        if ours.attempt_id is None and _is_of_other_network(fields):
            raise _foreign(account in endpoint.ignoring)
        return _status(account, call, fields, word, ours)
    if "Body" in fields or "NumMedia" in fields:
        return _inbound(account, call, fields)
    raise NotUnderstoodError(Reason.SHAPE)


def _is_of_other_network(fields: Fields) -> bool:
    """Say whether the message went over WhatsApp or another network: no SMS of ours did.

    One that names an attempt is ours all the same: a Messaging Service may send it as RCS.
    """
    return any(_address(text(fields, key))[0] for key in ("From", "To"))


def _foreign(is_ignored: bool) -> Exception:
    return NotForHeraldError() if is_ignored else NotUnderstoodError(Reason.OTHER_CHANNEL)


def _status(account: str, call: Call, fields: Fields, word: str, ours: Carried) -> AttemptReceipt:
    code = text(fields, "ErrorCode") or ""
    status = STATUSES.get(word, Status.OTHER)
    return AttemptReceipt(
        source="webhook",
        channel=CHANNEL,
        provider=NAME,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=(_message(fields),),
        status=status,
        event_key=event_key(word, code),
        failure=_failure(fields, word, code) if status is Status.FAILED else None,
        received_at=call.received_at,  # Twilio tells no time of the event
        element=kept_fields(fields, KEPT, len(call.body)),
    )


def _failure(fields: Fields, word: str, code: str) -> Failure:
    number = whole_number(code) or 0  # the field may be absent, empty, or 0
    failure_class = classify(number) if number else UNEXPLAINED[word]
    return Failure.of(failure_class, number or word, text(fields, "ErrorMessage") or "")


def _inbound(account: str, call: Call, fields: Fields) -> InboundReceipt:
    network, sender = _address(text(fields, "From"))
    channel = INBOUND_CHANNELS.get(network)
    if sender is None:
        raise NotUnderstoodError(Reason.SHAPE)
    if channel is None:
        raise NotUnderstoodError(Reason.OTHER_CHANNEL)
    return InboundReceipt(
        **dict(content_of(fields)),
        channel=channel,
        provider=NAME,
        account=account,
        reference=_message(fields),
        sender=sender,
        recipient=_address(text(fields, "To"))[1],
        in_reply_to=text(fields, "OriginalRepliedMessageSid"),
        profile_name=text(fields, "ProfileName"),
        keyword=KEYWORDS.get((text(fields, "OptOutType") or "").upper()),
        received_at=call.received_at,
        element=kept_inbound(fields, len(call.body)),
    )


def _address(given: str | None) -> tuple[str, str | None]:
    """Part an address into its network and itself: `whatsapp:+1555...`; an SMS has no network."""
    network, colon, address = (given or "").rpartition(":")
    return (network if colon else ""), address or None


def _message(fields: Fields) -> str:
    key = next((key for key in ("MessageSid", "SmsSid") if text(fields, key)), "SmsMessageSid")
    return reference(fields, key)


def _endpoint(
    name: str, accounts: Mapping[str, Account], secrets: Mapping[str, Secrets]
) -> TwilioEndpoint:
    def tokens_of(account: str) -> tuple[bytes, ...]:
        held = cast("TwilioSecrets", secrets[account]).auth_tokens
        return tuple(token.get_secret_value().encode() for token in held)

    mine = tokens_of(name)
    fragment = cast("TwilioAccount", accounts[name]).callback_overrides
    owners: dict[str, str] = {}
    for other in (name, *accounts):  # first itself: two of ours may share one account of theirs
        if set(tokens_of(other)) & set(mine):
            owners.setdefault(cast("TwilioAccount", accounts[other]).account_sid, other)
    ignoring = frozenset(other for other in owners.values() if accounts[other].foreign == "ignore")
    return TwilioEndpoint(name, mine, owners, fragment, ignoring)


def _stranger() -> TwilioEndpoint:
    return TwilioEndpoint("", (tokens.token_bytes(32),), {}, DEFAULT_OVERRIDES)


PROVIDER = Provider(
    max_body_bytes=MAX_BODY_BYTES,
    methods=dict.fromkeys(("GET", "POST"), frozenset({SIGNATURE_HEADER})),
    retries_on_5xx=False,
    endpoint=_endpoint,
    stranger=_stranger,
)
