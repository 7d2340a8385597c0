"""Every way in which a provider can end a call while it repeats what it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from behaviour.canaries import mail_answers, profile_answers, sms_answers
from behaviour.canaries.canaries import ADDRESSES, NAME, SECRET
from behaviour.canaries.smsc import ANSWERS, bound, smsc_for
from behaviour.providers.api_server import ApiServer, closed_port, http_client, serving_api
from behaviour.providers.smtp.relay import HANG_UP, relaying
from herald.channel.accounts import SendingAccount
from herald.contracts.work import Work
from herald.providers.registry import ACCOUNTS as MODELS
from herald.providers.sending import SendResult
from unit.channel.making import calling, decided
from unit.providers.sending import sending_account

ACCOUNTS: dict[str, dict[str, Any]] = {
    "whatsapp_cloud": {"phone_number_id": "100000000000001"},
    "twilio": {"account_sid": "AC" + "0" * 32},
    "sendgrid": {},
    "vonage_sms": {"api_key": "abcd1234"},
    "vonage": {"api_key": "abcd1234"},
    "messagebird": {},
    "mailgun": {"domain": "mg.example.com"},
    "resend": {},
    "postmark": {},
    "ses": {"region": "eu-central-1"},
    "smtp": {"host": "127.0.0.1", "security": "none"},
    "smpp": {"host": "127.0.0.1", "security": "none", "system_id": "herald"},
    profile_answers.PROVIDER: profile_answers.OPTIONS,
}
SECRETS: dict[str, dict[str, Any]] = {
    "whatsapp_cloud": {"access_token": SECRET, "app_secrets": ["s" * 9], "verify_token": "v" * 9},
    "twilio": {"auth_tokens": [SECRET]},
    "sendgrid": {"api_key": SECRET},
    "vonage_sms": {"api_secret": SECRET, "webhook_tokens": [f"{SECRET}-of-webhooks"]},
    "vonage": {"api_secret": SECRET, "signature_secrets": ["s" * 9]},
    "messagebird": {"access_key": SECRET, "signing_keys": ["s" * 9]},
    "mailgun": {"api_key": SECRET, "webhook_signing_keys": ["s" * 9]},
    "resend": {"api_key": SECRET},
    "postmark": {"server_token": SECRET},
    "ses": {"access_key_id": "AKIDEXAMPLE", "secret_access_key": SECRET},
    "smtp": {"username": "herald", "password": SECRET},
    "smpp": {"password": SECRET},
    profile_answers.PROVIDER: {
        "api_key": SECRET,
        "callback_username": "user-of-callbacks",
        "callback_passwords": [f"{SECRET}-of-callbacks"],
    },
}
SENDERS = {"whatsapp": None, "sms": "+15550001111", "email": "Herald <no-reply@example.com>"}


def refusal(provider: str, status: int, echo: str) -> Any:
    """Write a provider's own error, with the echo wherever it has prose."""
    if provider == "whatsapp_cloud":
        data = {"messaging_product": "whatsapp", "details": echo}
        code = {401: 190, 429: 130429}.get(status, 131009)
        return {
            "error": {
                "code": code,
                "message": echo,
                "type": "OAuthException",
                "fbtrace_id": "A1",
                "error_user_title": echo,
                "error_user_msg": echo,
                "error_data": data,
            }
        }
    if provider == "twilio":
        code = {401: 20003, 429: 20429}.get(status, 21617)
        return {"code": code, "status": status, "message": echo, "more_info": f"https://x/{echo}"}
    if provider in sms_answers.PROVIDERS:
        return sms_answers.refusal(provider, status, echo)
    if provider in mail_answers.PROVIDERS:
        return mail_answers.refusal(provider, status, echo)
    return {"errors": [{"message": echo, "field": "content", "help": echo}], "id": echo}


def acceptance(provider: str, echo: str) -> tuple[int, Any, dict[str, str]]:
    """Write what a provider answers when it takes a message, with all of it in the answer."""
    if provider == "whatsapp_cloud":
        messages = [{"id": "wamid.A1", "message_status": "accepted", "text": {"body": echo}}]
        return 200, {"messages": messages, "contacts": [{"input": echo, "wa_id": echo}]}, {}
    if provider == "twilio":
        return 201, {"sid": "SM" + "1" * 32, "body": echo, "to": echo, "status": "queued"}, {}
    if provider in sms_answers.PROVIDERS:
        return sms_answers.acceptance(provider, echo)
    if provider in mail_answers.PROVIDERS:
        return mail_answers.acceptance(provider, echo)
    return 202, {"message": echo}, {"X_Message_Id": "abc123"}


Prepare = Callable[[ApiServer, str, str], None]


def _answers(status: int) -> Prepare:
    def prepare(server: ApiServer, provider: str, echo: str) -> None:
        server.will(status, refusal(provider, status, echo))

    return prepare


def _prose(status: int, **headers: str) -> Prepare:
    def prepare(server: ApiServer, _provider: str, echo: str) -> None:
        server.will(status, echo.encode(), **headers)

    return prepare


def _ends(ending: Any) -> Prepare:
    def prepare(server: ApiServer, provider: str, echo: str) -> None:
        server.will(400, refusal(provider, 400, echo))
        server.ending = ending

    return prepare


def _accepts(server: ApiServer, provider: str, echo: str) -> None:
    status, body, headers = acceptance(provider, echo)
    server.will(status, body, **headers)


