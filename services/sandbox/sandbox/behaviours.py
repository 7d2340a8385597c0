"""What the sandbox does, chosen by the recipient: a phone's last digits or a mail's local part.

One table; a row says what happens on each channel. What no row names is delivered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """How the API answers a valid request."""

    ACCEPT = "accepts it"
    REFUSE = "refuses it with an error of its own"
    THROTTLE_ONCE = "refuses the first try as too fast, with Retry-After, and takes the next"
    THROTTLE = "refuses every try as too fast, with Retry-After"
    ERROR_ONCE = "fails the first try with an error of its own, and takes the next"
    ERROR_BARE = "answers 500 with a page of HTML, having taken nothing"
    RESET = "accepts it and resets the connection instead of answering"
    SLOW = "accepts it and answers too slowly"
    GARBAGE = "accepts it and answers 200 with garbage"


ACCEPTED = frozenset({Answer.ACCEPT, Answer.RESET, Answer.SLOW, Answer.GARBAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What happens to one message on one channel."""

    answer: Answer = Answer.ACCEPT
    code: int = 0  # with REFUSE, and with the status `failed`: the provider's error code
    statuses: tuple[str, ...] = ("sent", "delivered")  # told by webhook after the acceptance
    early: bool = False  # the first status comes before the answer
    late: bool = False  # the statuses come after `late_seconds`
    shuffled: bool = False  # the statuses come backwards, each of them twice
    reply: str | None = None  # what the recipient writes back

    def __str__(self) -> str:
        words = [self.answer.value + (f" ({self.code})" if self.answer is Answer.REFUSE else "")]
        if self.answer in ACCEPTED | {Answer.THROTTLE_ONCE, Answer.ERROR_ONCE}:
            told = ", ".join(self.statuses) or "silence"
            if "failed" in self.statuses:
                told += f" ({self.code})"
            how = [name for name in ("early", "late", "shuffled") if getattr(self, name)]
            words.append(f"then {told}" + (f" ({', '.join(how)})" if how else ""))
        if self.reply:
            words.append(f"then the recipient writes {self.reply!r}")
        return ", ".join(words)


DELIVERED = Behaviour()
READ = Behaviour(statuses=("sent", "delivered", "read"))
SILENT = Behaviour(statuses=())
MAILED = Behaviour(statuses=("delivered",))


def refused(code: int) -> Behaviour:
    """Refuse with the provider's own error."""
    return Behaviour(answer=Answer.REFUSE, code=code)


