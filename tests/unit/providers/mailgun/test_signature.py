"""Mailgun's signature: a known answer, and everything that must not pass."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.mailgun.signature import Signed, is_mailgun_signature, signed_by
from herald.providers.mailgun.webhooks import MailgunEndpoint
from herald.providers.webhook_requests import WebhookRequest
from unit.providers.golden import RECEIVED_AT

KEY = b"key-test"
AT = datetime.fromtimestamp(1534108637, UTC)
TOKEN = "651869375b9df3c98fc15c4889b102119add1235c38fc92824"
SIGNATURE = "7554b372d6cc548ad0aa3c9a84a58db76611c083b69a71a96a9d7fcebedc9c3d"
GOOD = Signed("1534108637", TOKEN, SIGNATURE)
DAY = timedelta(days=1)


def test_known_answer() -> None:
    """A signature of the documented algorithm passes, under either of two keys."""
    assert is_mailgun_signature(GOOD, [KEY], AT, DAY)
    assert is_mailgun_signature(GOOD, [b"other", KEY], AT, DAY)


def test_what_differs_is_refused() -> None:
    """Another key, time, token or signature is not authentic; neither is one too old or ahead."""
    assert not is_mailgun_signature(GOOD, [], AT, DAY)
    assert not is_mailgun_signature(GOOD, [b"other"], AT, DAY)
    assert not is_mailgun_signature(GOOD, [KEY], AT + 2 * DAY, DAY)
    assert not is_mailgun_signature(GOOD, [KEY], AT - 2 * DAY, DAY)
    for other in (
        Signed("1534108638", TOKEN, SIGNATURE),
        Signed("1534108637", TOKEN[:-1], SIGNATURE),
        Signed("1534108637", TOKEN, SIGNATURE[:-1]),
        Signed("1534108637", TOKEN, SIGNATURE.upper()),
        Signed("9" * 40, TOKEN, SIGNATURE),
    ):
        assert not is_mailgun_signature(other, [KEY], AT, DAY)


def test_a_late_repeat_passes() -> None:
    """Mailgun tries for 8 hours, perhaps with the first one's time."""
    assert is_mailgun_signature(GOOD, [KEY], AT + timedelta(hours=9), DAY)


STRANGE: list[Any] = [None, 1534108637, "", "é", "x", ["1"], {"a": 1}, True, "-1", "1.5", "²"]


@pytest.mark.parametrize("timestamp", STRANGE)
def test_strange_values_are_no_signature(timestamp: Any) -> None:
    """A signature is three texts of ASCII, its time digits alone."""
    assert signed_by(timestamp, TOKEN, SIGNATURE) is None


def request(body: bytes, content_type: str = "application/json") -> WebhookRequest:
    return WebhookRequest(
        method="POST",
        url="https://hooks.example.com/webhooks/mailgun/main",
        query=b"",
        headers={b"content-type": content_type.encode("latin-1")},
        body=body,
        received_at=RECEIVED_AT,
    )


def signed(token: str = TOKEN) -> dict[str, str]:
    timestamp = str(int(RECEIVED_AT.timestamp()))
    digest = hmac.new(KEY, (timestamp + token).encode(), "sha256").hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": digest}


def test_json_and_forms_are_verified() -> None:
    """Events sign in JSON; mails of routes in a form, where the last field of a name counts."""
    endpoint, form = MailgunEndpoint("main", (KEY,)), "application/x-www-form-urlencoded"
    assert endpoint.verify(request(json.dumps({"signature": signed()}).encode()))
    fields = [("token", "a variable"), ("from", "a@x"), *signed().items()]
    assert endpoint.verify(request(urlencode(fields).encode(), form))
    assert not endpoint.verify(request(urlencode(fields[::-1]).encode(), form))
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    )
    kind = "multipart/form-data; boundary=b"
    assert endpoint.verify(request(f"{body}--b--\r\n".encode(), kind))
    assert not endpoint.verify(request(f"{body}--b\r\n".encode(), kind))
    assert not endpoint.verify(request(body.encode(), "multipart/form-data"))


@given(
    body=st.binary(), kind=st.sampled_from(["application/json", "multipart/form-data; boundary=b"])
)
def test_it_never_raises(body: bytes, kind: str) -> None:
    """Whatever is sent, it answers no instead of raising."""
    endpoint = MailgunEndpoint("main", (KEY,))
    for sent in (body, b"--b\r\n" + body, b'{"signature":' + body):
        assert endpoint.verify(request(sent, kind)) is False
