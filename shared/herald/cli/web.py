"""HTTP questions to services, with the standard library: a short start matters here."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 10


def ask(url: str, parameters: dict[str, str] | None = None) -> tuple[int, Any]:
    """GET a JSON document; status 0 means that nobody answered, or not in JSON."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    target = parts.path + (f"?{urlencode(parameters)}" if parameters else "")
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", target)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError):
        return 0, None
