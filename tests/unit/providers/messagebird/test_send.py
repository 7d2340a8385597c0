"""SMS through MessageBird: the message, and what its responses mean."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from channel_sms.content import render
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work, WorkContent
from herald.contracts.work_parts import WorkMedia
from herald.http.response import HttpResponse
from herald.providers.budgets import Scope
from herald.providers.messagebird.account import MessageBirdAccount, MessageBirdSecrets
from herald.providers.messagebird.send import read_response, write_message, write_request
from herald.providers.sending import Accepted, Refused, Uncertain
from unit.channel.making import NOW, work
from unit.providers.sending import context_of

ID = "efa6405d518d4c0c88cce11f7db775fb"


def account(**options: Any) -> MessageBirdAccount:
    return MessageBirdAccount.model_validate({"provider": "messagebird", **options})


def written(order: Work, **options: Any) -> dict[str, Any] | Failure:
    """Write a message as its worker does."""
    content = render(order, holds_template=False)
    assert not isinstance(content, Failure)
    return write_message(account(**options), order, content, NOW)


def response(document: Any, status: int = 201, **headers: str) -> HttpResponse:
    return HttpResponse(status, headers, json.dumps(document).encode())


def refused(code: Any, status: int, parameter: str | None = None) -> HttpResponse:
    words = "recipient 15550002222 is not one"
    error = {"code": code, "description": words, "parameter": parameter}
    return response({"errors": [error]}, status)


def test_a_text() -> None:
    """One recipient, and our attempt's name, without which there would be no reports."""
    assert written(work()) == {
        "recipients": ["15550002222"],
        "originator": "15550001111",
        "body": "Hello",
        "datacoding": "plain",
        "reference": work().tag,
        "validity": 3600,
    }
    found = written(work(content=WorkContent(text="Grüße 😀")), validity="5m")
    assert not isinstance(found, Failure)
    assert (found["datacoding"], found["validity"]) == ("unicode", 300)
    late = written(work(not_after=NOW - timedelta(hours=1)))
    assert not isinstance(late, Failure)
    assert late["validity"] == 1


@pytest.mark.parametrize(
    ("changes", "failure_class", "code"),
    [
        ({"sender": None}, FailureClass.AUTH, "no_sender"),
        ({"content": WorkContent(text="x" * 1378)}, FailureClass.PERMANENT, "too_long"),
        (
            {
                "content": WorkContent(
                    media=(WorkMedia(url="https://a.example.com/a.png", kind="image"),)
                )
            },
            FailureClass.PERMANENT,
            "media",
        ),
    ],
)
def test_what_costs_no_call(
    changes: dict[str, Any], failure_class: FailureClass, code: str
) -> None:
    """Without a sender, too long, or with files, there is nothing to ask for."""
    found = written(work(**changes))
    assert isinstance(found, Failure)
    assert (found.failure_class, found.code) == (failure_class, code)


def test_a_request() -> None:
    """The access key opens it; it says where to report, unless the account leaves that out."""
    secrets = MessageBirdSecrets.model_validate({"access_key": "key", "signing_keys": ["x"]})
    content = render(work(), holds_template=False)
    assert not isinstance(content, Failure)
    for says in (True, False):
        found = write_request(context_of(account(sends_callback=says), secrets), work(), content)
        assert not isinstance(found, Failure)
        assert found.url == "https://rest.messagebird.com/messages"
        assert found.headers["Authorization"] == "AccessKey key"
        assert ("reportUrl" in json.loads(found.body)) is says


def test_accepted() -> None:
    """201 with an id is the acceptance; anything else that can't be read leaves it open."""
    document = {"id": ID, "body": "Hello", "recipients": {"items": [{"recipient": 15550002222}]}}
    assert read_response(response(document)) == Accepted((ID,), element={"id": ID})
    for other, status in (({}, 201), ({"id": ""}, 201), ({"id": ID}, 200), ([], 201), ({}, 502)):
        assert isinstance(read_response(response(other, status)), Uncertain)


@pytest.mark.parametrize(
    ("code", "status", "parameter", "failure_class"),
    [
        (2, 401, "access_key", FailureClass.AUTH),
        (25, 402, None, FailureClass.AUTH),
        (9, 422, "recipient", FailureClass.UNREACHABLE),
        (10, 422, "recipients", FailureClass.UNREACHABLE),
        (9, 422, "body", FailureClass.PERMANENT),
        (10, 422, "originator", FailureClass.PERMANENT),
        (20, 404, None, FailureClass.PERMANENT),
        (99, 500, None, FailureClass.TRANSIENT),
        (777, 422, None, FailureClass.PERMANENT),
        (777, 402, None, FailureClass.AUTH),
        (777, 429, None, FailureClass.RATE_LIMITED),
        ("777", 503, None, FailureClass.TRANSIENT),
    ],
)
def test_errors(code: Any, status: int, parameter: str | None, failure_class: FailureClass) -> None:
    """The code decides, and which parameter it is about, else the HTTP status."""
    result = read_response(refused(code, status, parameter))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (failure_class, str(code))
    assert result.scope == (Scope.ACCOUNT if status == 429 else None)
    assert "15550002222" not in f"{result.failure.text} {result.element}"


@pytest.mark.parametrize("errors", [None, [], [5], [{}], [{"code": "x"}], "x"])
def test_errors_nobody_can_read(errors: Any) -> None:
    """The HTTP status decides then."""
    result = read_response(response({"errors": errors}, 422))
    assert isinstance(result, Refused)
    assert result.failure.code == "http_422"
    throttled = read_response(response({"errors": errors}, 429, **{"Retry-After": "7"}))
    assert isinstance(throttled, Refused)
    assert throttled.failure.retry_after == timedelta(seconds=7)
