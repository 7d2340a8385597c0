"""HTTP/1.1 on a raw connection, so that what is broken on it is really broken."""

from __future__ import annotations

from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from herald.providers.subject_sending import Answer, Fault, Script

_HEAD_END = b"\r\n\r\n"
_PHRASES = {status.value: status.phrase for status in HTTPStatus}  # a gateway may have its own


class HttpWire:
    """A provider's API, which answers every call by the script."""

    def options(self, port: int) -> Mapping[str, Any]:
        """Return the account's options that lead to a port of this machine."""
        return {"base_url": f"http://127.0.0.1:{port}"}

    async def serve(self, reader: StreamReader, writer: StreamWriter, script: Script) -> None:
        """Serve the calls of one connection."""
        while True:
            try:
                head, body = await _request(reader)
            except (IncompleteReadError, ConnectionError):
                return
            answer = _before(head, script)
            if answer is None:
                await script.heard(head + body)
                if script.then is Fault.RESET:
                    writer.transport.abort()
                    return
                if script.then is Fault.SILENCE:
                    await reader.read()  # until the other side has had enough
                    return
                assert isinstance(script.then, Answer)
                answer = script.then
            writer.write(_written(answer))
            await writer.drain()


def _before(head: bytes, script: Script) -> Answer | None:
    path = head.split(b" ", 2)[1].decode("latin-1")
    return next((answer for part, answer in script.before.items() if part in path), None)


async def _request(reader: StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(_HEAD_END)
    headers = dict(line.split(b":", 1) for line in head.lower().split(b"\r\n")[1:] if b":" in line)
    if b"chunked" in headers.get(b"transfer-encoding", b""):
        return head, await _chunks(reader)
    return head, await reader.readexactly(int(headers.get(b"content-length", b"0")))


async def _chunks(reader: StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).strip() or b"0", 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def _written(answer: Answer) -> bytes:
    head = [f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, 'Error')}"]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    head.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + answer.body
