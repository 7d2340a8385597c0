"""How an account at MessageBird begins."""

from __future__ import annotations

from herald.providers.examples import Example, Question, placeholder

EXAMPLE = Example(
    title="SMS, by MessageBird",
    account="messagebird-main",
    channel="sms",
    options=(),
    sender=Question(
        name="sms_from",
        about="the number to send from, e.g. +15550001111",
        help="The number to send SMS from.",
    ),
    secrets=f"""\
access_key = "{placeholder("a live access key: MessageBird dashboard, Developers, API access")}"
# They sign MessageBird's webhooks; a second one while you change it.
signing_keys = ["{placeholder("the signing key: Developers, API settings")}"]
""",
)
