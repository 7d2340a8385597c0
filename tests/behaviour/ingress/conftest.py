"""What the tests of ingress share: a broker with Herald's topology and an ingress on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from behaviour.bus.rabbit import Rabbit
from behaviour.ingress.gateway import Providers, running_ingress, until_well
from herald.bus.declaration import apply
from herald.contracts.topology import topology_for

CHANNELS = ("email", "sms", "whatsapp")


@pytest_asyncio.fixture(scope="module")
async def rabbit(amqp_url: str, management_url: str, vhost: str) -> Rabbit:
    """Give the module's virtual host, with the whole topology."""
    await apply(amqp_url, topology_for(CHANNELS))
    return Rabbit(amqp_url, management_url, vhost)


@pytest_asyncio.fixture(scope="module")
async def providers(
    rabbit: Rabbit, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Providers]:
    """Give the callers of a running ingress."""
    folder: Path = tmp_path_factory.mktemp("ingress")
    async with running_ingress(rabbit.amqp_url, folder) as callers:
        await until_well(callers)
        yield callers
