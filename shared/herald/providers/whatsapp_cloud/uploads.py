"""Files that Meta is given before the messages that name them.

Source: Meta, "Media": `POST /{phone_number_id}/media`; an id holds for 30 days. Herald remembers it
for minutes only, for what is behind a URL may change.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.http.errors import NotSentError, ResponseLostError
from herald.providers.multipart import multipart_form
from herald.providers.sending import NotSent, Refused
from herald.providers.whatsapp_cloud.requests import Context, authorization, endpoint
from herald.providers.whatsapp_cloud.responses import not_uploaded, read_upload
from herald.providers.whatsapp_parts import Uploaded

REMEMBERED_SECONDS = 600.0
MAX_REMEMBERED = 1_000
# for fetching and uploading: with the time limit of the message's own call it fits into the claim
LONGEST_SECONDS = 15.0


class Uploads:
    """The files of one number; messages that need the same one at a time wait for one upload."""

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[str, float]] = OrderedDict()  # id, and until when
        self._under_way: dict[str, asyncio.Task[str | Refused | NotSent]] = {}

    async def ids_of(self, files: Iterable[Media]) -> Uploaded | Refused | NotSent:
        """Return Meta's ids of files, or why it has none: then no message was sent."""
        ids: dict[str, str] = {}
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                for media in files:
                    found = await self._id_of(media)
                    if not isinstance(found, str):
                        return found
                    ids[media.url] = found
        except TimeoutError:
            return not_uploaded("timeout")
        return ids

    async def stop(self) -> None:
        """Give up what is under way."""
        tasks = [*self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _id_of(self, media: Media) -> str | Refused | NotSent:
        known, until = self._remembered.get(media.url, ("", 0.0))
        if known and self._clock() < until:
            return known
        task = self._under_way.get(media.url)
        if task is None:
            task = asyncio.create_task(self._upload(media))
            self._under_way[media.url] = task
            task.add_done_callback(lambda _: self._under_way.pop(media.url, None))
        return await asyncio.shield(task)  # others may wait for it, too

    async def _upload(self, media: Media) -> str | Refused | NotSent:
        fetch = self._context.fetch
        if fetch is None:
            reason = "files can't be fetched here"
            return Refused(Failure.of(FailureClass.PERMANENT, "no_fetch", reason), of_message=True)
        file = await fetch(media)
        if isinstance(file, Failure):
            return Refused(file, of_message=True)
        fields = [("messaging_product", "whatsapp"), ("type", file.content_type)]
        kind, body = multipart_form(fields, [("file", file)])
        headers = {**authorization(self._context), "Content-Type": kind}
        try:
            response = await self._context.http.post(
                endpoint(self._context, "media"), headers=headers, body=body
            )
        except NotSentError as error:
            return NotSent(error.code, no_connection=True)
        except ResponseLostError as error:
            return not_uploaded(error.code)
        found = read_upload(response)
        if isinstance(found, str):
            self._remember(media.url, found)
        return found

    def _remember(self, url: str, found: str) -> None:
        self._remembered.pop(url, None)
        self._remembered[url] = found, self._clock() + REMEMBERED_SECONDS
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
