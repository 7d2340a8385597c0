"""SMS through Twilio: the form of a message, and what its responses mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import MultiDict
from pydantic import SecretStr, ValidationError

from channel_sms.content import render
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work, WorkContent
from herald.contracts.work_parts import WorkMedia, WorkTemplate
from herald.http.response import HttpResponse
from herald.providers.sending import Refused, Uncertain
from herald.providers.twilio.account import TwilioAccount, TwilioSecrets
from herald.providers.twilio.send import Fields, read_response, write_form
from unit.channel.making import NOW, seconds, twilio, work

SERVICE_SID = "MG" + "1" * 32
PICTURE = WorkMedia(url="https://files.example.com/a.png", kind="image")
SECRETS = TwilioSecrets(auth_tokens=(SecretStr("current"), SecretStr("previous")))


def form(account: TwilioAccount, order: Work) -> Fields | Failure:
    """Write the form of an SMS as its worker does."""
    template = order.content.template
    holds_template = template is not None and account.holds(template.name)
    content = render(order, holds_template=holds_template)
    if isinstance(content, Failure):
        return content
    return write_form(account, order, content, NOW)


def fields(content: WorkContent, account: Any = None, **changes: Any) -> MultiDict[str]:
    """Build the form of an SMS that can be one."""
    found = form(account or twilio(), work(content=content, **changes))
    assert not isinstance(found, Failure)
    return MultiDict(found)


def refusal(content: WorkContent, **changes: Any) -> str:
    """Return the code under which work is refused before any call."""
    found = form(twilio(), work(content=content, **changes))
    assert isinstance(found, Failure)
    return found.code


def response(status: int, document: Any, **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, named, json.dumps(document).encode())


def test_a_text() -> None:
    """A text goes from the profile's number."""
    assert fields(WorkContent(text="Grüße & 😀")) == {
        "To": "+15550002222",
        "From": "+15550001111",
        "Body": "Grüße & 😀",
        "ValidityPeriod": "3600",
    }


def test_a_messaging_service_sends_where_no_number_is_named() -> None:
    """A profile's number comes first, then the account's service, else there is no sender."""
    account = twilio(messaging_service_sid=SERVICE_SID)
    text = WorkContent(text="Hi")
    assert fields(text, account, sender=None)["MessagingServiceSid"] == SERVICE_SID
    assert "From" not in fields(text, account, sender=None)
    assert "MessagingServiceSid" not in fields(text, account)
    assert refusal(text, sender=None) == "no_sender"


def test_media_go_by_link() -> None:
    """Every file is a link of its own, with or without a text beside it."""
    found = fields(WorkContent(text="See", media=(PICTURE, PICTURE)))
    assert found.getall("MediaUrl") == [PICTURE.url] * 2
    assert found["Body"] == "See"
    assert "Body" not in fields(WorkContent(media=(PICTURE,)))


def test_a_template_of_the_content_api() -> None:
    """A template Twilio holds goes by its id with its variables, instead of a text."""
    template = WorkTemplate(name="HX" + "2" * 32, variables={"1": "Ann", "name": "é"})
    found = fields(WorkContent(text="unused", template=template))
    assert found["ContentSid"] == template.name
    assert json.loads(found["ContentVariables"]) == {"1": "Ann", "name": "é"}
    assert "Body" not in found


def test_another_providers_template_is_passed_over() -> None:
    """A template for WhatsApp leaves the SMS its text; without one there is nothing to send."""
    template = WorkTemplate(name="order_update")
    assert fields(WorkContent(text="Hi", template=template))["Body"] == "Hi"
    assert refusal(WorkContent(template=template)) == "no_content"


@pytest.mark.parametrize(
    ("left", "validity", "written"),
    [
        (3600, None, "3600"),
        (3600, "PT90S", "90"),
        (60, "PT90S", "60"),
        (59.9, None, "59"),
        (86_400, None, "36000"),
        (86_400, "10h", "36000"),
        (0.5, None, "1"),
        (-1, "10h", "1"),
    ],
)
def test_no_longer_than_the_message_is_worth(
    left: float, validity: str | None, written: str
) -> None:
    """Twilio tries until the message expires, or as long as configured, within its own limits."""
    order = {"not_after": NOW + seconds(left)}
    found = fields(WorkContent(text="Hi"), twilio(validity=validity), **order)
    assert found["ValidityPeriod"] == written


