"""Delivery receipts and inbound messages of Vonage's SMS API, on one URL. Vonage: "Webhooks"."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from pydantic import SecretStr

from herald.contracts.attempt_reports import WrittenReceipt
from herald.providers.credentials import Credentials
from herald.providers.lenient_json import NotUnderstoodError, Reason, text
from herald.providers.signatures import any_equal
from herald.providers.vonage_sms.fields import PROOF_FIELD, Fields, fields_of, sent_fields
from herald.providers.vonage_sms.inbound import inbound_receipt
from herald.providers.vonage_sms.signature import SignatureMethod, is_vonage_signature
from herald.providers.vonage_sms.statuses import status_receipt
from herald.providers.webhook_endpoints import EndpointRules, Normalised
from herald.providers.webhook_requests import WebhookRequest

if TYPE_CHECKING:
    from herald.providers.vonage_sms.account import VonageSmsAccount, VonageSmsSecrets

RULES = EndpointRules(
    max_body_bytes=64 * 1024,
    methods={"GET": frozenset(), "POST": frozenset()},  # what proves it is among the fields
    retries_on_5xx=True,  # Vonage, "Webhooks": after 429 and 5xx, for 24 h
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VonageSmsEndpoint:
    """One account's webhooks. `owners` names the accounts that share a secret, by their API key.

    With signature secrets every webhook must be signed. Without them `tokens` count, which stand in
    the query of the URL that Vonage calls. Without either nothing is authentic.
    """

    account: str
    signature_secrets: tuple[bytes, ...] = field(repr=False)
    tokens: tuple[bytes, ...] = field(repr=False)
    method: SignatureMethod
    window: timedelta
    owners: Mapping[str, str]
    rules: EndpointRules = RULES

    def verify(self, request: WebhookRequest) -> bool:
        try:
            if self.signature_secrets:
                sent = sent_fields(request)
                return is_vonage_signature(
                    sent, self.signature_secrets, self.method, request.received_at, self.window
                )
            claimed = request.query_value(PROOF_FIELD)
        except (ValueError, NotUnderstoodError):  # nothing that Vonage would sign
            return False
        return claimed is not None and any_equal(claimed.encode("latin-1"), self.tokens)

    def normalise(self, request: WebhookRequest) -> Normalised:
        found, fields = Normalised(), fields_of(request)
        found.read(dict(fields), partial(self._receipt, request))
        return found

    def _receipt(self, request: WebhookRequest, fields: Fields) -> WrittenReceipt:
        account = self.account
        if "api-key" in fields:
            account = self.owners.get(fields["api-key"], "")
        if not account:
            raise NotUnderstoodError(Reason.UNKNOWN_ACCOUNT)
        word = (text(fields, "status") or "").lower()
        if word:
            return status_receipt(account, request, fields, word)
        if "text" in fields or "data" in fields:
            return inbound_receipt(account, request, fields)
        raise NotUnderstoodError(Reason.SHAPE)


def make_endpoint(
    name: str,
    accounts: Mapping[str, VonageSmsAccount],
    credentials: Mapping[str, Credentials[VonageSmsSecrets]],
) -> VonageSmsEndpoint:
    """Make the endpoint of an account, which reads for all accounts that share its secrets."""
    mine = _proofs(credentials[name].current)
    owners: dict[str, str] = {}
    for other in dict.fromkeys((name, *accounts)):  # first itself: two may share one API key
        if set(_proofs(credentials[other].current)) & set(mine):
            owners.setdefault(accounts[other].api_key, other)
    held = credentials[name].current
    return VonageSmsEndpoint(
        account=name,
        signature_secrets=_bytes(held.signature_secrets),
        tokens=_bytes(held.webhook_tokens),
        method=accounts[name].signature_method,
        window=accounts[name].signature_window,
        owners=owners or {accounts[name].api_key: name},
    )


def make_decoy() -> VonageSmsEndpoint:
    """Make an endpoint for an account that nobody configured."""
    return VonageSmsEndpoint(
        account="",
        signature_secrets=(secrets.token_bytes(32),),
        tokens=(),
        method="sha256",
        window=timedelta(minutes=5),
        owners={},
    )


def _proofs(held: VonageSmsSecrets) -> tuple[bytes, ...]:
    return _bytes(held.signature_secrets or held.webhook_tokens)


def _bytes(values: tuple[SecretStr, ...]) -> tuple[bytes, ...]:
    return tuple(value.get_secret_value().encode() for value in values)
