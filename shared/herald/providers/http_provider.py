"""A provider that takes a message by one request: two functions, one to ask and one to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.providers.http_client import HttpClient, HttpResponse, ResponseLostError
from herald.providers.rendered import Rendered
from herald.providers.sending import Emit, NotSent, Refused, SendResult, Uncertain
from herald.providers.ways import NotSentError


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request. Its URL may hold a secret."""

    method: str = "POST"
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class HttpProvider:
    """Sends by one request, and reports by webhook only.

    `write` returns the request for a message, or why there can be none; `read` says what a response
    means.
    """

    def __init__(
        self,
        http: HttpClient,
        write: Callable[[Work, Rendered], HttpRequest | Failure],
        read: Callable[[HttpResponse], SendResult],
    ) -> None:
        self._http = http
        self._write = write
        self._read = read

    async def start(self, _emit: Emit, /) -> None:
        """Open nothing: the client is ready."""

    async def stop(self) -> None:
        """Close nothing: the client is its owner's."""

    async def send(self, work: Work, content: Rendered) -> SendResult:
        """Make one request."""
        request = self._write(work, content)
        if isinstance(request, Failure):
            return Refused(request, of_message=True)
        try:
            response = await self._http.post(
                request.url, headers=request.headers, body=request.body, method=request.method
            )
        except NotSentError as error:
            return NotSent(error.code, no_connection=True)
        except ResponseLostError as error:
            return Uncertain(error.code)
        return self._read(response)
