"""Webhooks of providers that profiles describe: one endpoint an account."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from herald.contracts.attempt_reports import WrittenReceipt
from herald.contracts.text import storable
from herald.providers.account import Account, Secrets
from herald.providers.credentials import Credentials
from herald.providers.http.account import HttpAccount
from herald.providers.http.inbound import inbound_receipt
from herald.providers.http.loading import shipped, shipped_names
from herald.providers.http.profile import Profile
from herald.providers.http.signatures import Keys, is_authentic, keys_of, signing_headers
from herald.providers.http.statuses import status_receipt
from herald.providers.http.webhook_rules import BasicLogin, WebhookRules
from herald.providers.json_bodies import BeyondLimitsError, read_json
from herald.providers.lenient_json import NotForHeraldError, NotUnderstoodError, Reason
from herald.providers.webhook_endpoints import EndpointRules, Normalised
from herald.providers.webhook_requests import WebhookRequest, as_text
from herald.providers.webhook_responses import WebhookResponse

_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class ProfileEndpoint:
    """One account's webhooks; everything in them is of that account."""

    profile: Profile
    webhooks: WebhookRules
    account: str
    channel: str
    keys: Keys = field(repr=False)
    rules: EndpointRules
    ignores_foreign: bool = False

    def verify(self, request: WebhookRequest) -> bool:
        try:
            fields = request.form_fields if self._is_form(request) else []
            return is_authentic(self.webhooks.signature, self.keys, request, fields)
        except ValueError:  # more fields than anyone sends
            return False

    def normalise(self, request: WebhookRequest) -> Normalised:
        answer = self.webhooks.answer
        body = answer.body.encode()
        found = Normalised(response=WebhookResponse(answer.status, body, answer.content_type))
        document = self._document(request)
        for element in self._elements(document):
            found.read(element, partial(self._receipt, request, document))
        return found

    def _is_form(self, request: WebhookRequest) -> bool:
        return request.method == "POST" and self.webhooks.fields == "form"

    def _document(self, request: WebhookRequest) -> dict[str, Any]:
        try:
            query = _first(request.query_fields)
            fields = _first(request.form_fields) if self._is_form(request) else None
        except ValueError:
            raise BeyondLimitsError("more fields than anyone sends") from None
        if request.method == "GET":
            body: Any = query
        else:
            body = read_json(request.body) if fields is None else fields
        headers = {name.decode("latin-1"): _latin(value) for name, value in request.headers.items()}
        return {"body": body, "query": query, "headers": headers}

    def _elements(self, document: Mapping[str, Any]) -> list[Any]:
        if self.webhooks.items is None:
            return [document["body"]]
        found = self.webhooks.items.find(document)
        if not isinstance(found, list):
            raise NotUnderstoodError(Reason.SHAPE)
        return found

    def _receipt(
        self, request: WebhookRequest, of_request: Mapping[str, Any], element: Any
    ) -> WrittenReceipt:
        document: dict[str, Any] = {**of_request, "event": element}
        named = {name: path.find(document) for name, path in self.webhooks.values.items()}
        document |= named
        status, inbound = self.webhooks.status, self.webhooks.inbound
        if status is not None and _holds(status.when.find(document)):
            return status_receipt(
                self.profile,
                status,
                request,
                document,
                account=self.account,
                channel=self.channel,
                ignores_foreign=self.ignores_foreign,
            )
        if inbound is not None and _holds(inbound.when.find(document)):
            return inbound_receipt(
                self.profile,
                inbound,
                request,
                document,
                account=self.account,
                channel=self.channel,
            )
        if self.webhooks.ignore is not None and _holds(self.webhooks.ignore.find(document)):
            raise NotForHeraldError
        raise NotUnderstoodError(Reason.SHAPE)


def _holds(value: Any) -> bool:
    """Say whether a path found something: as JMESPath has it, 0 is something."""
    return value not in (None, False, "", [], {}) or (value == 0 and value is not False)


def _first(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Read fields of a form or a query; of a repeated one the first value counts."""
    found: dict[str, str] = {}
    for name, value in fields:
        found.setdefault(as_text(name), as_text(value))
    clean: dict[str, str] = storable(found)
    return clean


def _latin(value: bytes) -> str:
    clean: str = storable(value.decode("latin-1"))
    return clean


def make_endpoint(
    name: str,
    accounts: Mapping[str, HttpAccount],
    credentials: Mapping[str, Credentials[Secrets]],
) -> ProfileEndpoint:
    """Make the endpoint of an account.

    Raises:
        ValueError: a secret is not written as its scheme needs it.
    """
    account = accounts[name]
    webhooks = account.rules.webhooks
    assert webhooks is not None, "an account without webhooks has no endpoint"
    return ProfileEndpoint(
        profile=account.rules,
        webhooks=webhooks,
        account=name,
        channel=account.channel,
        keys=keys_of(webhooks.signature, credentials[name].current),
        rules=_rules(webhooks),
        ignores_foreign=account.foreign == "ignore",
    )


def make_decoys(accounts: Iterable[Account]) -> dict[str, ProfileEndpoint]:
    """Make an endpoint for accounts that nobody configured, by each profile's name.

    Those that ship with Herald, and those of these accounts.
    """
    profiles = {name: shipped(name) for name in shipped_names()}
    profiles |= {it.provider: it.rules for it in accounts if isinstance(it, HttpAccount)}
    return {
        name: _decoy(profile, profile.webhooks)
        for name, profile in profiles.items()
        if profile.webhooks is not None
    }


def _decoy(profile: Profile, webhooks: WebhookRules) -> ProfileEndpoint:
    signature = webhooks.signature
    names = {signature.secret}
    if isinstance(signature, BasicLogin):
        names.add(signature.username)
    keys = {name: (base64.b64encode(secrets.token_bytes(32)),) for name in names}
    return ProfileEndpoint(
        profile=profile,
        webhooks=webhooks,
        account="",
        channel=profile.channels[0],
        keys=keys,
        rules=_rules(webhooks),
    )


def _rules(webhooks: WebhookRules) -> EndpointRules:
    headers = signing_headers(webhooks.signature)
    return EndpointRules(
        max_body_bytes=webhooks.max_kilobytes * _KIBIBYTE,
        methods=dict.fromkeys(webhooks.methods, headers),
        retries_on_5xx=webhooks.retries_on_5xx,
    )
