"""`python -m sandbox`: run the sandbox, on loopback unless HERALD_HTTP_HOST says otherwise."""

from __future__ import annotations

import os
import sys

import uvicorn

from sandbox.app import build_app
from sandbox.listening import listeners
from sandbox.loading import load_or_exit

DEFAULT_PORT = 8010
NOT_STARTED = 3  # as uvicorn's own command says it


def main() -> None:
    """Read the configuration, then serve until a signal."""
    config = uvicorn.Config(
        build_app(load_or_exit()),
        host=os.environ.get("HERALD_HTTP_HOST", "127.0.0.1"),
        port=int(os.environ.get("HERALD_HTTP_PORT", str(DEFAULT_PORT))),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    server.run(sockets=listeners(config))
    if not server.started:
        sys.exit(NOT_STARTED)


if __name__ == "__main__":
    main()
