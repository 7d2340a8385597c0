"""How long a connection is waited for whose caller takes its answers slowly."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from herald.service.http_limits.exchange import WholeResponse
from herald.service.http_limits.protocol import LimitedProtocol
from herald.service.http_limits.serving import limited_protocol
from herald.service.http_limits.whole_requests import Answer, WholeRequest


class Connection(asyncio.Transport):
    """Takes what is written, and closes when it is asked to."""

    def __init__(self) -> None:
        self._is_closing = False

    def write(self, data: Any) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        self._is_closing = True

    def is_closing(self) -> bool:
        return self._is_closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        return default


class Response:
    status = 200
    all_headers = ((b"content-length", b"2"),)
    body = b"hi"


class Answering:
    """Answers what it takes at once."""

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError

    def take(self, request: WholeRequest, answer: Answer) -> bool:  # noqa: ARG002
        response: WholeResponse = Response()
        answer.give(response)
        return True


class Clock:
    """The loop's time, as the test has it."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(name="connection")
async def _connection(clock: Clock) -> LimitedProtocol:
    application = Answering()
    protocol = limited_protocol("public", application)
    config = uvicorn.Config(application, http=protocol, ws="none", timeout_keep_alive=5)
    config.load()
    made: Any = config.http_protocol_class
    connection: LimitedProtocol = made(
        config=config, server_state=ServerState(), app_state={}, _loop=clock
    )
    connection.connection_made(Connection())
    return connection


def request(*headers: bytes) -> bytes:
    return b"\r\n".join([b"POST / HTTP/1.1", b"Host: x", b"Content-Length: 0", *headers, b"", b""])


async def test_taking_some_of_the_last_answer_renews_it(
    connection: LimitedProtocol, clock: Clock
) -> None:
    """Whoever reads slowly has time for the rest, which is all there will be."""
    connection.data_received(request(b"Connection: close"))
    connection.pause_writing()
    clock.now = 20
    connection.resume_writing()
    assert connection.deadline == 50


async def test_an_answer_is_waited_for_though_the_next_request_is_not(
    connection: LimitedProtocol, clock: Clock
) -> None:
    """A connection that was idle too long is closed; its caller may still be reading."""
    connection.data_received(request())
    connection.pause_writing()
    clock.now = connection.deadline
    connection.expire(clock.now)
    assert connection._socket.is_closing()
    assert (clock.now, connection.deadline) == (5, 30)


async def test_taking_an_answer_lifts_it(connection: LimitedProtocol, clock: Clock) -> None:
    """A connection that goes on is waited for as long as it may be idle."""
    connection.timeout_keep_alive = 60
    connection.data_received(request())
    connection.pause_writing()
    assert connection.deadline == 30
    clock.now = 20
    connection.resume_writing()
    assert connection.deadline == 60
