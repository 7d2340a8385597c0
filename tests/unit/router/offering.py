"""A configuration and commands as the tests of the router's door need them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from herald.config.file import HeraldFile
from herald.contracts.vocabulary import Lane
from router.commands import Candidate, Envelope, Rejection
from router.parsing.send import read_sends
from unit.router.making import NOW

DOCUMENT: dict[str, Any] = {
    "tenants": {
        "default": {"route": "default", "sender": "default"},
        "plain": {"route": "sms"},
        "closed": {"route": "closed", "users": ["team-closed", "ops"]},
    },
    "senders": {
        "default": {
            "sms": "+15550001111",
            "email": "Herald <no-reply@example.com>",
            "tenants": ["default", "plain"],
        },
        "other": {"sms": "+15550003333"},
        "closed": {"sms": "+15550004444", "tenants": ["closed"]},
    },
    "accounts": {
        "wa-main": {"provider": "whatsapp_cloud", "phone_number_id": "100000000000001"},
        "twilio-main": {
            "provider": "twilio",
            "account_sid": "AC" + "0" * 32,
            "tenants": ["default", "plain", "closed"],
        },
        "smtp-main": {"provider": "smtp", "host": "smtp.example.com"},
    },
    "routes": {
        "default": {
            "steps": [
                {"channel": "whatsapp", "fallback_after": "60s"},
                {"channel": "sms"},
                {"channel": "email"},
            ],
            "tenants": ["default", "plain"],
        },
        "sms": {
            "steps": [{"channel": "sms", "start_within": "10s"}],
            "tenants": ["default", "plain"],
        },
        "closed": {"steps": [{"channel": "sms"}], "tenants": ["closed"]},
    },
}
CONFIGURATION = HeraldFile.model_validate_json(json.dumps(DOCUMENT))

COMMAND: dict[str, Any] = {
    "idempotency_key": "key-1",
    "to": {"phone": "+15550002222", "email": "jane@example.com", "name": "Jane"},
    "content": {"text": "Hello", "subject": "Hi"},
}


def envelope(body: bytes | None = None, /, **changes: Any) -> Envelope:
    """Wrap a body, or the usual command changed by `changes` (None leaves a field out)."""
    if body is None:
        fields = COMMAND | changes
        body = json.dumps({k: v for k, v in fields.items() if v is not None}).encode()
    return Envelope(
        body=body, routing_key="message.send", message_id="cause-1", correlation_id="corr-1"
    )


def read_send(
    arrived: Envelope, configuration: HeraldFile, lane: Lane, now: datetime
) -> Candidate | Rejection:
    """Read one command."""
    [read] = read_sends([arrived], configuration, lane, now)
    return read


def read(arrived: Envelope) -> Candidate | Rejection:
    """Read a command at the door."""
    return read_send(arrived, CONFIGURATION, Lane.NORMAL, NOW)


def offered(**changes: Any) -> Candidate:
    """Read the usual command changed; it must be acceptable."""
    result = read(envelope(**changes))
    assert isinstance(result, Candidate), result
    return result


def refused(body: bytes | None = None, /, **changes: Any) -> Rejection:
    """Read a command that must be refused."""
    result = read(envelope(body, **changes))
    assert isinstance(result, Rejection), result
    return result
