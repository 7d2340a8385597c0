"""Which broker users are Herald's services, what each may report, and whom a service says it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from herald.config.broker_identity import broker_identity
from herald.config.broker_users import Services, own_user
from herald.config.file import SecretRules
from herald.config.loading import ConfigurationError, load_configuration
from herald.contracts.receipts import AccountReceipt, AttemptReceipt, InboundReceipt, Pulse, Receipt
from herald.contracts.vocabulary import AccountTopic, InboundKind, Status
from herald.service.server_urls import broker_user
from herald.service.settings import Address, Settings

EXAMPLE = Path(__file__).parents[3] / "docs" / "herald.example.toml"
NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)
SERVICES = Services(router=("r",), channels={"sms": ("s", "s2"), "email": ("e",)}, ingress=("i",))


def attempt(
    source: Literal["channel", "webhook"], status: Status = Status.ACCEPTED, channel: str = "sms"
) -> AttemptReceipt:
    fields: dict[str, Any] = {"provider": "p", "account": "a", "event_key": "1"}
    return AttemptReceipt(
        source=source,
        channel=channel,
        status=status,
        received_at=NOW,
        **fields,
    )


INBOUND = InboundReceipt(
    channel="sms",
    provider="p",
    account="a",
    reference="1",
    sender="+15550002222",
    content=InboundKind.TEXT,
    received_at=NOW,
)
NEWS = AccountReceipt(
    topic=AccountTopic.STANDING,
    name="account_update",
    channel="whatsapp",
    provider="p",
    account="a",
    event_key="1",
    received_at=NOW,
)
EVERYBODY = ("r", "s", "s2", "e", "i", "unknown", "", None)


def believed(services: Services, reported: Receipt | Pulse) -> list[str | None]:
    return [user for user in EVERYBODY if services.may_report(user, reported)]


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.FAILED, Status.RETURNED])
def test_a_workers_word_is_its_channels_and_the_routers(status: Status) -> None:
    """What an operator replays comes from the router."""
    assert believed(SERVICES, attempt("channel", status)) == ["r", "s", "s2"]
    assert believed(SERVICES, attempt("channel", status, "email")) == ["r", "e"]


def test_webhooks_are_ingress_and_the_routers() -> None:
    """Of attempts and of accounts alike."""
    assert believed(SERVICES, attempt("webhook", Status.READ)) == ["r", "i"]
    assert believed(SERVICES, NEWS) == ["r", "i"]


def test_what_recipients_write_comes_by_webhook_or_by_the_channels_own_worker() -> None:
    """Some providers bring it over the connection that sends; another channel's never do."""
    assert believed(SERVICES, INBOUND) == ["r", "s", "s2", "i"]


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.RETURNED, Status.WITHDRAWN])
def test_no_provider_tells_what_only_a_worker_knows(status: Status) -> None:
    """Nobody is believed it as a webhook's, whoever is configured."""
    assert believed(SERVICES, attempt("webhook", status)) == []
    assert believed(Services(), attempt("webhook", status)) == []


def test_pulses_are_their_own_services() -> None:
    """A replayed pulse would say nothing, so the router's user may not give ingress's."""
    assert believed(SERVICES, Pulse(source="ingress", instance=uuid4())) == ["i"]
    assert believed(SERVICES, Pulse(source="router", instance=uuid4())) == ["r"]


@pytest.mark.parametrize(
    "reported",
    [attempt("channel"), attempt("webhook"), INBOUND, Pulse(source="router", instance=uuid4())],
)
def test_where_nobody_is_named_anybody_is_believed(reported: Any) -> None:
    """A set-up without service users works as it is."""
    assert believed(Services(), reported) == list(EVERYBODY)


def test_users_of_all_channels_may_be_one_list() -> None:
    """Workers of every channel then share users."""
    services = TypeAdapter(Services).validate_json('{"channels": ["w"]}')
    assert services.users_of("sms") == services.users_of("email") == ("w",)


def test_a_table_of_channels_names_each() -> None:
    """One left out would be believed unchecked, so it is an error; so is one nobody serves."""
    found = list(SERVICES.problems(("email", "whatsapp")))
    assert found == [
        "services.channels.sms: no account serves 'sms'",
        "services.channels: names nobody for 'whatsapp'",
    ]
    with pytest.raises(ValidationError):
        Services.model_validate({"channels": {"sms": []}})


@pytest.mark.parametrize(
    ("connects_as", "named", "says"),
    [("x", (), None), (None, (), None), ("a", ("a", "b"), "a"), (None, ("a",), "a")],
)
def test_a_service_says_who_it_is(
    connects_as: str | None, named: tuple[str, ...], says: str | None
) -> None:
    """By its broker's URL, or by the one user that a certificate can stand for."""
    assert own_user(connects_as, named) == says


@pytest.mark.parametrize(("connects_as", "named"), [("x", ("a", "b")), (None, ("a", "b"))])
def test_a_service_that_is_nobody_named_does_not_start(
    connects_as: str | None, named: tuple[str, ...]
) -> None:
    """The broker, or the router, would refuse all it publishes."""
    with pytest.raises(ValueError, match="name"):
        own_user(connects_as, named)


@pytest.mark.parametrize(
    ("url", "user"),
    [
        ("amqp://herald:pw@h/v", "herald"),
        ("amqp://a%40b:pw@h/v", "a@b"),
        ("amqp://h/v", "guest"),
        ("amqps://h/v?auth=EXTERNAL", None),
        ("amqps://x:y@h/v?auth=external", None),
    ],
)
def test_the_url_says_who_connects(url: str, user: str | None) -> None:
    """A certificate's user stands in no URL."""
    assert broker_user(url) == user


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("5", "services.channels: Input should be a valid array"),
        ('["a", 5]', "services.channels.1: Input should be a valid string"),
        ("{sms = []}", "services.channels.sms: Tuple should have at least 1 item"),
        ('{sms = "a"}', "services.channels.sms: Input should be a valid array"),
        ('{fax = ["a"]}', "services.channels.fax: no account serves 'fax'"),
    ],
)
def test_an_error_is_reported_by_its_place(tmp_path: Path, written: str, problem: str) -> None:
    """A list and a table of channels have one name, and their errors, too."""
    path = tmp_path / "herald.toml"
    path.write_text(EXAMPLE.read_text().replace("[services]", f"[services]\nchannels = {written}"))
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path)
    assert caught.value.problems[0].startswith(problem)


def test_a_service_of_another_user_ends_at_its_start(tmp_path: Path) -> None:
    """It says which setting and which user; the password in the URL is not repeated."""
    settings = Settings(
        amqp_url="amqp://somebody:hunter2@broker/",
        postgres_dsn="",
        config_path=tmp_path / "herald.toml",
        operations=Address("127.0.0.1", 1),
        log_format="json",
    )
    with pytest.raises(ConfigurationError) as caught:
        broker_identity("ingress", ("herald-ingress",), settings, SecretRules())
    [problem] = caught.value.problems
    assert problem.startswith("services.ingress: does not name 'somebody'")
    assert "hunter2" not in str(caught.value)
    assert broker_identity("ingress", (), settings, SecretRules()) is None
