"""`herald.toml` and secrets files: every error at once, each with its path, none with a secret."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from herald.config.file import HeraldFile
from herald.config.loading import (
    Configuration,
    ConfigurationError,
    exit_with,
    load_configuration,
    load_or_exit,
)
from herald.contracts.vocabulary import Category
from herald.providers.rates import parse_rate
from secret_files import write_secrets

GOOD = """
[tenants.default]
route = "default"
sender = "default"
[senders.default]
sms = "+15550001111"
[accounts.twilio]
provider = "twilio"
account_sid = "AC00000000000000000000000000000000"
secrets_file = "secrets/twilio.toml"
rate = "600/m"
timeout = "5s"
[accounts.smtp]
provider = "smtp"
host = "smtp.example.com"
secrets_file = "smtp.toml"
[routes.default]
steps = [{channel = "sms", fallback_after = "90s", fallback_on = ["auth"]}, {channel = "email"}]
[categories.otp]
ttl = "3m"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a folder with a good configuration."""
    (tmp_path / "secrets").mkdir()
    write_secrets(tmp_path / "secrets" / "twilio.toml", 'auth_tokens = ["token-1", "token-2"]\n')
    write_secrets(tmp_path / "smtp.toml", 'username = "u"\npassword = "hunter2"\n')
    path = tmp_path / "herald.toml"
    path.write_text(GOOD)
    return path


def _problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path)
    return caught.value.problems


def test_reads_all_of_it(path: Path) -> None:
    """Durations, rates and routes are read; what is not said has its default."""
    configuration = load_configuration(path)
    file = configuration.file
    assert file.channels == ("email", "sms")
    assert file.accounts["twilio"].rate == 10.0
    assert file.accounts["twilio"].timeout.total_seconds() == 5
    assert file.accounts["smtp"].timeout.total_seconds() == 30
    assert file.routes["default"].steps[0].fallback_after == timedelta(seconds=90)
    assert list(configuration.accounts_of("sms")) == ["twilio"]
    assert file.router.retry.base.total_seconds() == 2


def test_a_provider_that_reports_nothing_holds_no_silence(path: Path) -> None:
    """Nobody waits for a mail server to post again: its acceptance is its last news."""
    file = load_configuration(path).file
    assert file.webhook_retry_gap == timedelta(seconds=15)
    smtp_alone = {"accounts": {"smtp": file.accounts["smtp"]}}
    assert file.model_copy(update=smtp_alone).webhook_retry_gap is None


def test_a_category_given_replaces_its_default(path: Path) -> None:
    """Configured categories are taken whole, the others keep theirs."""
    file = load_configuration(path).file
    assert file.rules_for(Category.OTP).ttl.total_seconds() == 180
    assert file.rules_for(Category.OTP).start_within is None
    assert file.rules_for(Category.MARKETING).ttl.total_seconds() == 72 * 3600


def test_tells_every_error_at_once(path: Path) -> None:
    """One run of `config check` shows all that is wrong, each with where it stands."""
    problems = _problems(
        path,
        GOOD.replace("AC0", "XX0")
        .replace('rate = "600/m"', 'rate = "fast"')
        .replace("port", "prot")
        .replace('"90s"', '"soon"')
        .replace('host = "smtp.example.com"', 'host = "smtp.example.com"\nprot = 25'),
    )
    assert [problem.split(":")[0] for problem in problems] == [
        "accounts.twilio.rate",
        "accounts.twilio.account_sid",
        "accounts.smtp.prot",
        "routes.default.steps.0.fallback_after",
    ]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("sms = 5", "senders.default.sms: "),
        ('SMS = "+15550001111"', "senders.default.SMS"),
        ('sms = "x"\ntenants = "default"', "senders.default.tenants: "),
    ],
)
def test_a_sender_is_named_by_its_own_keys(path: Path, entry: str, problem: str) -> None:
    """Channels stand beside `tenants` in the file, and in what is said of them."""
    found = _problems(path, GOOD.replace('sms = "+15550001111"', entry))
    assert any(line.startswith(problem) for line in found), found


def test_an_account_named_as_its_provider_keeps_its_name(path: Path) -> None:
    """The path of an error names the account, though its name is a provider's too."""
    [problem] = _problems(path, GOOD.replace("AC0", "XX0"))
    assert problem.startswith("accounts.twilio.account_sid: ")


NAMES = [
    ('route = "default"', 'route = "nowhere"', "tenants.default.route: no route 'nowhere'"),
    ('sender = "default"', 'sender = "nobody"', "tenants.default.sender: no sender 'nobody'"),
    ("[tenants.default]", "[tenants.unknown]\n[tenants.default]", "tenants.unknown: this name is"),
    (
        'provider = "smtp"',
        'provider = "smtp"\ntenants = ["other"]',
        "accounts.smtp.tenants: no tenant 'other'",
    ),
    (
        'sms = "+15550001111"',
        'sms = "+15550001111"\ntenants = ["other"]',
        "senders.default.tenants: no tenant 'other'",
    ),
    (
        "[routes.default]",
        '[routes.default]\ntenants = ["other"]',
        "routes.default.tenants: no tenant 'other'",
    ),
    (
        "[tenants.default]",
        '[tenants.b]\n[tenants.default]\nusers = ["herald"]',
        "tenants.b.route: routes.default.tenants does not name it",
    ),
    (
        "[tenants.default]",
        '[tenants.b]\nsender = "default"\n[tenants.default]',
        "tenants.b.sender: senders.default.tenants does not name it",
    ),
    (
        '{channel = "email"}',
        '{channel = "push"}',
        "routes.default.steps.1.channel: no account serves 'push'",
    ),
    (
        '{channel = "email"}',
        '{channel = "email", account = "twilio"}',
        "routes.default.steps.1.account: 'twilio' serves 'sms'",
    ),
    (
        '{channel = "email"}',
        '{channel = "email", account = "nobody"}',
        "routes.default.steps.1.account: no account 'nobody'",
    ),
]


