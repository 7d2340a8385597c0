"""HTTP questions to services, with the standard library: a short start matters here."""

from __future__ import annotations

import json
import os
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from herald.service.tls_switch import VARIABLE

TIMEOUT_SECONDS = 10


def ask(
    url: str,
    parameters: dict[str, str] | None = None,
    *,
    body: dict[str, Any] | None = None,
    token: str | None = None,
) -> tuple[int, Any]:
    """GET a JSON document, or POST a `body` for one; None: the answer is none.

    Status 0 means that nobody answered. `token` is a bearer token; no redirection is followed, so
    nobody else gets it.
    """
    parts = urlsplit(url)
    target = parts.path + (f"?{urlencode(parameters)}" if parameters else "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection = _connection(parts)
        try:
            if body is None:
                connection.request("GET", target, headers=headers)
            else:
                headers["Content-Type"] = "application/json"
                connection.request("POST", target, json.dumps(body).encode(), headers)
            response = connection.getresponse()
            return response.status, _document(response.read())
        finally:
            connection.close()
    except (OSError, HTTPException):
        return 0, None


def _connection(parts: SplitResult) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme != "https":
        return HTTPConnection(host, parts.port, timeout=TIMEOUT_SECONDS)
    trusted = ssl.create_default_context()
    if authority := os.environ.get(VARIABLE):
        trusted.load_verify_locations(authority)
    return HTTPSConnection(host, parts.port, timeout=TIMEOUT_SECONDS, context=trusted)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
