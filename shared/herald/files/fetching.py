"""Fetching the files of messages: bounded in size and time, of the kind that they should be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

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
from herald.files.downloading import Download, Downloader
from herald.files.failures import FETCHED, TIMEOUT, FetchError, because, reason_of
from herald.files.memory import Memory
from herald.files.names import file_name
from herald.files.sharing import SharedDownloads
from herald.files.types import content_type_of, is_what_it_is_called
from herald.http.ways import Way
from herald.providers.files import File

_KEPT_SHARE = 4  # of the memory, as a fraction: what is kept for who may name it again


class Fetcher:
    """Fetches files for the calls of one channel's worker; `fetch` is a `FetchFile`.

    `count` gets how each fetch ended.
    """

    def __init__(
        self,
        channel: str,
        rules: MediaRules,
        ways: Sequence[Way] = (),
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._channel = channel
        self._count = count
        self._seconds = rules.timeout.total_seconds()
        self._largest = rules.largest * MEBIBYTE
        together = rules.largest_together * MEBIBYTE
        self._together = min(together, largest_together(channel) or together)
        most = rules.memory * MEBIBYTE
        self.memory = Memory(most, self._make_room)
        self._downloader = Downloader(rules, ways, self.memory)
        self._shared = SharedDownloads(self._downloader.get, most // _KEPT_SHARE, self._seconds)

    async def start(self) -> None:
        """Make ready to fetch; needs a running loop."""
        await self._downloader.start()

    async def stop(self) -> None:
        """End what is under way, and close every connection."""
        await self._shared.stop()
        await self._downloader.stop()

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
        limit = self._seconds if seconds is None else min(self._seconds, seconds)
        tasks = [asyncio.ensure_future(self._file(each)) for each in wanted]
        try:
            found = self._checked(await _all_of(tasks, limit))
        finally:
            for task in tasks:
                task.cancel()
        ends = [reason_of(found)] if isinstance(found, Failure) else [FETCHED] * len(found)
        for end in ends:
            self._count(end)
        return found

    def _checked(self, files: tuple[File, ...] | Failure) -> tuple[File, ...] | Failure:
        if isinstance(files, Failure) or sum(len(it.body) for it in files) <= self._together:
            return files
        return because(TOO_LARGE, f"over {self._together:,} bytes with those beside it").failure

    def _make_room(self, size: int) -> None:
        self._shared.make_room(size)

    async def _file(self, media: Media) -> File:
        largest = min(self._largest, largest_of(self._channel, media) or self._largest)
        found = await self._shared.get(media.url, largest)
        file = self._named(media, found)
        found.hold.keep_with(file)
        return file

    def _named(self, media: Media, found: Download) -> File:
        name = file_name(media.filename, found.path, "")
        content_type = content_type_of(found.body, found.declared, name)
        if not is_what_it_is_called(media, content_type, found.declared):
            raise because(WRONG_TYPE, f"{media.kind} wanted, {content_type[:64]} found")
        wrong = why_wrong_type(self._channel, media, content_type)
        if wrong is not None:
            raise because(WRONG_TYPE, wrong.reason)
        name = file_name(media.filename, found.path, content_type)
        return File(media=media, name=name, content_type=content_type, body=found.body)


async def _all_of(
    tasks: Sequence[asyncio.Task[File]], seconds: float
) -> tuple[File, ...] | Failure:
    """Wait for all of them, or for the first that fails.

    A failure is returned: an error that is raised here would keep the others' bodies with it.
    """
    if not tasks:
        return ()
    done, pending = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    problems = [task.exception() for task in done]
    for problem in filter(None, problems):
        if isinstance(problem, FetchError):
            return problem.failure
        raise problem
    if pending:
        return because(TIMEOUT).failure
    return tuple(task.result() for task in tasks)
