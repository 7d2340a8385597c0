"""`herald find`: its options become one question, its answers one line a message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from herald.cli import reading
from herald.cli.application import application
from herald.contracts.masking import MaskingKey, set_masking_key
from herald.contracts.searches import NOT_ENDED, WantedOutcome
from herald.contracts.vocabulary import Outcome
from secret_files import MASKING_SECRET

MESSAGE: dict[str, Any] = {
    "id": "6f1de7a4-5a3c-5b52-9d0e-6b0d6f9f6c11",
    "tenant": "default",
    "idempotency_key": "order-1",
    "status": "delivered",
    "outcome": "succeeded",
    "created_at": "2026-01-31T12:00:00.000+00:00",
    "ended_at": "2026-01-31T12:00:05.000+00:00",
    "metadata": {},
    "steps": [
        {"channel": "whatsapp", "address": "…22#0123456789abcdef"},
        {"channel": "sms", "address": "…22#0123456789abcdef"},
        {"channel": "email", "address": None},
    ],
    "attempts": [
        {"step": 1, "channel": "whatsapp", "status": "failed"},
        {"step": 1, "channel": "whatsapp", "status": "failed"},
        {"step": 2, "channel": "sms", "status": "delivered"},
    ],
    "resent_as": None,
}


class Router:
    """Answers questions page by page, and keeps them."""

    def __init__(self) -> None:
        self.pages: list[list[dict[str, Any]]] = [[MESSAGE]]
        self.complete = True
        self.asked: list[dict[str, Any]] = []
        self.urls: list[str] = []

    def ask(self, url: str, *_: Any, body: dict[str, Any], **_options: Any) -> tuple[int, Any]:
        self.urls.append(url)
        self.asked.append(body)
        more = len(self.asked) < len(self.pages)
        return 200, {
            "messages": self.pages[len(self.asked) - 1],
            "next": f"2026-01-31T12:00:0{len(self.asked)}+00:00/{MESSAGE['id']}" if more else None,
            "complete": self.complete,
        }


@pytest.fixture
def router(monkeypatch: pytest.MonkeyPatch) -> Iterator[Router]:
    """Give what answers the command, whose process has no masking key."""
    answering = Router()
    monkeypatch.setattr(reading, "ask", answering.ask)
    monkeypatch.delenv("HERALD_TENANT", raising=False)
    set_masking_key(None)
    yield answering
    set_masking_key(MaskingKey(MASKING_SECRET))


def find(*options: str) -> Any:
    return CliRunner().invoke(application, ["find", *options])


def test_options_become_a_question(router: Router) -> None:
    """Addresses go into the body, in one form, and never into the URL."""
    options = ("--phone", "+1 555 000 2222", "--since", "2h", "--until", "2026-01-31T12:00+01:00")
    more = ("--metadata", "order=1=2", "--metadata", "shop=", "--outcome", "none")
    assert find(*options, *more, "--status", "sent", "--tenant", "a").exit_code == 0
    assert router.asked == [
        {
            "phone": "+15550002222",
            "since": "2h",
            "until": "2026-01-31T11:00:00+00:00",
            "metadata": {"order": "1=2", "shop": ""},
            "outcome": "none",
            "status": "sent",
            "tenant": "a",
        }
    ]
    assert router.urls[0].endswith("/messages/search")


def test_without_options_the_newest_are_listed(router: Router) -> None:
    """What is not given does not matter."""
    assert find().exit_code == 0
    assert router.asked == [{}]


def test_a_message_is_one_line(router: Router) -> None:
    """Its id, creation, tenant, status and outcome, the channels tried, and masked addresses."""
    [line] = find().output.splitlines()
    parts = line.split("  ")
    assert parts[0] == MESSAGE["id"]
    assert parts[2:] == [
        "default",
        "delivered, succeeded",
        "whatsapp > sms",
        "…22#0123456789abcdef erased",
    ]


def test_json_is_one_object_a_line(router: Router) -> None:
    """As the router answers, for programs."""
    router.pages = [[MESSAGE, MESSAGE]]
    assert [json.loads(line) for line in find("--json").output.splitlines()] == [MESSAGE] * 2


def test_pages_follow_until_the_limit(router: Router) -> None:
    """It asks on where the answer before ended, and for no more than is wanted."""
    router.pages = [[MESSAGE] * 2, [], [MESSAGE] * 2, [MESSAGE]]
    assert len(find("--limit", "3").output.splitlines()) == 3
    assert [body.get("after", "")[:19] for body in router.asked] == [
        "",
        "2026-01-31T12:00:01",
        "2026-01-31T12:00:02",
    ]
    assert {body["limit"] for body in router.asked} == {3}


def test_what_may_be_missing_is_said(router: Router) -> None:
    """After an upgrade, or a change of the key, until the rehash is done."""
    router.complete = False
    for options in ((), ("--limit", "1")):
        result = find("--phone", "+15550002222", *options)
        assert "has `herald rehash` been run?" in result.stderr
        assert result.exit_code == 0
        router.asked.clear()


WRONG = [
    (("--phone", "12"), "--phone: not a phone number with + and country code"),
    (("--email", "ada"), "--email: not an e-mail address"),
    (("--phone", "+15550002222", "--email", "a@example.com"), "give one of phone, email and"),
    (("--outcome", "lost"), "--outcome: Input should be 'succeeded', 'failed', 'expired', 'canc"),
    (("--status", "lost"), "--status: Input should be 'queued'"),
    (("--since", "yesterday"), "--since: give a moment with an offset"),
    (("--since", "1h", "--until", "2h"), "since must lie before until"),
    (("--metadata", "order"), "--metadata order: write NAME=VALUE"),
    (("--tenant", "No"), "--tenant: String should match pattern"),
]


@pytest.mark.parametrize(("options", "problem"), WRONG)
def test_bad_options_are_refused(router: Router, options: tuple[str, ...], problem: str) -> None:
    """By the option's name, before anybody is asked, and without the value."""
    result = find(*options)
    assert result.exit_code == 2
    assert problem in result.stderr
    assert router.asked == []
    assert "15550002222" not in result.output


def test_every_outcome_can_be_looked_for() -> None:
    """And that there is none yet."""
    assert set(get_args(WantedOutcome)) == {*Outcome, NOT_ENDED}
