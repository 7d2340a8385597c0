"""What Mailgun is asked to send, and what its responses mean."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from channel_email.content import render
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.http.response import HttpResponse
from herald.providers.mailgun.account import MailgunAccount, MailgunSecrets
from herald.providers.mailgun.send import read_response, write_request
from herald.providers.rendered import RenderedEmail
from herald.providers.sending import Accepted, Refused, Uncertain
from unit.channel_email.making import ATTEMPT, TO, work
from unit.channel_email.test_attachments import PNG, rendered
from unit.providers.sending import context_of

ACCOUNT = MailgunAccount(provider="mailgun", domain="mg.example.com", templates=("welcome",))
CONTEXT = context_of(ACCOUNT, MailgunSecrets.model_validate({"api_key": "key-1"}))
HELLO = {"subject": "Hi", "text": "Hello", "html": "<p>Hello</p>"}


def asked(content: dict[str, Any], **changes: Any) -> dict[str, str]:
    """Return the form's fields."""
    order = work(content, **changes)
    template = order.content.template
    made = render(order, holds_template=template is not None and ACCOUNT.holds(template.name))
    assert not isinstance(made, Failure)
    request = write_request(CONTEXT, order, made)
    assert request.url == "https://api.mailgun.net/v3/mg.example.com/messages"
    assert request.headers["Authorization"] == "Basic YXBpOmtleS0x"
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


def test_a_mail() -> None:
    """A mail goes as a form, with our id as a variable and as its Message-ID."""
    assert asked(HELLO, recipient_name='Ada "A" Lovelace') == {
        "from": '"Herald" <no-reply@example.com>',
        "to": f'"Ada \\"A\\" Lovelace" <{TO}>',
        "v:herald_attempt": ATTEMPT,
        "h:Message-Id": f"<{ATTEMPT}@example.com>",
        "subject": "Hi",
        "text": "Hello",
        "html": "<p>Hello</p>",
    }


def test_headers_and_lane() -> None:
    """Unsubscribe links and what it answers go as headers; the lane goes with the attempt."""
    url = "https://hooks.example.com/unsubscribe/x"
    content = {**HELLO, "in_reply_to": {"reference": "<a@b.example>"}}
    found = asked(content, unsubscribe_url=url, lane="bulk")
    assert found["h:List-Unsubscribe"] == f"<{url}>"
    assert found["h:In-Reply-To"] == found["h:References"] == "<a@b.example>"
    assert found["v:herald_attempt"] == f"{ATTEMPT}.b"


def test_a_template() -> None:
    """A template that the domain holds goes with its variables; another one is ignored."""
    found = asked({**HELLO, "template": {"name": "welcome", "variables": {"name": "Ada"}}})
    assert (found["template"], found["t:variables"]) == ("welcome", '{"name":"Ada"}')
    assert "text" not in found
    assert "template" not in asked({**HELLO, "template": {"name": "other"}})


def test_files() -> None:
    """Files go in a multipart form; an image is called as the HTML shows it."""
    media: list[dict[str, Any]] = [
        {"url": "https://x.example/a", "attach": True},
        {"url": "https://x.example/b", "content_id": "logo"},
    ]
    content: RenderedEmail = rendered(media, ['../a".pdf', "b.png"], **HELLO)
    request = write_request(CONTEXT, work(), content)
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="attachment"; filename="a_.pdf"\r\n' in request.body
    assert b'name="inline"; filename="logo"\r\nContent-Type: image/png\r\n' in request.body
    assert request.body.count(PNG) == 2


def response(status: int, body: bytes, **headers: str) -> HttpResponse:
    return HttpResponse(status, headers, body)


def test_the_id_has_no_brackets() -> None:
    """The id is kept as events write it, without angle brackets."""
    body = b'{"id":"<2026.1@mg.example.com>","message":"Queued. Thank you."}'
    result = read_response(response(200, body))
    assert isinstance(result, Accepted)
    assert result.references == ("2026.1@mg.example.com",)


def test_a_wrong_base_url() -> None:
    """A 200 of a path that is none is a mistake in the configuration, not an acceptance."""
    result = read_response(response(200, b"Mailgun Magnificent API"))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (
        FailureClass.AUTH,
        "wrong_base_url",
    )


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"id":null}', b'{"id":"<>"}', b"<html>"])
def test_a_success_that_can_not_be_read(body: bytes) -> None:
    """Any other 200 without an id may have been taken."""
    assert isinstance(read_response(response(200, body)), Uncertain)


ERRORS = {
    400: FailureClass.PERMANENT,
    401: FailureClass.AUTH,
    404: FailureClass.AUTH,
    413: FailureClass.CONTENT,
    429: FailureClass.RATE_LIMITED,
    500: FailureClass.TRANSIENT,
}


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_s_error(status: int) -> None:
    """What a gateway answers in the same form leaves it open whether the mail was taken."""
    assert isinstance(read_response(response(status, b'{"message":"no"}')), Uncertain)


@pytest.mark.parametrize(("status", "expected"), ERRORS.items())
def test_errors(status: int, expected: FailureClass) -> None:
    """An error in Mailgun's own form has the class of its status."""
    result = read_response(response(status, b'{"message":"no"}'))
    assert isinstance(result, Refused)
    assert result.failure.failure_class is expected
