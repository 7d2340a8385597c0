"""How an account at Vonage's SMS API begins."""

from __future__ import annotations

from herald.providers.examples import Example, Question, placeholder
from herald.providers.vonage_sms.account import VonageSmsAccount

EXAMPLE = Example(
    title="SMS, by Vonage's SMS API",
    account="vonage-sms",
    channel="sms",
    options=(
        Question(
            name="api_key",
            about="the API key: Vonage API dashboard, API settings",
            help="Vonage's.",
            model=VonageSmsAccount,
        ),
    ),
    sender=Question(
        name="sms_from",
        about="the number to send from, e.g. +15550001111",
        help="The number to send SMS from.",
    ),
    secrets=f"""\
api_secret = "{placeholder("the API secret: Vonage API dashboard, API settings")}"
# They sign Vonage's webhooks, once you enabled it there; a second one while you change it.
signature_secrets = ["{placeholder("the signature secret: API settings, Signed webhooks")}"]
""",
)
