"""Requests that come whole, to an application that takes them: with bare sockets on a uvicorn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from behaviour.http_limits.serving import (
    Application,
    Caller,
    Served,
    connections,
    head,
    of_length,
    served,
    until,
)
from herald.service.http_limits import admission, deadlines, protocol
from herald.service.http_limits.protocol import BODIES
from herald.service.http_limits.whole_requests import Answer, WholeRequest


@dataclass(frozen=True)
class Response:
    body: bytes
    status: int = 200

    @property
    def all_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        return ((b"content-length", str(len(self.body)).encode()),)


@dataclass
class Taking(Application):
    """Takes what comes whole, but `/left`; answers with its size when the test says so."""

    taken: list[WholeRequest] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def take(self, request: WholeRequest, answer: Answer) -> bool:
        if request.target == b"/left":
            return False
        self.taken.append(request)
        self.answers.append(answer)
        if request.target == b"/at-once":
            self.answer()
        return True

    def answer(self, number: int = -1) -> None:
        self.answers[number].give(Response(b"taken %d" % len(self.taken[number].body)))


@pytest.fixture(name="taking")
def _taking() -> Taking:
    return Taking()


@pytest_asyncio.fixture(name="server")
async def _server(taking: Taking, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.05)
    async with served(application=taking) as found:
        yield found


async def taken(server: Served, taking: Taking, *said: bytes) -> Caller:
    """Say a request that is taken, and wait until it was."""
    before = len(taking.taken)
    caller = await server.caller(*said)
    await until(lambda: len(taking.taken) > before)
    return caller


async def test_it_is_taken_with_its_head_and_body(server: Served, taking: Taking) -> None:
    """Target, headers in lower case, body; and the next request on its connection, too."""
    caller = await taken(server, taking, head("/a?b=c", "X-Y: Z", "Content-Length: 2"), b"hi")
    taking.answer()
    status, headers, body = await caller.hear()
    assert (status, body, b"date" in headers) == (200, b"taken 2", True)
    caller.say(of_length(0))
    await until(lambda: len(taking.taken) == 2)
    taking.answer()
    assert (await caller.hear())[2] == b"taken 0"
    assert taking.taken[0] == WholeRequest(
        b"/a?b=c", [(b"host", b"x"), (b"x-y", b"Z"), (b"content-length", b"2")], b"hi"
    )
    await until(lambda: BODIES.bytes == 0)


async def test_trailers_are_nobodys(server: Served, taking: Taking) -> None:
    """What follows a body in chunks is no header of its request."""
    chunks = b"2\r\nhi\r\n0\r\nX-Late: x\r\n\r\n"
    await taken(server, taking, head("/", "Transfer-Encoding: chunked") + chunks)
    assert taking.taken[0] == WholeRequest(
        b"/", [(b"host", b"x"), (b"transfer-encoding", b"chunked")], b"hi"
    )
    taking.answer()


@pytest.mark.parametrize(
    "said",
    [
        of_length(2, "/left") + b"hi",
        head(method="PUT"),
        head("/", "Content-Length: 2", "Expect: 100-continue") + b"hi",
    ],
    ids=["left", "another method", "expecting"],
)
async def test_other_requests_are_called_as_asgi_has_it(
    server: Served, taking: Taking, said: bytes
) -> None:
    """What the application leaves, and what it is not asked for."""
    caller = await server.caller(said)
    assert (await caller.hear())[0] in {100, 200}
    assert taking.taken == []


async def test_a_request_in_pieces_is_called_as_asgi_has_it(server: Served, taking: Taking) -> None:
    """It may be refused by its head, and its body is counted as it comes."""
    caller = await server.caller(of_length(4), b"ab")
    await until(lambda: taking.under_way == 1)
    caller.say(b"cd")
    assert (await caller.hear())[::2] == (200, b"4")
    assert taking.taken == []


@pytest.mark.parametrize("body", [b"ab", b"a"])
async def test_a_target_without_a_path_is_malformed(
    server: Served, taking: Taking, body: bytes
) -> None:
    """Whether its body has come or not."""
    caller = await server.caller(of_length(2, "http://x"), body)
    assert (await caller.hear())[0] == 400
    assert (taking.taken, taking.under_way) == ([], 0)


async def test_pipelined_requests_are_answered_in_order(server: Served, taking: Taking) -> None:
    """The first is taken; those behind it wait for its answer."""
    caller = await taken(server, taking, *(of_length(size) + b"x" * size for size in (1, 2, 3)))
    await asyncio.sleep(0.05)
    assert taking.under_way == 0
    taking.answer()
    assert [(await caller.hear())[2] for _ in range(3)] == [b"taken 1", b"2", b"3"]


async def test_a_caller_that_leaves_frees_its_body_once_it_is_answered(
    server: Served, taking: Taking
) -> None:
    """What it sent is worked on still; its answer goes nowhere."""
    caller = await taken(server, taking, of_length(3), b"abc")
    caller.writer.transport.abort()
    await until(lambda: not connections(server))
    assert BODIES.bytes == 3
    taking.answer()
    await until(lambda: BODIES.bytes == 0)


async def test_an_answer_may_be_given_at_once(server: Served, taking: Taking) -> None:
    """While its request is being taken: the next one on the connection is answered, too."""
    caller = await server.caller(of_length(1, "/at-once"), b"x")
    assert (await caller.hear())[2] == b"taken 1"
    caller.say(of_length(2, "/at-once") + b"xy")
    assert (await caller.hear())[2] == b"taken 2"
    await until(lambda: BODIES.bytes == 0)
    assert not server.server.server_state.tasks


async def test_an_answer_that_does_not_come_in_time_is_500(server: Served, taking: Taking) -> None:
    """The service stops, and uvicorn cancels what it waited for; the application sees it."""
    caller = await taken(server, taking, of_length(1), b"x")
    for task in server.server.server_state.tasks:
        task.cancel(msg="too long")
    assert taking.answers[-1].is_over
    assert (await caller.hear())[0] == 500
    assert await caller.ends()
    await until(lambda: BODIES.bytes == 0)


async def test_an_application_at_work_is_not_hurried(
    server: Served, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deadlines are for what the caller owes."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(protocol, name, 0.1)
    caller = await taken(server, taking, of_length(3), b"abc")
    await asyncio.sleep(0.4)
    taking.answer()
    assert (await caller.hear())[0] == 200


async def test_who_does_not_read_is_cut_off(
    server: Served, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that nobody takes is given up, and its connection is free again."""
    monkeypatch.setattr(deadlines, "UNTAKEN_SECONDS", 0.3)
    caller = await taken(server, taking, of_length(0))
    taking.answers[-1].give(Response(b"x" * 30_000_000))
    await until(lambda: not connections(server))
    assert not caller.reader.at_eof()


async def test_a_stop_waits_for_answers(taking: Taking) -> None:
    """What was taken is answered, then its connection is closed; who left is waited for, too."""
    async with served(application=taking) as server:
        caller = await taken(server, taking, of_length(1), b"x")
        gone = await taken(server, taking, of_length(1), b"x")
        gone.writer.transport.abort()
        server.server.should_exit = True
        await asyncio.sleep(0.3)
        assert len(server.server.server_state.tasks) == 2
        taking.answer(0)
        status, headers, _ = await caller.hear()
        assert (status, headers[b"connection"]) == (200, b"close")
        assert await caller.ends()
        taking.answer(1)
        await until(lambda: not server.server.server_state.tasks)
