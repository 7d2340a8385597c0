"""Connections by one member of the egress: from an address of this machine, or through a proxy.

A proxy only passes bytes on: TLS is spoken through it with the provider itself.
"""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import Protocol

from herald.egress.codes import (
    PROXY_AUTH,
    PROXY_NO_ROUTE,
    PROXY_REFUSED,
    PROXY_TIMEOUT,
    PROXY_UNREADABLE,
)
from herald.egress.configuration import Member, ProxySecrets
from herald.egress.http_connect import RefusedError, ask_for_tunnel
from herald.egress.reaching import reach, reach_proxy
from herald.http.errors import NotSentError
from herald.providers.credentials import Credentials

_AUTH_STATUSES = frozenset({HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, HTTPStatus.UNAUTHORIZED})


class Direct:
    """Connects from one address of this machine, or from whichever the system takes."""

    def __init__(self, local_address: str | None) -> None:
        self._local = local_address

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        try:
            async with asyncio.timeout(seconds):
                return await reach(host, port, self._local)
        except TimeoutError:
            raise NotSentError("connect_timeout") from None
        except socket.gaierror:
            raise NotSentError("dns") from None
        except OSError:
            raise NotSentError("connect") from None


class HttpConnect:
    """Connects through an HTTP proxy, by CONNECT, which resolves the name."""

    def __init__(self, host: str, port: int, credentials: Credentials[ProxySecrets]) -> None:
        self._host = host
        self._port = port
        self._credentials = credentials

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        login = self._credentials.current.login()
        try:
            async with asyncio.timeout(seconds):
                sock = await reach_proxy(self._host, self._port)
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


class Tunnel(Protocol):
    """A way through one member."""

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        """Connect within a time.

        Raises:
            NotSentError: it could not.
        """
        ...


def make_tunnel(member: Member, credentials: Credentials[ProxySecrets]) -> Tunnel | None:
    """Make the way of a member; None: the system's own."""
    if member.kind == "direct":
        return None if member.local_address is None else Direct(member.local_address)
    assert member.host is not None, "a proxy has one"
    assert member.port is not None, "a proxy has one"
    if member.kind == "socks5":
        from herald.egress.socks5 import Socks5  # noqa: PLC0415  its library is large, and few have one

        return Socks5(member.host, member.port, credentials)
    return HttpConnect(member.host, member.port, credentials)


def _http_code(status: int) -> str:
    if status in _AUTH_STATUSES:
        return PROXY_AUTH
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return PROXY_REFUSED
    return PROXY_NO_ROUTE if status >= HTTPStatus.INTERNAL_SERVER_ERROR else PROXY_UNREADABLE
