"""Running a service's applications under uvicorn, and what each signal does to it."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from herald.service.http_limits.closing import closing
from herald.service.http_limits.listening import bound_sockets
from herald.service.http_limits.serving import LOOP, limited_protocol
from herald.service.operations_routes import say_stopping
from herald.service.settings import Address, Settings
from herald.service.starting import exit_not_started

KEEP_ALIVE_SECONDS = 5
# longer than a provider call and its record: a drain must not be cut short
GRACEFUL_SHUTDOWN_SECONDS = 40
NEW_OBJECTS_A_COLLECTION = 50_000  # Python's own 700 makes a busy service look all the time
FAILED = 1

_log = structlog.get_logger(__name__)


def serve(operations: Starlette, settings: Settings, *, public: ASGIApp | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then let the lifespan of `operations` close everything.

    Returns after a clean end, so that the process ends with 0; exits with 1 when the start or the
    end failed. A second SIGTERM or SIGINT ends the process at once. SIGHUP ends nothing and says
    that a restart is needed.
    """
    _spare_the_collector()
    server = Server(operations, settings, public)
    server.run()
    if not server.started or server.lifespan.should_exit:
        sys.exit(FAILED)


class Server(uvicorn.Server):
    """The operations listener with the service's lifespan, and the public one, if any, beside it.

    At its end the public one accepts nothing more while readiness says so; when its requests are
    answered the operations listener ends, and then the lifespan. It ends by returning; uvicorn's
    own would raise the signal again after its shutdown.
    """

    def __init__(
        self, operations: Starlette, settings: Settings, public: ASGIApp | None = None
    ) -> None:
        super().__init__(_config(operations, settings.operations, "on"))
        self._operations = operations
        self._settings = settings
        self.public: uvicorn.Server | None = None
        if public is not None and settings.public is not None:
            config = _config(public, settings.public, "off")
            config.load()
            self.public = uvicorn.Server(config)
            self.public.lifespan = config.lifespan_class(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take every address first: a service that can't be reached must not begin to work."""
        own = sockets or await _taken("HERALD_OPERATIONS", self._settings.operations)
        public: list[socket.socket] = []
        if self.public is not None and self._settings.public is not None:
            public = await _taken("HERALD_HTTP", self._settings.public)
        await super().startup(own)
        if self.public is not None:
            await self.public.startup(public)

    async def on_tick(self, counter: int) -> bool:
        if self.public is not None:
            await self.public.on_tick(counter)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        say_stopping(self._operations)
        if self.public is not None:
            async with closing(self.public):
                await self.public.shutdown()
        async with closing(self):
            await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def refuse_soon(*_: object) -> None:
            # in the loop's own time: a signal may come in the middle of a line that is logged
            loop.call_soon_threadsafe(_refuse_reload)

        handlers: dict[signal.Signals, Callable[[int, FrameType | None], object]] = {
            signal.SIGTERM: self.handle_exit,
            signal.SIGINT: self.handle_exit,
            signal.SIGHUP: refuse_soon,
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  uvicorn calls it
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self.should_exit = True


async def _taken(prefix: str, address: Address) -> list[socket.socket]:
    """Take a listener's address, or end the process saying why it can't be had."""
    try:
        return await bound_sockets(address.host, address.port)
    except OSError as error:
        problem = f"{prefix}_HOST, _PORT: {address.host}:{address.port}: {error.strerror}"
        exit_not_started([problem], FAILED)


def _config(
    application: ASGIApp, address: Address, lifespan: Literal["on", "off"]
) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=address.host,
        port=address.port,
        loop=LOOP,
        http=limited_protocol("operations" if lifespan == "on" else "public", application),
        ws="none",
        lifespan=lifespan,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nobody's address is asked for
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )


def _refuse_reload() -> None:
    _log.warning(
        "service.reload_ignored",
        reason="settings, herald.toml and secrets are read at the start: restart it",
    )


def _spare_the_collector() -> None:
    """Collect garbage less often, and never look again through what start-up made.

    Requests and deliveries are freed by their reference counts; cycles are few. So they are in what
    start-up made: looking for them would take a twelfth of it, and find one object in a hundred.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_A_COLLECTION, 20, 20)
    gc.enable()  # since the start it was off
