"""What accounts can say that have a medium of their own: a profile's, on any channel."""

from __future__ import annotations

import json
from typing import Any

import pytest

from herald.config.file import HeraldFile
from herald.contracts.vocabulary import Lane
from router.commands import Candidate
from unit.router.making import NOW
from unit.router.offering import DOCUMENT, envelope, read_send

OWN = {
    "chat-main": {"provider": "http", "profile": "telegram"},
    "plivo-main": {"provider": "http", "profile": "plivo", "auth_id": "MA" + "0" * 18},
}
CONFIGURATION = HeraldFile.model_validate_json(
    json.dumps({**DOCUMENT, "accounts": {**DOCUMENT["accounts"], **OWN}})
)
PICTURE = {"url": "https://files.example.com/a.jpg", "kind": "image"}


@pytest.mark.parametrize(
    ("step", "content", "reason"),
    [
        ({"channel": "telegram"}, {"text": "x" * 4096}, None),
        ({"channel": "telegram"}, {"text": "x" * 4097}, "over 4,096 characters on telegram"),
        ({"channel": "telegram"}, {"text": "x" * 1024, "media": [PICTURE]}, None),
        (
            {"channel": "telegram"},
            {"text": "x" * 1025, "media": [PICTURE]},
            "a caption over 1,024 characters on telegram",
        ),
        ({"channel": "telegram"}, {"media": [PICTURE] * 2}, "more than 1 on telegram"),
        ({"channel": "sms", "account": "plivo-main"}, {"text": "Hello"}, None),
        (
            {"channel": "sms", "account": "plivo-main"},
            {"media": [PICTURE]},
            "nothing to say on sms",
        ),
        ({"channel": "sms", "account": "twilio-main"}, {"media": [PICTURE]}, None),
    ],
)
def test_a_step_that_an_account_cannot_say_is_skipped(
    step: dict[str, Any], content: dict[str, Any], reason: str | None
) -> None:
    """The next step is taken, and the reason kept, as with a channel's own limits."""
    mail = {"email": {"text": "Hi", "subject": "Hi", "media": []}}
    arrived = envelope(
        content={**content, "overrides": mail},
        to={
            "phone": "+15550002222",
            "email": "jane@example.com",
            "addresses": {"telegram": "3527065"},
        },
        route={"steps": [step, {"channel": "email"}]},
    )
    read = read_send(arrived, CONFIGURATION, Lane.NORMAL, NOW)
    assert isinstance(read, Candidate), read
    assert read.skipped == (() if reason is None else ((1, reason),))
