"""How connections are set up, before any is made."""

from __future__ import annotations

import pytest
from yarl import URL

from herald.bus.connection_keeper import with_settings
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


def test_connections_that_were_never_started_are_down() -> None:
    """Before the start readiness names what is missing."""
    assert Connections("amqp://h/v", app_id="a").problem == "the publishing connection is down"
