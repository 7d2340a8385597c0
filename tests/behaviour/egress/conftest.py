"""Real proxies for the tests of the egress."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import proxies
from proxies import Proxy


@pytest_asyncio.fixture(params=["http", "socks5"])
async def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Proxy]:
    """Give a tinyproxy, then a microsocks; both ask for a password."""
    async with proxies.running(tmp_path, request.param) as (running,):
        yield running
