"""How an account at an SMSC begins."""

from __future__ import annotations

from herald.providers.examples import Example, Question, placeholder
from herald.providers.smpp.account import SmppAccount

EXAMPLE = Example(
    title="SMS, by SMPP 3.4",
    account="smpp-main",
    channel="sms",
    options=(
        Question(
            name="host",
            about="the SMSC's host name",
            help="The SMSC.",
            flag="smpp_host",
            model=SmppAccount,
        ),
        Question(
            name="system_id",
            about="the system_id that the SMSC knows you by",
            help="The system_id at the SMSC.",
            flag="smpp_system_id",
            model=SmppAccount,
        ),
    ),
    sender=Question(
        name="sms_from",
        about="the number or name to send from, e.g. +15550001111",
        help="The number to send SMS from.",
    ),
    secrets=f"""\
password = "{placeholder("the password of the system_id")}"
""",
)
