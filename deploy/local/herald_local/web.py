"""One HTTP request, without a library: to management interfaces and to readiness checks."""

from __future__ import annotations

import base64
import os
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from herald.service.tls_switch import VARIABLE

TIMEOUT_SECONDS = 10


class Response(NamedTuple):
    """An HTTP response; status 0 means that none came."""

    status: int
    body: bytes


def call(method: str, url: str, body: bytes | None = None, *, token: str | None = None) -> Response:
    """Send one request, with a bearer token if there is one.

    Credentials in `url` go as Basic authentication, never on the request line.
    """
    parts = urlsplit(url)
    headers = {"Content-Type": "application/json"}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    connection = _connection(parts)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request(method, target, body=body, headers=headers)
        response = connection.getresponse()
        return Response(response.status, response.read())
    except (OSError, HTTPException):
        return Response(0, b"")
    finally:
        connection.close()


def _connection(parts: SplitResult) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme != "https":
        return HTTPConnection(host, parts.port, timeout=TIMEOUT_SECONDS)
    trusted = ssl.create_default_context(cafile=os.environ.get(VARIABLE) or None)
    return HTTPSConnection(host, parts.port, timeout=TIMEOUT_SECONDS, context=trusted)
