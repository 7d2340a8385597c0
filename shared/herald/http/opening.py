"""Opening a connection: by a way, and with TLS spoken through it with the server itself."""

from __future__ import annotations

import asyncio
import ssl

from herald.http.connection import Connection
from herald.http.errors import NotSentError
from herald.http.request import Origin
from herald.http.ways import Way

_GOODBYE_SECONDS = 1.0  # for a server to end TLS when we do


async def open_connection(
    origin: Origin, way: Way, seconds: float, tls: ssl.SSLContext, largest: int
) -> Connection:
    """Open a connection whose responses have at most so many bytes.

    Raises:
        NotSentError: there is none.
    """
    sock = await way.connect(origin.host, origin.port, seconds)
    try:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(largest),
            sock=sock,
            ssl=tls if origin.is_tls else None,
            server_hostname=origin.host if origin.is_tls else None,
            ssl_shutdown_timeout=_GOODBYE_SECONDS if origin.is_tls else None,
        )
    except BaseException as error:
        sock.close()
        if isinstance(error, ssl.SSLError):
            raise NotSentError("tls") from None
        if isinstance(error, OSError):
            raise NotSentError("connect") from None
        raise
    return connection
