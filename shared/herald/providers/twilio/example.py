"""How an account at Twilio begins."""

from __future__ import annotations

from herald.providers.examples import Example, Question, placeholder
from herald.providers.twilio.account import TwilioAccount

EXAMPLE = Example(
    title="SMS, by Twilio",
    account="twilio-main",
    channel="sms",
    options=(
        Question(
            name="account_sid",
            about="the Account SID, which begins with AC: Twilio Console, Account info",
            help="Twilio's.",
            model=TwilioAccount,
        ),
    ),
    sender=Question(
        name="sms_from",
        about="the number to send from, e.g. +15550001111",
        help="The number to send SMS from.",
    ),
    secrets=f"""\
# The first one signs our calls, all are taken in webhooks: a second one while you change it.
auth_tokens = ["{placeholder("the Auth Token: Twilio Console, Account info")}"]
""",
    environment="HERALD_SPOOL_DIR for ingress, which keeps Twilio's callbacks there",
)
