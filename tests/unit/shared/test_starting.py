"""A service that can't start says all that is wrong in one line, its last."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from herald.service.starting import settings_or_exit


@pytest.fixture(autouse=True)
def _logs_of_tests() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_wrong_settings_are_one_line_and_the_exit_is_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line is JSON also where the format of logs is itself wrong, and names the service."""
    monkeypatch.delenv("HERALD_AMQP_URL", raising=False)
    monkeypatch.setenv("HERALD_POSTGRES_DSN", "postgresql://u:hunter2@h/d")
    monkeypatch.setenv("HERALD_LOG_FORMAT", "xml")
    with pytest.raises(SystemExit) as caught:
        settings_or_exit("router", operations_port=8002)
    said = capsys.readouterr().err
    line = json.loads(said)
    assert caught.value.code == 2
    assert (line["event"], line["service"], line["level"]) == (
        "service.not_started",
        "router",
        "error",
    )
    assert line["problems"] == [
        "HERALD_AMQP_URL: not set",
        "HERALD_LOG_FORMAT: must be json or console",
    ]
    assert "hunter2" not in said
