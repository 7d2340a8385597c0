"""An account's calls that are no work, such as those for its tokens: by its pool, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from herald.egress.codes import NO_EGRESS
from herald.http.client import HttpClient
from herald.http.errors import NotSentError
from herald.http.response import HttpResponse


class PooledHttp(HttpClient):
    """Makes each call with the client of the member that is chosen then; it has none of its own."""

    def __init__(self, timeout: timedelta, choose: Callable[[], HttpClient | None]) -> None:
        super().__init__(timeout)
        self._choose = choose

    async def start(self) -> None:
        """Open nothing: the members' clients are started by themselves."""

    async def stop(self) -> None:
        """Close nothing."""

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Make one POST, as `request` does."""
        return await self.request("POST", url, headers=headers, body=body)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpResponse:
        """Make one request.

        Raises:
            NotSentError: it was not sent; `no_egress` where the pool has no healthy member.
            ResponseLostError: it may have been taken.
        """
        client = self._choose()
        if client is None:
            raise NotSentError(NO_EGRESS)
        return await client.request(method, url, headers=headers, body=body)
