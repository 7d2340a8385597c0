"""One HTTP call to a provider, and the question that matters when it fails: whether it was sent."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from pydantic_core import from_json

from herald.providers.connection_reuse import WatchedRequest, watch_writing
from herald.providers.ways import NotSentError, Way, WayConnector

CONNECT_SECONDS = 3.0
MAX_RESPONSE_BYTES = 1024 * 1024
MAX_CONNECTIONS = 400  # as many calls as a worker has slots: none waits for a connection
# Shorter than servers keep idle connections (Node, Apache and uvicorn: 5 s): a call written to one
# that is just being closed might have been taken, for all we know.
KEEP_ALIVE_SECONDS = 4.0
_WAY_SHARE = 0.9  # of the time to connect
_LONGEST_WAIT = timedelta(days=1)


class ResponseLostError(Exception):
    """The request may have been taken; its response did not arrive whole."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A provider's response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body as JSON, None when it is none."""
        try:
            return from_json(self.body)
        except ValueError:
            return None

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object, empty when it is none."""
        found = self.json()
        return found if isinstance(found, dict) else {}


class HttpClient:
    """The calls of one account by one way: own connections, own time limit.

    No redirects, no cookies. Without a `way` calls leave as the system has it.
    """

    def __init__(
        self,
        timeout: timedelta,
        *,
        way: Way | None = None,
        max_connections: int = MAX_CONNECTIONS,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._keep_alive = keep_alive_seconds
        self._way = way
        self._tls = tls  # None: as the system trusts when it starts
        self._timeout = timeout.total_seconds()
        # Ends before the whole does: a call that got no connection was provably not sent. Covers
        # the wait for a free connection, the name, TCP and TLS.
        self._connect = min(CONNECT_SECONDS, self._timeout / 2)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make ready to call; needs a running loop."""
        self._session = aiohttp.ClientSession(
            connector=self._connector(),
            timeout=aiohttp.ClientTimeout(total=self._timeout, connect=self._connect),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "herald"},
            request_class=WatchedRequest,
        )

    def _connector(self) -> aiohttp.TCPConnector:
        options: dict[str, Any] = {
            "limit": self._max_connections,
            "keepalive_timeout": self._keep_alive,
            "ttl_dns_cache": 60,
            "ssl": self._tls or verifying(),
        }
        if self._way is None:
            return aiohttp.TCPConnector(**options)
        # ends before the whole connecting does, so that its code says where it stopped
        return WayConnector(self._way, self._connect * _WAY_SHARE, **options)

    async def stop(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def post(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        method: str = "POST",
    ) -> HttpResponse:
        """Make one POST, or another request that may not be made twice.

        A connection found closed before the first byte is no try: another one is taken.

        Raises:
            NotSentError: it was not sent.
            ResponseLostError: it may have been taken.
        """
        while True:
            writing = watch_writing(body)
            try:
                return await self._request(method, url, headers, body)
            except ResponseLostError as error:
                if writing.begun:
                    raise
                if not writing.reused:
                    raise NotSentError(error.code) from None
            # that connection is closed and gone: the next one is another, or new

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> HttpResponse:
        assert self._session is not None, "start() comes first"
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                return HttpResponse(response.status, response.headers, await _bounded(response))
        except aiohttp.ConnectionTimeoutError:
            raise NotSentError("connect_timeout") from None
        except aiohttp.ClientConnectorDNSError:
            raise NotSentError("dns") from None
        except (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError):
            raise NotSentError("tls") from None
        except aiohttp.ClientConnectorError:
            raise NotSentError("connect") from None
        except (aiohttp.InvalidURL, aiohttp.ClientSSLError):
            raise NotSentError("url") from None
        except TimeoutError:
            raise ResponseLostError("read_timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ResponseLostError(_lost_code(error)) from None


def verifying() -> ssl.SSLContext:
    """Trust the system's authorities, or those of `SSL_CERT_FILE`; aiohttp asks at its import."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long the provider asks us to wait: seconds or an HTTP date (RFC 9110, 10.2.3).

    Zero when it asks for none, a day at most; None when it says nothing we can read.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _LONGEST_WAIT)
    at = _date(value)
    if at is None:
        return None
    try:
        return min(max(at - server_time(headers), timedelta(0)), _LONGEST_WAIT)
    except OverflowError:
        return None


def server_time(headers: Mapping[str, str]) -> datetime:
    """Return the provider's own time, by which it names other times; ours where it names none."""
    return _date(headers.get("Date", "")) or datetime.now(UTC)


def _date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """Read the body; one larger than any honest response is cut, and so not understood."""
    length = response.content_length
    compressed = "Content-Encoding" in response.headers  # a short one may unpack to any size
    if length is not None and length <= MAX_RESPONSE_BYTES and not compressed:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            response.close()
            break
    return bytes(body)


def _lost_code(error: Exception) -> str:
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "disconnected"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "answer_cut"
    if isinstance(error, (aiohttp.ClientOSError, OSError)):
        return "connection_reset"
    return "answer_unreadable"
