"""Asking an HTTP proxy for a tunnel (RFC 9110, 9.3.6), and reading nothing but its answer.

A mail server speaks first, and its greeting may arrive together with the proxy's answer. Clients
that read in blocks would swallow it, so what was not part of the answer is left in the socket.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket

_LARGEST_HEAD = 16 * 1024
_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")


class RefusedError(Exception):
    """The proxy gives no tunnel; `status` is its answer, 0 where that can't be read."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


async def ask_for_tunnel(
    sock: socket.socket, host: str, port: int, login: tuple[str | None, str | None]
) -> None:
    """Have the proxy at the other end of `sock` connect it with a host and port.

    Raises:
        RefusedError: it does not.
        OSError: the connection with it broke.
    """
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, _request(host, port, login))
    status = _STATUS.match(await _read_head(loop, sock))
    if status is None:
        raise RefusedError(0)
    if not status[1].startswith(b"2"):
        raise RefusedError(int(status[1]))


def _request(host: str, port: int, login: tuple[str | None, str | None]) -> bytes:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    username, password = login
    if username is not None:
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {token}")
    return "\r\n".join([*lines, "", ""]).encode()


async def _read_head(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> bytes:
    """Take the answer's head out of the socket, to the byte."""
    head = b""
    while not head.endswith(_END):
        await _readable(loop, sock)
        ahead = sock.recv(_LARGEST_HEAD, socket.MSG_PEEK)
        if not ahead:
            raise ConnectionResetError
        end = (head + ahead).find(_END)
        wanted = len(ahead) if end < 0 else end + len(_END) - len(head)
        head += sock.recv(wanted)
        if len(head) > _LARGEST_HEAD:
            raise RefusedError(0)
    return head


async def _readable(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    """Wait until there is something to read."""
    arrived = asyncio.Event()
    loop.add_reader(sock, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(sock)
