"""One file of scenarios over every provider, and a change of provider by an edit and a restart."""

from __future__ import annotations

import json
import tomllib
import uuid
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from conformance.file_server import FILES, serving_files
from conftest import given_by
from e2e.client import Client, Event, connected
from herald.config.loading import load_configuration
from herald.contracts.vocabulary import Receipts
from herald_local import services
from herald_local.lifecycle import running_stack
from herald_local.ports import LOOPBACK, free_port
from herald_local.servers import Servers
from herald_local.stack import Stack
from herald_local.web import call
from private_authority import Authority
from provider_pairs.pairs import Pair, Places
from provider_pairs.writing import all_pairs, places, table, with_options, write_pairs

SCENARIOS = tomllib.loads(Path(__file__).with_name("provider_scenarios.toml").read_text())[
    "scenario"
]
NOWHERE = Places(ingress_url="", sandbox_url="", smtp_port=0, smpp_port=0)
NAMES = [pair.name for pair in all_pairs(NOWHERE)]
MAILS = [pair.name for pair in all_pairs(NOWHERE) if pair.channel == "email"]
UPLOADS = {"whatsapp-cloud": {"media": "upload"}}  # accounts that send files as bytes
CONFIRMING = {Receipts.DELIVERED, Receipts.READ}
# how an account's provider writes what a mail answers
ANSWERED: dict[str, Callable[[str], dict[str, Any]]] = {
    "mailgun-email": lambda quoted: {"In-Reply-To": quoted},
    "sendgrid-email": lambda quoted: {"headers": f"In-Reply-To: {quoted}\n"},
    "postmark-email": lambda quoted: {"Headers": [{"Name": "In-Reply-To", "Value": quoted}]},
}
SMS_ACCOUNTS = ("twilio-sms", "vonage-sms")


@pytest.fixture(scope="module")
def files_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve files, by an authority that every service of the stack trusts; gives their base URL."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with (
        pytest.MonkeyPatch.context() as environment,
        serving_files(authority.server(LOOPBACK)) as port,
    ):
        environment.setenv("SSL_CERT_FILE", str(authority.certificate))
        yield f"https://{LOOPBACK}:{port}"


