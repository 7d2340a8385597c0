"""What the router's behaviour tests share: a router, or two, on servers of the module's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from behaviour.router.world import World, running_routers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    request: pytest.FixtureRequest, amqp_url: str, management_url: str, postgres_dsn: str
) -> AsyncIterator[World]:
    """Give as many routers as the module asks for in `ROUTERS`, one if it does not say."""
    number: int = getattr(request.module, "ROUTERS", 1)
    async with running_routers(amqp_url, management_url, postgres_dsn, number=number) as running:
        yield running
