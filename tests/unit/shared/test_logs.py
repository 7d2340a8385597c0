"""What logs must not show."""

from __future__ import annotations

from herald.logs import redact, redact_text


def test_passwords_and_addresses_are_masked() -> None:
    """URLs lose their password, phones and e-mail addresses all but a hint."""
    text = redact_text("amqp://me:secret@host/ wrote to +15550002222 and ada@example.com")
    for hidden in ("secret", "15550002222", "ada@"):
        assert hidden not in text
    assert "me:***@host" in text
    assert "@example.com" in text


def test_fields_that_hold_content_are_hidden() -> None:
    """A field named for a body or a secret is hidden whatever it holds."""
    event = redact(None, "info", {"event": "x", "body": "hello", "token": "t", "queue": "q"})
    assert event == {"event": "x", "body": "***", "token": "***", "queue": "q"}
