"""Work for WhatsApp, and an account to do it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from channel_whatsapp.providers import PROVIDERS
from herald.contracts.work import Work
from herald.providers.http import HttpClient
from herald.providers.sending import Provider
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount, WhatsAppCloudSecrets

ATTEMPT = "00000000-0000-4000-8000-000000000001.0.1"
TO = "+15550002222"
TOKEN = "token-for-tests"


def work(content: dict[str, Any], **changes: Any) -> Work:
    """Make work that says `content`, as it comes from the bus."""
    fields: dict[str, Any] = {
        "attempt_id": ATTEMPT,
        "message_id": ATTEMPT.partition(".")[0],
        "tenant": "default",
        "channel": "whatsapp",
        "lane": "normal",
        "category": "transactional",
        "to": TO,
        "content": content,
        "not_after": datetime(2030, 1, 1, tzinfo=UTC),
    }
    return Work.model_validate(fields | changes)


def provider(base_url: str, http: HttpClient) -> Provider:
    """Make the adapter of one number, the way its worker does."""
    account = WhatsAppCloudAccount(
        provider="whatsapp_cloud", phone_number_id="100000000000001", base_url=base_url
    )
    secrets = WhatsAppCloudSecrets.model_validate(
        {"access_token": TOKEN, "app_secrets": ["s"], "verify_token": "v"}
    )
    return PROVIDERS["whatsapp_cloud"]("wa-main", account, secrets, http, "https://x.example.com")
