"""Webhooks about an attempt that repeat all that a message says, signed as their providers do."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from behaviour.canaries import mail_webhooks, sms_webhooks
from behaviour.canaries.canaries import ECHO, EMAIL, NAME, PHONE
from herald.providers.sendgrid.webhooks import SendGridEndpoint
from unit.ingress.asking import BASE_URL, signed
from unit.providers.postmark.endpoint import HEADERS as POSTMARK
from unit.providers.ses.signing_keys import notification
from unit.providers.ses.signing_keys import signed as signed_by_sns

ATTEMPT = "7d444840-9dc0-11d1-b245-5ffdce74fad2.1.1"
NUMBER = "100000000000001"
_KEY = ec.generate_private_key(ec.SECP256R1())
SENDGRID = SendGridEndpoint("sendgrid-main", (_KEY.public_key(),))


def _whatsapp(**changes: Any) -> bytes:
    status = {
        "id": "wamid.A1",
        "status": "failed",
        "timestamp": "1768824000",
        "recipient_id": PHONE[1:],
        "recipient_user_id": f"DE.{NAME}",
        "text": ECHO,
        **changes,
    }
    value = {
        "metadata": {"phone_number_id": NUMBER},
        "contacts": [{"wa_id": PHONE[1:], "profile": {"name": NAME}}],
        "statuses": [status],
    }
    change = {"field": "messages", "value": value}
    return json.dumps({"entry": [{"id": "1", "changes": [change]}]}).encode()


def _twilio(**changes: str) -> bytes:
    fields = {
        "AccountSid": "AC" + "0" * 32,
        "MessageSid": "SM1",
        "MessageStatus": "undelivered",
        "To": PHONE,
        "From": "+15550001111",
        "Body": ECHO,
        "ErrorMessage": ECHO,
        **changes,
    }
    return urlencode(fields).encode()


def _sendgrid(**changes: Any) -> bytes:
    event = {
        "event": "bounce",
        "type": "bounce",
        "sg_event_id": "e1",
        "sg_message_id": "m1.filter",
        "timestamp": 1768824000,
        "status": "5.1.1",
        "herald_attempt": ATTEMPT,
        "email": EMAIL,
        "reason": f"550 5.1.1 {ECHO}",
        "response": ECHO,
        "category": [ECHO],
        "url": f"https://x.example/{NAME}",
        "useragent": ECHO,
        "subject": ECHO,
        **changes,
    }
    return json.dumps([event]).encode()


def _postmark(**changes: Any) -> bytes:
    event = {
        "RecordType": "Bounce",
        "ID": 17,
        "Type": "HardBounce",
        "MessageID": "b7bc2f4a",
        "BouncedAt": "2026-01-19T12:00:00Z",
        "Metadata": {"herald_attempt": ATTEMPT, "name": NAME},
        "Email": EMAIL,
        "Recipient": EMAIL,
        "Details": f"550 5.1.1 {ECHO}",
        "Description": ECHO,
        "Content": ECHO,
        "Subject": ECHO,
        "Tag": ECHO,
        "OriginalLink": f"https://x.example/{NAME}",
        "UserAgent": ECHO,
        **changes,
    }
    return json.dumps(event).encode()


def _ses(kind: str = "Bounce", **details: Any) -> bytes:
    person = {"emailAddress": EMAIL, "status": "5.1.1", "diagnosticCode": f"550 5.1.1 {ECHO}"}
    said = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [person],
        "recipients": [EMAIL],
        "smtpResponse": ECHO,
        "link": f"https://x.example/{NAME}",
        "reason": ECHO,
        **details,
    }
    mail = {
        "messageId": "0107018f-m1",
        "source": EMAIL,
        "destination": [EMAIL],
        "headers": [{"name": "Subject", "value": ECHO}],
        "commonHeaders": {"subject": ECHO, "to": [f"{NAME} <{EMAIL}>"]},
        "tags": {"herald_attempt": [ATTEMPT.replace(".", "_")], "name": [NAME]},
    }
    event = {"eventType": kind, kind.lower(): said, "mail": mail}
    return json.dumps(signed_by_sns(notification(event))).encode()


def _error(**words: Any) -> dict[str, Any]:
    return {"code": 131026, "title": "Message undeliverable", **words}


# Every provider that calls us, and what it reports; each body has one status.
BODIES: dict[str, list[bytes]] = {
    "whatsapp_cloud": [
        _whatsapp(errors=[_error(message=ECHO)]),
        _whatsapp(errors=[_error(error_data={"details": ECHO}, error_user_msg=ECHO), ECHO]),
        _whatsapp(errors=[_error(title=ECHO)]),
        _whatsapp(status="delivered"),
        _whatsapp(status="of tomorrow"),
    ],
    "twilio": [
        _twilio(ErrorCode="30003"),
        _twilio(MessageStatus="failed"),
        _twilio(MessageStatus="delivered"),
    ],
    "sendgrid": [
        _sendgrid(),
        _sendgrid(event="dropped"),
        _sendgrid(event="deferred"),
        _sendgrid(event="click", url=f"https://x.example/{ECHO}"),
    ],
    "postmark": [
        _postmark(),
        _postmark(Type="Transient", ID=18),
        _postmark(RecordType="Click", ReceivedAt="2026-01-19T12:00:00Z"),
        _postmark(RecordType="of tomorrow"),
    ],
    **sms_webhooks.BODIES,
    **mail_webhooks.BODIES,
    "ses": [_ses(), _ses("Delivery"), _ses("Reject"), _ses("Click"), _ses("Of tomorrow")],
}


def signed_call(provider: str, body: bytes) -> tuple[str, str, dict[str, str]]:
    """Return the path, the query and the headers of an authentic call."""
    path = f"/webhooks/{provider}/main"
    if provider == "whatsapp_cloud":
        return path, "", signed(body)
    if provider == "sendgrid":
        signature = _KEY.sign(b"1768824000" + body, ec.ECDSA(SHA256()))
        return (
            path,
            "",
            {
                "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
                "X-Twilio-Email-Event-Webhook-Timestamp": "1768824000",
            },
        )
    if provider == "postmark" or provider in mail_webhooks.BODIES:
        found = POSTMARK if provider == "postmark" else mail_webhooks.headers_of(provider, body)
        return path, "", found
    if provider in sms_webhooks.BODIES:
        path = sms_webhooks.PATHS.get(provider, path)
        return path, "", sms_webhooks.headers_of(provider, path, body)
    if provider == "ses":
        fields = json.loads(body)
        names = {"type": "Type", "id": "MessageId"}
        heads = {f"X-Amz-Sns-Message-{name}": fields[field] for name, field in names.items()}
        return path, "", {**heads, "X-Amz-Sns-Topic-Arn": fields["TopicArn"]}
    return _signed_form(path, body)


def _signed_form(path: str, body: bytes) -> tuple[str, str, dict[str, str]]:
    query = f"attempt={ATTEMPT}"
    fields = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    text = f"{BASE_URL.rstrip('/')}{path}?{query}" + "".join(n + v for n, v in fields)
    digest = hmac.digest(b"token", text.encode(), "sha1")
    headers = {
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return path, query, headers
