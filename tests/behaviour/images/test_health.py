"""The program that a container's engine asks a service's health with."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from herald_local import ports

HEALTH = Path(__file__).parents[3] / "deploy" / "image" / "health.py"
READY, NOT_READY = 200, 503
_CHECKS = b'{"ready": false, "checks": {"broker": "is away", "schema": "ok"}}'


@contextmanager
def _listener(status: int, body: bytes = b"") -> Iterator[int]:
    """Answer every request alike; yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer((ports.LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _asked(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run it as an image does."""
    own = {"PATH": os.environ["PATH"], "HERALD_OPERATIONS_HOST": "0.0.0.0", **environment}  # noqa: S104  as in the image
    command = [sys.executable, "-I", str(HEALTH), *arguments]
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def test_a_service_that_answers_is_well() -> None:
    """Its port is that of the environment; the address of all interfaces means loopback."""
    with _listener(READY) as port:
        assert _asked(HERALD_OPERATIONS_PORT=str(port)) == (0, "")


def test_what_is_not_ready_says_why() -> None:
    """Only the checks that fail are named."""
    with _listener(NOT_READY, _CHECKS) as port:
        asked = _asked("readyz", HERALD_OPERATIONS_PORT=str(port))
    assert asked == (1, "readyz: 503 broker: is away")


def test_a_service_without_an_operations_listener_is_asked_at_its_only_one() -> None:
    """The sandbox has one."""
    nobody = str(ports.free_port())
    with _listener(READY) as port:
        asked = _asked(HERALD_OPERATIONS_PORT=nobody, HERALD_HTTP_PORT=str(port))
    assert asked == (0, "")


def test_a_service_that_does_not_answer_is_not_well() -> None:
    """Nobody listens."""
    nobody = str(ports.free_port())
    assert _asked(HERALD_OPERATIONS_PORT=nobody) == (1, "healthz: no answer")
