"""The environment: every variable at fault at once, and no password in any message."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald.service.settings import SettingsError, read_settings

GOOD = {
    "HERALD_AMQP_URL": "amqp://user:pass@127.0.0.1/",
    "HERALD_POSTGRES_DSN": "postgresql://user:pass@127.0.0.1/herald",
}


def test_reads_what_is_set_and_defaults_the_rest() -> None:
    """Only the servers must be named."""
    settings = read_settings(operations_port=8002, environment=GOOD)
    assert (settings.operations, settings.public) == (("127.0.0.1", 8002), None)
    assert (settings.config_path, settings.log_format) == (Path("herald.toml"), "json")


def test_tells_every_variable_at_fault() -> None:
    """One start shows all that is missing or wrong."""
    wrong = {
        "HERALD_AMQP_URL": "http://x",
        "HERALD_OPERATIONS_PORT": "0",
        "HERALD_LOG_FORMAT": "xml",
    }
    with pytest.raises(SettingsError) as caught:
        read_settings(operations_port=1, environment=wrong)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "HERALD_AMQP_URL",
        "HERALD_POSTGRES_DSN",
        "HERALD_OPERATIONS_PORT",
        "HERALD_LOG_FORMAT",
    ]


def test_repeats_no_password() -> None:
    """A URL of the wrong kind is not shown: it may hold a password."""
    wrong = GOOD | {"HERALD_AMQP_URL": "ampq://user:hunter2@127.0.0.1/"}
    with pytest.raises(SettingsError) as caught:
        read_settings(operations_port=1, environment=wrong)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("port", ["", "80a", "65536", "-1", "0", "²"])
def test_a_port_is_a_port(port: str) -> None:
    """What is no port number is reported as a problem of its variable."""
    with pytest.raises(SettingsError, match=r"^HERALD_HTTP_PORT: "):
        read_settings(
            operations_port=1, public_port=2, environment=GOOD | {"HERALD_HTTP_PORT": port}
        )


def test_a_public_listener_has_an_address_of_its_own() -> None:
    """Each listener has its host and port; the other one's stay as they are."""
    environment = GOOD | {"HERALD_HTTP_HOST": "192.0.2.1", "HERALD_OPERATIONS_PORT": "9000"}
    settings = read_settings(operations_port=8011, public_port=8001, environment=environment)
    assert settings.public == ("192.0.2.1", 8001)
    assert settings.operations == ("127.0.0.1", 9000)


def test_two_listeners_can_not_share_an_address() -> None:
    """That is reported before anything starts."""
    with pytest.raises(SettingsError, match=r"^HERALD_OPERATIONS_PORT: "):
        read_settings(
            operations_port=8011, public_port=8001, environment=GOOD | {"HERALD_HTTP_PORT": "8011"}
        )


@pytest.mark.parametrize("part", ["HOST", "PORT"])
def test_a_service_without_a_public_listener_ignores_no_address_of_one(part: str) -> None:
    """What an earlier version listened on is refused with the name of what holds now."""
    environment = GOOD | {f"HERALD_HTTP_{part}": "8002"}
    with pytest.raises(SettingsError, match=f"HERALD_HTTP_{part}: .* set HERALD_OPERATIONS_{part}"):
        read_settings(operations_port=8002, environment=environment)
    both = environment | {f"HERALD_OPERATIONS_{part}": "8003"}
    assert read_settings(operations_port=8002, environment=both).public is None


def test_tells_a_password_file_at_fault_among_the_others(tmp_path: Path) -> None:
    """A secret that is not mounted is one more problem of the same start."""
    nowhere = str(tmp_path / "nowhere")
    wrong = {"HERALD_AMQP_URL": "amqp://user@mq/", "HERALD_AMQP_PASSWORD_FILE": nowhere}
    with pytest.raises(SettingsError) as caught:
        read_settings(operations_port=1, environment=wrong)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "HERALD_AMQP_PASSWORD_FILE",
        "HERALD_POSTGRES_DSN",
    ]


def test_a_service_without_a_database_needs_no_dsn() -> None:
    """Ingress runs without the database's address."""
    only = {"HERALD_AMQP_URL": "amqps://127.0.0.1/"}
    assert read_settings(operations_port=1, database=False, environment=only).postgres_dsn == ""
