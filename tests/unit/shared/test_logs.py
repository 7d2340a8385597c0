"""Logs: one JSON object a line, without secrets, bodies or whole addresses."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from herald.contracts.redaction import redact_text
from herald.service.logs import configure_logs, redact


@pytest.fixture
def logs() -> Iterator[None]:
    """Put the logs back as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


HIDDEN: list[tuple[dict[str, Any], str]] = [
    ({"text": "your code is 1234"}, "1234"),
    ({"password": "hunter2"}, "hunter2"),
    ({"access_token": "hunter2"}, "hunter2"),
    ({"auth_tokens": ["hunter2"]}, "hunter2"),
    ({"api_key": "hunter2"}, "hunter2"),
    ({"app_secret": "hunter2"}, "hunter2"),
    ({"Authorization": "Bearer hunter2"}, "hunter2"),
    ({"work": {"text": "your code is 1234", "to": "+15550002222"}}, "1234"),
    ({"work": {"to": "+15550002222"}}, "5550002222"),
    ({"recipients": ["jane@example.com"]}, "jane"),
    ({"to": ("+15550002222",)}, "5550002222"),
    ({"error": ValueError("no such mailbox: jane@example.com")}, "jane"),
    ({"reason": "can't reach amqp://herald:hunter2@rabbitmq:5672/"}, "hunter2"),
    ({"reason": "sent to +15550002222 and jane.doe@mail.example.com"}, "5550002222"),
]


@pytest.mark.parametrize(("fields", "private"), HIDDEN)
def test_hides_what_must_not_be_logged(fields: dict[str, Any], private: str) -> None:
    """By the name of a field, and by its look wherever it stands, also inside lists and objects."""
    assert private not in repr(redact(None, "info", {"event": "x", **fields}))


def test_leaves_the_rest_as_it_is() -> None:
    """Numbers, ids and names stay readable."""
    event = {
        "event": "message.sent",
        "size": 3,
        "message_id": "00000000-0000-4000-8000-000000000001",
        "ok": True,
        "none": None,
        "channels": ["sms", "email"],
        "at": 1768824000,
    }
    assert redact(None, "info", dict(event)) == event


def test_masked_addresses_can_still_be_followed() -> None:
    """The same recipient looks the same on every line."""
    one, two = redact_text("to +15550002222"), redact_text("+15550002222 answered")
    assert one.removeprefix("to ") in two
    assert "@example.com" in redact_text("jane@example.com")


@pytest.mark.usefixtures("logs")
def test_every_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Our lines and libraries' go through one pipeline, exceptions included."""
    configure_logs("router", "json")
    try:
        raise ValueError("for jane@example.com\nnext line")
    except ValueError:
        structlog.get_logger().exception("it.failed", dsn="postgresql://u:p@h/d")
        logging.getLogger("library").exception("bad %s", "+15550002222")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["service"] for line in lines] == ["router", "router"]
    assert [line["level"] for line in lines] == ["error", "error"]
    assert all("jane" not in json.dumps(line) for line in lines)
    assert "5550002222" not in json.dumps(lines[1])
    assert lines[0]["dsn"] == "***"


@pytest.mark.usefixtures("logs")
def test_libraries_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """Below a warning only our own lines are written."""
    configure_logs("router", "console")
    logging.getLogger("library").info("chatter")
    structlog.get_logger().debug("detail")
    structlog.get_logger().info("router.started")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "router.started" in lines[0]
