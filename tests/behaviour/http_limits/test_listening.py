"""Listeners when there are no descriptors left."""

from __future__ import annotations

import asyncio
import resource
import socket
import sys

import pytest

from herald.service.http_limits.admission import RESERVED_DESCRIPTORS, most_connections
from herald.service.http_limits.listening import Loop

# A process of its own, whose descriptors the test may use up. It says its port, then `full` and
# `served` as they come true.
SERVER = """
import asyncio, os, resource, sys
from herald.service.http_limits.listening import Loop
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(data)

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    await server.wait_closed()

with asyncio.Runner(loop_factory=Loop) as runner:
    runner.run(main())
"""


async def _echo(port: int, seconds: float) -> bytes:
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"x")
            return await reader.read(1)
        finally:
            writer.close()


async def test_a_listener_outlives_a_want_of_descriptors() -> None:
    """Callers that found no descriptor are served as soon as there are some again."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        callers = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
        said = await process.stdout.readline()
        assert b"http.accept_failed" in said
        assert b"EMFILE" in said
        for _, writer in callers:
            writer.close()
        assert await _echo(port, seconds=10) == b"x"
        process.stdin.close()
        rest = await process.stdout.read()
        assert (await process.wait(), rest) == (0, b"")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_two_can_not_have_one_address() -> None:
    """A port that is taken is an error at the start, as uvicorn expects it."""

    def listen(port: int) -> None:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(_listen(port))

    async def _listen(port: int) -> None:
        await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", port)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            await asyncio.to_thread(listen, port)


def test_connections_leave_room_for_all_else() -> None:
    """The bound follows the limit of open files, and stays sane beyond it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        found = []
        for soft in (100, 1024, min(20_000, before[1])):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
            found.append(most_connections())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert found == [16, 1024 - RESERVED_DESCRIPTORS, 2_000]
