"""A rendered content with the files that its provider takes as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.providers.files import File
from herald.providers.mail_files import refuse_large
from herald.providers.rendered import Rendered, RenderedEmail


class FetchAll(Protocol):
    """Fetches the files of one message, within so many seconds."""

    async def __call__(
        self, wanted: Sequence[Media], seconds: float | None = None, /
    ) -> tuple[File, ...] | Failure: ...


async def with_files(content: Rendered, fetch_all: FetchAll, seconds: float) -> Rendered | Failure:
    """Return a content with its `files` fetched, as its `attachments`; as it is if it wants none.

    Any rendered content may want files: it has these two fields. A mail is bounded in bytes.
    """
    wanted: tuple[Media, ...] = getattr(content, "files", ())
    if not wanted:
        return content
    files = await fetch_all(wanted, seconds)
    if isinstance(files, Failure):
        return files
    too_large = refuse_large(files) if isinstance(content, RenderedEmail) else None
    return too_large or replace(content, attachments=files)
