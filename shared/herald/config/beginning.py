"""What the files of a new deployment hold: `herald.toml`, and secrets to be filled in. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from herald.config.file import IngressRules
from herald.config.placeholders import placeholder
from herald.providers.smtp.account import SmtpAccount
from herald.providers.twilio.account import TwilioAccount
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A value that only the owner of the deployment knows."""

    name: str  # of the answer, and of the model's field
    about: str  # what it is, and where it is found
    model: type[BaseModel] | None = None  # whose field says what it may be; None: anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """How an account at a provider begins."""

    title: str
    account: str  # its name
    channel: str
    options: tuple[Question, ...]  # of its table in herald.toml
    sender: Question | None  # what the channel sends from; None: the account itself
    secrets: str  # the text of its secrets file
    has_webhooks: bool = True


PUBLIC_BASE_URL = Question(
    name="public_base_url",
    about="the https URL at which providers reach ingress, e.g. https://hooks.example.com",
    model=IngressRules,
)
_EMAIL_FROM = Question(name="email_from", about="Name <no-reply@your.domain>, of verified senders")

BEGINNINGS: Mapping[str, Beginning] = {
    "whatsapp_cloud": Beginning(
        title="WhatsApp, by Meta's Cloud API",
        account="wa-main",
        channel="whatsapp",
        options=(
            Question(
                name="phone_number_id",
                about="the phone number's id: App dashboard, WhatsApp, API setup",
                model=WhatsAppCloudAccount,
            ),
        ),
        sender=None,
        secrets=f"""\
# With the right whatsapp_business_messaging.
access_token = "{placeholder("a system user's access token: Business settings, System users")}"
# They sign Meta's webhooks; a second one while you change it.
app_secrets = ["{placeholder("the app secret: App dashboard, Settings, Basic")}"]
# Made for you: enter it in the webhook's settings.
verify_token = "{{verify_token}}"
""",
    ),
    "twilio": Beginning(
        title="SMS, by Twilio",
        account="twilio-main",
        channel="sms",
        options=(
            Question(
                name="account_sid",
                about="the Account SID, which begins with AC: Twilio Console, Account info",
                model=TwilioAccount,
            ),
        ),
        sender=Question(name="sms_from", about="the number to send from, e.g. +15550001111"),
        secrets=f"""\
# The first one signs our calls, all are taken in webhooks: a second one while you change it.
auth_tokens = ["{placeholder("the Auth Token: Twilio Console, Account info")}"]
""",
    ),
    "sendgrid": Beginning(
        title="e-mail, by SendGrid",
        account="sendgrid-main",
        channel="email",
        options=(
            Question(
                name="webhook_public_keys",
                about="the verification key: SendGrid, Mail settings, Event webhook",
            ),
        ),
        sender=_EMAIL_FROM,
        secrets=f"""\
# With the right Mail Send.
api_key = "{placeholder("an API key: SendGrid, Settings, API keys")}"
""",
    ),
    "smtp": Beginning(
        title="e-mail, by an SMTP relay",
        account="smtp-main",
        channel="email",
        options=(Question(name="host", about="the relay's host name", model=SmtpAccount),),
        sender=_EMAIL_FROM,
        secrets=f"""\
# Take both out where the relay trusts you by your address.
username = "{placeholder("the user at the relay")}"
password = "{placeholder("the password at the relay")}"
""",
        has_webhooks=False,
    ),
}
_LISTS = {"webhook_public_keys"}  # options of several values
_ORDER = ("whatsapp", "sms", "email")  # of the default route


def questions(providers: Sequence[str]) -> list[Question]:
    """Return what has to be known for accounts at these providers, each once."""
    asked: dict[str, Question] = {}
    chosen = [BEGINNINGS[name] for name in providers]
    for one in chosen:
        for question in (*one.options, one.sender):
            if question is not None:
                asked.setdefault(question.name, question)
    if any(one.has_webhooks for one in chosen):
        asked[PUBLIC_BASE_URL.name] = PUBLIC_BASE_URL
    return list(asked.values())


