"""Unit tests open no sockets: what needs one is in `tests/behaviour`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import cache
from typing import NoReturn

import pytest
import typer.main

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


@pytest.fixture(scope="session", autouse=True)
def _command_line_is_built_once() -> Iterator[None]:
    """Spare each test that runs a command the 70 ms that Typer takes to build them all."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("typer.testing._get_command", cache(typer.main.get_command))
        yield


def _refuse(_socket: socket.socket, *_arguments: object) -> NoReturn:
    pytest.fail("a unit test may open no socket: move it to tests/behaviour")
