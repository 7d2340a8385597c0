"""What the listeners count."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from prometheus_client import Counter

from herald.contracts.metrics import service as definitions
from herald.service.instruments import counter, gauge


class Refusal(StrEnum):
    """Why a caller was refused, or cut off, before any application answered it."""

    MALFORMED = "malformed"  # not HTTP/1
    HEAD_TOO_LARGE = "head_too_large"
    HEAD_TOO_SLOW = "head_too_slow"
    BODY_TOO_SLOW = "body_too_slow"
    NO_ROOM_FOR_BODY = "no_room_for_body"  # the process holds as many bytes of bodies as it may
    TOO_MANY_CONNECTIONS = "too_many_connections"
    NOT_READING = "not_reading"  # the caller does not take its answer


REFUSED = counter(definitions.HTTP_REFUSED)
CONNECTIONS = gauge(definitions.HTTP_CONNECTIONS)
BODY_BYTES = gauge(definitions.HTTP_BODY_BYTES)
ACCEPT_FAILURES = counter(definitions.HTTP_ACCEPT_FAILURES)


@cache
def refused(reason: Refusal) -> Counter:
    """Return the counter of one reason; kept, for looking it up costs more than counting."""
    return REFUSED.labels(reason)


for _reason in Refusal:  # they count from nought, not from their first use
    refused(_reason)
