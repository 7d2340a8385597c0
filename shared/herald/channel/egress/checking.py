"""Checks whether a member reaches a provider's server: a connection, and no call."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass

import structlog

from herald.channel.egress.quarantine import MemberHealth
from herald.egress.codes import PROXY_AUTH
from herald.egress.configuration import ProxySecrets
from herald.egress.tunnels import Direct, Tunnel
from herald.http.errors import NotSentError
from herald.http.trust import verifying
from herald.providers.credentials import Credentials, CredentialsError
from herald.providers.servers import Server

CHECK_SECONDS = 4.0  # for one check

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A member and a server, and what a check of the two needs."""

    egress: str
    server: Server
    tunnel: Tunnel | None
    credentials: Credentials[ProxySecrets]
    health: MemberHealth

    async def check(self) -> str | None:
        """Connect; return why that failed, None where it did not."""
        quarantine = self.health.quarantine
        if quarantine is not None and quarantine.code == PROXY_AUTH:
            await self._read_credentials_again()
        tunnel = self.tunnel or Direct(None)
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                server = self.server
                sock = await tunnel.connect(server.host, server.port, CHECK_SECONDS)
                await _close(sock, server)
        except NotSentError as error:
            return error.code
        except ssl.SSLError:
            return "tls"
        except TimeoutError:
            return "connect_timeout"
        except OSError:
            return "connect"
        return None

    async def _read_credentials_again(self) -> None:
        """Take in a password that may have been mended."""
        try:
            await self.credentials.refresh()
        except CredentialsError as error:
            _log.warning("egress.credentials_unreadable", egress=self.egress, error=str(error))


async def _close(sock: socket.socket, server: Server) -> None:
    """Speak TLS where the server does, and close the connection."""
    if not server.tls:
        sock.close()
        return
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_connection(
            asyncio.Protocol, sock=sock, ssl=verifying(), server_hostname=server.host
        )
    except BaseException:
        sock.close()
        raise
    transport.abort()
