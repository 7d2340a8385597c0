"""An account's secrets can be read again while a process runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald.config.loading import load_configuration
from herald.providers.credentials import Credentials, CredentialsError
from herald.providers.twilio.account import TwilioSecrets
from secret_files import write_secrets

HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{channel = "sms"}]
[accounts.main]
provider = "twilio"
account_sid = "AC00000000000000000000000000000000"
secrets_file = "twilio.toml"
"""


def token(credentials: Credentials[TwilioSecrets]) -> str:
    return credentials.current.auth_tokens[0].get_secret_value()


@pytest.fixture
def secrets_file(tmp_path: Path) -> Path:
    (tmp_path / "herald.toml").write_text(HERALD_TOML)
    write_secrets(tmp_path / "twilio.toml", 'auth_tokens = ["first"]')
    return tmp_path / "twilio.toml"


def loaded(secrets_file: Path) -> Credentials[TwilioSecrets]:
    configuration = load_configuration(secrets_file.with_name("herald.toml"))
    return configuration.credentials_for(["main"])["main"]


async def test_a_refresh_reads_the_file_again(secrets_file: Path) -> None:
    """A rotated secret is `current` after a refresh, and not before."""
    credentials = loaded(secrets_file)
    write_secrets(secrets_file, 'auth_tokens = ["second"]')
    assert token(credentials) == "first"
    refreshed = await credentials.refresh()
    assert refreshed is credentials.current
    assert token(credentials) == "second"


async def test_a_file_that_cant_be_used_changes_nothing(secrets_file: Path) -> None:
    """The error names account and field without a secret; the secrets before stay in use."""
    credentials = loaded(secrets_file)
    write_secrets(secrets_file, 'auth_token = "hunter2"')
    with pytest.raises(CredentialsError, match=r"accounts\.main\.secrets_file: auth_tokens") as it:
        await credentials.refresh()
    assert "hunter2" not in str(it.value)
    assert token(credentials) == "first"
