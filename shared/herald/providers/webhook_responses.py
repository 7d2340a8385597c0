"""What ingress responds. A provider reads the status; words are for people with a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.types import Send

RETRY_AFTER_SECONDS = 10
_PLAIN = "text/plain; charset=utf-8"
_CLOSE = (b"connection", b"close")  # what is left of the body is not read


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """One whole response, ready to be sent."""

    status: int
    body: bytes = b""
    content_type: str = _PLAIN
    headers: tuple[tuple[bytes, bytes], ...] = ()
    all_headers: tuple[tuple[bytes, bytes], ...] = field(init=False, repr=False, compare=False)
    _start: dict[str, object] = field(init=False, repr=False, compare=False)
    _body: dict[str, object] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        headers = [*self.headers]
        if self.body:
            headers.append((b"content-type", self.content_type.encode()))
        if self.status != NO_CONTENT_STATUS:
            headers.append((b"content-length", str(len(self.body)).encode()))
        object.__setattr__(self, "all_headers", tuple(headers))
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        object.__setattr__(self, "_start", start)
        object.__setattr__(self, "_body", {"type": "http.response.body", "body": self.body})

    async def send(self, send: Send) -> None:
        """Send it."""
        await send(self._start)
        await send(self._body)


NO_CONTENT_STATUS = 204

OK = WebhookResponse(200)
NO_CONTENT = WebhookResponse(NO_CONTENT_STATUS)
NOT_READABLE = WebhookResponse(400, b"not readable\n")
# also for an account or a provider that nobody configured: the caller can't know
NOT_AUTHENTIC = WebhookResponse(401, b"not authentic\n")
TOO_SLOW = WebhookResponse(408, b"too slow\n", headers=(_CLOSE,))
TOO_LARGE = WebhookResponse(413, b"too large\n", headers=(_CLOSE,))
ENCODED = WebhookResponse(415, b"no content encoding, please\n", headers=(_CLOSE,))
UNAVAILABLE = WebhookResponse(
    503, b"try again later\n", headers=((b"retry-after", str(RETRY_AFTER_SECONDS).encode()),)
)


def wrong_method(allowed: Iterable[str]) -> WebhookResponse:
    """Refuse a method, naming those that are allowed."""
    names = ", ".join(sorted(allowed)).encode()
    return WebhookResponse(405, b"wrong method\n", headers=((b"allow", names),))