@pytest.mark.parametrize("validity", ["11h", "500ms", "soon", 90])
def test_a_validity_twilio_would_refuse(validity: object) -> None:
    """Twilio takes one second to ten hours."""
    with pytest.raises(ValidationError):
        twilio(validity=validity)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (WorkContent(text="x" * 1601), "too_long"),
        (WorkContent(), "no_content"),
        (WorkContent(html="<p>Hi</p>"), "no_content"),
        (WorkContent.model_construct(media=(PICTURE,) * 11), "too_many_media"),
    ],
)
def test_what_can_be_no_sms_is_refused_before_the_call(content: WorkContent, code: str) -> None:
    """Content that Twilio would refuse costs no call."""
    assert refusal(content) == code
    assert fields(WorkContent(text="x" * 1600))["Body"]


@pytest.mark.parametrize(
    ("status", "code", "failure_class"),
    [
        (400, 21211, FailureClass.UNREACHABLE),
        (400, 21610, FailureClass.OPTED_OUT),
        (400, 21617, FailureClass.PERMANENT),
        (401, 20003, FailureClass.AUTH),
        (403, 20003, FailureClass.AUTH),
        (404, 20404, FailureClass.AUTH),
        (400, 21601, FailureClass.PERMANENT),
        (400, 7_777_777, FailureClass.PERMANENT),
        (429, 20429, FailureClass.RATE_LIMITED),
        (429, 7_777_777, FailureClass.RATE_LIMITED),
    ],
)
def test_an_error_of_its_own_decides(status: int, code: int, failure_class: FailureClass) -> None:
    """Twilio's code has its class, and says that nothing was created."""
    result = read_response(response(status, {"code": code, "message": "No", "status": status}))
    assert isinstance(result, Refused)
    assert result.failure.failure_class is failure_class
    assert result.failure.code == str(code)


@pytest.mark.parametrize(("code", "of_message"), [(21606, True), (20003, False)])
def test_a_sender_it_may_not_use_is_not_the_accounts_trouble(code: int, of_message: bool) -> None:
    """Both are `auth`; only wrong credentials concern every message of the account."""
    result = read_response(response(400, {"code": code}))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.of_message) == ("auth", of_message)


def test_too_fast_waits_as_asked() -> None:
    """A 429 was never processed; it waits as long as Twilio says, if it says so."""
    for headers, wait in (({"Retry_After": "9"}, seconds(9)), ({}, None)):
        result = read_response(response(429, {"code": 20429}, **headers))
        assert isinstance(result, Refused)
        assert result.failure.retry_after == wait


def test_an_error_holds_no_number() -> None:
    """Twilio's words quote the recipient; the failure does not."""
    document = {"code": 21211, "message": "The 'To' number +15550002222 is not a valid number."}
    result = read_response(response(400, document))
    assert isinstance(result, Refused)
    assert "15550002222" not in result.failure.text
    assert "15550002222" not in json.dumps(result.element)


@pytest.mark.parametrize(
    ("status", "document"),
    [(201, {}), (201, {"sid": ""}), (201, {"sid": 5}), (200, {"sid": "SM1"}), (201, []), (502, {})],
)
def test_a_response_nobody_can_read_leaves_the_outcome_open(status: int, document: Any) -> None:
    """A success without an id, and a bare 5xx, may have created a message."""
    assert read_response(response(status, document)) == Uncertain(f"http_{status}")


def test_a_code_that_is_no_number_says_nothing() -> None:
    """`true` and a word are no error codes: the status decides."""
    for code in (True, "20429", None):
        result = read_response(response(400, {"code": code}))
        assert isinstance(result, Refused)
        assert result.failure.code == "http_400"
