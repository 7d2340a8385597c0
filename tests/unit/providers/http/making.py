"""Accounts and endpoints of profiles, made as services make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from herald.providers.credentials import Credentials
from herald.providers.http.account import HttpAccount
from herald.providers.http.webhooks import ProfileEndpoint, make_endpoint
from herald.providers.registry import AnyAccount

OPTIONS: dict[str, dict[str, Any]] = {
    "plivo": {"auth_id": "MA" + "0" * 18},
    "sinch": {"service_plan_id": "0123456789abcdef"},
    "infobip": {"base": "abc123"},
    "telegram": {},
}
SECRETS: dict[str, dict[str, Any]] = {
    "plivo": {"auth_tokens": ["token"]},
    "sinch": {"api_token": "token", "callback_username": "us", "callback_passwords": ["pass"]},
    "infobip": {"api_key": "key", "callback_username": "us", "callback_passwords": ["pass"]},
    "telegram": {"bot_token": "100:bot-token", "webhook_secrets": ["secret"]},
}


def account(profile: str, **options: Any) -> HttpAccount:
    """Make an account with a profile that ships with Herald."""
    given = {"provider": "http", "profile": profile, **OPTIONS[profile], **options}
    adapter: TypeAdapter[Any] = TypeAdapter(AnyAccount)
    made: HttpAccount = adapter.validate_python(given)
    return made


def secrets_of(made: HttpAccount, secrets: Mapping[str, Any] | None = None) -> Any:
    """Make its secrets."""
    return made.secrets_model.model_validate(secrets or SECRETS[made.rules.name])


def endpoint(
    profile: str, secrets: Mapping[str, Any] | None = None, **options: Any
) -> ProfileEndpoint:
    """Make the endpoint of an account named `<profile>-main`."""
    made, name = account(profile, **options), f"{profile}-main"
    held = secrets_of(made, secrets)
    return make_endpoint(name, {name: made}, {name: Credentials(held, lambda: held)})
