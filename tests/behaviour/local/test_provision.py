"""The configuration written for a stack."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from herald.config.loading import load_configuration
from herald.config.read_tokens_file import load_read_tokens
from herald.contracts.read_tokens import Readers
from herald_local import services
from herald_local.names import Names
from herald_local.provision import write_configuration
from herald_local.saved_state import load_state, with_ports


def _written(home: Path) -> Path:
    state = with_ports(home, load_state(home), services.PORTS)
    write_configuration(home, state, Names(stack="dev", broker_mark="a1b2"))
    return home


def test_herald_accepts_the_configuration_and_all_its_secrets(tmp_path: Path) -> None:
    """Herald's own reader finds nothing wrong, and every channel has an account and a route."""
    configuration = load_configuration(_written(tmp_path) / "herald.toml")
    file = configuration.file
    assert set(configuration.secrets_for(list(file.accounts))) == set(file.accounts)
    assert file.channels == ("email", "sms", "telegram", "whatsapp")
    assert [step.channel for step in file.routes["default"].steps] == ["whatsapp", "sms", "email"]


def test_the_operator_has_a_token_for_reading(tmp_path: Path) -> None:
    """The token that is handed out is the one whose digest the router is given."""
    home = _written(tmp_path)
    tokens = load_read_tokens(load_configuration(home / "herald.toml"))
    assert tokens is not None
    reader = Readers(tokens).known_by((home / "secrets" / "read.token").read_text().strip())
    assert reader is not None
    assert reader.is_operator


def test_the_sandbox_holds_the_other_side_of_every_account(tmp_path: Path) -> None:
    """What the sandbox checks or signs with is what Herald sends or verifies with."""
    home = _written(tmp_path)
    sandbox = tomllib.loads((home / "sandbox.toml").read_text())
    accounts = tomllib.loads((home / "herald.toml").read_text())["accounts"]
    secrets = {
        name: tomllib.loads((home / account["secrets_file"]).read_text())
        for name, account in accounts.items()
    }
    whatsapp, twilio, sendgrid, telegram = (
        sandbox[name]["main"] for name in ("whatsapp_cloud", "twilio", "sendgrid", "telegram")
    )
    assert telegram["bot_token"] == secrets["telegram-main"]["bot_token"]
    assert [telegram["secret_token"]] == secrets["telegram-main"]["webhook_secrets"]
    assert whatsapp["access_token"] == secrets["wa-main"]["access_token"]
    assert [whatsapp["app_secret"]] == secrets["wa-main"]["app_secrets"]
    assert whatsapp["phone_number_id"] == accounts["wa-main"]["phone_number_id"]
    assert [twilio["auth_token"]] == secrets["twilio-main"]["auth_tokens"]
    assert twilio["account_sid"] == accounts["twilio-main"]["account_sid"]
    assert sendgrid["api_key"] == secrets["sendgrid-main"]["api_key"]
    assert sandbox["smtp"]["password"] == secrets["smtp-main"]["password"]
    assert sandbox["smtp"]["port"] == accounts["smtp-main"]["port"]

    key = load_der_private_key(base64.b64decode(sendgrid["private_key"]), password=None)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert accounts["sendgrid-main"]["webhook_public_keys"] == [base64.b64encode(public).decode()]


def test_configuration_is_for_its_owner_alone_and_the_same_again(tmp_path: Path) -> None:
    """Every file has mode 0600, and writing a second time changes nothing."""
    files = sorted(path for path in _written(tmp_path).rglob("*") if path.is_file())
    assert len(files) == 14
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    before = [file.read_text() for file in files]
    _written(tmp_path)
    assert [file.read_text() for file in files] == before
