"""herald.toml: every error at once, each with its path; secrets never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from herald.config.loading import ConfigurationError, load_configuration
from secret_files import write_secrets

EXAMPLE = Path(__file__).parents[3] / "docs" / "herald.example.toml"
WRONG = """
[tenants.default]
route = "nowhere"
colour = "red"
[accounts.a]
provider = "twilio"
account_sid = "short"
rate = "fast"
[accounts.b]
provider = "pigeon"
[routes.default]
steps = [{channel = "sms", fallback_after = 5}]
"""
DANGLING = """
[tenants.default]
route = "nowhere"
sender = "nobody"
[accounts.a]
provider = "smtp"
host = "localhost"
tenants = ["ghost"]
[routes.default]
steps = [{channel = "sms"}, {channel = "email", account = "b"}]
"""


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path)
    return caught.value.problems


def test_example_is_valid() -> None:
    """The example in the docs is a configuration that Herald takes."""
    assert load_configuration(EXAMPLE).file.channels == ("email", "sms", "whatsapp")


def test_what_the_example_leaves_out_is_valid_too(tmp_path: Path) -> None:
    """A setting in a comment of the example can be taken as it stands there."""
    text, taken = re.subn(r"(?m)^# (\w+ = )", r"\1", EXAMPLE.read_text())
    path = tmp_path / "herald.toml"
    path.write_text(text)
    assert taken > 5
    assert load_configuration(path).file.channels == ("email", "sms", "whatsapp")


def test_every_error_is_reported_with_its_path(tmp_path: Path) -> None:
    """Wrong values, unknown settings and unknown providers are all reported in one go."""
    paths = {line.split(": ")[0] for line in problems(tmp_path / "herald.toml", WRONG)}
    assert {
        "tenants.default.colour",
        "accounts.a.account_sid",
        "accounts.a.rate",
        "accounts.b",
        "routes.default.steps.0.fallback_after",
    } <= paths


def test_names_that_lead_nowhere_are_reported(tmp_path: Path) -> None:
    """Routes, senders, tenants, channels and accounts must exist where they are named."""
    paths = [line.split(": ")[0] for line in problems(tmp_path / "herald.toml", DANGLING)]
    assert paths == [
        "tenants.default.route",
        "tenants.default.sender",
        "accounts.a.tenants",
        "routes.default.steps.0.channel",
        "routes.default.steps.1.account",
    ]


def test_missing_and_broken_files_are_reported(tmp_path: Path) -> None:
    """No file and no TOML are errors, not tracebacks."""
    with pytest.raises(ConfigurationError, match="No such file"):
        load_configuration(tmp_path / "none.toml")
    assert "not TOML" in problems(tmp_path / "herald.toml", "[")[0]


def test_secrets_are_checked_and_never_shown(tmp_path: Path) -> None:
    """A secrets file that lacks something is reported by path, without its values."""
    (tmp_path / "herald.toml").write_text(EXAMPLE.read_text())
    (tmp_path / "secrets").mkdir()
    write_secrets(tmp_path / "secrets" / "wa-main.toml", 'access_token = "hush-hush"\n')
    loaded = load_configuration(tmp_path / "herald.toml")
    with pytest.raises(ConfigurationError) as caught:
        loaded.secrets_for(["wa-main", "twilio-main"])
    text = str(caught.value)
    assert "accounts.wa-main.secrets_file: app_secrets: Field required" in text
    assert "accounts.twilio-main.secrets_file: No such file" in text
    assert "hush" not in text


def test_what_is_needed_still_is_not_forgotten(tmp_path: Path) -> None:
    """A retention shorter than the longest ttl is refused, and both fields are named."""
    text = EXAMPLE.read_text().replace('ttl = "72h"', 'ttl = "40d"')
    assert problems(tmp_path / "herald.toml", text) == [
        "retention.content: 30d is shorter than categories.marketing.ttl (40d)",
        "retention.dead_letters: 30d is shorter than categories.marketing.ttl (40d)",
        "retention.references: 30d is shorter than categories.marketing.ttl (40d)",
    ]


def test_a_message_is_not_forgotten_before_its_contents(tmp_path: Path) -> None:
    """Nothing would be left to erase them from."""
    text = EXAMPLE.read_text().replace('history = "90d"', 'history = "20d"')
    assert problems(tmp_path / "herald.toml", text) == [
        "retention.history: 20d is shorter than retention.content (30d)"
    ]
