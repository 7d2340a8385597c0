"""An HTTP server that keeps the alerts that an Alertmanager sends to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from herald_local.ports import LOOPBACK


class WebhookReceiver:
    """What came, by the path that it was sent to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._came: list[tuple[str, dict[str, Any]]] = []

    def keep(self, path: str, notification: dict[str, Any]) -> None:
        """Keep each alert of a notification."""
        with self._lock:
            self._came += [(path, alert) for alert in notification["alerts"]]

    def alerts(self, path: str, name: str, status: str) -> list[dict[str, Any]]:
        """Return the alerts of a name that came to a path, `firing` or `resolved`."""
        with self._lock:
            return [
                alert
                for where, alert in self._came
                if where == path
                and alert["labels"]["alertname"] == name
                and alert["status"] == status
            ]


@contextmanager
def running_receiver() -> Iterator[WebhookReceiver]:
    """Listen on a free port of the loopback interface for the time of a `with` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.keep(self.path, json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Write nothing: a test's output is its failures."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    receiver = WebhookReceiver(f"http://{LOOPBACK}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
