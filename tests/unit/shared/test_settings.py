"""The environment: every variable at fault at once, and no password in any message."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald.settings import SettingsError, read_settings, read_settings_or_exit

GOOD = {
    "HERALD_AMQP_URL": "amqp://user:pass@127.0.0.1/",
    "HERALD_POSTGRES_DSN": "postgresql://user:pass@127.0.0.1/herald",
}


def test_reads_what_is_set_and_defaults_the_rest() -> None:
    """Only the servers must be named."""
    settings = read_settings(default_port=8002, environment=GOOD)
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8002)
    assert (settings.config_path, settings.log_format) == (Path("herald.toml"), "json")


def test_tells_every_variable_at_fault() -> None:
    """One start shows all that is missing or wrong."""
    wrong = {"HERALD_AMQP_URL": "http://x", "HERALD_HTTP_PORT": "0", "HERALD_LOG_FORMAT": "xml"}
    with pytest.raises(SettingsError) as caught:
        read_settings(default_port=1, environment=wrong)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "HERALD_AMQP_URL",
        "HERALD_POSTGRES_DSN",
        "HERALD_HTTP_PORT",
        "HERALD_LOG_FORMAT",
    ]


def test_repeats_no_password() -> None:
    """A URL of the wrong kind is not shown: it may hold a password."""
    wrong = GOOD | {"HERALD_AMQP_URL": "ampq://user:hunter2@127.0.0.1/"}
    with pytest.raises(SettingsError) as caught:
        read_settings(default_port=1, environment=wrong)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("port", ["", "80a", "65536", "-1", "0", "²"])
def test_a_port_is_a_port(port: str) -> None:
    """What is no port number is told as a problem of its variable."""
    with pytest.raises(SettingsError, match=r"^HERALD_HTTP_PORT: "):
        read_settings(default_port=1, environment=GOOD | {"HERALD_HTTP_PORT": port})


def test_a_service_without_a_database_needs_no_dsn() -> None:
    """Ingress runs without the database's address."""
    only = {"HERALD_AMQP_URL": "amqps://127.0.0.1/"}
    assert read_settings(default_port=1, database=False, environment=only).postgres_dsn == ""


def test_exits_with_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A service with wrong settings stops at once and says why."""
    monkeypatch.delenv("HERALD_AMQP_URL", raising=False)
    with pytest.raises(SystemExit) as caught:
        read_settings_or_exit(default_port=1)
    assert caught.value.code == 2
    assert "HERALD_AMQP_URL: not set" in capsys.readouterr().err
