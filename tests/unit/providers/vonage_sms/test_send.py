"""SMS through Vonage's SMS API: the form of a text, and what its responses mean."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import ValidationError

from channel_sms.content import render
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Lane
from herald.contracts.work import Work, WorkContent
from herald.contracts.work_parts import WorkMedia
from herald.http.response import HttpResponse
from herald.providers.budgets import Scope
from herald.providers.sending import Accepted, NotSent, Refused, Uncertain
from herald.providers.vonage_sms.account import VonageSmsAccount, VonageSmsSecrets
from herald.providers.vonage_sms.send import read_response, write_form, write_request
from herald.providers.vonage_sms.signature import signature
from unit.channel.making import NOW, work
from unit.providers.sending import context_of

CALLBACK = "https://hooks.example.com/webhooks/vonage_sms/vonage-main"
LONGEST_TAG = "ffffffff-ffff-4fff-bfff-ffffffffffff.999.999.u"


def account(**options: Any) -> VonageSmsAccount:
    return VonageSmsAccount.model_validate(
        {"provider": "vonage_sms", "api_key": "abcd1234", **options}
    )


def written(order: Work, callback: str = CALLBACK, **options: Any) -> dict[str, str] | Failure:
    """Write the form of an SMS as its worker does."""
    content = render(order, holds_template=False)
    assert not isinstance(content, Failure)
    return write_form(account(**options), order, content, callback, NOW)


def form(text: str = "Hi", callback: str = CALLBACK, **options: Any) -> dict[str, str]:
    found = written(work(content=WorkContent(text=text)), callback, **options)
    assert not isinstance(found, Failure)
    return found


def request(secrets: dict[str, Any], **options: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers and the fields of a call."""
    context = context_of(account(**options), VonageSmsSecrets.model_validate(secrets))
    order = work(content=WorkContent(text="Grüße"))
    content = render(order, holds_template=False)
    assert not isinstance(content, Failure)
    found = write_request(context, order, content)
    assert not isinstance(found, Failure)
    assert found.url == "https://rest.nexmo.com/sms/json"
    return dict(found.headers), dict(parse_qsl(found.body.decode()))


def response(document: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, json.dumps(document).encode())


def answered(*messages: dict[str, Any]) -> HttpResponse:
    return response({"message-count": str(len(messages)), "messages": list(messages)})


def test_a_text() -> None:
    """A text goes between numbers without +, and names the attempt and where to report it."""
    assert form() == {
        "from": "15550001111",
        "to": "15550002222",
        "text": "Hi",
        "type": "text",
        "client-ref": work().tag,
        "status-report-req": "1",
        "callback": CALLBACK,
        "ttl": "3600000",
    }
    assert form("Grüße 😀")["type"] == "unicode"


def test_the_longest_tag_fits() -> None:
    """Vonage takes 100 characters of reference."""
    assert len(LONGEST_TAG) <= 100
    order = work(attempt_id=LONGEST_TAG[:-2], lane=Lane.URGENT)
    assert order.tag == LONGEST_TAG


@pytest.mark.parametrize(
    ("left", "validity", "milliseconds"),
    [
        (timedelta(hours=1), None, "3600000"),
        (timedelta(hours=1), "5m", "300000"),
        (timedelta(minutes=1), "5m", "60000"),
        (timedelta(seconds=-1), None, "20000"),
        (timedelta(days=30), None, "604800000"),
    ],
)
def test_no_longer_than_the_message_is_worth(
    left: timedelta, validity: str | None, milliseconds: str
) -> None:
    """Vonage tries until the message expires, or as long as configured, within its own limits."""
    found = written(work(not_after=NOW + left), validity=validity)
    assert not isinstance(found, Failure)
    assert found["ttl"] == milliseconds


def test_a_callback_that_vonage_would_refuse_is_left_out() -> None:
    """Over 100 characters it costs the message; then Vonage's own settings say where."""
    assert "callback" in form(callback="https://" + "x" * 92)
    assert "callback" not in form(callback="https://" + "x" * 93)
    assert "callback" not in form(sends_callback=False)


def test_a_regulators_ids() -> None:
    """They go along where they are configured."""
    found = form(entity_id="110155", content_id="1107")
    assert (found["entity-id"], found["content-id"]) == ("110155", "1107")


