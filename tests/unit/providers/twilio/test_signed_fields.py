"""Where Twilio puts fields, and what else its signature would fit.

The signature covers the URL and, behind it, the names and values of a form. Who has seen one call
must not be able to make another one of it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from herald.providers.webhook_requests import WebhookRequest
from unit.providers.golden import ENDPOINTS, RECEIVED_AT

URL = "https://hooks.example.com/webhooks/twilio/main"
ATTEMPT = "7d444840-9dc0-11d1-b245-5ffdce74fad2.1.1"
ACCOUNT = "AC" + "0" * 32
FORM = "application/x-www-form-urlencoded"
# what a recipient may write, so that it would be read as fields elsewhere
WORDS = f"&MessageSid=SM1&MessageStatus=delivered&AccountSid={ACCOUNT}"
GLUED = f"SmsSidSM1SmsStatusdeliveredToX AccountSid{ACCOUNT}"


def sign(text: str) -> str:
    return base64.b64encode(hmac.digest(b"token", text.encode(), "sha1")).decode()


def call(
    method: str, url: str, body: str = "", *, signature: str, content_type: str = FORM
) -> WebhookRequest:
    return WebhookRequest(
        method=method,
        url=url,
        query=url.partition("?")[2].encode(),
        headers={
            b"x-twilio-signature": signature.encode(),
            b"content-type": content_type.encode(),
        },
        body=body.encode(),
        received_at=RECEIVED_AT,
    )


def is_authentic(given: WebhookRequest) -> bool:
    return ENDPOINTS["twilio"].verify(given) is True


def signed_form(url: str, fields: dict[str, str]) -> tuple[WebhookRequest, str]:
    """Give a POST as Twilio makes it, and the text that it signed."""
    text = url + "".join(name + value for name, value in sorted(fields.items()))
    return call("POST", url, urlencode(fields), signature=sign(text)), text


INBOUND = {"AccountSid": ACCOUNT, "Body": WORDS, "From": "+15550002222", "MessageSid": "SM2"}


@pytest.mark.parametrize("query", ["", f"?attempt={ATTEMPT}", f"?attempt={ATTEMPT}.u"])
def test_what_twilio_calls_is_authentic(query: str) -> None:
    """A form, a GET and a JSON body pass, with our own field in the URL or without."""
    posted, _ = signed_form(URL + query, INBOUND)
    assert is_authentic(posted)
    got = URL + (query + "&" if query else "?") + urlencode(INBOUND)
    assert is_authentic(call("GET", got, signature=sign(got)))
    body = '{"MessageSid": "SM1"}'
    digest = hashlib.sha256(body.encode()).hexdigest()
    json_url = URL + (query + "&" if query else "?") + f"bodySHA256={digest}"
    assert is_authentic(
        call(
            "POST",
            json_url,
            body,
            signature=sign(json_url),
            content_type="application/json; charset=utf-8",
        )
    )


@pytest.mark.parametrize("query", [f"?attempt={ATTEMPT}", "?attempt=", "?tenant=x"])
def test_a_signed_form_is_no_get(query: str) -> None:
    """With its fields in the query, where a recipient's words would be fields, it is refused."""
    _, text = signed_form(URL + query, INBOUND)
    url = quote(text, safe=":/?&=+.")
    assert not is_authentic(call("GET", url, signature=sign(url)))


def _readings(text: str) -> Iterator[WebhookRequest]:
    """Cut a signed URL into a URL and a field behind it, in every way."""
    signature = sign(text)
    for end in range(len(URL) + 2, len(text)):  # a URL never ends in `?`: the receiver drops it
        for middle in range(end + 1, min(end + 20, len(text)) + 1):
            field = urlencode({text[end:middle]: text[middle:]})
            yield call("POST", text[:end], field, signature=signature)


@pytest.mark.parametrize(
    "query",
    [
        f"attempt={ATTEMPT}&Body={GLUED}",
        f"attempt={ATTEMPT}.u&To=x&Body={GLUED}&From=x",
        f"Body={GLUED}&From=x",
        f"AccountSid=x&To={GLUED}",
    ],
)
def test_a_signed_get_is_no_form(query: str) -> None:
    """No end of a signed URL is taken for fields of a form that hold what a recipient wrote."""
    url = f"{URL}?{quote(query, safe='=&')}"
    assert [reading.url for reading in _readings(url) if is_authentic(reading)] == []


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/json", "multipart/form-data"]
)
def test_a_form_says_that_it_is_one(content_type: str) -> None:
    """Fields are read from nothing but a form."""
    fields = {"AccountSid": ACCOUNT, "MessageSid": "SM1", "MessageStatus": "sent"}
    text = URL + "".join(name + value for name, value in sorted(fields.items()))
    posted = call("POST", URL, urlencode(fields), signature=sign(text), content_type=content_type)
    assert not is_authentic(posted)


def test_names_are_twilios() -> None:
    """A form with another name than Twilio would give is not Twilio's."""
    posted, _ = signed_form(URL, {"MessageSid": "SM1", "?AccountSid": "x"})
    assert not is_authentic(posted)
