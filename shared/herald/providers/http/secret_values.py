"""The secrets of an account whose names are its profile's. Pure."""

from __future__ import annotations

from pydantic import SecretStr

from herald.providers.account import Secrets


def all_secrets(secrets: Secrets, name: str) -> tuple[str, ...]:
    """Return every value of a secret; none where it was left out."""
    value: SecretStr | tuple[SecretStr, ...] | None = getattr(secrets, name)
    several = value if isinstance(value, tuple) else (value,)
    return tuple(one.get_secret_value() for one in several if one is not None)


def first_secret(secrets: Secrets, name: str) -> str | None:
    """Return the value that calls are made with; None: it was left out."""
    return next(iter(all_secrets(secrets, name)), None)
