"""`python -m hostile_clients.attacks PORT NAME NUMBER`: attack a port until stdin ends.

In a process of its own, so that it costs the honest callers' clock nothing. It prints a line once
all it does is in place.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sys
from collections.abc import Awaitable, Callable

BODY_BYTES = 4 * 1024 * 1024
SENT_BYTES = BODY_BYTES - 64 * 1024
HEADERS_BYTES = 20 * 1024 * 1024
PATH = "/webhooks/whatsapp_cloud/wa-main"
_PIECE = b"x" * 64 * 1024
_GONE = (OSError, asyncio.IncompleteReadError)


async def headers(port: int) -> asyncio.StreamWriter:
    """Send 20 MB of headers on one connection."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST {PATH} HTTP/1.1\r\n".encode())
    line = b"X-Padding: " + b"x" * 8_000 + b"\r\n"
    with contextlib.suppress(*_GONE):
        for _ in range(HEADERS_BYTES // len(line)):
            writer.write(line)
            await writer.drain()
    return writer


async def silence(port: int) -> asyncio.StreamWriter:
    """Open a connection and say nothing."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    return writer


async def half_bodies(port: int) -> asyncio.StreamWriter:
    """Send almost all of a body of 4 MiB, with a signature that may be good."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = [
        f"POST {PATH} HTTP/1.1",
        "Host: x",
        f"Content-Length: {BODY_BYTES}",
        "X-Hub-Signature-256: sha256=" + "0" * 64,
    ]
    writer.write("\r\n".join([*head, "", ""]).encode())
    with contextlib.suppress(*_GONE):
        for _ in range(SENT_BYTES // len(_PIECE)):
            writer.write(_PIECE)
            await writer.drain()
    return writer


ATTACKS: dict[str, Callable[[int], Awaitable[asyncio.StreamWriter]]] = {
    "headers": headers,
    "silence": silence,
    "half_bodies": half_bodies,
}


async def main() -> None:
    """Attack, say so, hold on."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))
    port, name, number = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    held = await asyncio.gather(*(ATTACKS[name](port) for _ in range(number)))
    print(f"{name}: {len(held)}", flush=True)  # noqa: T201  who started it waits for this
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
