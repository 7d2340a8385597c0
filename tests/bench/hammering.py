"""`python -m bench.hammering PORT SECONDS`: requests over kept connections; prints the rate.

In a process of its own and bare on sockets, so that the generator costs less than what it measures.
The requests, all of them different, are read from stdin as a JSON array of strings and made in
turn; every answer must begin with `HTTP/1.1 2`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

import uvloop

CONNECTIONS = 32


async def hammer(port: int, requests: Sequence[bytes], seconds: float) -> float:
    """Return answered requests per second."""
    started = time.perf_counter()
    deadline, turns = started + seconds, cycle(requests)
    counts = await asyncio.gather(*(_one(port, turns, deadline) for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - started)


async def _one(port: int, requests: Iterator[bytes], deadline: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    try:
        while time.perf_counter() < deadline:
            writer.write(next(requests))
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
    given = [request.encode() for request in json.load(sys.stdin)]
    print(uvloop.run(hammer(int(sys.argv[1]), given, float(sys.argv[2]))))  # noqa: T201  the result
