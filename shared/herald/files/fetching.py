"""Fetching files that users name by link: of public addresses only, and with every size bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus

import aiohttp
from yarl import URL

from herald.contracts.content import Media
from herald.contracts.content.file_rules import (
    TOO_LARGE,
    WRONG_TYPE,
    largest_of,
    largest_together,
    why_wrong_type,
)
from herald.contracts.failures import Failure
from herald.files.configuration import MEBIBYTE, MediaRules
from herald.files.failures import (
    CONNECT,
    CUT,
    DNS,
    EMPTY,
    FETCHED,
    PRIVATE_ADDRESS,
    REDIRECTS,
    TIMEOUT,
    TLS,
    URL_REFUSED,
    FetchError,
    because,
    reason_of,
    status_refused,
)
from herald.files.guarded_way import PRIVATE, GuardedWay
from herald.files.links import LinkRules, follow, read_link
from herald.files.memory import Hold, Memory
from herald.files.names import file_name
from herald.files.types import content_type_of, is_what_it_is_called
from herald.files.unpacking import AS_IT_IS, unpacked
from herald.providers.files import File
from herald.providers.http_client import verifying
from herald.providers.ways import NotSentError, Way, WayConnector

MOST_REDIRECTS = 3
CONNECT_SECONDS = 3.0
_MOST_CONNECTIONS = 64
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}


class Together:
    """The bytes that the files of one message may have left, and the memory that they hold."""

    def __init__(self, left: int) -> None:
        self._left = left
        self.holds: list[Hold] = []

    def take(self, size: int) -> None:
        """Take bytes.

        Raises:
            FetchError: there are not so many.
        """
        self._left -= size
        if self._left < 0:
            raise because(TOO_LARGE, "over what the files of one message may have together")

    def release(self) -> None:
        """Give the memory back, for none of the files is wanted."""
        for hold in self.holds:
            hold.release()


class Fetcher:
    """Fetches files for the calls of one worker; `fetch` is a `FetchFile`.

    No cookies, no login, no referrer, and neither logs nor failures say an address. `count` gets
    how each fetch ended.
    """

    def __init__(
        self,
        channel: str,
        rules: MediaRules,
        ways: Sequence[Way] = (),
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._channel = channel
        self._rules = rules
        together = rules.largest_together * MEBIBYTE
        self._together = min(together, largest_together(channel) or together)
        self._links = LinkRules(
            hosts=rules.hosts, ports=rules.ports, allow_cleartext=rules.allow_cleartext
        )
        self._way = GuardedWay(rules.networks, ways)
        self._count = count
        self._largest = rules.largest * MEBIBYTE
        self._session: aiohttp.ClientSession | None = None
        self.memory = Memory(rules.memory * MEBIBYTE)

    async def start(self) -> None:
        """Make ready to fetch; needs a running loop."""
        self._session = aiohttp.ClientSession(
            connector=WayConnector(
                self._way, CONNECT_SECONDS, limit=_MOST_CONNECTIONS, ssl=verifying()
            ),
            timeout=aiohttp.ClientTimeout(total=None),  # one limit for all of a message's files
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "herald"},
            auto_decompress=False,
        )

    async def stop(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def fetch(self, media: Media, /) -> File | Failure:
        """Fetch one file."""
        found = await self.fetch_all([media])
        return found if isinstance(found, Failure) else found[0]

    async def fetch_all(
        self, wanted: Sequence[Media], seconds: float | None = None
    ) -> tuple[File, ...] | Failure:
        """Fetch the files of one message in parallel, within `seconds` and the configured limit.

        The first that can't be fetched is the end of all.
        """
        if not wanted:
            return ()
        limit = self._rules.timeout.total_seconds()
        together = Together(self._together)
        tasks: list[asyncio.Task[File]] = []
        try:
            async with asyncio.timeout(limit if seconds is None else min(limit, seconds)):
                tasks += [asyncio.ensure_future(self._file(each, together)) for each in wanted]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            done = [task for task in tasks if task.done()]
            return tuple(task.result() for task in done)  # that of whoever failed first raises
        except FetchError as error:
            failure = error.failure
        except TimeoutError:
            self._count(TIMEOUT)
            failure = because(TIMEOUT).failure
        finally:
            await _end(tasks)
        together.release()
        return failure

    async def _file(self, media: Media, together: Together) -> File:
        try:
            file = await self._explained(media, together)
        except FetchError as error:
            self._count(reason_of(error.failure))
            raise
        self._count(FETCHED)
        return file

    async def _explained(self, media: Media, together: Together) -> File:
        """Fetch a file; whatever goes wrong is a `FetchError`."""
        try:
            return await self._follow(media, together)
        except NotSentError as error:
            raise because(_NOT_SENT.get(error.code, CONNECT)) from None
        except (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError):
            raise because(TLS) from None
        except (aiohttp.InvalidURL, ValueError):
            raise because(URL_REFUSED) from None
        except aiohttp.ClientConnectorError:
            raise because(CONNECT) from None
        except (aiohttp.ClientError, OSError):
            raise because(CUT) from None

    async def _follow(self, media: Media, together: Together) -> File:
        """Get a file, and go where its servers send us: every hop is checked as the first is."""
        assert self._session is not None, "start() comes first"
        url = read_link(media.url)
        for _ in range(MOST_REDIRECTS + 1):
            self._links.check(url)
            async with self._session.get(url, headers=_HEADERS, allow_redirects=False) as response:
                if response.status in _REDIRECTS:
                    url = follow(url, response.headers.get("Location"))
                    continue
                if response.status != HTTPStatus.OK:
                    raise status_refused(response.status)
                largest = self._largest_of(media)
                hold = await self._hold(response, largest)
                together.holds.append(hold)
                body = await _read(response, largest, together)
                hold.shrink(len(body))
                file = self._named(media, url, response.headers.get("Content-Type", ""), body)
                hold.keep_with(file)
                return file
        raise because(REDIRECTS)

    def _largest_of(self, media: Media) -> int:
        return min(self._largest, largest_of(self._channel, media) or self._largest)

    async def _hold(self, response: aiohttp.ClientResponse, largest: int) -> Hold:
        """Take memory for a body: by its length where that is known."""
        length = response.content_length if _encoding(response) in AS_IT_IS else None
        if length is not None and length > largest:
            raise _too_large(largest)
        return await self.memory.take(largest if length is None else length)

    def _named(self, media: Media, url: URL, declared: str, body: bytes) -> File:
        path = url.raw_path
        content_type = content_type_of(body, declared, file_name(media.filename, path, ""))
        if not is_what_it_is_called(media, content_type, declared):
            raise because(WRONG_TYPE, f"{media.kind} wanted, {content_type[:64]} found")
        wrong = why_wrong_type(self._channel, media, content_type)
        if wrong is not None:
            raise because(WRONG_TYPE, wrong.reason)
        name = file_name(media.filename, path, content_type)
        return File(media=media, name=name, content_type=content_type, body=body)


_NOT_SENT = {PRIVATE: PRIVATE_ADDRESS, "dns": DNS, "connect_timeout": TIMEOUT}


async def _end(tasks: Sequence[asyncio.Task[File]]) -> None:
    """Cancel what is left of them, and wait until it is over."""
    pending = [task for task in tasks if task.cancel()]
    if pending:
        await asyncio.wait(pending)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # seen, so that nobody complains of it


def _encoding(response: aiohttp.ClientResponse) -> str:
    return response.headers.get("Content-Encoding", "").strip().lower()


async def _read(response: aiohttp.ClientResponse, largest: int, together: Together) -> bytes:
    """Read a body as far as it may be long."""
    pieces, size = [], 0
    async for piece in unpacked(response.content.iter_any(), _encoding(response)):
        size += len(piece)
        together.take(len(piece))
        if size > largest:
            raise _too_large(largest)
        pieces.append(piece)
    if not size:
        raise because(EMPTY)
    return b"".join(pieces)


def _too_large(largest: int) -> FetchError:
    return because(TOO_LARGE, f"over {largest:,} bytes")
