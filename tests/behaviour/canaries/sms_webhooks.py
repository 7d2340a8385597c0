"""Webhooks of providers of SMS by HTTP, signed, that repeat all that a message says."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt

from behaviour.canaries import profile_answers
from behaviour.canaries.canaries import ECHO, NAME, PHONE
from herald.providers.vonage_sms.signature import signature
from unit.ingress.asking import BASE_URL

ATTEMPT = "7d444840-9dc0-11d1-b245-5ffdce74fad2.1.1"


def _vonage_sms(**changes: str) -> bytes:
    fields = {
        "msisdn": PHONE[1:],
        "to": "15550001111",
        "messageId": "0A1",
        "status": "failed",
        "err-code": "12",
        "client-ref": ATTEMPT,
        "text": ECHO,
        "name": NAME,
        "timestamp": str(int(time.time())),
        **changes,
    }
    return urlencode({**fields, "sig": signature(fields, b"signature-secret", "sha256")}).encode()


def _vonage(**changes: Any) -> bytes:
    status = {
        "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        "to": PHONE[1:],
        "from": "15550001111",
        "timestamp": "2026-01-19T12:00:00Z",
        "status": "rejected",
        "channel": "sms",
        "client_ref": ATTEMPT,
        "text": ECHO,
        "profile": {"name": NAME},
        "error": {
            "type": "https://developer.vonage.com/api-errors/messages#1260",
            "title": ECHO,
            "detail": ECHO,
            "invalid_parameters": [{"name": "to", "reason": ECHO}],
        },
        **changes,
    }
    return json.dumps(status).encode()


def _messagebird(**changes: str) -> bytes:
    fields = {
        "id": "efa6405d518d4c0c88cce11f7db775fb",
        "reference": ATTEMPT,
        "recipient": PHONE[1:],
        "status": "delivery_failed",
        "statusErrorCode": "27",
        "statusReason": ECHO,
        "body": ECHO,
        "originator": NAME,
        **changes,
    }
    return urlencode(fields).encode()


PATHS = {profile_answers.PROVIDER: profile_answers.PATH}
BODIES: dict[str, list[bytes]] = {
    "vonage_sms": [
        _vonage_sms(),
        _vonage_sms(status="rejected", **{"err-code": "0"}),
        _vonage_sms(status="delivered"),
        _vonage_sms(status="of tomorrow"),
    ],
    "vonage": [
        _vonage(),
        _vonage(error={"title": ECHO}),
        _vonage(error=ECHO),
        _vonage(status="delivered"),
        _vonage(status="of tomorrow"),
    ],
    profile_answers.PROVIDER: profile_answers.BODIES,
    "messagebird": [
        _messagebird(),
        _messagebird(statusErrorCode=""),
        _messagebird(status="delivered"),
        _messagebird(status="of tomorrow"),
    ],
}


def headers_of(provider: str, path: str, body: bytes) -> dict[str, str]:
    """Sign a call; Vonage's SMS API has its signature among the fields."""
    digest = hashlib.sha256(body).hexdigest()
    now = int(time.time())
    if provider == "vonage":
        claims: dict[str, Any] = {"iat": now, "payload_hash": digest}
        return {"Authorization": f"Bearer {_token(claims, 'signature-secret')}"}
    if provider == profile_answers.PROVIDER:
        return profile_answers.HEADERS
    if provider == "messagebird":
        url = BASE_URL.rstrip("/") + path
        claims = {
            "iss": "MessageBird",
            "nbf": now,
            "exp": now + 60,
            "url_hash": hashlib.sha256(url.encode()).hexdigest(),
            "payload_hash": digest,
        }
        return {"MessageBird-Signature-JWT": _token(claims, "signing-key")}
    assert dict(parse_qsl(body.decode()))["sig"]
    return {}


def _token(claims: dict[str, Any], key: str) -> str:
    return jwt.encode(claims, key, algorithm="HS256")
