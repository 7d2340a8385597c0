"""Connections by one member of the egress: from an address of this machine, or through a proxy.

A proxy only passes bytes on: TLS is spoken through it with the provider itself.
"""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus

import aiohappyeyeballs
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.async_.asyncio import Proxy

from herald.egress.codes import (
    PROXY_AUTH,
    PROXY_CONNECT,
    PROXY_NO_ROUTE,
    PROXY_REFUSED,
    PROXY_TIMEOUT,
    PROXY_UNREADABLE,
)
from herald.egress.configuration import Member, ProxySecrets
from herald.egress.http_connect import RefusedError, ask_for_tunnel
from herald.http.errors import NotSentError
from herald.providers.credentials import Credentials

_AUTH_STATUSES = frozenset({HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, HTTPStatus.UNAUTHORIZED})
_NOT_ALLOWED = 2  # RFC 1928, 6: "connection not allowed by ruleset"


class Direct:
    """Connects from one address of this machine, or from whichever the system takes."""

    def __init__(self, local_address: str | None) -> None:
        self._local = local_address

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        loop = asyncio.get_running_loop()
        kind = socket.SOCK_STREAM
        try:
            async with asyncio.timeout(seconds):
                theirs = await loop.getaddrinfo(host, port, type=kind)
                local, ours = self._local, None
                if local is not None:
                    ours = await loop.getaddrinfo(local, 0, type=kind)
                return await aiohappyeyeballs.start_connection(
                    theirs, local_addr_infos=ours, loop=loop
                )
        except TimeoutError:
            raise NotSentError("connect_timeout") from None
        except socket.gaierror:
            raise NotSentError("dns") from None
        except OSError:
            raise NotSentError("connect") from None


class Socks5:
    """Connects through a SOCKS5 proxy, which resolves the name."""

    def __init__(self, host: str, port: int, credentials: Credentials[ProxySecrets]) -> None:
        self._host = host
        self._port = port
        self._credentials = credentials

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        username, password = in_clear(self._credentials.current)
        proxy = Proxy(ProxyType.SOCKS5, self._host, self._port, username, password, rdns=True)
        try:
            return await proxy.connect(host, port, timeout=seconds)
        except ProxyTimeoutError:
            raise NotSentError(PROXY_TIMEOUT) from None
        except ProxyConnectionError:
            raise NotSentError(PROXY_CONNECT) from None
        except ProxyError as error:
            raise NotSentError(_socks_code(error)) from None
        except OSError:  # it closed the connection in the middle
            raise NotSentError(PROXY_UNREADABLE) from None


class HttpConnect:
    """Connects through an HTTP proxy, by CONNECT, which resolves the name."""

    def __init__(self, host: str, port: int, credentials: Credentials[ProxySecrets]) -> None:
        self._host = host
        self._port = port
        self._credentials = credentials

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        login = in_clear(self._credentials.current)
        try:
            async with asyncio.timeout(seconds):
                sock = await self._reach()
                try:
                    await ask_for_tunnel(sock, host, port, login)
                except BaseException:
                    sock.close()
                    raise
        except TimeoutError:
            raise NotSentError(PROXY_TIMEOUT) from None
        except RefusedError as error:
            raise NotSentError(_http_code(error.status)) from None
        except OSError:
            raise NotSentError(PROXY_UNREADABLE) from None
        return sock

    async def _reach(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            return await aiohappyeyeballs.start_connection(found, loop=loop)
        except TimeoutError:
            raise
        except OSError:
            raise NotSentError(PROXY_CONNECT) from None


Tunnel = Direct | Socks5 | HttpConnect


def make_tunnel(member: Member, credentials: Credentials[ProxySecrets]) -> Tunnel | None:
    """Make the way of a member; None: the system's own."""
    if member.kind == "direct":
        return None if member.local_address is None else Direct(member.local_address)
    assert member.host is not None, "a proxy has one"
    assert member.port is not None, "a proxy has one"
    kind = Socks5 if member.kind == "socks5" else HttpConnect
    return kind(member.host, member.port, credentials)


def in_clear(secrets: ProxySecrets) -> tuple[str | None, str | None]:
    """Return username and password."""
    if secrets.username is None or secrets.password is None:
        return None, None
    return secrets.username.get_secret_value(), secrets.password.get_secret_value()


def _socks_code(error: ProxyError) -> str:
    """Read what went wrong; the library gives no code for a refused login, but its words."""
    if error.error_code is None:
        return PROXY_AUTH if "authentication" in str(error).lower() else PROXY_UNREADABLE
    return PROXY_REFUSED if error.error_code == _NOT_ALLOWED else PROXY_NO_ROUTE


def _http_code(status: int) -> str:
    if status in _AUTH_STATUSES:
        return PROXY_AUTH
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return PROXY_REFUSED
    return PROXY_NO_ROUTE if status >= HTTPStatus.INTERNAL_SERVER_ERROR else PROXY_UNREADABLE
