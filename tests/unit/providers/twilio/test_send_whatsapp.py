"""WhatsApp through Twilio: the exact form of each message, and what its errors mean."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from channel_whatsapp.content import render
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.providers.http_provider import HttpRequest
from herald.providers.sending import Refused
from herald.providers.twilio.account import TwilioAccount, TwilioSecrets
from herald.providers.twilio.send import read_response, write_request
from unit.channel.making import ACCOUNT_SID, ATTEMPT, twilio
from unit.channel_whatsapp.making import work
from unit.providers.sending import context_of

FROM = "+15550001111"
SERVICE_SID = "MG" + "1" * 32
TEMPLATE_SID = "HX" + "2" * 32
PICTURE = "https://files.example.com/a.png"
SECRETS = TwilioSecrets.model_validate({"auth_tokens": ["current", "previous"]})
CALLBACK = f"https://hooks.example.com/webhooks/twilio/twilio-main?attempt={ATTEMPT}#rc=5&rp=all"


def whatsapp(**options: Any) -> TwilioAccount:
    return twilio(channel="whatsapp", **options)


def request_for(order: Work, **options: Any) -> HttpRequest | Failure:
    """Write the request as a worker does."""
    context = context_of(whatsapp(**options), SECRETS)
    template = order.content.template
    holds_template = template is not None and context.account.holds(template.name)
    content = render(order, holds_template=holds_template)
    assert not isinstance(content, Failure)
    return write_request(context, order, content)


def form_for(order: Work, **options: Any) -> list[tuple[str, str]]:
    """Read the form that Twilio gets."""
    request = request_for(order, **options)
    assert isinstance(request, HttpRequest)
    path = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    assert request.url == f"https://api.twilio.com{path}"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    return parse_qsl(request.body.decode(), strict_parsing=True)


def test_free_text() -> None:
    """Both addresses are WhatsApp's, and the callback names the attempt."""
    order = work({"text": "Grüße & 👋"}, sender=FROM, attempt_id=ATTEMPT)
    assert form_for(order) == [
        ("To", "whatsapp:+15550002222"),
        ("From", "whatsapp:+15550001111"),
        ("Body", "Grüße & 👋"),
        ("StatusCallback", CALLBACK),
    ]


def test_only_a_configured_validity() -> None:
    """How long a message may wait is said of an SMS alone, unless the account says it."""
    order = work({"text": "Hi"}, sender=FROM)
    assert "ValidityPeriod" not in dict(form_for(order))
    assert dict(form_for(order, validity="90s"))["ValidityPeriod"] == "90"


def test_a_template_of_the_content_api() -> None:
    """A template goes by its id; its variables are JSON in a string."""
    variables = {"1": "Ann", "2": "é"}
    content = {"text": "unused", "template": {"name": TEMPLATE_SID, "variables": variables}}
    assert form_for(work(content, sender=FROM, attempt_id=ATTEMPT)) == [
        ("To", "whatsapp:+15550002222"),
        ("From", "whatsapp:+15550001111"),
        ("ContentSid", TEMPLATE_SID),
        ("ContentVariables", '{"1": "Ann", "2": "é"}'),
        ("StatusCallback", CALLBACK),
    ]


def test_a_file_with_its_caption() -> None:
    """A file goes by link, and the text beside it as the body."""
    content = {"text": "Look", "media": [{"url": PICTURE, "kind": "image"}]}
    form = form_for(work(content, sender=FROM))
    assert form[2:4] == [("Body", "Look"), ("MediaUrl", PICTURE)]


PLACES = [
    ({"name": "Home", "address": "Street 1"}, "Home", "geo:52.5,-13.25|Street 1"),
    ({"name": "Home"}, "Home", "geo:52.5,-13.25"),
    ({"address": "Street 1"}, "Street 1", "geo:52.5,-13.25|Street 1"),
    ({}, "52.5,-13.25", "geo:52.5,-13.25"),
]


@pytest.mark.parametrize(("words", "body", "action"), PLACES)
def test_a_place(words: dict[str, str], body: str, action: str) -> None:
    """A place is an action beside a text, which Twilio asks for."""
    content = {"location": {"latitude": 52.5, "longitude": -13.25, **words}}
    form = form_for(work(content, sender=FROM))
    assert form[2:4] == [("Body", body), ("PersistentAction", action)]


def test_a_messaging_service_sends_where_no_number_is_named() -> None:
    """A service's id is no address: it has no prefix."""
    form = form_for(work({"text": "Hi"}), messaging_service_sid=SERVICE_SID)
    assert form[1] == ("MessagingServiceSid", SERVICE_SID)


def test_a_template_of_another_provider_is_ignored() -> None:
    """Only templates of Twilio's own are held; the text goes instead."""
    form = form_for(work({"text": "Hi", "template": {"name": "order"}}, sender=FROM))
    assert ("Body", "Hi") in form


def test_a_text_longer_than_twilio_takes_makes_no_call() -> None:
    """WhatsApp takes 4,096 characters, Twilio 1,600: the next step may say it."""
    failure = request_for(work({"text": "x" * 1601}, sender=FROM))
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.code) == ("permanent", "too_long")


CODES = [
    (63003, "unreachable"),
    (63016, "unreachable"),
    (63024, "unreachable"),
    (63018, "rate_limited"),
    (63038, "rate_limited"),
    (63012, "transient"),
    (63001, "auth"),
    (63007, "auth"),
    (63020, "auth"),
    (63013, "permanent"),
    (63015, "permanent"),
    (63027, "permanent"),
]


@pytest.mark.parametrize(("code", "expected"), CODES)
def test_error_codes(code: int, expected: str) -> None:
    """An error of the channel behind Twilio has its class."""
    result = read_response(HttpResponse(400, {}, json.dumps({"code": code}).encode()))
    assert isinstance(result, Refused)
    assert result.failure.failure_class == expected


@pytest.mark.parametrize(("code", "of_message"), [(63007, True), (63001, False)])
def test_a_wrong_sender_is_not_the_accounts_trouble(code: int, of_message: bool) -> None:
    """One profile's sender may be unknown to the channel; refused credentials concern all."""
    result = read_response(HttpResponse(400, {}, json.dumps({"code": code}).encode()))
    assert isinstance(result, Refused)
    assert result.of_message == of_message


def test_the_account_says_what_it_reports() -> None:
    """Reading is reported of WhatsApp, and not of SMS."""
    assert (whatsapp().receipts, twilio().receipts) == ("read", "delivered")
