"""How brokers are set up, before any connection."""

from __future__ import annotations

import pytest
from yarl import URL

from herald.bus.brokers import consuming_broker, publishing_broker, with_settings
from herald.bus.connections import Connections
from herald.bus.declaration import virtual_host


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ("amqp://u:p@h/v", {"heartbeat": "10", "name": "n"}),
        ("amqp://u:p@h:1/v?timeout=3", {"heartbeat": "10", "name": "n", "timeout": "3"}),
        ("amqps://h/?heartbeat=4&name=mine", {"heartbeat": "4", "name": "mine"}),
    ],
)
def test_heartbeat_and_name_join_the_query(given: str, query: dict[str, str]) -> None:
    """The heartbeat is set whatever the URL already says; an operator's own choice stands."""
    url = URL(with_settings(given, name="n"))
    assert dict(url.query) == query
    assert url.with_query(None) == URL(given).with_query(None)


def test_virtual_host_with_special_characters_survives() -> None:
    """An escaped virtual host is the same one after the settings are added."""
    given = "amqp://u:p@h/team%2Fone"
    assert URL(with_settings(given, name="n")).raw_path == "/team%2Fone"
    assert virtual_host(given) == "team/one"
    assert virtual_host("amqp://h") == virtual_host("amqp://h/") == "/"


def test_brokers_wait_for_their_server_and_confirm() -> None:
    """Neither gives up when the server is away; publishing confirms and minds returns."""
    consuming = consuming_broker("amqp://h/v", app_id="a", graceful_timeout_seconds=7, prefetch=9)
    publishing = publishing_broker("amqp://h/v", app_id="a")
    for broker in (consuming, publishing):
        assert broker._connection_kwargs["fail_fast"] is False
        assert broker._connection_kwargs["reconnect_interval"] == 1
        assert "heartbeat=10" in broker._connection_kwargs["url"]
        assert broker.config.app_id == "a"
    assert consuming.config.graceful_timeout == 7


def test_connections_that_were_never_started_are_down() -> None:
    """Before the start readiness names what is missing."""
    assert Connections("amqp://h/v", app_id="a").problem == "the publishing connection is down"
