"""Secrets that would travel unencrypted to another machine are refused, unless that is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from herald.providers.registry import ACCOUNTS as MODELS
from unit.providers.options import OPTIONS

ACCOUNTS = {
    name: options for name, options in OPTIONS.items() if "base_url" in MODELS[name].model_fields
}
SMTP = {"host": "relay.example.com", "secrets_file": "smtp.toml", "security": "none"}


def problems(provider: str, **fields: Any) -> list[tuple[str, str]]:
    try:
        MODELS[provider].model_validate({"provider": provider, **fields})
    except ValidationError as error:
        return [(str(item["loc"][0]), item["msg"]) for item in error.errors()]
    return []


@pytest.mark.parametrize("provider", ACCOUNTS)
@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "localhost.example.com", "[fd00::1]"])
def test_a_provider_elsewhere_is_called_over_https(provider: str, host: str) -> None:
    """The error names the field and both remedies."""
    url = f"http://{host}:8080"
    [(field, said)] = problems(provider, base_url=url, **ACCOUNTS[provider])
    assert field == "base_url"
    assert "https://" in said
    assert "allow_cleartext = true" in said
    assert problems(provider, base_url=url, allow_cleartext=True, **ACCOUNTS[provider]) == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://example.com"]
)
def test_on_this_machine_nothing_travels(url: str) -> None:
    """A stand-in for a provider needs no certificate."""
    assert problems("sendgrid", base_url=url) == []


def test_nobody_signs_in_at_a_relay_in_clear() -> None:
    """The error names the field and both remedies."""
    [(field, said)] = problems("smtp", **SMTP)
    assert field == "security"
    assert "starttls or tls" in said
    assert "allow_cleartext = true" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"allow_cleartext": True},
        {"host": "127.0.0.1"},
        {"secrets_file": None},
        {"security": "starttls"},
    ],
)
def test_other_relays_are_fine(changes: dict[str, Any]) -> None:
    """One that is allowed, is here, asks for no password, or speaks TLS."""
    assert problems("smtp", **SMTP | changes) == []
