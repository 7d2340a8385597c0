"""Postmark's webhooks: events of mails, and mails that it took in. Postmark: "Webhooks"."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from herald.contracts.attempt_reports import WrittenReceipt
from herald.providers.credentials import Credentials
from herald.providers.inbound_mail import MAX_MAIL_BYTES
from herald.providers.json_bodies import read_json
from herald.providers.lenient_json import NotUnderstoodError, Reason, carried, mapping, part, text
from herald.providers.postmark.inbound import inbound_receipt
from herald.providers.postmark.preferences import preference_receipt
from herald.providers.postmark.signature import encoded_login, is_postmark_login
from herald.providers.postmark.statuses import ATTEMPT_FIELD, references_of, status_receipt
from herald.providers.webhook_endpoints import EndpointRules, Head, Normalised
from herald.providers.webhook_requests import WebhookRequest

if TYPE_CHECKING:
    from herald.providers.postmark.account import PostmarkAccount, PostmarkSecrets

LOGIN_HEADER = b"authorization"
RULES = EndpointRules(
    max_body_bytes=MAX_MAIL_BYTES,
    methods={"POST": frozenset({LOGIN_HEADER})},
    # Postmark, "Understanding inbound webhook retries": for 10 h; of events 3 times at least
    retries_on_5xx=True,
)
INBOUND = "Inbound"
CHANGE = "SubscriptionChange"


@dataclass(frozen=True, slots=True)
class PostmarkEndpoint:
    """One server's webhooks; `logins` as they come in the header."""

    account: str
    logins: tuple[bytes, ...] = field(repr=False)
    ignores_foreign: bool = False  # statuses of mails that Herald did not send

    @property
    def rules(self) -> EndpointRules:
        return replace(RULES, admits=self._admits)

    def verify(self, request: WebhookRequest) -> bool:
        return is_postmark_login(request.headers.get(LOGIN_HEADER), self.logins)

    def normalise(self, request: WebhookRequest) -> Normalised:
        found = Normalised()
        found.read(read_json(request.body), partial(_receipt, self, request, found))
        return found

    def _admits(self, head: Head) -> bool:
        return is_postmark_login(head.headers.get(LOGIN_HEADER), self.logins)


def _receipt(
    endpoint: PostmarkEndpoint, request: WebhookRequest, found: Normalised, element: Any
) -> WrittenReceipt:
    event = mapping(element)
    word = text(event, "RecordType")
    if word == INBOUND or (word is None and "FromFull" in event):
        return inbound_receipt(endpoint.account, request, event, found)
    if word is None:
        raise NotUnderstoodError(Reason.SHAPE)
    if word == CHANGE and not references_of(event) and not _is_ours(event):
        return preference_receipt(endpoint.account, request, event)
    return status_receipt(
        endpoint.account, request, event, word, ignores_foreign=endpoint.ignores_foreign
    )


def _is_ours(event: Mapping[str, Any]) -> bool:
    return carried(part(event, "Metadata").get(ATTEMPT_FIELD)).attempt_id is not None


def make_endpoint(
    name: str,
    accounts: Mapping[str, PostmarkAccount],
    credentials: Mapping[str, Credentials[PostmarkSecrets]],
) -> PostmarkEndpoint:
    """Make the endpoint of an account."""
    logins = tuple(
        encoded_login(login.get_secret_value())
        for login in credentials[name].current.webhook_logins
    )
    if not logins:
        return make_decoy()
    return PostmarkEndpoint(name, logins, ignores_foreign=accounts[name].foreign == "ignore")


def make_decoy() -> PostmarkEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return PostmarkEndpoint("", (encoded_login(f"herald:{secrets.token_hex(32)}"),))
