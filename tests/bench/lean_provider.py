"""`python -m bench.lean_provider PORT`: takes every message as Twilio does, at next to no cost.

Where the sandbox checks, signs, remembers and reports, this only counts: what it costs is not what
is measured. Its ids count up, so that messages of one run are found by a range of them.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_BODY = b'{"sid": "SM%032x", "status": "queued", "num_segments": "3"}'
_BODY_LENGTH = len(_BODY % 0)
_TAKEN = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_COUNTED = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"


class Counter:
    """How many messages were taken so far, by all connections."""

    def __init__(self) -> None:
        self.taken = 0


class Taking(asyncio.Protocol):
    """One connection: requests in, responses out, in order."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._left = b""
        self._head = _TAKEN % _BODY_LENGTH

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where responses go."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        data, responses = self._left + data, []
        while (end := data.find(_HEAD_END)) >= 0:
            head = data[:end].lower()
            end += len(_HEAD_END)
            if head.startswith(b"get "):
                text = b"%d" % self._counter.taken
                responses.append(_COUNTED % (len(text), text))
            else:
                end += int(head.partition(_LENGTH)[2].partition(b"\r\n")[0] or 0)
                if len(data) < end:
                    break
                self._counter.taken += 1
                responses.append(self._head + _BODY % self._counter.taken)
            data = data[end:]
        self._left = data
        if responses:
            self._transport.write(b"".join(responses))


def reference(number: int) -> str:
    """Return the id of the message that was taken as the `number`th."""
    return f"SM{number:032x}"


async def serve(port: int) -> None:
    """Serve until the process ends."""
    counter = Counter()
    server = await asyncio.get_running_loop().create_server(
        lambda: Taking(counter), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