def failed(code: int) -> Behaviour:
    """Accept, then tell by webhook that it failed."""
    return Behaviour(code=code, statuses=("failed",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row of the table. An e-mail's code is an SMTP reply or SendGrid's HTTP status."""

    name: str  # the local part of e-mail addresses that choose it
    says: str
    whatsapp: Behaviour = DELIVERED
    sms: Behaviour = DELIVERED
    email: Behaviour = MAILED

    def on(self, channel: str) -> Behaviour:
        """Return what happens on a channel."""
        behaviour: Behaviour = getattr(self, channel)
        return behaviour


def everywhere(behaviour: Behaviour) -> dict[str, Behaviour]:
    """Use one behaviour on every channel."""
    return {"whatsapp": behaviour, "sms": behaviour, "email": behaviour}


NO_WHATSAPP = refused(131026)
DEFAULT = Case(name="delivered", says="Delivered on every channel.")

CASES: dict[str, Case] = {
    "0001": Case(
        name="read",
        says="Delivered, and read where the provider tells.",
        whatsapp=READ,
        email=Behaviour(statuses=("delivered", "read")),
    ),
    "0002": Case(
        name="not-on-whatsapp",
        says="Not on WhatsApp: the API says so. SMS works.",
        whatsapp=NO_WHATSAPP,
    ),
    "0003": Case(
        name="not-on-whatsapp-later",
        says="Not on WhatsApp: a webhook says so after the acceptance. SMS works.",
        whatsapp=failed(131026),
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
        sms=refused(21614),
    ),
    "0006": Case(
        name="sms-undelivered",
        says="Not on WhatsApp, and a callback says that the SMS failed. E-mail works.",
        whatsapp=NO_WHATSAPP,
        sms=failed(30003),
    ),
    "0007": Case(
        name="everything-fails",
        says="Fails on every channel.",
        whatsapp=NO_WHATSAPP,
        sms=failed(30005),
        email=refused(550),
    ),
    "0008": Case(
        name="throttled",
        says="Too fast at first; the next try is delivered.",
        **everywhere(Behaviour(answer=Answer.THROTTLE_ONCE)),
    ),
    "0009": Case(
        name="server-error",
        says="The provider fails once with an error of its own; the next try is delivered.",
        **everywhere(Behaviour(answer=Answer.ERROR_ONCE)),
    ),
    "0010": Case(
        name="bare-server-error",
        says="500 without a word: nobody can know that nothing was taken.",
        **everywhere(Behaviour(answer=Answer.ERROR_BARE)),
    ),
    "0011": Case(
        name="reset",
        says="Accepted, the answer is lost, and webhooks tell of the delivery.",
        **everywhere(Behaviour(answer=Answer.RESET)),
    ),
    "0012": Case(
        name="reset-silent",
        says="Accepted, the answer is lost, and silence. Later channels work.",
        whatsapp=Behaviour(answer=Answer.RESET, statuses=()),
    ),
    "0013": Case(
        name="shuffled",
        says="Webhooks come backwards and each of them twice.",
        whatsapp=Behaviour(statuses=("sent", "delivered", "read"), shuffled=True),
        sms=Behaviour(shuffled=True),
        email=Behaviour(statuses=("delivered", "read"), shuffled=True),
    ),
    "0014": Case(
        name="early",
        says="The first status comes before the API's answer.",
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
        email=Behaviour(statuses=("bounced",)),
    ),
    "0017": Case(
        name="bounce-after-delivery",
        says="The mailbox takes the mail and sends it back.",
        email=Behaviour(statuses=("delivered", "bounced")),
    ),
    "0018": Case(
        name="deferred",
        says="The receiving server asks to try later, then takes it.",
        email=Behaviour(statuses=("deferred", "delivered")),
    ),
    "0019": Case(
        name="stop",
        says="Delivered; the recipient answers STOP.",
        whatsapp=Behaviour(reply="STOP"),
        sms=Behaviour(reply="STOP"),
    ),
    "0020": Case(
        name="reply",
        says="Delivered; the recipient answers.",
        whatsapp=Behaviour(reply="Thank you!"),
        sms=Behaviour(reply="Thank you!"),
    ),
    "0021": Case(
        name="slow",
        says="Accepted, and answered after `slow_seconds`.",
        **everywhere(Behaviour(answer=Answer.SLOW)),
    ),
    "0022": Case(
        name="garbage",
        says="Accepted, and answered with garbage; webhooks tell of the delivery.",
        **everywhere(Behaviour(answer=Answer.GARBAGE)),
    ),
    "0023": Case(
        name="bad-credentials",
        says="WhatsApp says that the token has expired, SMS that the credentials are wrong.",
        whatsapp=refused(190),
        sms=refused(20003),
    ),
    "0024": Case(
        name="bad-media",
        says="WhatsApp can't use the file, whatever it is.",
        whatsapp=refused(131014),
    ),
    "0025": Case(
        name="always-throttled",
        says="Too fast, every time.",
        **everywhere(Behaviour(answer=Answer.THROTTLE)),
    ),
    "0026": Case(
        name="opted-out",
        says="The recipient refuses us.",
        whatsapp=refused(131050),
        sms=refused(21610),
    ),
    "0027": Case(
        name="silent",
        says="Accepted everywhere, then silence.",
        **everywhere(SILENT),
    ),
    "0028": Case(
        name="clicked",
        says="Delivered, read, and a link is followed, where the provider tells.",
        whatsapp=READ,
        email=Behaviour(statuses=("delivered", "read", "clicked")),
    ),
}

BY_NAME = {case.name: case for case in (DEFAULT, *CASES.values())}


def case_for(recipient: str) -> Case:
    """Return the row for a phone number (any form) or an e-mail address."""
    local, at, _ = recipient.partition("@")
    if at:
        return BY_NAME.get(local.split("+")[0].lower(), DEFAULT)
    return CASES.get(recipient[-4:], DEFAULT)
