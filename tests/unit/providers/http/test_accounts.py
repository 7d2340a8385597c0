"""Accounts with profiles in a whole configuration: their errors, their paths, their decoys."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald.config.loading import ConfigurationError, load_configuration
from herald.providers.http.loading import source_of
from ingress.endpoints import Endpoints, endpoints_from
from secret_files import write_secrets

HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{channel = "sms"}]
[accounts.plivo-main]
provider = "http"
profile = "plivo"
auth_id = "MA000000000000000000"
secrets_file = "plivo.toml"
[accounts.acme-main]
provider = "http"
profile = "profiles/acme.toml"
auth_id = "MA000000000000000000"
secrets_file = "plivo.toml"
"""
ACME = source_of("plivo").replace('"plivo"', '"acme"', 1).replace("MessageUUID", "Id")


def write(folder: Path, text: str = HERALD_TOML, acme: str = ACME) -> Path:
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "profiles" / "acme.toml").write_text(acme)
    write_secrets(folder / "plivo.toml", 'auth_tokens = ["token"]\n')
    (folder / "herald.toml").write_text(text)
    return folder / "herald.toml"


def problems(folder: Path, text: str = HERALD_TOML, acme: str = ACME) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(write(folder, text, acme))
    return caught.value.problems


def test_a_profile_beside_the_configuration(tmp_path: Path) -> None:
    """Both are accounts of SMS, each called by its profile."""
    file = load_configuration(write(tmp_path)).file
    assert [account.provider for account in file.accounts.values()] == ["plivo", "acme"]
    assert file.channels == ("sms",)


def test_what_is_wrong_with_a_profile_is_an_error_of_its_account(tmp_path: Path) -> None:
    """The account, the file, the line and the key, and as many as there are."""
    broken = ACME.replace("digits(to)", "digits(too)").replace('"event.ErrorCode"', '"evnt.Code"')
    found = problems(tmp_path, acme=broken)
    assert [line.partition(": no name")[0] for line in found] == [
        "accounts.acme-main.profile: profiles/acme.toml:21: send.json.dst",
        "accounts.acme-main.profile: profiles/acme.toml:50: webhooks.status.code",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"plivo"', '"plivoo"', "accounts.plivo-main.profile: no profile 'plivoo'"),
        ('auth_id = "MA0', 'auth_id = "x', "accounts.plivo-main.auth_id: String should match"),
        ('profile = "plivo"', "", "accounts.plivo-main.profile: Field required"),
        ("plivo.toml", "none.toml", None),
    ],
)
def test_errors_name_the_setting(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    """The path in herald.toml is the one that its owner wrote, without the branch taken."""
    text = HERALD_TOML.replace(old, new, 1)
    if said is None:  # secrets are read by who needs them
        assert load_configuration(write(tmp_path, text))
        return
    assert any(line.startswith(said) for line in problems(tmp_path, text))


def test_secrets_are_the_profiles(tmp_path: Path) -> None:
    """A secrets file lacks what the profile wants: its name, and no value."""
    configuration = load_configuration(write(tmp_path))
    write_secrets(tmp_path / "plivo.toml", 'api_key = "hunter2"\n')
    with pytest.raises(ConfigurationError) as caught:
        configuration.secrets_for(["plivo-main"])
    assert caught.value.problems == [
        "accounts.plivo-main.secrets_file: auth_tokens: Field required",
        "accounts.plivo-main.secrets_file: api_key: Extra inputs are not permitted",
    ]


@pytest.mark.parametrize("name", ["plivo", "twilio"])
def test_a_name_is_taken_once(tmp_path: Path, name: str) -> None:
    """Events could not tell two providers of one name apart, nor could paths."""
    [problem] = problems(tmp_path, acme=ACME.replace('"acme"', f'"{name}"', 1))
    assert problem.startswith("accounts.acme-main.profile: ")


def test_a_path_of_every_profile(tmp_path: Path) -> None:
    """Webhooks come under the profile's name; an unknown account looks as a known one does."""
    endpoints: Endpoints = endpoints_from(load_configuration(write(tmp_path)))
    for name in ("plivo", "acme"):
        known, unknown = endpoints.find(name, f"{name}-main"), endpoints.find(name, "nobody")
        assert (known.is_known, unknown.is_known) == (True, False)
        assert (known.provider, known.rules) == (unknown.provider, unknown.rules)
    telegram = endpoints.find("telegram", "nobody")
    assert (telegram.provider, telegram.is_known) == ("telegram", False)
    assert endpoints.find("http", "plivo-main").provider == "unknown"
