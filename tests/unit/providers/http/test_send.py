"""The calls that profiles describe: requests as they leave, and what responses mean."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import WorkContent
from herald.http.response import HttpResponse
from herald.providers.budgets import Scope
from herald.providers.http.requests import write_request
from herald.providers.http.responses import read_response
from herald.providers.http_provider import HttpRequest
from herald.providers.rendered import RenderedSms
from herald.providers.sending import Accepted, NotSent, Refused, Uncertain
from unit.channel.making import work
from unit.providers.http.making import account, secrets_of

HOOKS = "https://hooks.example.com/webhooks"
ATTEMPT = work().tag


def request(profile: str, **changes: Any) -> HttpRequest | Failure:
    made = account(profile)
    sent = work(channel=made.channel, **changes)
    content = sent.content if profile == "telegram" else RenderedSms(text="Hello 👋")
    url = f"{HOOKS}/{profile}/{profile}-main"
    return write_request(made, f"{profile}-main", secrets_of(made), url, sent, content)


def body(written: HttpRequest | Failure) -> Any:
    assert isinstance(written, HttpRequest)
    return json.loads(written.body)


def test_plivo() -> None:
    """A POST of JSON with a login, which says where to report."""
    written = request("plivo")
    assert isinstance(written, HttpRequest)
    assert (written.method, written.url) == (
        "POST",
        f"https://api.plivo.com/v1/Account/MA{'0' * 18}/Message/",
    )
    login = base64.b64encode(f"MA{'0' * 18}:token".encode()).decode()
    assert written.headers["Authorization"] == f"Basic {login}"
    assert body(written) == {
        "src": "+15550001111",
        "dst": "15550002222",
        "text": "Hello 👋",
        "url": f"{HOOKS}/plivo/plivo-main?attempt={ATTEMPT}",
        "method": "POST",
    }


def test_sinch() -> None:
    """A bearer token, the region's host, and a login in the URL that it calls back."""
    written = request("sinch")
    assert isinstance(written, HttpRequest)
    assert written.url == "https://us.sms.api.sinch.com/xms/v1/0123456789abcdef/batches"
    assert written.headers["Authorization"] == "Bearer token"
    assert body(written) == {
        "from": "+15550001111",
        "to": ["+15550002222"],
        "body": "Hello 👋",
        "delivery_report": "per_recipient",
        "callback_url": f"https://us:pass@hooks.example.com/webhooks/sinch/sinch-main"
        f"?attempt={ATTEMPT}",
        "client_reference": ATTEMPT,
    }


def test_infobip() -> None:
    """A key in a header with a prefix; lists and tables in the body."""
    written = request("infobip")
    assert isinstance(written, HttpRequest)
    assert written.url == "https://abc123.api.infobip.com/sms/3/messages"
    assert written.headers["Authorization"] == "App key"
    [message] = body(written)["messages"]
    assert message["destinations"] == [{"to": "15550002222"}]
    assert message["content"] == {"text": "Hello 👋"}
    assert message["webhooks"]["callbackData"] == ATTEMPT


FILE = "https://files.example.com/a.jpg"


@pytest.mark.parametrize(
    ("content", "method", "expected"),
    [
        ({"text": "Hello"}, "sendMessage", {"text": "Hello"}),
        (
            {"text": "Look", "media": [{"url": FILE, "kind": "image"}]},
            "sendPhoto",
            {"photo": FILE, "caption": "Look"},
        ),
        ({"media": [{"url": FILE, "kind": "video"}]}, "sendVideo", {"video": FILE}),
        ({"media": [{"url": FILE, "kind": "audio"}]}, "sendAudio", {"audio": FILE}),
        (
            {"media": [{"url": FILE, "caption": "Bill"}]},
            "sendDocument",
            {"document": FILE, "caption": "Bill"},
        ),
        (
            {"text": "OK?", "buttons": [{"id": "y", "title": "Yes"}, {"id": "n", "title": "No"}]},
            "sendMessage",
            {
                "text": "OK?",
                "reply_markup": {
                    "inline_keyboard": [
                        [{"text": "Yes", "callback_data": "y"}],
                        [{"text": "No", "callback_data": "n"}],
                    ]
                },
            },
        ),
        (
            {"text": "See", "link": {"title": "Open", "url": "https://example.com/"}},
            "sendMessage",
            {
                "text": "See",
                "reply_markup": {
                    "inline_keyboard": [[{"text": "Open", "url": "https://example.com/"}]]
                },
            },
        ),
        (
            {"location": {"latitude": 48.2, "longitude": 16.4}},
            "sendLocation",
            {"latitude": 48.2, "longitude": 16.4},
        ),
        (
            {"text": "Yes", "in_reply_to": {"reference": "abc/41"}},
            "sendMessage",
            {"text": "Yes", "reply_parameters": {"message_id": 41}},
        ),
    ],
)
def test_telegram(content: dict[str, Any], method: str, expected: dict[str, Any]) -> None:
    """The method follows from what is said; the token is in the URL, and shown nowhere."""
    said = WorkContent.model_validate(content)
    written = request("telegram", to="3527065", sender=None, content=said)
    assert isinstance(written, HttpRequest)
    assert written.url == f"https://api.telegram.org/bot100%3Abot-token/{method}"
    assert body(written) == {"chat_id": "3527065", **expected}
    assert "bot-token" not in repr(written)


