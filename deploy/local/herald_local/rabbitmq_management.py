"""Virtual hosts and users of a broker, made and removed through its management interface."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote, unquote, urlsplit

from herald_local.errors import LocalError
from herald_local.web import call

HTTP_OK = 200
HTTP_NOT_FOUND = 404
_ALL_RIGHTS = json.dumps({"configure": ".*", "write": ".*", "read": ".*"}).encode()


def responds(management_url: str) -> bool:
    """Say whether the management interface serves."""
    return call("GET", f"{management_url}/api/overview").status == HTTP_OK


def create_vhost(management_url: str, name: str) -> None:
    """Create a virtual host in which the URL's user may do everything.

    Raises:
        LocalError: the management interface refuses or is away.
    """
    user = unquote(urlsplit(management_url).username or "guest")
    _require("PUT", management_url, f"/api/vhosts/{quote(name, safe='')}")
    path = f"/api/permissions/{quote(name, safe='')}/{quote(user, safe='')}"
    _require("PUT", management_url, path, _ALL_RIGHTS)


def delete_vhost(management_url: str, name: str) -> None:
    """Delete a virtual host with all it holds; one that is gone is fine.

    Raises:
        LocalError: the management interface refuses or is away.
    """
    path = f"/api/vhosts/{quote(name, safe='')}"
    _require("DELETE", management_url, path, also_fine=HTTP_NOT_FOUND)


def delete_users(management_url: str, names: Sequence[str]) -> None:
    """Delete users; those that are gone are fine.

    Raises:
        LocalError: the management interface refuses or is away.
    """
    for name in names:
        path = f"/api/users/{quote(name, safe='')}"
        _require("DELETE", management_url, path, also_fine=HTTP_NOT_FOUND)


def with_vhost(amqp_url: str, name: str) -> str:
    """Return the URL of another virtual host on the same broker."""
    parts = urlsplit(amqp_url)
    return parts._replace(path=f"/{quote(name, safe='')}").geturl()


def _require(
    method: str, base: str, path: str, body: bytes | None = None, also_fine: int = HTTP_OK
) -> None:
    response = call(method, base.rstrip("/") + path, body)
    if not (HTTP_OK <= response.status < HTTP_OK + 100 or response.status == also_fine):
        why = response.body.decode(errors="replace")[:300] if response.status else "no response"
        raise LocalError(f"RabbitMQ management: {method} {path}: {response.status} {why}")
