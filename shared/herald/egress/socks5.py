"""Connections through a SOCKS5 proxy (RFC 1928)."""

from __future__ import annotations

import socket
from typing import cast

from python_socks import ProxyError, ProxyTimeoutError, ProxyType
from python_socks.async_.asyncio import Proxy

from herald.egress.codes import (
    PROXY_AUTH,
    PROXY_NO_ROUTE,
    PROXY_REFUSED,
    PROXY_TIMEOUT,
    PROXY_UNREADABLE,
)
from herald.egress.configuration import ProxySecrets
from herald.egress.reaching import reach_proxy
from herald.http.errors import NotSentError
from herald.providers.credentials import Credentials

_NOT_ALLOWED = 2  # RFC 1928, 6: "connection not allowed by ruleset"


class _ByAnyAddress:
    """Reaches the proxy in the library's place, which tries only the first address of a name."""

    async def connect(self, dest_host: str, dest_port: int, timeout: float | None) -> socket.socket:
        del timeout  # that of the whole
        return await reach_proxy(dest_host, dest_port)


class Socks5:
    """Connects through a SOCKS5 proxy, which resolves the name."""

    def __init__(self, host: str, port: int, credentials: Credentials[ProxySecrets]) -> None:
        self._host = host
        self._port = port
        self._credentials = credentials

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        username, password = self._credentials.current.login()
        proxy = Proxy(
            ProxyType.SOCKS5,
            self._host,
            self._port,
            username,
            password,
            rdns=True,
            forward=cast("Proxy", _ByAnyAddress()),
        )
        try:
            return await proxy.connect(host, port, timeout=seconds)
        except ProxyTimeoutError:
            raise NotSentError(PROXY_TIMEOUT) from None
        except ProxyError as error:
            raise NotSentError(_socks_code(error)) from None
        except OSError:  # it closed the connection in the middle
            raise NotSentError(PROXY_UNREADABLE) from None


def _socks_code(error: ProxyError) -> str:
    """Read what went wrong; the library gives no code for a refused login, but its words."""
    if error.error_code is None:
        return PROXY_AUTH if "authentication" in str(error).lower() else PROXY_UNREADABLE
    return PROXY_REFUSED if error.error_code == _NOT_ALLOWED else PROXY_NO_ROUTE
