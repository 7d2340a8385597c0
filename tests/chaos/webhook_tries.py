"""The webhooks that providers try to bring us, read off the bytes on their way. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_plus

HEAD_END = b"\r\n\r\n"
SUCCESS = range(200, 300)
NO_ANSWER = 0
RECEIVED = frozenset({"delivered", "read"})  # the statuses that end silence for good

_LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)")
_ANSWER = re.compile(rb"HTTP/1\.[01] (\d{3})")
_ATTEMPT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\d+\.\d+")
# WhatsApp's, Twilio's and SendGrid's word for the status
_STATUS = re.compile(r'(?:"status":\s*"|\bMessageStatus=|"event":\s*")(\w+)')


@dataclass(slots=True, kw_only=True)
class Try:
    """One call of a webhook. Times are seconds since 1970; `ended` is None while it hangs."""

    attempts: tuple[str, ...]
    status: str
    began: float
    ended: float | None = None
    answer: int = NO_ANSWER

    @property
    def taken(self) -> bool:
        """We said that we have it."""
        return self.answer in SUCCESS


class Tap:
    """Reads one connection's bytes and notes every webhook in `tries`."""

    def __init__(self, tries: list[Try], clock: Callable[[], float]) -> None:
        self._tries = tries
        self._clock = clock
        self._unread = bytearray()
        self._open: Try | None = None

    def request(self, data: bytes) -> None:
        """Take what the provider sent."""
        self._unread += data
        head, found, rest = bytes(self._unread).partition(HEAD_END)
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not found or len(rest) < size:
            return
        target = head.partition(b"\r\n")[0]
        text = unquote_plus((target + b" " + rest[:size]).decode(errors="replace"))
        status = _STATUS.search(text)
        self._open = Try(
            attempts=tuple(dict.fromkeys(_ATTEMPT.findall(text))),
            status=status[1] if status else "",
            began=self._clock(),
        )
        self._tries.append(self._open)
        self._unread = bytearray(rest[size:])

    def response(self, data: bytes) -> None:
        """Take what we answered."""
        answer = _ANSWER.match(data)
        if answer and self._open is not None:
            self._open.answer = int(answer[1])
            self.closed()

    def closed(self) -> None:
        """Note that the call, or its connection, is over."""
        if self._open is not None:
            self._open.ended = self._clock()
            self._open = None
