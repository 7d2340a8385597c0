"""URLs of servers: what can't be connected to is refused, and no password is repeated."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.service.server_urls import AMQP, HTTP, POSTGRES, check_url, place_of


@pytest.mark.parametrize(
    ("url", "schemes", "place"),
    [
        ("amqp://u:p@broker/", AMQP, "broker:5672/"),
        ("amqps://u:p@broker/%2Fvhost", AMQP, "broker:5671/%2Fvhost"),
        ("amqp://u:p%40%2F@10.0.0.1:5673/v", AMQP, "10.0.0.1:5673/v"),
        ("postgresql://u@db/herald?sslmode=require", POSTGRES, "db:5432/herald"),
        ("postgres://u@one:5433,two/herald", POSTGRES, "one:5433,two:5432/herald"),
        ("postgresql:///herald?host=/run/postgresql", POSTGRES, "localhost:5432/herald"),
        ("postgresql://u@[::1]:5433/herald", POSTGRES, "[::1]:5433/herald"),
        ("postgresql://u@[::1]/herald", POSTGRES, "[::1]:5432/herald"),
        ("https://router.example.com", HTTP, "router.example.com:443"),
    ],
)
def test_a_server_is_named_without_its_credentials(
    url: str, schemes: tuple[str, ...], place: str
) -> None:
    """A good URL passes as it is; host, port and path are what people may see of it."""
    assert check_url(url, schemes) == url
    assert place_of(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "amqp://u:p@broker:port/",
        "amqp://u:p@broker:0/",
        "amqp://u:p@broker:65536/",
        "amqp://u:p/w@broker/",
        "amqp://u:12/34@broker/",
        "amqp://u:12#34@broker/",
        "amqp://u:12?34@broker/",
        "amqp://u:p@::1/",
        "amqp://u:p@[::1/",
        "amqp://u:p@broker:5672:5672/",
    ],
)
def test_an_address_nobody_could_connect_to(url: str) -> None:
    """A port that is none, and a password that was not encoded, are refused before connecting."""
    with pytest.raises(ValueError, match="host or port is not understood"):
        check_url(url, AMQP)


@given(before=st.text(), after=st.text())
def test_no_secret_is_repeated(before: str, after: str) -> None:
    """Whatever a password holds, and however it tears the URL apart, it is not shown."""
    url = f"amqp://user:{before}hunter2{after}@broker:5672/"
    assert "hunter2" not in place_of(url)
    with suppress(ValueError):
        assert check_url(url, AMQP) == url


@given(url=st.text())
def test_any_text_is_judged(url: str) -> None:
    """Text of any kind is refused or named, never an error of another kind."""
    with pytest.raises(ValueError, match=r"must start with|not understood"):
        check_url(f"x{url}", AMQP)
    assert place_of(url)


FILES = "cafile=/ca.pem&certfile=/c.pem&keyfile=/k.pem"


@pytest.mark.parametrize(
    "url",
    [
        f"amqps://u:p@broker/v?{FILES}",
        f"amqps://broker/v?auth=EXTERNAL&{FILES}",
        "amqp://u:p@broker/v?heartbeat=30&name=shop",
    ],
)
def test_a_brokers_url_may_say_how_it_is_trusted(url: str) -> None:
    """Its authority, our certificate and key, and what the broker should call us."""
    assert check_url(url, AMQP) == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("amqps://u:p@broker/v?no_verify_ssl=1", "and nothing else"),
        ("amqps://u:p@broker/v?hunter2", "and nothing else"),
        ("amqp://u:p@broker/v?cafile=/ca.pem", "need amqps://"),
        ("amqp://broker/v?auth=EXTERNAL", "need amqps://"),
        ("amqps://broker/v?auth=external&certfile=/c.pem", "auth can only be EXTERNAL"),
        ("amqps://broker/v?auth=EXTERNAL", "needs certfile"),
    ],
)
def test_a_brokers_url_says_nothing_else(url: str, problem: str) -> None:
    """A misspelt parameter is no silent default, and none switches verification off."""
    with pytest.raises(ValueError, match=problem) as caught:
        check_url(url, AMQP)
    assert "hunter2" not in str(caught.value)
