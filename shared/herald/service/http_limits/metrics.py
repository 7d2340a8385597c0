"""What the listeners count."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from prometheus_client import Counter, Gauge


class Refusal(StrEnum):
    """Why a caller was refused, or cut off, before any application answered it."""

    MALFORMED = "malformed"  # not HTTP/1
    HEAD_TOO_LARGE = "head_too_large"
    HEAD_TOO_SLOW = "head_too_slow"
    BODY_TOO_SLOW = "body_too_slow"
    NO_ROOM_FOR_BODY = "no_room_for_body"  # the process holds as many bytes of bodies as it may
    TOO_MANY_CONNECTIONS = "too_many_connections"
    NOT_READING = "not_reading"  # the caller does not take its answer


REFUSED = Counter(
    "herald_http_refused_total", "Callers refused or cut off before an answer", ["reason"]
)
CONNECTIONS = Gauge("herald_http_connections", "Connections that HTTP callers hold open")
BODY_BYTES = Gauge("herald_http_body_bytes", "Bytes of request bodies held in memory")
ACCEPT_FAILURES = Counter(
    "herald_http_accept_failures_total", "Connections not accepted for want of descriptors"
)


@cache
def refused(reason: Refusal) -> Counter:
    """Return the counter of one reason; kept, for looking it up costs more than counting."""
    return REFUSED.labels(reason)


for _reason in Refusal:  # they count from nought, not from their first use
    refused(_reason)
