"""The public and the operations listener of one process, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import aiohttp
import pytest
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from behaviour.bus.rabbit import until
from behaviour.serving import serving
from herald.service.application import application
from herald.service.http_limits import closing
from herald.service.http_limits.listening import Listener, Loop
from herald.service.operations_routes import ops_routes
from herald.service.serving import Server
from herald.service.settings import Address, Settings
from herald_local.ports import is_open

ANYWHERE = Address("127.0.0.1", 0)


class Service:
    """A service whose public requests are answered when the test says so."""

    def __init__(self) -> None:
        self.began = 0
        self.ended = 0
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.operations = application(ops_routes("herald-ingress", {}), self._lifespan)
        self.public = application([Route("/webhook", self._answer)])

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.began += 1
        yield
        self.ended += 1

    async def _answer(self, _request: Request) -> Response:
        self.asked.set()
        await self.may_answer.wait()
        return PlainTextResponse(f"ended {self.ended} times")


def settings(public: Address = ANYWHERE) -> Settings:
    return Settings(
        amqp_url="",
        postgres_dsn="",
        config_path=Path(),
        operations=ANYWHERE,
        public=public,
        log_format="json",
    )


def refuses(url: str) -> bool:
    return not is_open(int(url.rpartition(":")[2]))


async def test_each_listener_serves_its_own_paths_alone() -> None:
    """What is of the one listener is 404 on the other; one lifespan holds both."""
    service = Service()
    service.may_answer.set()
    async with (
        serving(service.operations, settings(), service.public) as served,
        aiohttp.ClientSession() as http,
    ):
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await http.get(f"{served.operations}{path}")).status == 200
            assert (await http.get(f"{served.public}{path}")).status == 404
        answer = await http.get(f"{served.public}/webhook")
        assert (answer.status, await answer.text()) == (200, "ended 0 times")
        assert answer.headers["date"]
        assert (await http.get(f"{served.operations}/webhook")).status == 404
        assert service.began == 1
    assert service.ended == 1


async def test_the_public_listener_closes_first() -> None:
    """Asked to stop, it accepts nothing more, readiness says so, and what it took is answered."""
    service = Service()
    async with (
        serving(service.operations, settings(), service.public) as served,
        aiohttp.ClientSession() as http,
    ):
        assert served.public is not None
        taken = asyncio.create_task(http.get(f"{served.public}/webhook"))
        await service.asked.wait()
        served.server.should_exit = True
        public_url = served.public
        await until(lambda: refuses(public_url))
        ready = await http.get(f"{served.operations}/readyz")
        assert ready.status == 503
        said = json.loads(await ready.text())
        assert (said["ready"], "stopping" in said["checks"]) == (False, True)
        service.may_answer.set()
        answer = await taken
        assert (answer.status, await answer.text()) == (200, "ended 0 times")
        await until(lambda: service.ended == 1)
    assert refuses(served.operations)


async def accepted_late(
    server: uvicorn.Server,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a listener that closes already: it accepted this one just before."""
    ours, theirs = socket.socketpair()

    def protocol() -> asyncio.Protocol:
        made: asyncio.Protocol = server.config.http_protocol_class(  # type: ignore[call-arg]
            config=server.config,
            server_state=server.server_state,
            app_state=server.lifespan.state,
        )
        return made

    await asyncio.get_running_loop().connect_accepted_socket(protocol, ours)
    return await asyncio.open_connection(sock=theirs)


@pytest.mark.parametrize("said", [b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n", b""])
async def test_a_connection_accepted_while_a_listener_closes_ends(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its answer, or soon if it asks nothing: a caller who keeps one must not hold a stop."""
    monkeypatch.setattr(closing, "RESTING_SECONDS", 0.5)
    service = Service()
    async with (
        serving(service.operations, settings(), service.public) as served,
        aiohttp.ClientSession() as http,
    ):
        public_url, public = served.public, served.server.public
        assert public_url is not None
        assert public is not None
        taken = asyncio.create_task(http.get(f"{public_url}/webhook"))
        await service.asked.wait()
        served.server.should_exit = True
        await until(lambda: refuses(public_url))
        reader, writer = await accepted_late(public)
        writer.write(said)
        async with asyncio.timeout(5):
            answered = await reader.read()  # to its end
        assert (b"404" in answered, b"connection: close" in answered) == (bool(said), bool(said))
        writer.close()
        service.may_answer.set()
        assert (await taken).status == 200


def accepted_at_the_stop(server: uvicorn.Server) -> asyncio.Future[socket.socket]:
    """Have a listener accept a connection in the turn of the loop in which it closes.

    The connection is made one turn later, after the stop has looked at those that there were.
    """
    [listener] = cast("list[Listener]", server.servers)
    [listening] = listener.sockets
    shutdown = server.shutdown
    accepted: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()

    async def accept_and_shut_down() -> None:
        accepted.set_result(socket.create_connection(listening.getsockname()))
        listener._accept(listening)
        await shutdown()

    server.shutdown = accept_and_shut_down  # type: ignore[method-assign,assignment]
    return accepted


@pytest.mark.parametrize("said", [b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n", b""])
def test_a_connection_accepted_as_a_listener_closes_ends(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller that the stop did not see is closed with its answer, and does not hold it."""
    monkeypatch.setattr(closing, "RESTING_SECONDS", 0.5)
    service = Service()

    async def stop() -> bytes:
        async with serving(service.operations, settings(), service.public) as served:
            assert served.server.public is not None
            accepted = accepted_at_the_stop(served.server.public)
            served.server.should_exit = True
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection(sock=await accepted)
                writer.write(said)
                answered = await reader.read()  # to its end
            writer.close()
        return answered

    with asyncio.Runner(loop_factory=Loop) as runner:
        answered = runner.run(stop())
    assert (b"404" in answered, b"connection: close" in answered) == (bool(said), bool(said))


@pytest.mark.parametrize("listener", ["operations", "public"])
async def test_an_address_that_is_taken_ends_the_start(listener: str) -> None:
    """It is named in the last log line, and nothing of the service has begun."""
    service = Service()
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = Address("127.0.0.1", other.getsockname()[1])
        wanted = replace(
            settings(),
            operations=address if listener == "operations" else ANYWHERE,
            public=address if listener == "public" else ANYWHERE,
        )
        server = Server(service.operations, wanted, service.public)
        # the tests' own process keeps its signal handlers
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        with structlog.testing.capture_logs() as lines, pytest.raises(SystemExit) as caught:
            await server.serve()
        assert caught.value.code == 1
    prefix = {"operations": "HERALD_OPERATIONS", "public": "HERALD_HTTP"}[listener]
    [problem] = lines[-1]["problems"]
    assert problem.startswith(f"{prefix}_HOST, _PORT: 127.0.0.1:")
    assert problem.endswith(": Address already in use")
    assert (service.began, service.ended) == (0, 0)
