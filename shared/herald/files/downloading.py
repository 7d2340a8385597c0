"""Getting what a link leads to: from public addresses only, and with its size bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from herald.contracts.content.file_rules import TOO_LARGE
from herald.files.configuration import MediaRules
from herald.files.failures import (
    CONNECT,
    CUT,
    DNS,
    EMPTY,
    PRIVATE_ADDRESS,
    REDIRECTS,
    TIMEOUT,
    TLS,
    URL_REFUSED,
    FetchError,
    because,
    status_refused,
)
from herald.files.guarded_way import PRIVATE, GuardedWay
from herald.files.links import LinkRules, follow, read_link
from herald.files.memory import Hold, Memory
from herald.files.unpacking import AS_IT_IS, unpacked
from herald.http.client import HttpClient
from herald.http.errors import NotSentError, ResponseLostError
from herald.http.streaming import Stream
from herald.http.ways import Way

MOST_REDIRECTS = 3
_MOST_CONNECTIONS = 64
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}
_NOT_SENT = {
    PRIVATE: PRIVATE_ADDRESS,
    "dns": DNS,
    "connect_timeout": TIMEOUT,
    "tls": TLS,
    "url": URL_REFUSED,
}


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Download:
    """What a link led to."""

    path: str  # of the last link, as it was quoted
    declared: str  # its type, as its server says
    body: bytes = field(repr=False)
    hold: Hold  # the memory of the body


class Downloader:
    """Follows links. No cookies, no login, no referrer; nothing that it says has an address."""

    def __init__(self, rules: MediaRules, ways: Sequence[Way], memory: Memory) -> None:
        self._links = LinkRules(
            hosts=rules.hosts, ports=rules.ports, allow_cleartext=rules.allow_cleartext
        )
        self._way = GuardedWay(rules.networks, ways)
        self._memory = memory
        self._http = HttpClient(rules.timeout, way=self._way, max_connections=_MOST_CONNECTIONS)

    async def start(self) -> None:
        """Make ready; needs a running loop."""
        await self._http.start()

    async def stop(self) -> None:
        """Close every connection."""
        await self._http.stop()
        self._way.close()

    async def get(self, link: str, largest: int) -> Download:
        """Get what a link leads to, of at most so many bytes.

        Raises:
            FetchError: it can't be had.
        """
        try:
            return await self._follow(link, largest)
        except NotSentError as error:
            raise because(_NOT_SENT.get(error.code, CONNECT)) from None
        except ResponseLostError as error:
            raise because(TIMEOUT if error.code == "read_timeout" else CUT) from None

    async def _follow(self, link: str, largest: int) -> Download:
        """Go where a link and its servers send us: every hop is checked as the first is."""
        url = read_link(link)
        for _ in range(MOST_REDIRECTS + 1):
            self._links.check(url)
            async with self._http.get(url, headers=_HEADERS) as response:
                if response.status in _REDIRECTS:
                    url = follow(url, response.headers.get("Location"))
                elif response.status != HTTPStatus.OK:
                    raise status_refused(response.status)
                else:
                    return await self._read(url.raw_path, response, largest)
        raise because(REDIRECTS)

    async def _read(self, path: str, response: Stream, largest: int) -> Download:
        """Read a body as far as it may be long; memory for it is taken first."""
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        length = response.length if encoding in AS_IT_IS else None
        if length is not None and length > largest:
            raise _too_large(largest)
        hold = await self._memory.take(largest if length is None else length)
        try:
            body = await _body(response, encoding, largest)
        except BaseException:
            hold.release()
            raise
        hold.shrink(len(body))
        found = Download(path, response.headers.get("Content-Type", ""), body, hold)
        hold.keep_with(found)
        return found


async def _body(response: Stream, encoding: str, largest: int) -> bytes:
    pieces, size = [], 0
    async for piece in unpacked(response.pieces(), encoding):
        size += len(piece)
        if size > largest:
            raise _too_large(largest)
        pieces.append(piece)
    if not size:
        raise because(EMPTY)
    return b"".join(pieces)


def _too_large(largest: int) -> FetchError:
    return because(TOO_LARGE, f"over {largest:,} bytes")
