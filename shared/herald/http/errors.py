"""How calls fail: before anything was sent, or with an unknown end."""

from __future__ import annotations


class NotSentError(Exception):
    """Provably nothing reached the server: no name, no connection, no TLS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ResponseLostError(Exception):
    """The request may have been taken; its response did not arrive whole."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnreadableError(Exception):
    """What arrived is no HTTP response, or none that we take."""


class UnusedError(Exception):
    """The connection was closed before a byte of the request was written to it."""
