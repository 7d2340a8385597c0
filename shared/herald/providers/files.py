"""Files that a message names by link, for providers that take bytes and no link. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from herald.contracts.content import Media
from herald.contracts.failures import Failure


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class File:
    """A file as it was fetched."""

    media: Media  # what it was fetched for
    name: str  # for the recipient; without a path
    content_type: str  # as its bytes and its server say, without parameters
    body: bytes = field(repr=False)


class FetchFile(Protocol):
    """Fetches a file from an address that a user named: public ones only, size and time capped.

    What can't be fetched is a failure: `content` where another try would find the same, `transient`
    where it may not.
    """

    async def __call__(self, media: Media, /) -> File | Failure: ...
