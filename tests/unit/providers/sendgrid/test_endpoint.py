"""Who may call SendGrid's URL: signed events, and mails that are signed or come with a token."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from herald.providers.sendgrid.webhooks import SendGridEndpoint, make_decoy
from herald.providers.webhook_endpoints import Head
from herald.providers.webhook_requests import WebhookRequest
from unit.providers.golden import RECEIVED_AT

KEY = ec.generate_private_key(ec.SECP256R1())
ENDPOINT = SendGridEndpoint("main", (KEY.public_key(),), (b"token",))
MAIL = b'--b\r\nContent-Disposition: form-data; name="from"\r\n\r\na@x.example\r\n--b--\r\n'
FORM, JSON = "multipart/form-data; boundary=b", "application/json"
TOKEN = {b"authorization": b"Basic " + base64.b64encode(b"herald:token")}


def request(kind: str, body: bytes, headers: dict[bytes, bytes]) -> WebhookRequest:
    return WebhookRequest(
        method="POST",
        url="https://hooks.example.com/webhooks/sendgrid/main",
        query=b"",
        headers={**headers, b"content-type": kind.encode()},
        body=body,
        received_at=RECEIVED_AT,
    )


def signed(body: bytes) -> dict[bytes, bytes]:
    signature = KEY.sign(b"1768824000" + body, ec.ECDSA(SHA256()))
    return {
        b"x-twilio-email-event-webhook-signature": base64.b64encode(signature),
        b"x-twilio-email-event-webhook-timestamp": b"1768824000",
    }


@pytest.mark.parametrize(
    ("kind", "body", "headers", "expected"),
    [
        (JSON, b"[]", signed(b"[]"), True),
        (FORM, MAIL, signed(MAIL), True),
        (FORM, MAIL, TOKEN, True),
        (JSON, b"[]", TOKEN, False),
        (JSON, b"[]", {**TOKEN, **signed(b"[1]")}, False),
        (FORM, MAIL, {**TOKEN, **signed(b"x")}, False),
        (FORM, MAIL, {b"authorization": b"Bearer other"}, False),
        (FORM, MAIL, {}, False),
    ],
)
def test_who_is_believed(
    kind: str, body: bytes, headers: dict[bytes, bytes], expected: bool
) -> None:
    """A token is good for mails alone, and no help to a wrong signature."""
    assert ENDPOINT.verify(request(kind, body, headers)) is expected
    assert not make_decoy().verify(request(kind, body, headers))


def test_whose_body_is_read() -> None:
    """Without a signature and without the token the head is all that is looked at."""
    admits = ENDPOINT.rules.admits
    assert admits is not None
    assert admits(Head(headers=signed(b""), query=b""))
    assert admits(Head(headers=TOKEN, query=b""))
    assert not admits(Head(headers={b"authorization": b"Bearer x"}, query=b"token=x"))
