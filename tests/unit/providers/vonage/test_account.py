"""An account at Vonage's Messages API: its channel, and the secrets that its options need."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from herald.contracts.vocabulary import Receipts
from herald.providers.vonage.account import VonageSecrets
from unit.providers.vonage.making import APPLICATION, account

KEYS = ("private_key", "api_secret")


def test_facts_follow_the_channel() -> None:
    """WhatsApp has a window, templates and read receipts; SMS has none of them."""
    sms, whatsapp = account(), account(channel="whatsapp")
    assert (sms.receipts, whatsapp.receipts) == (Receipts.DELIVERED, Receipts.READ)
    assert (sms.service_window, whatsapp.service_window) == (None, timedelta(hours=24))
    assert (sms.holds("parcel"), whatsapp.holds("parcel")) == (False, True)


@pytest.mark.parametrize(
    ("options", "secrets", "field"),
    [
        ({"application_id": APPLICATION}, {"private_key"}, None),
        ({"application_id": None}, {"private_key"}, "private_key"),
        ({"api_key": "abcd"}, {"private_key", "api_secret"}, None),
        ({"api_key": "abcd", "application_id": None}, {"api_secret"}, None),
        ({"application_id": None}, {"api_secret"}, "api_secret"),
        ({"application_id": APPLICATION}, set(), "private_key"),
    ],
)
def test_a_missing_secret_is_named(
    options: dict[str, Any], secrets: set[str], field: str | None
) -> None:
    """Either an application with its key, or an API key with its secret."""
    given: dict[str, Any] = {name: SecretStr("x") if name in secrets else None for name in KEYS}
    held = VonageSecrets.model_construct(**given)
    problems = list(account(**options).secrets_problems(held))
    assert [problem.partition(":")[0] for problem in problems] == ([field] if field else [])


@pytest.mark.parametrize("key", ["hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n", "ключ"])
def test_what_is_no_private_key(key: str) -> None:
    """It is refused when the file is read, and the error shows nothing of it."""
    with pytest.raises(ValidationError) as caught:
        VonageSecrets.model_validate({"signature_secrets": ["x"], "private_key": key})
    [error] = caught.value.errors(include_input=False, include_context=False)
    assert error["loc"] == ("private_key",)
    assert "hunter2" not in error["msg"]
