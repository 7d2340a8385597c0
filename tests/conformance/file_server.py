"""Files on loopback over TLS, for messages to carry."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from private_authority import Pair

FILES = {
    "/logo.png": ("image/png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100),
    "/invoice.pdf": ("application/pdf", b"%PDF-1.4 an invoice"),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer with a file."""
        content_type, body = FILES[self.path]
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def serving_files(pair: Pair) -> Iterator[int]:
    """Serve them for the time of a block; gives the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
