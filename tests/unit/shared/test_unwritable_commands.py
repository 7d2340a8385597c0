"""Commands that JSON can't hold: the client refuses them, as it does all that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from herald.client.commanding import cancel_command, send_command
from herald.client.errors import RejectedError
from herald.contracts.vocabulary import Lane

NOT_TEXT = "must not contain U+0000 or lone surrogates"
MESSAGE: dict[str, Any] = {"to": {"phone": "+15550000001"}, "idempotency_key": "a"}


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"idempotency_key": "a\ud800"}, "idempotency_key", NOT_TEXT),
        ({"content": {"text": "a\udcff"}}, "content.text", NOT_TEXT),
        (
            {"content": {"buttons": [{"text": "a"}, {"text": "\ud800"}]}},
            "content.buttons.1.text",
            NOT_TEXT,
        ),
        ({"metadata": {"a\ud800": "b"}}, "metadata", NOT_TEXT),
        ({"metadata": {"a": object()}}, "metadata.a", "JSON can't hold it"),
        ({"metadata": {"a": b"\xff"}}, "metadata.a", "JSON can't hold it"),
        ({"content": _nested(3000)}, "content", "nested too deeply"),
        ({"content": [_nested(300)]}, "content", "nested too deeply"),
    ],
)
def test_a_message_that_json_cannot_hold_is_rejected(
    changes: dict[str, Any], field: str, reason: str
) -> None:
    """With its field, like every other that is not well-formed."""
    with pytest.raises(RejectedError) as caught:
        send_command(MESSAGE | changes, "default", Lane.NORMAL)
    assert caught.value.errors == ((field, reason),)


def test_a_key_that_json_cannot_hold_cancels_nothing() -> None:
    """It can be no message's."""
    with pytest.raises(RejectedError) as caught:
        cancel_command("default", None, "a\udcff@b.c")
    assert caught.value.errors == (("idempotency_key", NOT_TEXT),)