@pytest.mark.parametrize(("old", "new", "problem"), NAMES)
def test_names_must_be_known(path: Path, old: str, new: str, problem: str) -> None:
    """What refers to another part of the file must find it."""
    found = _problems(path, GOOD.replace(old, new, 1))
    assert any(line.startswith(problem) for line in found), found


def test_several_unknown_names_are_each_reported(path: Path) -> None:
    """Checks across parts report each problem on a line of its own."""
    text = GOOD.replace('route = "default"', 'route = "x"').replace(
        'sender = "default"', 'sender = "y"'
    )
    assert len(_problems(path, text)) == 2


def test_an_unknown_provider_is_named(path: Path) -> None:
    """The error lists the providers there are."""
    [problem] = _problems(path, GOOD.replace('provider = "smtp"', 'provider = "pigeon"'))
    assert problem.startswith("accounts.smtp: ")
    assert "sendgrid" in problem


def test_no_file_and_no_toml_are_reported(path: Path) -> None:
    """A missing file and a broken one have errors of their own."""
    with pytest.raises(ConfigurationError, match="No such file"):
        load_configuration(path.parent / "other.toml")
    [problem] = _problems(path, "[tenants")
    assert problem.startswith("not TOML")


def test_a_service_exits_with_2(path: Path) -> None:
    """A wrong configuration stops a service before it starts, with all problems in one line."""
    path.write_text(GOOD.replace('route = "default"', 'route = "nowhere"'))
    with structlog.testing.capture_logs() as lines, pytest.raises(SystemExit) as caught:
        load_or_exit(path)
    assert caught.value.code == 2
    [line] = lines
    assert line["event"] == "service.not_started"
    assert line["problems"][0].startswith(f"{path}: tenants.default.route")


def _secrets_error(configuration: Configuration, *names: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        configuration.secrets_for(list(names))
    return caught.value


def test_reads_secrets_where_they_are_named(path: Path) -> None:
    """A secrets file is found beside `herald.toml`; only the accounts asked for are read."""
    configuration = load_configuration(path)
    (path.parent / "smtp.toml").unlink()
    secrets = configuration.secrets_for(["twilio"])
    assert "token-1" not in repr(secrets)
    assert [s.get_secret_value() for s in secrets["twilio"].auth_tokens] == [  # type: ignore[attr-defined]  # this account's own model
        "token-1",
        "token-2",
    ]


def test_tells_all_wrong_secrets_at_once(path: Path) -> None:
    """Every account's problem is reported, with the account and the file."""
    configuration = load_configuration(path)
    (path.parent / "smtp.toml").unlink()
    (path.parent / "secrets" / "twilio.toml").write_text("auth_tokens = []\n")
    error = _secrets_error(configuration, "twilio", "smtp")
    assert error.problems[0].startswith("accounts.twilio.secrets_file: auth_tokens")
    assert error.problems[1].startswith("accounts.smtp.secrets_file: No such file")


def test_an_open_secrets_file_is_refused_unless_that_is_allowed(path: Path) -> None:
    """The account and the remedy are named; `[secrets]` can allow it."""
    (path.parent / "smtp.toml").chmod(0o644)
    error = _secrets_error(load_configuration(path), "smtp")
    [problem] = error.problems
    assert problem.startswith("accounts.smtp.secrets_file: ")
    assert problem.endswith(f"chmod 600 {path.parent / 'smtp.toml'}")
    path.write_text(GOOD + "[secrets]\nallow_open_files = true\n")
    assert load_configuration(path).secrets_for(["smtp"])


WRONG_SECRETS = [
    'username = "u"\npassword = 5\n',
    'password = "hunter2"\n',
    'username = "u"\npassword = "hunter2"\napi_key = "hunter2"\n',
    'password = "hunter2',
    'hunter2 = "hunter2" hunter2',
]


@pytest.mark.parametrize("text", WRONG_SECRETS)
def test_an_error_in_a_secrets_file_shows_no_secret(path: Path, text: str) -> None:
    """Neither the error nor what is logged repeats anything of the file."""
    (path.parent / "smtp.toml").write_text(text)
    error = _secrets_error(load_configuration(path), "smtp")
    with structlog.testing.capture_logs() as lines, pytest.raises(SystemExit):
        exit_with(error)
    assert "hunter2" not in f"{error}{lines}"
    assert error.__cause__ is None


RATES = [("80/s", 80.0), ("600/m", 10.0), ("3600/h", 1.0), (0.5, 0.5)]


@pytest.mark.parametrize(("text", "rate"), RATES)
def test_reads_rates(text: object, rate: float) -> None:
    """Calls a second, minute or hour."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0/s", "80", "80/d", "-1/s", "1.5/s", 80, None, -0.5, 0.0])
def test_refuses_other_rates(text: object) -> None:
    """A bare number says nothing of its time."""
    with pytest.raises(ValueError, match="a rate is written like"):
        parse_rate(text)


def test_the_defaults_need_no_parts() -> None:
    """Only tenants, accounts and routes must be given."""
    with pytest.raises(ValueError, match="3 validation errors"):
        HeraldFile.model_validate({})
