"""Mails that come back to us: reports and answers, posted as they are by a mail server or a script.

`POST` of `message/rfc822` with a token; docs/providers/smtp.md says how Postfix does it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from typing import TYPE_CHECKING

from herald.contracts.attempt_reports import WrittenReceipt
from herald.contracts.text import storable
from herald.providers.credentials import Credentials
from herald.providers.inbound_mail import MAX_MAIL_BYTES, Origin, mail_receipt
from herald.providers.lenient_json import (
    NotForHeraldError,
    NotUnderstoodError,
    Reason,
    kept_inbound,
)
from herald.providers.mail_heads import Heads, mailboxes
from herald.providers.mime_mails import heads_of_message, parse_mime, read_mime
from herald.providers.smtp.reports import kind_of, read_report
from herald.providers.smtp.statuses import NAME, receipts_of
from herald.providers.smtp.verp import is_bounce_address, tag_of
from herald.providers.webhook_endpoints import EndpointRules, Head, Normalised
from herald.providers.webhook_requests import WebhookRequest, as_text
from herald.providers.webhook_tokens import HEADER, has_token

if TYPE_CHECKING:
    from herald.providers.smtp.account import SmtpAccount, SmtpSecrets

RECIPIENT = "recipient"  # of the query: to which address of ours, by the envelope
RULES = EndpointRules(
    max_body_bytes=MAX_MAIL_BYTES,
    methods={"POST": frozenset({HEADER})},
    retries_on_5xx=True,  # as whoever posts is asked to: a mail server keeps it in its queue
)
_ADDRESSES = ("x-original-to", "delivered-to", "envelope-to", "to")


@dataclass(frozen=True, slots=True)
class SmtpEndpoint:
    """Where the mails of one account come back to."""

    account: str
    tokens: tuple[bytes, ...] = field(repr=False)
    bounce_keys: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def rules(self) -> EndpointRules:
        return replace(RULES, admits=self.admits)

    def admits(self, head: Head) -> bool:
        return has_token(Head(headers=head.headers, query=b""), self.tokens)

    def verify(self, request: WebhookRequest) -> bool:
        return self.admits(Head(headers=request.headers, query=b""))

    def normalise(self, request: WebhookRequest) -> Normalised:
        found = Normalised()
        mail = parse_mime(request.body)
        shown = storable(request.body.decode("utf-8", "replace"))  # for quarantine
        found.descend(shown, lambda: found.receipts.extend(self._receipts(request, mail, found)))
        return found

    def _receipts(
        self, request: WebhookRequest, mail: Message, found: Normalised
    ) -> list[WrittenReceipt]:
        heads, kind = heads_of_message(mail), kind_of(mail)
        addresses = _addresses(request, heads)
        keys = list(self.bounce_keys)
        if any(is_bounce_address(one) and tag_of(one, keys) is None for one in addresses):
            raise NotUnderstoodError(Reason.NO_REFERENCE)  # somebody made it up
        report = None if kind is None else read_report(mail, kind)
        if report is not None:
            at = request.received_at
            return list(receipts_of(report, heads, addresses, keys, account=self.account, at=at))
        if any(map(is_bounce_address, addresses)):
            raise NotForHeraldError  # a note of absence, say: no report, and nobody's answer
        return [self._answer(request, addresses, found)]

    def _answer(
        self, request: WebhookRequest, addresses: list[str], found: Normalised
    ) -> WrittenReceipt:
        mail = request.body.decode("utf-8", "replace")
        origin = Origin(
            provider=NAME,
            account=self.account,
            received_at=request.received_at,
            element=kept_inbound({"mail": storable(mail)}, len(request.body)),
        )
        recipient = addresses[0] if addresses else None
        return mail_receipt(read_mime(request.body, recipient=recipient), origin, found)


def _addresses(request: WebhookRequest, heads: Heads) -> list[str]:
    """Return the addresses of ours that a mail came to, the envelope's first."""
    given = request.query_value(RECIPIENT)
    if given:
        return [as_text(given)]
    return [one.address for name in _ADDRESSES for one in mailboxes(heads.get(name, ()))]


def make_endpoint(
    name: str,
    _accounts: Mapping[str, SmtpAccount],
    credentials: Mapping[str, Credentials[SmtpSecrets]],
) -> SmtpEndpoint:
    """Make the endpoint of an account."""
    held = credentials[name].current
    tokens = tuple(token.get_secret_value().encode() for token in held.inbound_tokens)
    keys = tuple(key.get_secret_value().encode() for key in held.bounce_keys)
    return SmtpEndpoint(name, tokens, keys) if tokens else make_decoy()


def make_decoy() -> SmtpEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return SmtpEndpoint("", (secrets.token_hex(32).encode(),))
