"""Writing the head of a request; what is the same in each call is written once. Pure.

No text that a caller gives can end a line: a name or value that could is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from yarl import URL

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
# They say where the request ends, and how long its connection lasts.
_OURS = frozenset({"content-length", "transfer-encoding", "connection", "upgrade"})
_PARTS = 3  # of a request's first line
_WITHOUT_BODY = frozenset({"GET", "HEAD"})


class Origin(NamedTuple):
    """With whom a connection is made."""

    host: str
    port: int
    is_tls: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where calls go, and how the head of each begins. Its URL may hold a secret."""

    origin: Origin
    is_bodiless: bool  # a response's head promises a body that does not follow
    needs_length: bool  # also of an empty body
    start: str = field(repr=False)


@lru_cache(maxsize=256)
def endpoint(method: str, url: str | URL, *names: str) -> Endpoint:
    """Read a URL, and write the head up to the values of the header fields with these names.

    What is quoted in a `URL` stays as it is.

    Raises:
        ValueError: it is no URL that can be called, or a name that can't be sent.
    """
    parsed = URL(url)
    host, port = parsed.raw_host, parsed.port
    if parsed.scheme not in {"http", "https"} or not host or not port or parsed.raw_user:
        raise ValueError("no URL to call")
    given = {name.lower() for name in names}
    if given & _OURS or not all(map(_TOKEN.fullmatch, [method, *names])):
        raise ValueError("no name of a header field that a call may bring")
    fields = {
        "Host": parsed.host_port_subcomponent,
        "User-Agent": "herald",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    lines = [f"{method} {parsed.raw_path_qs} HTTP/1.1"]
    if len(lines[0].split(" ")) != _PARTS:
        raise ValueError("no URL to call")
    lines += [f"{name}: {value}" for name, value in fields.items() if name.lower() not in given]
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise ValueError("no URL to call")
    return Endpoint(
        origin=Origin(host.rstrip("."), port, parsed.scheme == "https"),
        is_bodiless=method == "HEAD",
        needs_length=method not in _WITHOUT_BODY,
        start="\r\n".join(lines),
    )


def write_head(to: Endpoint, headers: Mapping[str, str], length: int) -> bytes:
    """Write the head of a request with a body of so many bytes.

    Raises:
        ValueError: a value can't be sent.
    """
    values = "".join(headers.values())
    if not values.isprintable() and _VALUE.fullmatch(values) is None:
        raise ValueError("a header field's value with a control character")
    fields = "".join([f"\r\n{name}: {value}" for name, value in headers.items()])
    if length or to.needs_length:
        return f"{to.start}{fields}\r\nContent-Length: {length}\r\n\r\n".encode()
    return f"{to.start}{fields}\r\n\r\n".encode()