@pytest.mark.parametrize(
    ("changes", "failure_class", "code"),
    [
        ({"sender": None}, FailureClass.AUTH, "no_sender"),
        (
            {
                "content": WorkContent(
                    text="See", media=(WorkMedia(url="https://a.example.com/a.png", kind="image"),)
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
    """Without a sender, or with files, there is nothing to ask for."""
    found = written(work(**changes))
    assert isinstance(found, Failure)
    assert (found.failure_class, found.code) == (failure_class, code)


def test_calls_with_the_api_secret() -> None:
    """Basic authentication; a token stands in the callback where nothing is signed."""
    headers, fields = request({"api_secret": "s3cret", "webhook_tokens": ["a token of the url"]})
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic "))
    assert pair == b"abcd1234:s3cret"
    assert fields["callback"].endswith("?token=a%20token%20of%20the%20url")
    assert "s3cret" not in str(fields)
    assert fields["text"] == "Grüße"


@pytest.mark.parametrize("method", ["sha256", "md5hash"])
def test_signed_calls(method: Any) -> None:
    """The first signature secret signs every field; no other secret travels."""
    secrets = {"api_secret": "s3cret", "signature_secrets": ["first", "second"]}
    headers, fields = request(secrets, signs_calls=True, signature_method=method)
    assert "Authorization" not in headers
    assert fields["sig"] == signature(fields, b"first", method)
    assert {"api_key", "timestamp"} <= fields.keys()


def test_each_part_has_an_id() -> None:
    """A long text is several messages, and all of their ids are the attempt's."""
    taken = [{"to": "1", "message-id": f"0A{n}", "status": "0"} for n in range(3)]
    result = read_response(answered(*taken))
    assert isinstance(result, Accepted)
    assert result.references == ("0A0", "0A1", "0A2")
    assert "to" not in result.element["messages"][0]


def test_some_parts_were_refused() -> None:
    """Those that were taken count: the message is never sent again; the failure is kept."""
    result = read_response(
        answered(
            {"status": "1", "error-text": "Throttled"},
            {"message-id": "0A2", "status": "0"},
        )
    )
    assert isinstance(result, Accepted)
    assert result.references == ("0A2",)
    assert result.element["messages"][0] == {"status": "1"}


@pytest.mark.parametrize(
    ("status", "failure_class", "scope"),
    [
        ("1", FailureClass.RATE_LIMITED, Scope.ACCOUNT),
        ("10", FailureClass.RATE_LIMITED, Scope.ACCOUNT),
        ("2", FailureClass.PERMANENT, None),
        ("29", FailureClass.PERMANENT, None),
        ("4", FailureClass.AUTH, None),
        ("9", FailureClass.AUTH, None),
        ("32", FailureClass.AUTH, None),
        ("5", FailureClass.TRANSIENT, None),
        ("7", FailureClass.UNREACHABLE, None),
        (33, FailureClass.UNREACHABLE, None),
        ("777", FailureClass.PERMANENT, None),
    ],
)
def test_refusals(status: Any, failure_class: FailureClass, scope: Scope | None) -> None:
    """HTTP says 200; the status of the message says what was refused, and why."""
    result = read_response(answered({"status": status, "error-text": "Number +15550002222 no"}))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.scope) == (failure_class, scope)
    assert result.failure.code == str(status)
    assert "15550002222" not in result.failure.text


@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ("Throughput Rate Exceeded - please wait [ 320 ] and retry", timedelta(milliseconds=320)),
        ("Throughput Rate Exceeded - please wait [ 0 ] and retry", None),
        ("Throughput Rate Exceeded", None),
        ("please wait [ 99999999999999999999 ] and retry", None),
    ],
)
def test_too_fast_waits_as_asked(words: str, wait: timedelta | None) -> None:
    """Vonage says in words how many milliseconds to wait."""
    result = read_response(answered({"status": "1", "error-text": words}))
    assert isinstance(result, Refused)
    assert result.failure.retry_after == wait


@pytest.mark.parametrize(
    ("status", "document", "result"),
    [
        (200, {}, Uncertain("http_200")),
        (200, [], Uncertain("http_200")),
        (200, {"messages": []}, Uncertain("http_200")),
        (200, {"messages": "x"}, Uncertain("http_200")),
        (200, {"messages": [{"status": "0"}]}, Uncertain("http_200")),
        (200, {"messages": [{"message-id": "1"}]}, Uncertain("http_200")),
        (200, {"messages": [{"status": None}, {"status": "x"}]}, Uncertain("http_200")),
        (500, {}, Uncertain("http_500")),
    ],
)
def test_a_response_nobody_can_read(status: int, document: Any, result: Uncertain) -> None:
    """Without a status and an id nobody knows what became of it."""
    assert read_response(response(document, status)) == result


def test_http_errors() -> None:
    """What Vonage's servers refuse before the API reads it goes by the HTTP status."""
    assert isinstance(read_response(response({}, 401)), Refused)
    closed = HttpResponse(503, {"Retry-After": "3"}, b"")
    assert read_response(closed) == NotSent("http_503", timedelta(seconds=3))


@pytest.mark.parametrize(
    ("signs_calls", "secrets", "field"),
    [
        (False, {}, "api_secret"),
        (True, {"api_secret": "x"}, "signature_secrets"),
        (True, {"signature_secrets": ["x"]}, None),
        (False, {"api_secret": "x"}, None),
    ],
)
def test_a_missing_secret_is_named(
    signs_calls: bool, secrets: dict[str, Any], field: str | None
) -> None:
    """The account's options say which secret its calls need."""
    held = VonageSmsSecrets.model_validate(secrets)
    problems = list(account(signs_calls=signs_calls).secrets_problems(held))
    assert [problem.partition(":")[0] for problem in problems] == ([field] if field else [])


def test_a_token_is_long_enough() -> None:
    """Anybody may try tokens: a short one is refused when the file is read."""
    with pytest.raises(ValidationError):
        VonageSmsSecrets.model_validate({"api_secret": "x", "webhook_tokens": ["x" * 15]})
