"""`herald init`: what it writes is private, complete but for what only its owner knows, and new."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from herald.cli.application import application
from herald.config.loading import load_configuration
from herald.config.masking import read_masking_key
from herald.config.read_tokens_file import load_read_tokens
from herald.config.session_keys import read_session_keys
from herald.contracts.read_tokens import Readers
from herald.providers.registry import example_of, model_of, offered
from unit.providers.http.making import OPTIONS as PROFILE_OPTIONS
from unit.providers.options import OPTIONS

URL = "https://hooks.example.com"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:herald"
ANSWERS = {"public_base_url": URL, "topics": TOPIC} | {
    name: value
    for options in (*OPTIONS.values(), *PROFILE_OPTIONS.values())
    for name, value in options.items()
}
CHOICES = [*((name,) for name in offered()), offered()]


def init(folder: Path, *options: str, said: str = "") -> Result:
    command = ["init", "--directory", str(folder), *options]
    return CliRunner().invoke(application, command, input=said)


def check(folder: Path) -> Result:
    environment = {"HERALD_CONFIG": str(folder / "herald.toml")}
    return CliRunner().invoke(application, ["config", "check"], env=environment)


def begin(folder: Path, providers: tuple[str, ...], *options: str) -> Result:
    named = [option for name in providers for option in ("--provider", name)]
    return init(folder, "--yes", *named, *options)


def fill_in(folder: Path) -> None:
    """Write what an owner would, for every placeholder of every file."""

    def answer(match: re.Match[str]) -> str:
        return f'{match[1]}"{ANSWERS.get(match[2], "x" * 8)}"'

    for path in (folder / "herald.toml", *(folder / "secrets").glob("*.toml")):
        text = re.sub(r'(?m)(^(\w+) = \[?)"<fill in: [^"]*"', answer, path.read_text())
        path.write_text(text)


@pytest.mark.parametrize("name", offered())
def test_an_example_is_of_its_account(name: str) -> None:
    """An example serves the channel that its account has by default."""
    assert example_of(name).channel == model_of(name).model_fields["channel"].default


@pytest.mark.parametrize("providers", CHOICES, ids=" ".join)
def test_what_is_left_to_fill_in_is_named(tmp_path: Path, providers: tuple[str, ...]) -> None:
    """The check names each placeholder at once, in the secrets files, too, and nothing else."""
    begin(tmp_path, providers)
    result = check(tmp_path)
    placeholders = sum(path.read_text().count("<fill in: ") for path in tmp_path.rglob("*.toml"))
    lines = result.output.splitlines()
    assert result.exit_code == 2
    assert len(lines) == placeholders
    assert all("still to be filled in: " in line for line in lines)


@pytest.mark.parametrize("providers", CHOICES, ids=" ".join)
def test_filled_in_it_is_a_configuration(tmp_path: Path, providers: tuple[str, ...]) -> None:
    """Once its owner has answered, the check passes and services load it."""
    begin(tmp_path, providers, "--tenant", "shop")
    fill_in(tmp_path)
    result = check(tmp_path)
    assert (result.exit_code, result.output.count("1 tenants")) == (0, 1)
    configuration = load_configuration(tmp_path / "herald.toml")
    assert set(configuration.file.tenants) == {"shop"}
    assert configuration.file.channels == tuple(
        sorted({example_of(name).channel for name in providers})
    )


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    """Nobody else on the machine may read or change a key, a token or a secrets file."""
    begin(tmp_path, offered())
    secrets = tmp_path / "secrets"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"masking.key", "tokens.toml", "read.token", "twilio-main.toml"} <= modes.keys()
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700


def test_the_read_token_reads(tmp_path: Path) -> None:
    """The token file holds what the tokens file knows by its digest, and the keys are some."""
    begin(tmp_path, ("smtp",))
    fill_in(tmp_path)
    tokens = load_read_tokens(load_configuration(tmp_path / "herald.toml"))
    assert tokens is not None
    reader = Readers(tokens).known_by((tmp_path / "secrets" / "read.token").read_text().strip())
    assert reader is not None
    assert reader.is_operator
    assert read_masking_key(tmp_path / "secrets" / "masking.key")
    assert read_session_keys(tmp_path / "secrets" / "session-keys.toml").ids


@pytest.mark.parametrize("name", ["herald.toml", "secrets/masking.key", "secrets/smtp-main.toml"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    """A key that is replaced finds no address any more: one file that is there stops it all."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / name).write_text("mine")
    result = begin(tmp_path, ("smtp",))
    assert result.exit_code == 2
    assert str(tmp_path / name) in result.output
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.read_text() for path in files] == ["mine"]


def test_flags_are_taken(tmp_path: Path) -> None:
    """What is given is no placeholder."""
    sender = ("--sms-from", "+15550001111", "--public-base-url", URL)
    begin(tmp_path, ("twilio",), "--account-sid", ANSWERS["account_sid"], *sender)
    document = tomllib.loads((tmp_path / "herald.toml").read_text())
    assert document["accounts"]["twilio-main"]["account_sid"] == ANSWERS["account_sid"]
    assert document["senders"]["default"]["sms"] == "+15550001111"
    assert document["ingress"]["public_base_url"] == URL


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--provider", "twilio", "--account-sid", "12"), "--account-sid: "),
        (("--provider", "smtp", "--smtp-host", "a b"), "--smtp-host: "),
        (("--provider", "fax"), "must be one of whatsapp_cloud, twilio"),
        (("--provider", "smtp", "--tenant", "No such"), "--tenant: "),
        ((), "name at least one of"),
    ],
)
def test_wrong_input_writes_nothing(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    """The flag at fault is named before any file is there."""
    result = init(tmp_path, "--yes", *options)
    assert result.exit_code == 2
    assert said in result.output
    assert list(tmp_path.iterdir()) == []


def test_it_asks_what_is_not_given(tmp_path: Path) -> None:
    """An answer that may not be is asked for again; Enter leaves it for later."""
    chosen = ["y" if name == "twilio" else "n" for name in offered()]
    answers = ["shop", *chosen, "12", ANSWERS["account_sid"], "", URL]
    result = init(tmp_path, said="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    document = tomllib.loads((tmp_path / "herald.toml").read_text())
    assert list(document["accounts"]) == ["twilio-main"]
    assert document["accounts"]["twilio-main"]["account_sid"] == ANSWERS["account_sid"]
    assert document["senders"]["default"]["sms"].startswith("<fill in: ")
    assert document["tenants"].keys() == {"shop"}


def test_it_says_what_comes_next(tmp_path: Path) -> None:
    """Every file, and the commands in their order."""
    result = begin(tmp_path, ("twilio",)).output
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert str(path) in result
    order = ("config check", "topology apply", "migrate")
    places = [result.index(f"herald {command}") for command in order]
    assert places == sorted(places)
    assert "HERALD_SPOOL_DIR" in result


def test_options_of_one_name_are_asked_for_each_provider(tmp_path: Path) -> None:
    """A relay and an SMSC are two hosts: each has a flag of its own."""
    hosts = ("--smtp-host", "relay.example.com", "--smpp-host", "smsc.example.com")
    assert begin(tmp_path, ("smtp", "smpp"), *hosts).exit_code == 0
    accounts = tomllib.loads((tmp_path / "herald.toml").read_text())["accounts"]
    assert accounts["smtp-main"]["host"] == "relay.example.com"
    assert accounts["smpp-main"]["host"] == "smsc.example.com"
