"""What the sandbox does, chosen by the recipient: a phone's last digits or a mail's local part.

One table; a row says what happens on each channel. What no row names is delivered. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.behaviours import (
    DELIVERED,
    MAILED,
    READ,
    SILENT,
    Behaviour,
    Failure,
    Handling,
    Status,
    failed,
    refused,
)

COLUMNS = frozenset({"whatsapp", "sms", "email"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row of the table."""

    name: str  # the local part of e-mail addresses that choose it
    says: str
    whatsapp: Behaviour = DELIVERED
    sms: Behaviour = DELIVERED
    email: Behaviour = MAILED
    others: Behaviour | None = None  # None: as on WhatsApp

    def on(self, channel: str) -> Behaviour:
        """Return what happens on a channel; on one without a column of its own, as `others` say."""
        if channel not in COLUMNS:
            return self.others or self.whatsapp
        behaviour: Behaviour = getattr(self, channel)
        return behaviour


def everywhere(behaviour: Behaviour) -> dict[str, Behaviour]:
    """Use one behaviour on every channel."""
    return {"whatsapp": behaviour, "sms": behaviour, "email": behaviour}


NO_WHATSAPP = refused(Failure.NOT_ON_NETWORK)
DEFAULT = Case(name="delivered", says="Delivered on every channel.")

