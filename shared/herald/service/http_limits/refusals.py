"""The answers that a listener gives by itself, as bytes."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from herald.service.http_limits.metrics import Refusal

RETRY_AFTER_SECONDS = 10

_STATUSES = {
    Refusal.MALFORMED: HTTPStatus.BAD_REQUEST,
    Refusal.HEAD_TOO_LARGE: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    Refusal.HEAD_TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Refusal.BODY_TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Refusal.NO_ROOM_FOR_BODY: HTTPStatus.SERVICE_UNAVAILABLE,
    Refusal.TOO_MANY_CONNECTIONS: HTTPStatus.SERVICE_UNAVAILABLE,
}
_WORDS = {
    HTTPStatus.BAD_REQUEST: "not readable\n",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "too large\n",
    HTTPStatus.REQUEST_TIMEOUT: "too slow\n",
    HTTPStatus.SERVICE_UNAVAILABLE: "try again later\n",
}


def response(refusal: Refusal, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write the whole response to a refused caller, with the server's own `headers` in it."""
    status = _STATUSES[refusal]
    words = _WORDS[status]
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name.decode()}: {value.decode()}" for name, value in headers),
        "content-type: text/plain; charset=utf-8",
        f"content-length: {len(words)}",
        "connection: close",
    ]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        lines.append(f"retry-after: {RETRY_AFTER_SECONDS}")
    return "\r\n".join([*lines, "", words]).encode()
