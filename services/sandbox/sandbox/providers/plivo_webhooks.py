"""Plivo's webhooks: status callbacks and inbound messages, signed by its third scheme.

Source: Plivo, "Message status callbacks", "Receive a message" and "Validate signatures".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import SecretStr

from sandbox.behaviours import Failure, Status
from sandbox.settings import Section, Url
from sandbox.webhooks import Webhook, WebhookFactory

RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds; the real ones take minutes
OUR_NUMBER = "15550001111"  # to which a recipient writes when no message says it
FAILURES: dict[Failure, int] = {
    Failure.NOT_MOBILE: 50,
    Failure.UNREACHABLE: 80,
    Failure.UNKNOWN_RECIPIENT: 70,
    Failure.OPTED_OUT: 200,
    Failure.BAD_CREDENTIALS: 401,  # the API's HTTP status
}
STATUSES: dict[Status, str] = {
    Status.SENT: "sent",
    Status.DELIVERED: "delivered",
    Status.FAILED: "undelivered",
}

Form = dict[str, str]


class PlivoAccount(Section):
    """A Plivo account; status callbacks go where each request says."""

    auth_id: str
    auth_token: SecretStr
    inbound_url: Url


def status_form(
    reference: str, to: str, sender: str, status: Status, failure: Failure | None
) -> Form:
    """Return the fields of a status callback."""
    is_failure = status is Status.FAILED and failure is not None
    return {
        "MessageUUID": reference,
        "ParentMessageUUID": reference,
        "From": sender,
        "To": to,
        "Type": "sms",
        "Status": STATUSES[status],
        "ErrorCode": str(FAILURES[failure]) if is_failure and failure is not None else "",
        "Units": "1",
        "TotalRate": "0.0025",
        "TotalAmount": "0.0025",
        "MCC": "405",
        "MNC": "803",
        "PartInfo": "1 of 1",
    }


def inbound_form(sender: str, to: str, text: str) -> Form:
    """Return the fields of a recipient's message."""
    return {
        "MessageUUID": str(uuid.uuid4()),
        "From": sender.removeprefix("+"),
        "To": to.removeprefix("+"),
        "Text": text,
        "Type": "sms",
        "Units": "1",
        "TotalRate": "0",
        "TotalAmount": "0",
    }


def signature(token: str, url: str, form: Form, nonce: str) -> str:
    """Sign a form post: the value of X-Plivo-Signature-V3."""
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={value}" for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    fields = "".join(f"{name}{value}" for name, value in sorted(form.items()))
    query += "." if query and fields else ""
    text = f"{parts.scheme}://{parts.netloc}{parts.path}?{query}{fields}.{nonce}"
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def signed(account: PlivoAccount, url: str, form: Form) -> WebhookFactory:
    """Post a form to a URL."""

    def make() -> Webhook:
        nonce = uuid.uuid4().hex
        token = account.auth_token.get_secret_value()
        return Webhook(
            url=url,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Plivo-Signature-V3": signature(token, url, form, nonce),
                "X-Plivo-Signature-V3-Nonce": nonce,
            },
            body=urlencode(form).encode(),
            retries=RETRIES,
        )

    return make
