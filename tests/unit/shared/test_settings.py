"""Settings from the environment."""

from __future__ import annotations

import pytest

from herald.settings import SettingsError, read_settings

GOOD = {
    "HERALD_AMQP_URL": "amqp://guest:hush@localhost/",
    "HERALD_POSTGRES_DSN": "postgresql://localhost/herald",
}


def test_defaults() -> None:
    """Two variables are enough."""
    settings = read_settings(default_port=8002, environment=GOOD)
    assert (settings.http_port, settings.log_format) == (8002, "json")


def test_every_variable_at_fault_is_named_and_none_is_shown() -> None:
    """All problems come at once; a value that may hold a password is not repeated."""
    wrong = {"HERALD_AMQP_URL": "hush://x", "HERALD_HTTP_PORT": "0", "HERALD_LOG_FORMAT": "xml"}
    with pytest.raises(SettingsError) as caught:
        read_settings(default_port=1, environment=wrong)
    assert [line.split(":")[0] for line in caught.value.problems] == [
        "HERALD_AMQP_URL",
        "HERALD_POSTGRES_DSN",
        "HERALD_HTTP_PORT",
        "HERALD_LOG_FORMAT",
    ]
    assert "hush" not in str(caught.value)
