"""What an account with a session needs, and what its configuration may not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from herald.config.loading import ConfigurationError, load_configuration
from herald.config.session_keys import read_session_keys, session_keys, write_session_keys
from herald.providers.smtp.account import SmtpAccount
from herald.sessions.key_ring import KeyRing, KeysFileError
from secret_files import write_masking_key, write_secrets

OAUTH = {
    "grant": "refresh_token",
    "token_url": "https://oauth2.example.com/token",
    "client_id": "client",
    "user": "no-reply@example.com",
}
HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{channel = "email"}]
[accounts.gmail]
provider = "smtp"
host = "smtp.gmail.com"
secrets_file = "gmail.toml"
[accounts.gmail.oauth]
grant = "GRANT"
token_url = "https://oauth2.googleapis.com/token"
client_id = "client"
user = "no-reply@example.com"
"""
CANARY = "canary" * 10


def account(oauth: dict[str, Any], **changes: Any) -> SmtpAccount:
    return SmtpAccount.model_validate({"provider": "smtp", "host": "h", "oauth": oauth, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"token_url": "http://oauth2.example.com/token"}, "token_url: secrets would travel"),
        ({"user": None}, "user: XOAUTH2 needs the mailbox"),
        ({"grant": "password"}, "grant"),
        ({"token_url": "oauth2.example.com"}, "token_url"),
        ({"client_id": ""}, "client_id"),
        ({"secret": "x"}, "secret"),
    ],
)
def test_a_session_that_cannot_be_is_refused(changes: dict[str, Any], reason: str) -> None:
    """Each error names its field."""
    with pytest.raises(ValidationError, match=reason):
        account({**OAUTH, **changes})


def test_an_endpoint_in_clear_may_be_allowed() -> None:
    """As an account's own address may."""
    url = "http://sandbox:8010/oauth/token"
    made = account({**OAUTH, "token_url": url}, allow_cleartext=True)
    assert made.session is not None
    assert made.session.token_url == url


@pytest.mark.parametrize(
    ("grant", "secrets", "problem"),
    [
        ("refresh_token", 'client_secret = "s"', "refresh_token: oauth.grant = 'refresh_token'"),
        ("client_credentials", 'refresh_token = "r"', "client_secret: oauth.grant"),
        ("jwt_bearer", 'client_secret = "s"', "private_key: oauth.grant"),
        (
            "refresh_token",
            'refresh_token = "r"\nusername = "u"\npassword = "p"',
            "password: with oauth there is none",
        ),
    ],
)
def test_a_missing_secret_is_named(tmp_path: Path, grant: str, secrets: str, problem: str) -> None:
    """By account, file and name; what is in the file is not shown."""
    (tmp_path / "herald.toml").write_text(HERALD_TOML.replace("GRANT", grant))
    write_secrets(tmp_path / "gmail.toml", secrets)
    loaded = load_configuration(tmp_path / "herald.toml")
    with pytest.raises(ConfigurationError) as error:
        loaded.secrets_for(["gmail"])
    assert f"accounts.gmail.secrets_file: {problem}" in str(error.value)


def test_missing_keys_are_named_with_what_writes_some(tmp_path: Path) -> None:
    """The error is that of the setting."""
    (tmp_path / "herald.toml").write_text(HERALD_TOML.replace("GRANT", "refresh_token"))
    write_masking_key(tmp_path)
    loaded = load_configuration(tmp_path / "herald.toml")
    with pytest.raises(ConfigurationError, match=r"sessions\.keys_file: no such file.*--new"):
        session_keys(loaded)
    write_session_keys(tmp_path / "secrets" / "session-keys.toml")
    assert len(session_keys(loaded).current.ids) == 1


def entry(name: str, key: str) -> str:
    return f'[[keys]]\nid = "{name}"\nkey = "{key}"\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "keys: "),
        (f"{CANARY} = ", "not TOML"),
        (entry("one", CANARY), "key one is not hexadecimal digits"),
        (entry("one", "ab" * 31), "key one has 31 bytes"),
        (entry("one", "ab" * 32) + entry("one", "cd" * 32), "an id stands twice"),
        (entry("no id", "ab" * 32), r"keys.0.id"),
        (entry("one", "ab" * 32) + f'secret = "{CANARY}"', "secret"),
    ],
)
def test_keys_that_cannot_be_used_are_named_and_not_shown(
    tmp_path: Path, text: str, reason: str
) -> None:
    """The file, what is wrong with it, and nothing that is in it."""
    path = write_secrets(tmp_path / "keys.toml", text)
    with pytest.raises(KeysFileError, match=reason) as error:
        read_session_keys(path)
    assert str(path) in str(error.value)
    assert CANARY not in str(error.value)
    assert "abab" not in str(error.value)


def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    """As every file of secrets, unless `[secrets]` allows it."""
    path = tmp_path / "keys.toml"
    write_session_keys(path)
    path.chmod(0o644)
    with pytest.raises(KeysFileError, match="others may use it"):
        read_session_keys(path)
    assert read_session_keys(path, allow_open=True).ids


def test_a_new_key_stands_first(tmp_path: Path) -> None:
    """Those before it stay, behind; the file is for its owner alone, and complete at any time."""
    path = tmp_path / "keys.toml"
    names = [write_session_keys(path) for _ in range(3)]
    assert read_session_keys(path).ids == tuple(reversed(names))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["keys.toml"]


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """At the next look; one that can't be used changes nothing."""
    path = tmp_path / "keys.toml"
    first = write_session_keys(path)
    ring = KeyRing(path, read_session_keys)
    assert not await ring.look()
    second = write_session_keys(path)
    assert await ring.look()
    assert ring.current.ids == (second, first)
    path.write_text("not toml")
    assert not await ring.look()
    path.unlink()
    assert not await ring.look()
    assert ring.current.ids == (second, first)