@pytest.fixture(scope="module")
def stack(
    servers: Servers, files_at: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Run a Herald with an account at every provider, which may fetch the files."""
    rules = {"ports": [urlsplit(files_at).port], "private_networks": [f"{LOOPBACK}/32"]}

    def extend(home: Path, ports: Mapping[str, int]) -> None:
        pairs = all_pairs(places(ports, free_port()))
        write_pairs(home, [with_options(pair, **UPLOADS.get(pair.name, {})) for pair in pairs])
        with (home / "herald.toml").open("a") as file:
            file.write(table("media", rules))

    home = tmp_path_factory.mktemp("every-provider")
    with running_stack(home, given_by(servers), extend=extend) as running:
        yield running


@pytest.fixture(scope="module")
def accounts(stack: Stack) -> dict[str, Any]:
    """Give the accounts as Herald reads them."""
    return dict(load_configuration(stack.home / "herald.toml").file.accounts)


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    """Give a client that has sent every scenario by every account."""
    with connected(stack.amqp_url) as plain:
        for number, pair in enumerate(all_pairs(NOWHERE)):
            for scenario in SCENARIOS:
                plain.publish(_command(number, pair, scenario))
        yield plain


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_ends_the_same_by_every_provider(
    client: Client, accounts: dict[str, Any], name: str, scenario: dict[str, Any]
) -> None:
    """The same case of a recipient ends with the same outcome, whoever carries the message."""
    confirms = accounts[name].receipts in CONFIRMING
    if scenario.get("needs_receipts") and not confirms:
        pytest.skip("its provider reports nothing after the acceptance")
    data = _end(client, _key(name, scenario))
    assert (data["outcome"], data["account"]) == (scenario["ends"], name)
    if scenario["ends"] == "failed":
        assert data["failure"]["class"] in {"unreachable", "permanent"}
    elif confirms:
        assert data["status"] in {"delivered", "read"}


def test_switching_a_provider_is_an_edit_and_a_restart(client: Client, stack: Stack) -> None:
    """The weight moves from one account to another, and the channel's worker starts again."""
    file = stack.home / "herald.toml"
    written = file.read_text()
    for account in SMS_ACCOUNTS:
        head = f"[accounts.{account}]\n"
        file.write_text(written.replace(head, f"{head}weight = 1\n"))
        services.stop(stack, ["channel-sms"])
        services.start(stack, ["channel-sms"], die_with_parent=True)
        key = str(uuid.uuid4())
        client.publish(
            {
                "idempotency_key": key,
                "to": {"phone": "+15559990100"},
                "content": {"text": "Hello"},
                "route": {"steps": [{"channel": "sms", "fallback_after": "20s"}]},
            }
        )
        end = _end(client, key)
        assert (end["status"], end["account"]) == ("delivered", account)


@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_names_the_mail(client: Client, stack: Stack, name: str) -> None:
    """Who answers a mail quotes its Message-ID: their event names the message and the attempt."""
    sent = _end(client, _key(name, SCENARIOS[0]))
    quoted = f"<{sent['attempt_id']}@example.com>"
    answer = {
        "channel": "email",
        "provider": sent["provider"],
        "account": name,
        "sender": "grace@example.org",
        "text": "Thank you",
        "message": ANSWERED[name](quoted),
    }
    path = f"{stack.sandbox_url}/_sandbox/inbound"
    assert call("POST", path, json.dumps(answer).encode()).status == HTTPStatus.OK
    event = client.wait(
        lambda event: event["data"].get("answers") == quoted and "text" in event["data"]
    )
    data = event["data"]
    assert (data["text"], data["sender"], data["sender_kind"]) == (
        *("Thank you", "grace@example.org"),
        "email",
    )
    assert (data["in_reply_to"], data["attempt_id"]) == (sent["message_id"], sent["attempt_id"])


def test_the_inbox_shows_what_was_sent(client: Client, stack: Stack) -> None:
    """Whatever its provider's form is, a recipient sees the words of the message."""
    for number, pair in enumerate(all_pairs(NOWHERE)):
        _end(client, _key(pair.name, SCENARIOS[0]))
        [message] = _inbox(stack, _address(number, pair, SCENARIOS[0]))
        assert message["channel"] == pair.channel
        assert message["text"] == f"Hello by {pair.name}"


@pytest.mark.parametrize("name", MAILS)
def test_files_go_along_with_mails(client: Client, stack: Stack, files_at: str, name: str) -> None:
    """A picture that the HTML shows and a file beside it arrive by every mail provider."""
    to = f"files+{name}@example.com"
    content = {
        "subject": "Your invoice",
        "text": "It is attached.",
        "html": '<p>Attached.</p><img src="cid:logo">',
        "media": [
            {"url": f"{files_at}/logo.png", "kind": "image", "content_id": "logo"},
            {"url": f"{files_at}/invoice.pdf", "attach": True, "filename": "Rechnung März.pdf"},
        ],
    }
    data = _sent(client, name, "email", to, content)
    assert data["outcome"] == "succeeded"
    [message] = _inbox(stack, to)
    sizes = {file["content_type"]: file["size"] for file in message["files"]}
    assert sizes == {content_type: len(body) for content_type, body in FILES.values()}
    # Mailgun calls a picture by the name that the HTML has for it
    [picture] = [file for file in message["files"] if file["content_id"]]
    assert (picture["content_type"], picture["content_id"]) == ("image/png", "logo")
    [document] = [file for file in message["files"] if not file["content_id"]]
    assert document["name"] == "Rechnung März.pdf"


def test_a_file_is_uploaded_to_whatsapp(client: Client, stack: Stack, files_at: str) -> None:
    """An account that uploads fetches the file and sends what it uploaded."""
    [name] = UPLOADS
    to = "+15559980100"
    content = {"media": [{"url": f"{files_at}/logo.png", "kind": "image", "caption": "Ours"}]}
    data = _sent(client, name, "whatsapp", to, content)
    assert data["outcome"] == "succeeded"
    [message] = _inbox(stack, to)
    [file] = message["files"]
    assert file["size"] == len(FILES["/logo.png"][1])


def _sent(
    client: Client, name: str, channel: str, to: str, content: Mapping[str, Any]
) -> dict[str, Any]:
    """Send by an account; return what the end of the message says."""
    key = str(uuid.uuid4())
    step = {"channel": channel, "account": name, "fallback_after": "20s"}
    command: Event = {
        "idempotency_key": key,
        "to": {"addresses": {channel: to}},
        "content": content,
        "route": {"steps": [step]},
    }
    has_sender = any(pair.name == name and pair.sender for pair in all_pairs(NOWHERE))
    client.publish({**command, "sender": name} if has_sender else command)
    return _end(client, key)


def _inbox(stack: Stack, to: str) -> list[dict[str, Any]]:
    answer = call("GET", f"{stack.sandbox_url}/_sandbox/inbox?to={quote(to, safe='')}")
    messages: list[dict[str, Any]] = json.loads(answer.body)["messages"]
    return messages


def _command(number: int, pair: Pair, scenario: Mapping[str, Any]) -> Event:
    step = {"channel": pair.channel, "account": pair.name, "fallback_after": "20s"}
    command: Event = {
        "idempotency_key": _key(pair.name, scenario),
        "to": {"addresses": {pair.channel: _address(number, pair, scenario)}},
        "content": {"text": f"Hello by {pair.name}", "subject": "Hello"},
        "route": {"steps": [step]},
    }
    return command if pair.sender is None else {**command, "sender": pair.name}


def _address(number: int, pair: Pair, scenario: Mapping[str, Any]) -> str:
    """Make a recipient of an account's own: the sandbox counts tries by recipient."""
    if pair.channel == "email":
        return f"{scenario['mailbox']}+{pair.name}@example.com"
    phone = f"1555{number + 100:03}{scenario['phone']}"
    return phone if pair.channel == "telegram" else f"+{phone}"


def _key(name: str, scenario: Mapping[str, Any]) -> str:
    return f"{name}: {scenario['name']}"


def _end(client: Client, key: str) -> dict[str, Any]:
    """Wait for the event that sets a message's outcome."""
    event = client.wait(
        lambda event: (
            event["data"].get("idempotency_key") == key and bool(event["data"].get("terminal"))
        )
    )
    data: dict[str, Any] = event["data"]
    return data
