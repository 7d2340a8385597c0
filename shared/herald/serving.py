"""Running a service's application under uvicorn, and what each signal does to it."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvicorn
from starlette.applications import Starlette

from herald.settings import Settings

KEEP_ALIVE_SECONDS = 5
# longer than a provider call and its record: a drain must not be cut short
GRACEFUL_SHUTDOWN_SECONDS = 40
NEW_OBJECTS_A_COLLECTION = 50_000  # Python's own 700 makes a busy service look all the time
FAILED = 1

_log = structlog.get_logger(__name__)


def serve(application: Starlette, settings: Settings) -> None:
    """Serve `application` until SIGTERM or SIGINT, then let its lifespan close everything.

    Returns after a clean end, so that the process ends with 0; exits with 1 when the start or the
    end failed. A second SIGTERM or SIGINT ends the process at once. SIGHUP ends nothing and says
    that a restart is needed.
    """
    _spare_the_collector()
    config = uvicorn.Config(
        application,
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nobody's address is asked for
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )
    server = _Server(config)
    server.run()
    if not server.started or server.lifespan.should_exit:
        sys.exit(FAILED)


class _Server(uvicorn.Server):
    """Ends by returning; uvicorn's own would raise the signal again after its shutdown."""

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


def _refuse_reload() -> None:
    _log.warning(
        "service.reload_ignored",
        reason="settings, herald.toml and secrets are read at the start: restart it",
    )


def _spare_the_collector() -> None:
    """Collect garbage less often, and never look again through what start-up made.

    Requests and deliveries are freed by their reference counts; cycles are few.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_A_COLLECTION, 20, 20)
