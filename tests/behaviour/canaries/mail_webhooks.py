"""What providers of e-mail report, with all that a mail says in it."""

from __future__ import annotations

import base64
import hmac
import json
import time
from hashlib import sha256
from typing import Any

from behaviour.canaries.canaries import ECHO, EMAIL, NAME
from herald.providers.mailgun.webhooks import MailgunEndpoint
from herald.providers.resend.webhooks import ResendEndpoint
from unit.providers.smtp.endpoint import ENDPOINT as SMTP

ATTEMPT = "7d444840-9dc0-11d1-b245-5ffdce74fad2.1.1"
KEY = b"a key for canaries"
ENDPOINTS: dict[str, Any] = {
    "mailgun": MailgunEndpoint("mailgun-main", (KEY,)),
    "resend": ResendEndpoint("resend-main", (KEY,)),
    "smtp": SMTP,
}


def _mailgun(token: str, **changes: Any) -> bytes:
    event = {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "id": "e1",
        "timestamp": 1768824000.5,
        "recipient": EMAIL,
        "message": {"headers": {"message-id": "1@mg.example.com", "to": EMAIL, "subject": ECHO}},
        "envelope": {"targets": EMAIL},
        "user-variables": {"herald_attempt": ATTEMPT, "name": NAME},
        "delivery-status": {"code": 550, "message": f"5.1.1 {ECHO}", "description": ECHO},
        "reject": {"reason": ECHO},
        "url": f"https://x.example/{NAME}",
        "tags": [ECHO],
        **changes,
    }
    timestamp = str(int(time.time()))
    digest = hmac.new(KEY, (timestamp + token).encode(), sha256).hexdigest()
    signature = {"timestamp": timestamp, "token": token, "signature": digest}
    return json.dumps({"signature": signature, "event-data": event}).encode()


def _resend(word: str, **details: Any) -> bytes:
    data = {
        "email_id": "49a3999c",
        "from": EMAIL,
        "to": [EMAIL],
        "subject": ECHO,
        "tags": {"herald_attempt": ATTEMPT.replace(".", "_"), "name": NAME},
        **details,
    }
    event = {"type": word, "created_at": "2026-01-19T12:00:00.000Z", "data": data}
    return json.dumps(event).encode()


def _smtp(action: str, number: int) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example.com\r\nSubject: {ECHO}\r\n"
        f"Message-ID: <{number}@mx.example.com>\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\n{ECHO}\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.com\r\nOriginal-Envelope-Id: {ATTEMPT}\r\n\r\n"
        f"Final-Recipient: rfc822; {EMAIL}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 {' '.join(ECHO.split())}\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nTo: {EMAIL}\r\n\r\n{ECHO}\r\n--b--\r\n"
    ).encode()


BODIES: dict[str, list[bytes]] = {
    "mailgun": [
        _mailgun("1"),
        _mailgun("2", severity="temporary"),
        _mailgun("3", event="rejected"),
        _mailgun("4", event="clicked"),
        _mailgun("5", event="of tomorrow"),
    ],
    "resend": [
        _resend("email.bounced", bounce={"type": "Permanent", "message": ECHO}),
        _resend("email.failed", failed={"reason": ECHO}),
        _resend("email.clicked", click={"link": f"https://x.example/{NAME}"}),
        _resend("email.of_tomorrow"),
    ],
    "smtp": [_smtp("failed", 1), _smtp("delayed", 2), _smtp("delivered", 3), _smtp(ECHO[:20], 4)],
}


def headers_of(provider: str, body: bytes) -> dict[str, str]:
    """Sign a call; Mailgun's signature is in its body."""
    if provider == "smtp":
        return {"Authorization": "Bearer token", "Content-Type": "message/rfc822"}
    if provider == "mailgun":
        return {"Content-Type": "application/json"}
    name, timestamp = f"msg_{sha256(body).hexdigest()}", str(int(time.time()))
    digest = hmac.digest(KEY, f"{name}.{timestamp}.".encode() + body, sha256)
    return {
        "svix-id": name,
        "svix-timestamp": timestamp,
        "svix-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
