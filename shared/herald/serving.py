"""Running a service's application under uvicorn."""

from __future__ import annotations

import uvicorn
from starlette.applications import Starlette

from herald.settings import Settings

KEEP_ALIVE_SECONDS = 5
# longer than a provider call and its record: a drain must not be cut short
GRACEFUL_SHUTDOWN_SECONDS = 40


def serve(application: Starlette, settings: Settings) -> None:
    """Serve `application` until SIGTERM or SIGINT, then let its lifespan close everything."""
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
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )
