"""Running a service's application under uvicorn."""

from __future__ import annotations

import gc

import uvicorn
from starlette.applications import Starlette

from herald.settings import Settings

KEEP_ALIVE_SECONDS = 5
# longer than a provider call and its record: a drain must not be cut short
GRACEFUL_SHUTDOWN_SECONDS = 40
NEW_OBJECTS_A_COLLECTION = 50_000  # Python's own 700 makes a busy service look all the time


def serve(application: Starlette, settings: Settings) -> None:
    """Serve `application` until SIGTERM or SIGINT, then let its lifespan close everything."""
    _spare_the_collector()
    uvicorn.run(
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


def _spare_the_collector() -> None:
    """Collect garbage less often, and never look again through what start-up made.

    Requests and deliveries are freed by their reference counts; cycles are few.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_A_COLLECTION, 20, 20)
