"""What every service's HTTP application does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from herald.service.application import application


@asynccontextmanager
async def _idle(_app: Starlette) -> AsyncIterator[None]:
    yield


async def _here(_request: Request) -> Response:
    return PlainTextResponse("here")


async def _get(path: str) -> Message:
    """Call the application as any client may; return how its response starts."""
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"evil.example")],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await application([Route("/here", _here)], _idle)(scope, receive, send)
    return sent[0]


async def test_a_path_with_another_slash_leads_nowhere() -> None:
    """A redirect would send the caller to a host of its own choice."""
    assert (await _get("/here"))["status"] == 200
    answer = await _get("/here/")
    assert answer["status"] == 404
    assert b"evil" not in b"".join(value for _, value in answer["headers"])
