"""Accounts for e-mail in the sandbox of a test."""

from __future__ import annotations

from typing import Any

MAILGUN = {
    "domain": "mg.example.com",
    "api_key": "mailgun-key",
    "signing_key": "mailgun-signing-key",
}
RESEND = {"api_key": "re_key", "webhook_secret": "whsec_c2VjcmV0LW9mLXdlYmhvb2tzLTEyMw=="}
SERVER_TOKEN = "postmark-token"
WEBHOOK_LOGIN = "herald:postmark-password"
SES_KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "ses-secret"}
SES_REGION = "eu-central-1"
SES_TOPIC = "arn:aws:sns:eu-central-1:123456789012:herald"


def mail_accounts(receiver_url: str, own_url: str) -> dict[str, Any]:
    """Return the parts of sandbox.toml for them; `own_url` is the sandbox's."""
    postmark = {"server_token": SERVER_TOKEN, "webhook_login": WEBHOOK_LOGIN}
    ses = {**SES_KEYS, "region": SES_REGION, "topic": SES_TOPIC, "own_url": f"{own_url}/ses"}
    return {
        "mailgun": {"main": {**MAILGUN, "webhook_url": f"{receiver_url}/mailgun"}},
        "resend": {"main": {**RESEND, "webhook_url": f"{receiver_url}/resend"}},
        "postmark": {"main": {**postmark, "webhook_url": f"{receiver_url}/postmark"}},
        "ses": {"main": {**ses, "webhook_url": f"{receiver_url}/ses"}},
    }
