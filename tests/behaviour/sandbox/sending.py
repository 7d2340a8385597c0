"""Requests as Herald's channels make them, one function a provider."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import Any

import aiohttp

from behaviour.sandbox.world import (
    ACCESS_TOKEN,
    ACCOUNT_SID,
    API_KEY,
    AUTH_TOKEN,
    PHONE_NUMBER_ID,
    SMTP_PASSWORD,
    SMTP_USERNAME,
    World,
)

Response = tuple[int, dict[str, str], bytes]


async def whatsapp(world: World, to: str, *, token: str = ACCESS_TOKEN, **changes: Any) -> Response:
    """Send a text through the WhatsApp Cloud API; `changes` replace parts of the body."""
    document = {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "text",
        "text": {"body": "Hi"},
        "biz_opaque_callback_data": "attempt-1",
        **changes,
    }
    url = f"{world.url}/whatsapp_cloud/v25.0/{PHONE_NUMBER_ID}/messages"
    headers = {"Authorization": f"Bearer {token}"}
    async with world.client.post(url, json=document, headers=headers) as response:
        return response.status, _lower(response), await response.read()


async def sms(world: World, to: str, *, token: str = AUTH_TOKEN, **changes: str) -> Response:
    """Send a text through Twilio; the callback carries the attempt in its query."""
    form = {
        "To": to,
        "From": "+15550001111",
        "Body": "Hi",
        "StatusCallback": f"{world.receiver.url}/status?attempt=attempt-1",
        **changes,
    }
    url = f"{world.url}/twilio/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT_SID, token)}
    kept = {name: value for name, value in form.items() if value}
    async with world.client.post(url, data=kept, headers=headers) as response:
        return response.status, _lower(response), await response.read()


async def sms_status(world: World, sid: str) -> Response:
    """Ask Twilio for a message."""
    url = f"{world.url}/twilio/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{sid}.json"
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT_SID, AUTH_TOKEN)}
    async with world.client.get(url, headers=headers) as response:
        return response.status, _lower(response), await response.read()


async def email(world: World, to: str, *, key: str = API_KEY, **changes: Any) -> Response:
    """Send a mail through SendGrid; `changes` replace parts of the body."""
    document = {
        "personalizations": [{"to": [{"email": to}]}],
        "from": {"email": "no-reply@example.com"},
        "subject": "Hi",
        "content": [{"type": "text/plain", "value": "Hello"}],
        "custom_args": {"herald_attempt": "attempt-1"},
        **changes,
    }
    url = f"{world.url}/sendgrid/v3/mail/send"
    headers = {"Authorization": f"Bearer {key}"}
    async with world.client.post(url, json=document, headers=headers) as response:
        return response.status, _lower(response), await response.read()


def mail(world: World, to: str, *, password: str = SMTP_PASSWORD) -> str:
    """Send a mail over SMTP; return the reply's code and text, or the error's name."""
    message = EmailMessage()
    message["From"] = "no-reply@example.com"
    message["To"] = to
    message["Subject"] = "Hi"
    message["X-Herald-Attempt"] = "attempt-1"
    message.set_content("Hello")
    try:
        with smtplib.SMTP("127.0.0.1", world.smtp_port, timeout=3) as server:
            server.login(SMTP_USERNAME, password)
            server.mail("no-reply@example.com")
            code, text = server.rcpt(to)
            if code == 250:
                code, text = server.data(message.as_bytes())
            return f"{code} {text.decode()}"
    except (smtplib.SMTPException, OSError) as error:
        return type(error).__name__


def _lower(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
