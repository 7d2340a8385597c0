"""One download for all messages that name the same link at a time.

A campaign's mails name one picture: its server is asked once, and not once a mail.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from herald.files.downloading import Download
from herald.files.failures import TIMEOUT, because

REMEMBERED_SECONDS = 30.0  # not for long: what is behind a link may change
Key = tuple[str, int]  # the link, and how many bytes it may lead to


@dataclass(slots=True)
class _Shared:
    task: asyncio.Task[Download]
    waiting: int = 0


class SharedDownloads:
    """Gets each link once for who asks meanwhile and shortly after; failures are not kept.

    What is kept has at most `most` bytes. A download ends after `seconds`, whoever waits for it.
    """

    def __init__(
        self,
        get: Callable[[str, int], Awaitable[Download]],
        most: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._get = get
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[Download, float]] = OrderedDict()  # and until when
        self._bytes = 0
        self._under_way: dict[Key, _Shared] = {}

    async def get(self, link: str, largest: int) -> Download:
        """Get what a link leads to, of at most so many bytes.

        Raises:
            FetchError: it can't be had.
        """
        key = (link, largest)
        self._forget_old()
        if key in self._kept:
            return self._kept[key][0]
        download = self._under_way.get(key)
        if download is None:
            download = self._under_way[key] = _Shared(asyncio.create_task(self._download(key)))
        download.waiting += 1
        try:
            return await asyncio.shield(download.task)  # others may wait for it, too
        finally:
            download.waiting -= 1
            if not download.waiting:
                self._end(key, download)

    def make_room(self, size: int) -> None:
        """Forget what is kept until so many bytes are given back, the oldest first."""
        while size > 0 and self._kept:
            size -= self._forget_oldest()

    async def stop(self) -> None:
        """Give up what is under way, and forget the rest."""
        tasks = [download.task for download in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.make_room(self._bytes)

    async def _download(self, key: Key) -> Download:
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._get(*key)
        except TimeoutError:
            raise because(TIMEOUT) from None
        self._keep(key, found)
        return found

    def _keep(self, key: Key, found: Download) -> None:
        size = len(found.body)
        if size > self._most:
            return
        self.make_room(self._bytes + size - self._most)
        self._kept[key] = found, self._clock() + REMEMBERED_SECONDS
        self._bytes += size

    def _end(self, key: Key, download: _Shared) -> None:
        """Take a download away that nobody waits for any more."""
        if self._under_way.get(key) is download:
            del self._under_way[key]
        download.task.cancel()

    def _forget_old(self) -> None:
        now = self._clock()
        while self._kept and next(iter(self._kept.values()))[1] <= now:
            self._forget_oldest()

    def _forget_oldest(self) -> int:
        _, (found, _) = self._kept.popitem(last=False)
        self._bytes -= len(found.body)
        return len(found.body)
