"""How an account at Vonage's Messages API begins."""

from __future__ import annotations

from herald.providers.examples import Example, Question, placeholder
from herald.providers.vonage.account import VonageAccount

EXAMPLE = Example(
    title="SMS, by Vonage's Messages API",
    account="vonage-main",
    channel="sms",
    options=(
        Question(
            name="api_key",
            about="the API key: Vonage API dashboard, API settings",
            help="Vonage's.",
            model=VonageAccount,
        ),
    ),
    sender=Question(
        name="sms_from",
        about="the number to send from, e.g. +15550001111",
        help="The number to send SMS from.",
    ),
    secrets=f"""\
api_secret = "{placeholder("the API secret: Vonage API dashboard, API settings")}"
# They sign Vonage's webhooks; a second one while you change it.
signature_secrets = ["{placeholder("the signature secret: API settings, Signed webhooks")}"]
""",
)
