"""A subject made ready to be tried: its account, its endpoints, its requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from herald.conformance.verdicts import NotMetError
from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.receipts import Receipt
from herald.providers.account import Account, Secrets
from herald.providers.credentials import Credentials
from herald.providers.registry import ACCOUNTS, webhooks_module
from herald.providers.samples import AT, ATTEMPT_ID
from herald.providers.subject import Subject
from herald.providers.subject_sending import Without
from herald.providers.subject_webhooks import Call, Installed, Said, Signing, Webhooks
from herald.providers.webhook_endpoints import Endpoint, Normalised
from herald.providers.webhook_requests import WebhookRequest

NAME = "conformance"  # of the account
BASE_URL = "https://hooks.example.com"


@dataclass(frozen=True)
class Trial:
    """One subject, ready to be tried; what costs much to make is made once."""

    subject: Subject

    @cached_property
    def url(self) -> str:
        """Where the account's webhooks arrive."""
        return f"{BASE_URL}/webhooks/{self.reported}/{NAME}"

    @cached_property
    def reported(self) -> str:
        """What events call the provider: its name, or that of the account's profile."""
        return self.account().provider

    @property
    def webhooks(self) -> Webhooks:
        found = self.subject.webhooks
        assert not isinstance(found, Without), "a check that needs webhooks"
        return found

    @property
    def signing(self) -> Signing:
        found = self.webhooks.signing
        assert not isinstance(found, Without), "a check that needs a signature"
        return found

    def account(self, options: Mapping[str, Any] | None = None) -> Account:
        """Make the account, with other options over the subject's.

        Raises:
            ValidationError: an option is wrong.
        """
        subject = self.subject
        given = {"provider": subject.provider, "channel": subject.channel}
        adapter: TypeAdapter[Account] = TypeAdapter(ACCOUNTS[subject.provider])
        return adapter.validate_python({**given, **subject.options, **(options or {})})

    def secrets(self, account: Account, others: Mapping[str, Any] | None = None) -> Secrets:
        """Make the account's secrets, with others over the subject's.

        Raises:
            ValidationError: a secret is wrong.
        """
        return account.secrets_model.model_validate({**self.subject.secrets, **(others or {})})

    def endpoint(self, keys: Sequence[Any] | None = None) -> Endpoint:
        """Make the account's endpoint; `keys` are all that it takes, by default the first."""
        if keys is not None:
            return self._made(keys)
        return self._endpoint

    @cached_property
    def _endpoint(self) -> Endpoint:
        signing = self.webhooks.signing
        return self._made(signing.keys[:1] if isinstance(signing, Signing) else ())

    def _made(self, keys: Sequence[Any]) -> Endpoint:
        installed, signing = Installed(), self.webhooks.signing
        if isinstance(signing, Signing):
            installed = signing.install(keys)
        account = self.account(installed.options)
        secrets = self.secrets(account, installed.secrets)
        credentials = {NAME: Credentials(secrets, lambda: secrets)}
        made = _webhooks_module(self.subject).make_endpoint(NAME, {NAME: account}, credentials)
        prepared: Endpoint = self.webhooks.prepare(made)
        return prepared

    def decoy(self) -> Endpoint:
        """Make the endpoint of an account that nobody configured."""
        module = _webhooks_module(self.subject)
        if hasattr(module, "make_decoys"):
            return cast("Endpoint", self.webhooks.prepare(module.make_decoys(())[self.reported]))
        return cast("Endpoint", self.webhooks.prepare(module.make_decoy()))

    def said(self, **changes: Any) -> Said:
        """Say that the first of the provider's words holds of our attempt."""
        times = self.webhooks.times
        fields: dict[str, Any] = {
            "word": next(iter(self.webhooks.words)),
            "reference": "reference-1",
            "tag": ATTEMPT_ID,
            "at": None if isinstance(times, Without) else times[0][0],
        }
        return Said(**fields | changes)

    def status(self, **changes: Any) -> Any:
        """Write such a status as the provider does."""
        return self.webhooks.status(self.said(**changes))

    def call(self, *elements: Any) -> Call:
        """Make the request that carries elements, signed with the account's first key."""
        call, signing = self.webhooks.call(list(elements)), self.webhooks.signing
        if isinstance(signing, Without):
            return call
        return signing.sign(call, self.url, signing.keys[0])

    def request(self, call: Call) -> WebhookRequest:
        """Make what ingress would give an endpoint."""
        return WebhookRequest(
            method=call.method,
            url=call.url(self.url),
            query=call.query.encode("latin-1"),
            headers=call.headers,
            body=call.body,
            received_at=max(call.at, AT),
        )

    async def verify(self, endpoint: Endpoint, call: Call) -> bool:
        """Have an endpoint say whether a call is authentic."""
        verified = endpoint.verify(self.request(call))
        return verified if isinstance(verified, bool) else await verified

    def read(self, *elements: Any) -> Normalised:
        """Have the account's endpoint read elements."""
        return self.endpoint().normalise(self.request(self.call(*elements)))


def receipts_of(found: Normalised) -> list[Receipt]:
    """Return what was found in a request as receipts, each of its values checked."""
    try:
        return [it.as_receipt() if isinstance(it, AttemptReport) else it for it in found.receipts]
    except ValidationError as error:
        look = "what `AttemptReport` is made of: nothing checks it in production"
        raise NotMetError("the values of a receipt", str(error), look) from None


def _webhooks_module(subject: Subject) -> Any:
    module = webhooks_module(subject.provider)
    assert module is not None, f"{subject.provider} has no webhooks.py, and its subject says it has"
    return module
