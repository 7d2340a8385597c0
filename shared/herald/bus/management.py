"""The few calls Herald makes to RabbitMQ's management API: what AMQP itself can't ask or set."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from yarl import URL

from herald.bus.errors import ManagementError
from herald.http.client import HttpClient
from herald.http.errors import NotSentError, ResponseLostError

_TIMEOUT = timedelta(seconds=10)
_LARGEST_LIST = 64 * 1024 * 1024  # bytes: of queues, on a broker of many tenants


class Management:
    """One virtual host as the management API shows it; an async context manager.

    `url` holds the credentials (`http://user:password@host:15672`); they are sent as a header and
    appear in no error. `?cafile=` after an https URL names the authority to trust; else the
    system's are.
    """

    def __init__(self, url: str, virtual_host: str) -> None:
        parsed = URL(url)
        # A login in the URL becomes a header, so that no error's URL holds it.
        self._headers = {"Content-Type": "application/json"}
        if parsed.user is not None:
            login = base64.b64encode(f"{parsed.user}:{parsed.password or ''}".encode()).decode()
            self._headers["Authorization"] = f"Basic {login}"
        self._authority = parsed.query.get("cafile")
        self._base = parsed.with_query(None).with_user(None) / "api"
        self._virtual_host = quote(virtual_host, safe="")

    async def __aenter__(self) -> Self:
        tls = None
        if self._authority is not None:
            tls = ssl.create_default_context(cafile=self._authority)
        self._http = HttpClient(_TIMEOUT, largest=_LARGEST_LIST, tls=tls)
        await self._http.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.stop()

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

    async def user(self, name: str) -> dict[str, Any] | None:
        """Read a user, its password's hash included; None: there is none.

        Raises:
            ManagementError: refused (it takes an administrator), or no answer.
        """
        found: dict[str, Any] | None = await self._find(f"users/{quote(name, safe='')}")
        return found

    async def put_user(self, name: str, user: Mapping[str, str]) -> None:
        """Make a user, or replace its tags and password.

        Raises:
            ManagementError: refused, or no answer.
        """
        await self._call("PUT", f"users/{quote(name, safe='')}", dict(user))

    async def permission(self, user: str) -> dict[str, Any] | None:
        """Read a user's three patterns; None: it has no access to the virtual host.

        Raises:
            ManagementError: refused, or no answer.
        """
        found: dict[str, Any] | None = await self._find(self._of_user("permissions", user))
        return found

    async def put_permission(self, user: str, patterns: Mapping[str, str]) -> None:
        """Set a user's three patterns.

        Raises:
            ManagementError: refused, or no answer.
        """
        await self._call("PUT", self._of_user("permissions", user), dict(patterns))

    async def topic_permissions(self, user: str) -> dict[str, dict[str, str]]:
        """Read the routing keys a user may write and read, by exchange.

        Raises:
            ManagementError: refused, or no answer.
        """
        rows = await self._find(self._of_user("topic-permissions", user)) or []
        return {row["exchange"]: {"write": row["write"], "read": row["read"]} for row in rows}

    async def put_topic_permission(
        self, user: str, exchange: str, *, write: str, read: str
    ) -> None:
        """Set the routing keys a user may write to an exchange and bind there.

        Raises:
            ManagementError: refused, or no answer.
        """
        body = {"exchange": exchange, "write": write, "read": read}
        await self._call("PUT", self._of_user("topic-permissions", user), body)

    async def delete_topic_permissions(self, user: str) -> None:
        """Take all of a user's topic permissions away: it may then use every routing key.

        Raises:
            ManagementError: refused, or no answer.
        """
        await self._call("DELETE", self._of_user("topic-permissions", user))

    def _of_user(self, what: str, user: str) -> str:
        return f"{what}/{self._virtual_host}/{quote(user, safe='')}"

    async def _find(self, path: str) -> Any:
        """Read something; None: it is not there."""
        try:
            return await self._call("GET", path)
        except ManagementError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        written = b"" if body is None else json.dumps(body).encode()
        try:
            response = await self._http.request(
                method, f"{self._base}/{path}", headers=self._headers, body=written
            )
        except (NotSentError, ResponseLostError) as error:
            raise ManagementError(f"{method} {path}: {error.code}") from None
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise ManagementError(f"{method} {path}: HTTP {response.status}", response.status)
        found = response.json() if method == "GET" else None
        if found is None and method == "GET":
            raise ManagementError(f"{method} {path}: no JSON", response.status)
        return found
