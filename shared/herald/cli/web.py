"""HTTP questions to services."""

from __future__ import annotations

from typing import Any

import aiohttp

TIMEOUT_SECONDS = 10


async def ask(url: str, parameters: dict[str, str] | None = None) -> tuple[int, Any]:
    """GET a JSON document; status 0 means that nobody answered."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, params=parameters) as response,
        ):
            return response.status, await response.json()
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return 0, None
