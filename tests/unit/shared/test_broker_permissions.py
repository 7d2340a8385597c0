"""Which broker users a configuration makes, and what each may do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from herald.cli.application import application
from herald.config.broker_permissions import broker_users
from herald.config.file import HeraldFile
from herald.config.password_files import read_passwords
from herald.contracts.rights import (
    EVERYTHING,
    Rights,
    TopicRights,
    channel_rights,
    operator_rights,
    router_rights,
    tenant_rights,
    together,
)
from herald.contracts.topology import COMMANDS, EARLIER_RECEIPTS, EVENTS
from herald.service.secret_files import SecretFileError

CONFIGURATION = """
[tenants.default]
[tenants.shop]
users = ["shop-one", "shop-two"]
[accounts.a]
provider = "twilio"
account_sid = "AC00000000000000000000000000000000"
[accounts.b]
provider = "sendgrid"
[routes.default]
tenants = ["default", "shop"]
steps = [{channel = "sms"}]
[operators]
users = ["ada", "shop-two"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a configuration of two tenants, one of which names its users."""
    path = tmp_path / "herald.toml"
    path.write_text(CONFIGURATION)
    return path


def show(file: Path, *options: str, amqp_url: str = "") -> Result:
    environment = {
        "HERALD_CONFIG": str(file),
        "HERALD_AMQP_URL": amqp_url,
        "HERALD_RABBITMQ_MANAGEMENT_URL": "",
    }
    return CliRunner().invoke(application, ["topology", "permissions", *options], env=environment)


def configured(**services: object) -> HeraldFile:
    document = {
        "tenants": {"default": {}},
        "accounts": {
            "a": {"provider": "twilio", "account_sid": "AC" + "0" * 32},
            "b": {"provider": "sendgrid"},
        },
        "routes": {"default": {"steps": [{"channel": "sms"}]}},
        "services": services,
    }
    return HeraldFile.model_validate_json(json.dumps(document))


def test_every_service_has_a_user_though_none_is_named() -> None:
    """By default each is called as its service."""
    users = broker_users(configured())
    assert [user.name for user in users] == [
        "herald-topology",
        "herald-router",
        "herald-email",
        "herald-sms",
        "herald-ingress",
    ]
    assert not any(user.is_configured for user in users)
    assert users[1].rights == router_rights()


def test_named_users_have_the_rights_of_what_they_are_named_for() -> None:
    """One user of all channels has the work of each, and reports for each."""
    users = {
        user.name: user
        for user in broker_users(configured(channels=("workers",), router=("r1", "r2")))
    }
    assert {"r1", "r2", "workers"} <= users.keys()
    assert "herald-router" not in users
    assert users["workers"].roles == ("channel email", "channel sms")
    held = users["workers"].rights
    assert held == together([channel_rights("email"), channel_rights("sms")])
    assert re.search(held.read, "outbound.sms.normal")
    assert re.search(held.read, "outbound.email.normal")
    [topic] = held.topics
    assert topic.exchange == EARLIER_RECEIPTS
    assert re.search(topic.write, "attempt.sms.normal")
    assert re.search(topic.write, "attempt.email.normal")
    assert not re.search(topic.write, "attempt.whatsapp.normal")


def test_two_tenants_of_one_user_keep_others_out() -> None:
    """It hears both, and nobody else's."""
    held = together([tenant_rights("a"), tenant_rights("b")])
    heard = next(topic.read for topic in held.topics if topic.exchange == EVENTS)
    assert [bool(re.search(heard, f"message.sent.{t}")) for t in "abc"] == [True, True, False]


def test_keys_that_one_role_may_all_use_are_not_limited_by_another() -> None:
    """An operator hears everybody; as a tenant's user, too, it still does."""
    held = together([tenant_rights("a"), operator_rights()])
    events = next(topic for topic in held.topics if topic.exchange == EVENTS)
    assert events.read == EVERYTHING
    commands = next(topic for topic in held.topics if topic.exchange == COMMANDS)
    assert re.search(commands.write, "dead_letter.drop")


def test_no_limit_on_keys_is_written_where_there_is_none() -> None:
    """A topic permission of everything would only be one more thing to compare."""
    limited = Rights(write="^x$", topics=(TopicRights(exchange="x", write="^a$"),))
    free = Rights(write="^x$", read="^x$")
    assert together([limited, free]).topics == ()


def test_the_user_of_several_roles_is_shown_once(file: Path) -> None:
    """With what it is, and each right."""
    printed = show(file).stdout
    assert "shop-two  (operator, tenant shop)" in printed
    assert printed.count("shop-two  (") == 1
    assert r"  configure  ^events\.|^events\.shop\." in printed


def test_one_tenants_users_are_shown_alone(file: Path) -> None:
    """As JSON, a line each."""
    lines = [
        json.loads(line)
        for line in show(file, "--tenant", "shop", "--json").stdout.split("\n")
        if line
    ]
    assert [line["user"] for line in lines] == ["shop-one", "shop-two"]
    assert lines[0]["configure"] == r"^events\.shop\."
    assert lines[0]["virtual_host"] == "/"


def test_commands_name_the_virtual_host_of_the_broker(file: Path) -> None:
    """As rabbitmqctl takes them, quoted for a shell."""
    printed = show(file, "--commands", amqp_url="amqp://u:p@h/my%20host").stdout
    assert "rabbitmqctl set_user_tags herald-topology policymaker\n" in printed
    assert "rabbitmqctl set_permissions -p 'my host' herald-sms '^$' '^(herald" in printed
    assert (
        "\nrabbitmqctl set_topic_permissions -p 'my host' shop-one herald.events '^$' '" in printed
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tenant", "nobody"], "no tenant nobody; herald.toml has default, shop"),
        (["--tenant", "default"], "tenants.default names no users"),
        (["--apply"], "HERALD_RABBITMQ_MANAGEMENT_URL is not set"),
    ],
)
def test_what_can_not_be_done_is_said(file: Path, options: list[str], said: str) -> None:
    """On one line, with exit code 2."""
    done = show(file, *options)
    assert done.exit_code == 2
    assert said in done.stderr


def test_passwords_are_read_from_files_named_as_users(tmp_path: Path) -> None:
    """The end of the line is none of it; a user without a file has none; no name leads outside."""
    folder = tmp_path / "passwords"
    folder.mkdir()
    for file, text in ((folder / "ada", "s3cret \n"), (tmp_path / "outside", "x")):
        file.touch(mode=0o600)
        file.write_text(text)
    assert read_passwords(folder, ["ada", "bob", "../outside", ".."]) == {"ada": "s3cret "}


@pytest.mark.parametrize(("text", "mode"), [("", 0o600), ("\n", 0o600), ("x", 0o644)])
def test_an_empty_or_open_password_file_is_refused(tmp_path: Path, text: str, mode: int) -> None:
    """The error names the file, and never what is in it."""
    (tmp_path / "ada").write_text(text)
    (tmp_path / "ada").chmod(mode)
    with pytest.raises(SecretFileError, match="ada: "):
        read_passwords(tmp_path, ["ada"])
    with pytest.raises(SecretFileError, match="no such folder"):
        read_passwords(tmp_path / "nowhere", ["ada"])
