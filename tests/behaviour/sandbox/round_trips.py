"""A message by Herald's own adapter to the sandbox, and what Herald reads of its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from behaviour.sandbox.world import Received, World
from herald.channel.accounts import SendingAccount
from herald.conformance.trial import receipts_of
from herald.contracts.receipts import Receipt
from herald.http.client import HttpClient
from herald.providers.account import Account
from herald.providers.credentials import Credentials
from herald.providers.registry import ACCOUNTS, webhooks_module
from herald.providers.webhook_endpoints import Endpoint
from herald.providers.webhook_requests import WebhookRequest
from unit.providers.sending import sending_account


@dataclass(frozen=True, slots=True)
class Both:
    """Both sides of one account at a provider that the sandbox stands in for."""

    world: World
    sending: SendingAccount
    endpoint: Endpoint

    async def receipts(self) -> list[Receipt]:
        """Wait for the webhooks of what was sent; every one is authentic, and all is understood."""
        found = []
        for received in await self.world.webhooks():
            request = self._request(received)
            assert self.endpoint.verify(request) is True
            normalised = self.endpoint.normalise(request)
            assert not normalised.not_understood
            found += receipts_of(normalised)
        return found

    def _request(self, received: Received) -> WebhookRequest:
        return WebhookRequest(
            method=received.method,
            url=self.world.receiver.url + received.path,
            query=received.path.partition("?")[2].encode(),
            headers={name.encode(): value.encode() for name, value in received.headers.items()},
            body=received.body,
            received_at=datetime.now(UTC),
        )


@asynccontextmanager
async def both_sides(
    world: World, provider: str, options: Mapping[str, Any], secrets: Mapping[str, Any]
) -> AsyncIterator[Both]:
    """Make an account of `provider` as herald.toml would, and its webhooks' endpoint."""
    account: Account = ACCOUNTS[provider].model_validate(
        {"provider": provider, "base_url": f"{world.url}/{provider}", **options}
    )
    held = account.secrets_model.model_validate(secrets)
    module = webhooks_module(provider)
    assert module is not None
    endpoint = module.make_endpoint(
        "main", {"main": account}, {"main": Credentials(held, lambda: held)}
    )
    client = HttpClient(timedelta(seconds=2))
    await client.start()
    try:
        yield Both(world, sending_account(account, held, client, world.receiver.url), endpoint)
    finally:
        await client.stop()
