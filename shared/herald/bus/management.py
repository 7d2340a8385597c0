"""The few calls Herald makes to RabbitMQ's management API: what AMQP itself can't ask or set."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from herald.bus.errors import ManagementError

_TIMEOUT = aiohttp.ClientTimeout(total=10)


class Management:
    """One virtual host as the management API shows it; an async context manager.

    `url` holds the credentials (`http://user:password@host:15672`); they are sent as a header and
    appear in no error.
    """

    def __init__(self, url: str, virtual_host: str) -> None:
        parsed = URL(url)
        # A login in the URL becomes a header, so that no error's URL holds it.
        self._headers = {}
        if parsed.user is not None:
            login = aiohttp.encode_basic_auth(parsed.user, parsed.password or "")
            self._headers["Authorization"] = login
        self._base = parsed.with_user(None) / "api"
        self._virtual_host = quote(virtual_host, safe="")

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=_TIMEOUT)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def list(self, what: str) -> list[dict[str, Any]]:
        """List `exchanges`, `queues`, `bindings` or `policies`.

        Raises:
            ManagementError: no answer, or not the right one.
        """
        found = await self._call("GET", f"{what}/{self._virtual_host}")
        if not isinstance(found, list):
            raise ManagementError(f"{what}: not a list")
        return found

    async def put_policy(
        self, name: str, *, pattern: str, definition: Mapping[str, str | int], priority: int
    ) -> None:
        """Set a policy on queues, replacing one of the same name.

        Raises:
            ManagementError: refused, or no answer.
        """
        body = {
            "pattern": pattern,
            "definition": dict(definition),
            "priority": priority,
            "apply-to": "queues",
        }
        await self._call("PUT", f"policies/{self._virtual_host}/{quote(name, safe='')}", body)

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        url = URL(f"{self._base}/{path}", encoded=True)
        try:
            async with self._session.request(method, url, json=body) as response:
                if not response.ok:
                    raise ManagementError(f"{method} {path}: HTTP {response.status}")
                return await response.json() if method == "GET" else None
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ManagementError(f"{method} {path}: {type(error).__name__}") from None
