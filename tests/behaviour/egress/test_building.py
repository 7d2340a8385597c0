"""A channel's egress as it is made from the configuration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest

import proxies
from behaviour.egress.test_tunnels import Provider
from behaviour.http_client.raw_server import post, served
from herald.channel.egress.building import EgressBuilder
from herald.database.pool import Database
from herald.egress.configuration import EgressRules
from herald.http.client import HttpClient
from herald.http.errors import NotSentError
from herald.providers.account import NoSecrets
from herald.providers.credentials import Credentials
from herald.providers.sending import ProviderContext
from unit.channel.making import Silent, twilio


async def test_calls_that_are_no_work_go_by_the_pool_too(tmp_path: Path) -> None:
    """A request for a token leaves by a healthy member, and by no way at all where none is."""
    provider = Provider()
    async with served(provider.serve) as url, proxies.running(tmp_path, "http", "socks5") as pair:
        rules = EgressRules.model_validate(
            {
                "default": "pool",
                "pools": {"pool": {"members": [proxy.kind for proxy in pair]}},
                "members": {
                    proxy.kind: {"kind": proxy.kind, "host": "127.0.0.1", "port": proxy.port}
                    for proxy in pair
                },
            }
        )
        login = Credentials(proxies.LOGIN, lambda: proxies.LOGIN)
        database = create_autospec(Database, instance=True)
        database.now.return_value = datetime(2026, 1, 1, tzinfo=UTC)
        builder = EgressBuilder(
            "sms", rules, {proxy.kind: login for proxy in pair}, database, lambda _: 0.0
        )
        context: ProviderContext[Any, Any] = ProviderContext(
            name="main",
            account=twilio(),
            credentials=Credentials(NoSecrets(), NoSecrets),
            http=HttpClient(timedelta(seconds=1)),
            callback_url="",
        )
        client = builder.build({"main": context}, lambda _: Silent())["main"].client
        for each in builder.clients:
            await each.start()
        seen = set()
        for _ in pair:
            assert (await post(client, url)).document() == {"id": 1}
            seen |= set(provider.peers)
            [home] = [it for it in pair if it.address == provider.peers[-1]]
            for watched in builder.health._watched.values():
                if watched.checked.egress == home.kind:
                    watched.health.learn(None, draining=True, now=0)
        with pytest.raises(NotSentError) as caught:
            await post(client, url)
        for each in builder.clients:
            await each.stop()
    assert caught.value.code == "no_egress"
    assert seen == {proxy.address for proxy in pair}
