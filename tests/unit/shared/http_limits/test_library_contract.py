"""What the limits rely on inside uvicorn, httptools and uvloop.

When one of these fails after an upgrade, read `herald/http_limits` before anything else.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from importlib.metadata import version
from typing import Any
from unittest.mock import MagicMock

import httptools
import pytest
import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from herald.service.http_limits.exchange import Exchange


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_uvicorn_is_the_version_the_limits_were_written_for() -> None:
    """Its protocol is subclassed, so its version is pinned."""
    assert version("uvicorn") == "0.54.0"


def test_protocol_has_the_methods_that_are_overridden() -> None:
    """Each of them is called by uvicorn or by the parser, with these parameters."""
    expected = {
        "connection_made": ["self", "transport"],
        "connection_lost": ["self", "exc"],
        "data_received": ["self", "data"],
        "eof_received": ["self"],
        "on_message_begin": ["self"],
        "on_header": ["self", "name", "value"],
        "on_headers_complete": ["self"],
        "on_body": ["self", "body"],
        "on_message_complete": ["self"],
        "on_response_complete": ["self"],
        "pause_writing": ["self"],
        "resume_writing": ["self"],
        "_start_asgi_task": ["self", "cycle", "app"],
    }
    found = {name: _parameters(getattr(HttpToolsProtocol, name)) for name in expected}
    assert found == expected


def test_data_received_does_nothing_but_feed_the_parser() -> None:
    """It is overridden whole: keep-alive timer, parser, and what the parser raises."""
    source = inspect.getsource(HttpToolsProtocol.data_received)
    calls = re.findall(r"self\.([\w.]+)\(", source)
    assert calls == [
        "_unset_keepalive_if_required",
        "parser.feed_data",
        "logger.warning",
        "send_400_response",
        "_should_upgrade",
        "handle_websocket_upgrade",
        "_unsupported_upgrade_warning",
    ]


def test_a_cycle_uses_three_methods_of_its_transport() -> None:
    """So a stand-in with these three can take the transport's place."""
    source = inspect.getsource(RequestResponseCycle)
    assert set(re.findall(r"self\.transport\.(\w+)", source)) == {"write", "close", "is_closing"}
    assert "transport=self.transport" in inspect.getsource(HttpToolsProtocol.on_headers_complete)


@pytest.mark.parametrize(
    ("method", "calls"),
    [
        ("on_message_begin", ["app_state.copy"]),
        ("on_header", ["headers.append"]),
        (
            "on_headers_complete",
            [
                *("parser.get_http_version", "parser.get_method", "parser.should_upgrade"),
                *("_should_upgrade", "root_path.encode", "logger.warning"),
                *("parser.should_keep_alive", "_start_asgi_task", "flow.pause_reading"),
                "pipeline.appendleft",
            ],
        ),
        (
            "on_body",
            [
                *("parser.should_upgrade", "_should_upgrade", "flow.pause_reading"),
                "cycle.message_event.set",
            ],
        ),
        (
            "on_message_complete",
            ["parser.should_upgrade", "_should_upgrade", "cycle.message_event.set"],
        ),
        (
            "on_response_complete",
            [
                *("transport.is_closing", "_unset_keepalive_if_required", "flow.resume_reading"),
                *("pipeline.pop", "_start_asgi_task", "loop.call_later"),
            ],
        ),
    ],
)
def test_methods_that_are_written_anew_do_what_they_did(method: str, calls: list[str]) -> None:
    """Ours do the same without websockets, a root path, a limit of calls and a timer a request."""
    source = inspect.getsource(getattr(HttpToolsProtocol, method))
    assert re.findall(r"self\.([\w.]+)\(", source) == calls


def test_a_cycle_that_is_disconnected_says_and_hears_no_more() -> None:
    """That is how a call is ended from outside of its application."""
    assert "if self.disconnected:\n            return" in inspect.getsource(
        RequestResponseCycle.send
    )
    receive = inspect.getsource(RequestResponseCycle.receive)
    assert (
        'if self.disconnected or self.response_complete:\n            return {"type": ' in receive
    )
    for name in ("message_event", "response_started", "response_complete", "keep_alive"):
        assert f"self.{name}" in inspect.getsource(RequestResponseCycle.__init__)


def test_an_exchange_begins_as_a_cycle() -> None:
    """Ours has the attributes of uvicorn's, each with the value that a cycle begins with."""
    connection: Any = MagicMock(expect_100_continue=True, headers=[])
    connection.parser.get_http_version.return_value = "1.1"
    given = {
        "scope": None,
        "transport": connection.transport,
        "flow": connection.flow,
        "logger": connection.logger,
        "access_logger": connection.access_logger,
        "access_log": connection.access_log,
        "default_headers": connection.server_state.default_headers,
        "message_event": asyncio.Event(),
        "expect_100_continue": connection.expect_100_continue,
        "keep_alive": connection.parser.should_keep_alive(),
        "on_response": connection.on_response_complete,
    }
    theirs, own = vars(RequestResponseCycle(**given)), Exchange(connection)
    del theirs["message_event"]
    assert {name: getattr(own, name) for name in theirs} == theirs
    assert not own.message_event.is_set()


def test_an_error_in_a_callback_is_its_context() -> None:
    """The parser stops, and its error says what a callback raised."""

    class Refusing:
        def on_headers_complete(self) -> None:
            raise KeyError

    with pytest.raises(httptools.HttpParserError) as raised:
        httptools.HttpRequestParser(Refusing()).feed_data(b"GET / HTTP/1.1\r\n\r\n")
    assert isinstance(raised.value.__context__, KeyError)


def test_without_websockets_there_is_no_other_protocol() -> None:
    """An upgrade is then answered as an ordinary request."""
    config = uvicorn.Config(lambda: None, ws="none")
    config.load()
    assert config.ws_protocol_class is None


def test_uvloop_can_be_subclassed_and_given_accepted_sockets() -> None:
    """That is how it gets listeners of ours."""
    assert issubclass(type("Loop", (uvloop.Loop,), {}), uvloop.Loop)
    assert callable(uvloop.Loop.connect_accepted_socket)
    source = inspect.getsource(uvicorn.Server.startup)
    assert source.count("loop.create_server(") == 3  # sockets given, a descriptor, host and port
    used = set(re.findall(r"server\.(\w+)", inspect.getsource(uvicorn.Server)))
    assert {"close", "wait_closed", "sockets"} <= used
