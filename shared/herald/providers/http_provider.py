"""A provider that takes a message by one request: two functions, one to ask and one to read."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.http.client import HttpClient
from herald.http.errors import NotSentError, ResponseLostError
from herald.http.response import HttpResponse
from herald.providers.lenient_json import MAX_REFERENCE
from herald.providers.rendered import Rendered
from herald.providers.sending import Accepted, Emit, NotSent, Refused, SendResult, Uncertain

REPEATED_WITHIN_SECONDS = 15.0  # of the first call: a lease outlives one call by 20
PASSING = frozenset({FailureClass.TRANSIENT, FailureClass.RATE_LIMITED})


@dataclass(slots=True, kw_only=True)  # one a message: a frozen one takes twice as long to make
class HttpRequest:
    """One request. Its URL may hold a secret."""

    method: str = "POST"
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class HttpProvider:
    """Sends by one request, and reports by webhook only.

    `write` returns the request for a message, or why there can be none; `read` says what a response
    means. `repeats_safely`: the request carries a key by which the provider knows that it is the
    same, so one whose response was lost is made once more, as a part of the same call.
    """

    def __init__(
        self,
        http: HttpClient,
        write: Callable[[Work, Rendered], HttpRequest | Failure],
        read: Callable[[HttpResponse], SendResult],
        *,
        repeats_safely: bool = False,
    ) -> None:
        self._http = http
        self._write = write
        self._read = read
        self._repeats_safely = repeats_safely

    async def start(self, _emit: Emit, /) -> None:
        """Open nothing: the client is ready."""

    async def stop(self) -> None:
        """Close nothing: the client is its owner's."""

    async def send(self, work: Work, content: Rendered) -> SendResult:
        """Make one request."""
        request = self._write(work, content)
        if isinstance(request, Failure):
            return Refused(request, of_message=True)
        began = time.monotonic()
        result = await self._post(request)
        if not self._repeats_safely or not isinstance(result, Uncertain):
            return result
        if time.monotonic() - began > REPEATED_WITHIN_SECONDS:
            return result
        again = await self._post(request)
        return again if _settles(again) else result

    async def _post(self, request: HttpRequest) -> SendResult:
        try:
            response = await self._http.request(
                request.method, request.url, headers=request.headers, body=request.body
            )
        except NotSentError as error:
            return NotSent(error.code, no_connection=True)
        except ResponseLostError as error:
            return Uncertain(error.code)
        result = self._read(response)
        # an id that no webhook could name: who knows what was taken
        return Uncertain("reference_unreadable") if _has_odd_reference(result) else result


def _has_odd_reference(result: SendResult) -> bool:
    return isinstance(result, Accepted) and not all(
        0 < len(reference) <= MAX_REFERENCE for reference in result.references
    )


def _settles(again: SendResult) -> bool:
    """Whether a repeat says what became of the first call: taken, or never to be."""
    if isinstance(again, Refused):
        return again.failure.failure_class not in PASSING
    return isinstance(again, Accepted)