def _is_away(server: ApiServer, _provider: str, _echo: str) -> None:
    server.base_url = f"http://127.0.0.1:{closed_port()}"


HTTP_PATHS: dict[str, Prepare] = {
    "accepted": _accepts,
    "refused": _answers(400),
    "credentials refused": _answers(401),
    "rate limited": _answers(429),
    "broken, in its own words": _answers(500),
    "refused in prose": _prose(400),
    "broken in prose": _prose(502),
    "away for a while": _prose(503, Retry_After="30"),
    "accepted in prose": _prose(200),
    "closed without an answer": _ends("close"),
    "reset": _ends("reset"),
    "answer cut": _ends("cut"),
    "no answer": _ends("silence"),
    "no connection": _is_away,
}
SMTP_PATHS: dict[str, dict[str, str]] = {
    "accepted": {"DOT": "250 2.0.0 Ok: queued as 4XyZ12 for {echo}"},
    "greeting refused": {"GREETING": "554 5.7.1 {echo}"},
    "sign-in refused": {"AUTH": "535 5.7.8 {echo}"},
    "sign-in refused for now": {"AUTH": "454 4.7.0 {echo}"},
    "sender refused": {"MAIL": "550 5.7.1 {echo}"},
    "recipient refused": {"RCPT": "550 5.1.1 {echo}: user unknown"},
    "recipient put off": {"RCPT": "450 4.2.0 {echo}"},
    "data refused": {"DATA": "554 5.6.0 {echo}"},
    "mail refused": {"DOT": "554 5.7.1 rejected as spam: {echo}"},
    "mail put off": {"DOT": "451 4.3.0 {echo}"},
    "mail refused in many lines": {"DOT": "550-{echo}\n550 5.7.1 {echo}"},
    "reply unreadable": {"DOT": "999 {echo}"},
    "reply is no reply": {"RCPT": "{echo}"},
    "hangs up before the mail": {"RCPT": HANG_UP},
    "hangs up after the mail": {"DOT": HANG_UP},
    "no connection": {},
}


@dataclass(frozen=True, slots=True)
class Call:
    """What a call came to."""

    work: Work
    result: SendResult
    account: SendingAccount


def work_for(channel: str, content: dict[str, Any]) -> Work:
    """Make work that says `content` to our canary."""
    return Work.model_validate(
        {
            "attempt_id": "00000000-0000-4000-8000-000000000001.1.1",
            "message_id": "00000000-0000-4000-8000-000000000001",
            "tenant": "default",
            "channel": channel,
            "lane": "normal",
            "category": "transactional",
            "to": ADDRESSES[channel],
            "recipient_name": NAME,
            "sender": SENDERS[channel],
            "content": content,
            "not_after": datetime(2030, 1, 1, tzinfo=UTC),
        }
    )


async def call_http(provider: str, path: str, content: dict[str, Any], echo: str) -> Call:
    """Call a provider that ends the call in one of its ways."""
    seconds = 0.2 if path == "no answer" else 5
    async with serving_api() as server, http_client(seconds) as http:
        HTTP_PATHS[path](server, provider, echo)
        return await _call(provider, content, http, base_url=server.base_url)


async def call_smtp(path: str, content: dict[str, Any], echo: str) -> Call:
    """Call a relay that follows one of the scripts."""
    script = {verb: line.format(echo=echo) for verb, line in SMTP_PATHS[path].items()}
    async with relaying(**script) as relay, http_client(1) as http:
        port = closed_port() if path == "no connection" else relay.port
        return await _call("smtp", content, http, port=port)


async def call_smpp(path: str, content: dict[str, Any], echo: str) -> Call:
    """Call an SMSC that ends the call in one of its ways."""
    async with smsc_for(path, echo) as port, http_client(1) as http:
        return await _call("smpp", content, http, port=port)


async def _call(name: str, content: dict[str, Any], http: Any, **changes: Any) -> Call:
    model = MODELS[name]
    fields = {"provider": name, "timeout": timedelta(seconds=1), **ACCOUNTS[name], **changes}
    options = model.model_validate(fields)
    secrets = options.secrets_model.model_validate(SECRETS[name])
    account = sending_account(options, secrets, http)
    work = work_for(options.channel, content)
    [attempt] = await decided([account], work)
    async with bound(account):
        result = await calling(options.channel).call(attempt)
    return Call(work, result, account)


async def call(provider: str, path: str, content: dict[str, Any], echo: str) -> Call:
    """Make a call that ends in one of the ways of its provider."""
    if provider == "smtp":
        return await call_smtp(path, content, echo)
    if provider == "smpp":
        return await call_smpp(path, content, echo)
    return await call_http(provider, path, content, echo)


# Every adapter and every way in which its calls end. A provider that is not here fails a test.
PATHS: dict[str, tuple[str, ...]] = {
    "whatsapp_cloud": tuple(HTTP_PATHS),
    "twilio": tuple(HTTP_PATHS),
    "sendgrid": tuple(HTTP_PATHS),
    "vonage_sms": tuple(HTTP_PATHS),
    "vonage": tuple(HTTP_PATHS),
    "messagebird": tuple(HTTP_PATHS),
    "mailgun": tuple(HTTP_PATHS),
    "resend": tuple(HTTP_PATHS),
    "postmark": tuple(HTTP_PATHS),
    "ses": tuple(HTTP_PATHS),
    "smtp": tuple(SMTP_PATHS),
    "smpp": tuple(ANSWERS),
    profile_answers.PROVIDER: tuple(HTTP_PATHS),
}
