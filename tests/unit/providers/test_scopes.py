"""What each platform throttles, by its own codes."""

from __future__ import annotations

import json

import pytest

from herald.contracts.vocabulary import FailureClass
from herald.http.response import HttpResponse
from herald.providers.budgets import Scope
from herald.providers.sendgrid.send import read_response as read_sendgrid
from herald.providers.sending import Refused, SendResult
from herald.providers.smtp.errors import Phase, refusal, throttled_scope
from herald.providers.twilio.errors import FAILURE_CLASSES as TWILIO
from herald.providers.twilio.errors import SCOPES as TWILIO_SCOPES
from herald.providers.twilio.send import read_response as read_twilio
from herald.providers.whatsapp_cloud.errors import FAILURE_CLASSES as WHATSAPP
from herald.providers.whatsapp_cloud.errors import SCOPES as WHATSAPP_SCOPES
from herald.providers.whatsapp_cloud.responses import read_error as read_whatsapp


def scope_of(result: SendResult | None) -> Scope | None:
    assert isinstance(result, Refused)
    return result.scope


def response(status: int, document: object) -> HttpResponse:
    return HttpResponse(status, {}, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("status", "code", "scope"),
    [
        (429, 130429, Scope.ACCOUNT),
        (400, 80007, Scope.ACCOUNT),
        (400, 131056, Scope.PAIR),
        (400, 131064, None),  # people in a day
        (429, 7_777_777, Scope.ACCOUNT),
        (400, 131026, None),
    ],
)
def test_whatsapp(status: int, code: int, scope: Scope | None) -> None:
    """Meta's code names the number or the recipient."""
    document = {"error": {"code": code, "message": "words"}}
    assert scope_of(read_whatsapp(response(status, document))) is scope


@pytest.mark.parametrize(
    ("status", "code", "scope"),
    [
        (429, 20429, Scope.ACCOUNT),
        (400, 14107, Scope.PAIR),
        (400, 21611, Scope.SENDER),
        (400, 63038, None),  # the messages of a day
        (429, 7_777_777, Scope.ACCOUNT),
        (400, 21211, None),
    ],
)
def test_twilio(status: int, code: int, scope: Scope | None) -> None:
    """Twilio's code names the account, the number or the recipient."""
    document = {"code": code, "message": "words", "status": status}
    assert scope_of(read_twilio(response(status, document))) is scope


def test_sendgrid() -> None:
    """SendGrid knows one limit, the account's."""
    document = {"errors": [{"message": "too many requests", "field": None}]}
    assert scope_of(read_sendgrid(response(429, document))) is Scope.ACCOUNT
    assert scope_of(read_sendgrid(response(400, document))) is None


@pytest.mark.parametrize(
    ("code", "text", "phase", "scope"),
    [
        (421, "4.7.0 too many connections from your address", Phase.CONNECT, Scope.EGRESS),
        (451, "4.7.1 rate limited, try again later", Phase.RCPT, Scope.ACCOUNT),
        (450, "4.2.1 the user receives mail at a rate that is too high", Phase.RCPT, Scope.PAIR),
        (450, "4.7.1 throttled", Phase.MAIL, Scope.SENDER),
        (451, "4.3.0 local error", Phase.RCPT, None),
        (450, "4.7.1 greylisted, try again later", Phase.RCPT, None),
    ],
)
def test_smtp(code: int, text: str, phase: Phase, scope: Scope | None) -> None:
    """A relay that says "too fast" means what the session had come to."""
    assert throttled_scope(refusal(code, text, phase), text, phase) is scope


def test_only_what_is_rate_limited_is_throttled() -> None:
    """A code that has a scope is of the class that says so."""
    for scopes, classes in ((WHATSAPP_SCOPES, WHATSAPP), (TWILIO_SCOPES, TWILIO)):
        assert {classes[code] for code in scopes} == {FailureClass.RATE_LIMITED}
