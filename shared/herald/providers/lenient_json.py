"""Reading a provider's element without trusting its types.

What is absent is None. What is there but of a type or a size no documentation allows is
`NotUnderstoodError`, or None where the field only decorates.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from herald.contracts.identifiers import read_attempt_tag
from herald.contracts.receipts import MAX_ELEMENT_BYTES, bounded_element
from herald.contracts.vocabulary import Lane

MAX_REFERENCE = 255
_MAX_KEY = 128
_PLAIN_WORD = re.compile(r"(?!.*[0-9]{5})[A-Za-z0-9_.-]{1,64}")
_MILLISECONDS = 10**12  # an epoch at or above it counts milliseconds
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800  # 2000 and 2100
_LONGEST_TIME = 40  # characters
_SMALL_BYTES = 8 * 1024
_INBOUND_START_BYTES = MAX_ELEMENT_BYTES // 2  # as text in JSON it may take twice as much


class Reason(StrEnum):
    """Why an element went to quarantine: a closed set, a label of a metric."""

    SHAPE = "shape"  # not built as the provider documents it
    NO_REFERENCE = "no_reference"  # it names no message
    UNKNOWN_ACCOUNT = "unknown_account"  # of an account at the provider that is not configured
    ACCOUNT_ERROR = "account_error"  # the provider reports trouble with the account itself
    OTHER_CHANNEL = "other_channel"  # of a channel this account does not serve
    BEYOND_LIMITS = "beyond_limits"  # the whole body is deeper or larger than any documented one
    LEFT_OUT = "left_out"  # stands for the many others of one request that are only counted
    UNEXPECTED = "unexpected"  # a defect of ours


class NotUnderstoodError(Exception):
    """The element can't be turned into a receipt."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NotForHeraldError(Exception):
    """The element is understood, and nothing that Herald is asked to keep."""


def mapping(value: Any) -> Mapping[str, Any]:
    """Require an object."""
    if isinstance(value, dict):
        return value
    raise NotUnderstoodError(Reason.SHAPE)


def sequence(value: Any) -> list[Any]:
    """Require an array; an absent one is empty."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise NotUnderstoodError(Reason.SHAPE)


def part(element: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return an optional object; anything else there counts as absent."""
    value = element.get(key)
    return value if isinstance(value, dict) else {}


def objects(element: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the objects of an optional array; anything else in it or there counts as absent."""
    value = element.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(element: Mapping[str, Any], key: str) -> str | None:
    """Return an optional text; a number is read as its digits, an empty text as absent."""
    value = element.get(key)
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def plain_word(value: str | None) -> str:
    """Return a code that a provider gives as a word; prose, an address or a number is none."""
    return value if value is not None and _PLAIN_WORD.fullmatch(value) else ""


def reference(element: Mapping[str, Any], key: str) -> str:
    """Require a provider's id of a message."""
    value = text(element, key)
    if value is None:
        raise NotUnderstoodError(Reason.NO_REFERENCE)
    if len(value) > MAX_REFERENCE:
        raise NotUnderstoodError(Reason.SHAPE)
    return value


def phone(digits: str) -> str | None:
    """Bring a number as Meta writes it to E.164; None when it is no number."""
    bare = "".join(char for char in digits.removeprefix("+") if char not in " -()")
    return f"+{bare}" if bare.isascii() and bare.isdigit() else None


class Carried(NamedTuple):
    """What a provider carried back: an attempt's id and lane, None where it is not ours."""

    attempt_id: str | None = None
    lane: Lane | None = None


NOTHING_CARRIED = Carried()


def carried(value: Any) -> Carried:
    """Read what a provider carried back."""
    found = read_attempt_tag(value) if isinstance(value, str) else None
    if found is None:
        return NOTHING_CARRIED
    attempt, lane = found
    return Carried(str(attempt), None if lane is Lane.NORMAL else lane)


def whole_number(value: Any) -> int | None:
    """Read a code or a count, given as a number or as digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) <= MAX_REFERENCE and value.isascii():
        return int(value) if value.isdigit() else None
    return None


def moment(value: Any) -> datetime | None:
    """Read an epoch in seconds or milliseconds, given as a number or as digits."""
    number = value if isinstance(value, float) else whole_number(value)
    if number is None or not _EARLIEST <= number < _LATEST * 1000:
        return None
    seconds = number / 1000 if number >= _MILLISECONDS else number
    return datetime.fromtimestamp(seconds, UTC) if _EARLIEST <= seconds < _LATEST else None


def iso_moment(value: Any) -> datetime | None:
    """Read a time of ISO 8601; one without an offset is UTC. Digits below microseconds are cut."""
    if not isinstance(value, str) or len(value) > _LONGEST_TIME:
        return None
    try:
        at = datetime.fromisoformat(value)
        return moment((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def event_key(*parts: str) -> str:
    """Make the key of one event; a long one is hashed, so that an index can hold it."""
    key = ":".join(filter(None, parts))
    return key if len(key) <= _MAX_KEY else hashlib.sha256(key.encode()).hexdigest()


def kept(element: Any, body_bytes: int) -> Any:
    """Bound an element for the history. What came in a small body is small, and clean already."""
    return element if body_bytes <= _SMALL_BYTES else bounded_element(element)


def kept_fields(element: Mapping[str, Any], names: frozenset[str], body_bytes: int) -> Any:
    """Keep the ids, codes and times of a status: its other fields may repeat an address or a text.

    Both stand with the message, and are forgotten with it.
    """
    return kept({name: element[name] for name in element if name in names}, body_bytes)


def kept_inbound(element: Any, body_bytes: int) -> Any:
    """Bound what a recipient sent: more of it is kept, for nobody can send it again.

    As with `kept`, a small one is clean already: readers of JSON and of forms replace what can't be
    stored.
    """
    if body_bytes <= _SMALL_BYTES:
        return element
    return bounded_element(element, start_bytes=_INBOUND_START_BYTES)
