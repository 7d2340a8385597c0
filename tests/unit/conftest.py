"""Unit tests open no sockets: what needs one is in `tests/behaviour`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NoReturn

import pytest

_REFUSED = ("bind", "connect", "connect_ex", "listen", "sendto")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Refuse sockets from the first fixture's set-up to the last one's end.

    An event loop's own pair of sockets needs neither an address nor a connection.
    """
    with pytest.MonkeyPatch.context() as patched:
        for name in _REFUSED:
            patched.setattr(socket.socket, name, _refuse)
        return (yield)


def _refuse(_socket: socket.socket, *_arguments: object) -> NoReturn:
    pytest.fail("a unit test may open no socket: move it to tests/behaviour")