def test_without_a_sender() -> None:
    """What needs a sender is refused before any call."""
    refused = request("plivo", sender=None)
    assert isinstance(refused, Failure)
    assert (refused.failure_class, refused.code) == (FailureClass.AUTH, "no_sender")


def test_a_file_is_no_sms_by_plivo() -> None:
    """A profile's own medium counts beside that of its channel."""
    medium = account("plivo").medium
    assert medium is not None
    assert medium.says == ("text",)
    assert Media(url=FILE).kind == "document"


def read(profile: str, status: int, document: Any, **headers: str) -> Any:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_response(account(profile).rules, HttpResponse(status, named, text))


def telegram_error(code: int, words: str, **parameters: Any) -> dict[str, Any]:
    error = {"ok": False, "error_code": code, "description": words}
    return {**error, "parameters": parameters} if parameters else error


def test_several_references() -> None:
    """A provider may give a message several ids."""
    found = read("plivo", 202, {"message_uuid": ["a", "b", "a", None, {}], "api_id": "x"})
    assert found == Accepted(("a", "b"), {"message_uuid": ["a", "b", "a", None, {}], "api_id": "x"})


def test_a_throttled_call_waits_as_long_as_the_body_says() -> None:
    """Telegram names the seconds in its own field."""
    found = read("telegram", 429, telegram_error(429, "Too Many Requests", retry_after=35))
    assert isinstance(found, Refused)
    assert (found.failure.failure_class, found.scope) == (FailureClass.RATE_LIMITED, Scope.ACCOUNT)
    assert found.failure.retry_after is not None
    assert found.failure.retry_after.total_seconds() == 35


@pytest.mark.parametrize(
    ("profile", "status", "document", "expected"),
    [
        ("telegram", 403, telegram_error(403, "Forbidden: user is deactivated"), "unreachable"),
        ("telegram", 200, telegram_error(400, "Bad Request: chat not found"), "unreachable"),
        ("telegram", 400, telegram_error(777, "new"), "permanent"),
        ("telegram", 403, b"<html>", "auth"),  # a network's filter, not Telegram
        ("sinch", 401, b"", "auth"),
        ("infobip", 200, {"messages": [{"messageId": "m", "status": {"groupId": 5}}]}, None),
    ],
)
def test_refusals(profile: str, status: int, document: Any, expected: str | None) -> None:
    """Its words, its code, its HTTP status, in this order; what nobody knows may be taken."""
    found = read(profile, status, document)
    if expected is None:
        assert isinstance(found, Uncertain)
    else:
        assert isinstance(found, Refused)
        assert found.failure.failure_class == expected


@pytest.mark.parametrize("document", [b"", b"<<<", b"{}", b"[]", b"null", b'{"ok":true}'])
def test_a_success_that_says_nothing_is_uncertain(document: bytes) -> None:
    """Nobody sends again what may have been taken."""
    assert isinstance(read("telegram", 200, document), Uncertain)


def test_a_server_error_is_uncertain_unless_the_profile_knows_it() -> None:
    """A 503 that says when to come back was not read; other 5xx may have been taken."""
    assert isinstance(read("sinch", 502, {"code": "of_tomorrow", "text": "x"}), Uncertain)
    assert isinstance(read("sinch", 503, b"", Retry_After="3"), NotSent)
    assert isinstance(read("sinch", 500, {"code": "internal_error", "text": "x"}), Refused)