def secrets_files(providers: Sequence[str], verify_token: str) -> dict[str, str]:
    """Return the text of each account's secrets file, by its path beside herald.toml."""
    chosen = (BEGINNINGS[name] for name in providers)
    return {
        f"secrets/{one.account}.toml": one.secrets.replace("{verify_token}", verify_token)
        for one in chosen
    }


def herald_toml(tenant: str, providers: Sequence[str], answers: Mapping[str, str]) -> str:
    """Write herald.toml for one tenant; what is not answered is a placeholder."""
    chosen = [BEGINNINGS[name] for name in providers]
    values = {
        question.name: answers.get(question.name) or placeholder(question.about)
        for question in questions(providers)
    }
    parts = [_HEAD.format(tenant=tenant)]
    senders = list(_senders(chosen, values))
    parts.append(_TENANT.format(tenant=tenant, sender='sender = "default"\n' if senders else ""))
    if senders:
        parts.append(_SENDER.format(tenant=tenant, channels="\n".join(senders)))
    parts += [_account(name, tenant, values) for name in providers]
    parts.append(_ROUTE.format(tenant=tenant, steps="\n".join(_steps(chosen))))
    if PUBLIC_BASE_URL.name in values:
        parts.append(_INGRESS.format(url=_toml(values[PUBLIC_BASE_URL.name])))
    return "\n".join([*parts, _FILES])


def _senders(chosen: Sequence[Beginning], values: Mapping[str, str]) -> Iterator[str]:
    lines = {one.channel: one.sender for one in chosen if one.sender is not None}
    for channel, question in lines.items():
        yield f"{channel} = {_toml(values[question.name])}"


def _account(provider: str, tenant: str, values: Mapping[str, str]) -> str:
    one = BEGINNINGS[provider]
    lines = [
        f"# {one.title[0].upper()}{one.title[1:]}.",
        f"[accounts.{one.account}]",
        f'provider = "{provider}"',
        f'tenants = ["{tenant}"]',
    ]
    for option in one.options:
        value = _toml(values[option.name])
        lines.append(f"{option.name} = {f'[{value}]' if option.name in _LISTS else value}")
    return "\n".join([*lines, f'secrets_file = "secrets/{one.account}.toml"', ""])


def _steps(chosen: Sequence[Beginning]) -> Iterator[str]:
    channels = sorted({one.channel for one in chosen}, key=_ORDER.index)
    for channel in channels[:-1]:
        yield f'    {{channel = "{channel}", fallback_after = "60s"}},'
    yield f'    {{channel = "{channels[-1]}"}},'


def _toml(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # also a basic string of TOML


_HEAD = """\
# herald.toml: everything Herald is told, except where its servers are (environment) and its secrets
# (files). `herald config check` prints every error; restart services after a change. What is not
# written here has its default: docs/configuration.md has every setting.
"""
_TENANT = """\
# A tenant is a user of the gateway; commands that name none mean `default`.
[tenants.{tenant}]
route = "default"
{sender}# users = ["{tenant}"]   # broker users who may command for it; none named: any

# Broker users who may send messages again, replay dead letters and erase recipients.
[operators]
users = []
"""
_SENDER = """\
# What each channel sends from.
[senders.default]
tenants = ["{tenant}"]
{channels}
"""
_ROUTE = """\
# The channels to try, in order: the next one after an error, or after silence.
[routes.default]
tenants = ["{tenant}"]
steps = [
{steps}
]
"""
_INGRESS = """\
[ingress]
public_base_url = {url}
"""
_FILES = """\
# Who may read what became of messages: `herald token` adds to the file. Beside loopback's, `hosts`
# names what the router is called by.
[read_api]
tokens_file = "secrets/tokens.toml"
# hosts = ["router.internal"]

# Phone numbers and e-mail addresses are masked and hashed with it: every service needs the same.
[masking]
key_file = "secrets/masking.key"
"""
