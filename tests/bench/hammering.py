"""`python -m bench.hammering`: one request again and again over kept connections; prints the rate.

In a process of its own and bare on sockets, so that the generator costs less than what it measures.
The request is read from stdin; every answer must begin with `HTTP/1.1 2`.
"""

from __future__ import annotations

import asyncio
import sys
import time

import uvloop

CONNECTIONS = 32


async def hammer(port: int, request: bytes, seconds: float) -> float:
    """Return answered requests per second."""
    deadline = time.perf_counter() + seconds
    started = time.perf_counter()
    counts = await asyncio.gather(*(_one(port, request, deadline) for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - started)


async def _one(port: int, request: bytes, deadline: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    try:
        while time.perf_counter() < deadline:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 2"):
                raise RuntimeError(head.partition(b"\r\n")[0].decode())
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            if int(length or 0):
                await reader.readexactly(int(length))
            answered += 1
    finally:
        writer.close()
    return answered


if __name__ == "__main__":
    print(  # noqa: T201  the result
        uvloop.run(hammer(int(sys.argv[1]), sys.stdin.buffer.read(), float(sys.argv[2])))
    )
