"""Work for e-mail, and accounts to do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from channel_email.providers import PROVIDERS
from herald.contracts.work import Work
from herald.providers.http import HttpClient
from herald.providers.sendgrid.account import SendGridAccount, SendGridSecrets
from herald.providers.sending import Provider
from herald.providers.smtp.account import SmtpAccount, SmtpSecrets

ATTEMPT = "00000000-0000-4000-8000-000000000001.0.1"
TO = "ada@example.org"
SENDER = "Herald <no-reply@example.com>"
API_KEY = "key-for-tests"
PASSWORD = "password-for-tests"
TEXT = {"subject": "Your code", "text": "The code is 4711"}


def work(content: dict[str, Any] = TEXT, **changes: Any) -> Work:
    """Make work that says `content`, as it comes from the bus."""
    fields: dict[str, Any] = {
        "attempt_id": ATTEMPT,
        "message_id": ATTEMPT.partition(".")[0],
        "tenant": "default",
        "channel": "email",
        "lane": "normal",
        "category": "transactional",
        "to": TO,
        "sender": SENDER,
        "content": content,
        "not_after": datetime(2030, 1, 1, tzinfo=UTC),
    }
    return Work.model_validate(fields | changes)


def sendgrid(base_url: str, http: HttpClient) -> Provider:
    """Make SendGrid's adapter, the way its worker does."""
    account = SendGridAccount(provider="sendgrid", base_url=base_url)
    secrets = SendGridSecrets.model_validate({"api_key": API_KEY})
    return PROVIDERS["sendgrid"]("sendgrid-main", account, secrets, http, "https://x.example.com")


def smtp(port: int, *, signs_in: bool = False, **options: Any) -> Provider:
    """Make the SMTP adapter of a relay on loopback, the way its worker does."""
    fields = {"host": "127.0.0.1", "security": "none", "timeout": timedelta(seconds=10)}
    account = SmtpAccount.model_validate({"provider": "smtp", "port": port, **fields, **options})
    credentials = {"username": "herald", "password": PASSWORD} if signs_in else {}
    secrets = SmtpSecrets.model_validate(credentials)
    http = HttpClient(account.timeout)
    return PROVIDERS["smtp"]("smtp-main", account, secrets, http, "https://x.example.com")
