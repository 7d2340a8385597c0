"""Reading the responses of one connection, as their bytes arrive. Pure."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from herald.http.decoding import AS_IT_IS, unpacked
from herald.http.errors import UnreadableError
from herald.http.response import Headers, HttpResponse

LARGEST_HEAD = 64 * 1024  # with those of interim responses before it
_WIRE_SHARE = 8  # of the body: a chunk of one byte takes six
_FIRST_STATUS = 100
_FIRST_FINAL = 200


class Receiver(Protocol):
    """Takes a response as it arrives, in place of the whole one."""

    def begin(self, status: int, headers: Mapping[str, str], /) -> None:
        """Take the head."""
        ...

    def put(self, piece: bytes, /) -> None:
        """Take a piece of the body, as it was sent."""
        ...


class ResponseParser:
    """Reads one response after another; after `UnreadableError` nothing more can be read.

    A body larger than `largest` is cut: no honest one is, and what is left of it says nothing.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._parser = HttpResponseParser(self)
        self.begin()

    def begin(self, *, bodiless: bool = False, receiver: Receiver | None = None) -> None:
        """Expect the response of the next request; `bodiless`: its head alone.

        What a `receiver` takes has no bounds here, but those of the head.
        """
        self._bodiless = bodiless
        self._receiver = receiver
        self._received = 0  # bytes
        self._most = LARGEST_HEAD
        self._head_end = 0  # the number of bytes that had been received with the head's end
        self._fields: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._complete = False
        self.reusable = False  # the connection, for another request

    @property
    def begun(self) -> bool:
        """Whether any of the response has arrived."""
        return self._received > 0

    def feed(self, data: bytes) -> HttpResponse | None:
        """Take in bytes; return the response once it is whole.

        Raises:
            UnreadableError: it is none.
        """
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if not self._complete:
                raise UnreadableError from None
            self.reusable = False  # more came than one response
        if self._complete:
            return self._response()
        if self._received > self._most:
            raise UnreadableError
        return None

    def end(self) -> HttpResponse | None:
        """Take in the end of the connection; return the response if that is what ended it."""
        if not self._head_end or self._fields.keys() & {b"content-length", b"transfer-encoding"}:
            return None
        return self._response()

    def _response(self) -> HttpResponse:
        body = bytes(self._body)
        encoding = self._fields.get(b"content-encoding", b"").lower()
        if encoding not in AS_IT_IS and body:
            body = unpacked(body, encoding, self._largest)
        return HttpResponse(self._status, Headers(self._fields), body)

    # What httptools calls. An exception in one of them ends its reading.

    def on_message_begin(self) -> None:
        """Refuse what follows a whole response: nothing else was asked for."""
        if self._complete:
            raise UnreadableError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of the head, the first of each name; those behind the body are nobody's."""
        if not self._head_end:
            self._fields.setdefault(name.lower(), value.strip())

    def on_headers_complete(self) -> None:
        """Take in the head, unless it is an interim response's."""
        self._status = self._parser.get_status_code()
        if _FIRST_STATUS <= self._status < _FIRST_FINAL:
            self._fields = {}
            return
        coding = self._fields.get(b"transfer-encoding", b"chunked")
        if self._status < _FIRST_STATUS or coding.lower() != b"chunked":
            raise UnreadableError
        self._head_end = self._received
        self._complete = self._bodiless
        self._most = self._received + _WIRE_SHARE * self._largest + LARGEST_HEAD
        if self._receiver is not None:
            self._most = sys.maxsize
            self._receiver.begin(self._status, Headers(self._fields))

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body, while it is not too large."""
        if self._complete:
            raise UnreadableError
        if self._receiver is not None:
            self._receiver.put(piece)
            return
        self._body += piece
        if len(self._body) > self._largest:
            self._complete = True
            raise UnreadableError

    def on_message_complete(self) -> None:
        """Note that the response is whole."""
        if self._head_end:
            self._complete = True
            self.reusable = self._parser.should_keep_alive() and not self._bodiless
