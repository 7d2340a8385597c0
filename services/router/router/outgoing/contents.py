"""What a message says on each channel, as its work takes it over: the JSON that is stored. Pure.

It is read only where a part of it is asked for; its worker reads all of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from herald.contracts.work import WorkContent
from router.core.message import Attempt, step_content_name

StoredContents = Mapping[str, Raw]  # by channel, and by `step_content_name`

_BY_NAME = msgspec.json.Decoder(dict[str, Raw])
_SAID_OUTSIDE = b'"outside_window":'  # nowhere in a text, where quotes are escaped


def by_channel(stored: str | bytes) -> StoredContents:
    """Part what a message says on each channel of its plan.

    Raises:
        msgspec.DecodeError: it is no JSON object.
    """
    return _BY_NAME.decode(stored)


def said_by(attempt: Attempt, contents: StoredContents) -> Raw:
    """Return what an attempt says: what its channel does, or the template for outside a window."""
    content = contents[attempt.channel]
    if not attempt.says_template:
        return _said_now(content)
    own = contents.get(step_content_name(attempt.channel, attempt.step))
    said = _read(content)
    template = said.outside_window or (_read(own).template if own is not None else None)
    return _write(WorkContent.model_construct(template=template, in_reply_to=said.in_reply_to))


def _said_now(content: Raw) -> Raw:
    """Leave out what is said at other times; mostly there is nothing of the kind."""
    if _SAID_OUTSIDE not in bytes(content):
        return content
    return _write(_read(content).model_copy(update={"outside_window": None}))


def _read(content: Raw) -> WorkContent:
    return WorkContent.model_validate_json(bytes(content))


def _write(content: WorkContent) -> Raw:
    return Raw(content.model_dump_json(exclude_none=True).encode())