CASES: dict[str, Case] = {
    "0001": Case(
        name="read",
        says="Delivered, and read where the provider reports it.",
        whatsapp=READ,
        email=Behaviour(statuses=(Status.DELIVERED, Status.READ)),
    ),
    "0002": Case(
        name="not-on-whatsapp",
        says="Not on WhatsApp: the API says so. SMS works.",
        whatsapp=NO_WHATSAPP,
    ),
    "0003": Case(
        name="not-on-whatsapp-later",
        says="Not on WhatsApp: a webhook says so after the acceptance. SMS works.",
        whatsapp=failed(Failure.NOT_ON_NETWORK),
    ),
    "0004": Case(
        name="silent-whatsapp",
        says="WhatsApp accepts and stays silent. SMS works.",
        whatsapp=SILENT,
    ),
    "0005": Case(
        name="sms-refused",
        says="Not on WhatsApp, and the SMS API refuses: not a mobile number. E-mail works.",
        whatsapp=NO_WHATSAPP,
        sms=refused(Failure.NOT_MOBILE),
    ),
    "0006": Case(
        name="sms-undelivered",
        says="Not on WhatsApp, and a callback says that the SMS failed. E-mail works.",
        whatsapp=NO_WHATSAPP,
        sms=failed(Failure.UNREACHABLE),
    ),
    "0007": Case(
        name="everything-fails",
        says="Fails on every channel.",
        whatsapp=NO_WHATSAPP,
        sms=failed(Failure.UNKNOWN_RECIPIENT),
        email=refused(Failure.UNKNOWN_RECIPIENT),
    ),
    "0008": Case(
        name="throttled",
        says="Too fast at first; the next try is delivered.",
        **everywhere(Behaviour(handling=Handling.THROTTLE_ONCE)),
    ),
    "0009": Case(
        name="server-error",
        says="The provider fails once with an error of its own; the next try is delivered.",
        **everywhere(Behaviour(handling=Handling.ERROR_ONCE)),
    ),
    "0010": Case(
        name="bare-server-error",
        says="500 without an error body: the sender can't know that nothing was accepted.",
        **everywhere(Behaviour(handling=Handling.ERROR_BARE)),
    ),
    "0011": Case(
        name="reset",
        says="Accepted, the response is lost, and webhooks report the delivery.",
        **everywhere(Behaviour(handling=Handling.RESET)),
    ),
    "0012": Case(
        name="reset-silent",
        says="WhatsApp accepts, its response is lost, and silence. Later channels work.",
        whatsapp=Behaviour(handling=Handling.RESET, statuses=()),
    ),
    "0013": Case(
        name="shuffled",
        says="Webhooks come backwards, each of them twice.",
        whatsapp=Behaviour(statuses=(Status.SENT, Status.DELIVERED, Status.READ), shuffled=True),
        sms=Behaviour(shuffled=True),
        email=Behaviour(statuses=(Status.DELIVERED, Status.READ), shuffled=True),
    ),
    "0014": Case(
        name="early",
        says="The first status comes before the API's response.",
        **everywhere(Behaviour(early=True)),
    ),
    "0015": Case(
        name="late",
        says="Receipts come late: `late_seconds` after the acceptance.",
        **everywhere(Behaviour(late=True)),
    ),
    "0016": Case(
        name="hard-bounce",
        says="The mailbox does not exist.",
        email=Behaviour(statuses=(Status.BOUNCED,)),
    ),
    "0017": Case(
        name="bounce-after-delivery",
        says="The mailbox accepts the mail and sends it back.",
        email=Behaviour(statuses=(Status.DELIVERED, Status.BOUNCED)),
    ),
    "0018": Case(
        name="deferred",
        says="The receiving server asks to try later, then accepts it.",
        email=Behaviour(statuses=(Status.DEFERRED, Status.DELIVERED)),
    ),
    "0019": Case(
        name="stop",
        says="Delivered; the recipient writes STOP.",
        whatsapp=Behaviour(reply="STOP"),
        sms=Behaviour(reply="STOP"),
    ),
    "0020": Case(
        name="reply",
        says="Delivered; the recipient writes back.",
        whatsapp=Behaviour(reply="Thank you!"),
        sms=Behaviour(reply="Thank you!"),
    ),
    "0021": Case(
        name="slow",
        says="Accepted; the response comes after `slow_seconds`.",
        **everywhere(Behaviour(handling=Handling.SLOW)),
    ),
    "0022": Case(
        name="garbage",
        says="Accepted; the response is garbage, and webhooks report the delivery.",
        **everywhere(Behaviour(handling=Handling.GARBAGE)),
    ),
    "0023": Case(
        name="bad-credentials",
        says="WhatsApp and SMS refuse the credentials.",
        whatsapp=refused(Failure.BAD_CREDENTIALS),
        sms=refused(Failure.BAD_CREDENTIALS),
    ),
    "0024": Case(
        name="bad-media",
        says="WhatsApp can't use the file, whatever it is.",
        whatsapp=refused(Failure.BAD_MEDIA),
    ),
    "0025": Case(
        name="always-throttled",
        says="Too fast, every time.",
        **everywhere(Behaviour(handling=Handling.THROTTLE)),
    ),
    "0026": Case(
        name="opted-out",
        says="The recipient opted out of WhatsApp and SMS.",
        whatsapp=refused(Failure.OPTED_OUT),
        sms=refused(Failure.OPTED_OUT),
    ),
    "0027": Case(
        name="silent",
        says="Accepted everywhere, then silence.",
        **everywhere(SILENT),
    ),
    "0028": Case(
        name="clicked",
        says="Delivered, read, and a link is followed, where the provider reports it.",
        whatsapp=READ,
        email=Behaviour(statuses=(Status.DELIVERED, Status.READ, Status.CLICKED)),
    ),
    "0029": Case(
        name="outside-window",
        says="Has not written for a day: WhatsApp delivers a template only. SMS works.",
        whatsapp=failed(Failure.OUTSIDE_WINDOW),
        others=DELIVERED,  # a window is WhatsApp's alone
    ),
}

BY_NAME = {case.name: case for case in (DEFAULT, *CASES.values())}


def case_for(recipient: str) -> Case:
    """Return the row for a phone number (any form) or an e-mail address."""
    local, at, _ = recipient.partition("@")
    if at:
        return BY_NAME.get(local.split("+")[0].lower(), DEFAULT)
    return CASES.get(recipient[-4:], DEFAULT)
