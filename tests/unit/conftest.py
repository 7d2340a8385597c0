"""Unit tests open no sockets: what needs one is in `tests/behaviour`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NoReturn

import pytest

_TO_BE_MOVED = {
    *("test_http.py", "test_http_tls.py", "test_reuse.py", "test_send.py", "test_sendgrid.py"),
    *("test_smtp.py", "test_smtp_server.py", "test_smtp_sessions.py", "test_twilio.py"),
}
_REFUSED = ("bind", "connect", "connect_ex", "listen", "sendto")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Refuse sockets from the first fixture's set-up to the last one's end.

    An event loop's own pair of sockets needs neither an address nor a connection.
    """
    if item.path.name in _TO_BE_MOVED:
        return (yield)
    with pytest.MonkeyPatch.context() as patched:
        for name in _REFUSED:
            patched.setattr(socket.socket, name, _refuse)
        return (yield)


def _refuse(_socket: socket.socket, *_arguments: object) -> NoReturn:
    pytest.fail("a unit test may open no socket: move it to tests/behaviour")
