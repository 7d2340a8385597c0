"""What the demo shows: what is sent, what the provider does, and how it must end.

The last four digits of a phone number, and the local part of an e-mail address, choose what the
sandbox does: see docs/sandbox.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One message and what must become of it."""

    name: str
    says: str
    digits: str  # of the phone number
    mailbox: str  # of the e-mail address
    command: dict[str, Any]  # beside recipient, key and content
    copies: int = 1  # how often the same command is published
    stops_first: str | None = None  # the channel by which the recipient wrote STOP before it
    explained: bool = False  # whether it is asked first what would become of it
    cancelled: bool = False  # whether a cancel follows
    outcome: str
    events: frozenset[str]  # each must be seen: `<what> <channel>`
    requests: tuple[str, ...]  # the channels on which the provider took a request, in order
    is_proxied: bool = False  # whether the provider sees the proxy's address
    inbound: bool = False  # whether the recipient writes back
    recipients: int = 1  # each gets such a message
    limit: dict[str, Any] | None = None  # that the sandbox keeps to: /_sandbox/limits


def _seen(*events: str) -> frozenset[str]:
    return frozenset(events)


SCENARIOS = (
    Scenario(
        name="delivered and read on WhatsApp",
        says="The first channel works.",
        digits="0001",
        mailbox="read",
        command={},
        outcome="succeeded",
        events=_seen("accepted", "sent whatsapp", "delivered whatsapp", "read whatsapp"),
        requests=("whatsapp",),
    ),
    Scenario(
        name="not on WhatsApp, then SMS",
        says="Not on WhatsApp; SMS takes over at once.",
        digits="0002",
        mailbox="delivered",
        command={},
        outcome="succeeded",
        events=_seen("accepted", "fallback whatsapp", "sent sms", "delivered sms"),
        requests=("sms",),
    ),
    Scenario(
        name="silent WhatsApp, then SMS",
        says="WhatsApp accepts and nothing follows; SMS takes over after fallback_after.",
        digits="0004",
        mailbox="delivered",
        command={},
        outcome="succeeded",
        events=_seen("accepted", "fallback whatsapp", "sent sms", "delivered sms"),
        requests=("whatsapp", "sms"),
    ),
    Scenario(
        name="by Telegram, and an answer",
        says="A channel that is a profile and configuration alone: sent, and answered.",
        digits="0020",
        mailbox="delivered",
        command={"route": "telegram"},
        outcome="succeeded",
        events=_seen("accepted", "sent telegram"),
        requests=("telegram",),
        inbound=True,
    ),
    Scenario(
        name="not on Telegram, then SMS",
        says="The bot finds no such chat; SMS takes over at once.",
        digits="0002",
        mailbox="delivered",
        command={"route": "telegram"},
        outcome="succeeded",
        events=_seen("accepted", "fallback telegram", "delivered sms"),
        requests=("sms",),
    ),
    Scenario(
        name="SMS refused, then e-mail",
        says="Not on WhatsApp, not a mobile number: e-mail is the last resort.",
        digits="0005",
        mailbox="delivered",
        command={},
        outcome="succeeded",
        events=_seen("accepted", "fallback whatsapp", "fallback sms", "delivered email"),
        requests=("email",),
    ),
    Scenario(
        name="everything fails",
        says="Every channel refuses; the message fails once, with the last reason.",
        digits="0007",
        mailbox="everything-fails",
        command={},
        outcome="failed",
        events=_seen("accepted", "fallback whatsapp", "fallback sms", "failed email"),
        requests=("sms",),
    ),
    Scenario(
        name="the same key twice",
        says="The second command is answered as a duplicate; one message is sent.",
        digits="0100",
        mailbox="delivered",
        command={"route": "sms"},
        copies=2,
        outcome="succeeded",
        events=_seen("accepted", "duplicate", "delivered sms"),
        requests=("sms",),
    ),
    Scenario(
        name="throttled, with Retry-After",
        says="The provider responds 429; the same channel is tried again after Retry-After.",
        digits="0008",
        mailbox="delivered",
        command={"route": "sms"},
        outcome="succeeded",
        events=_seen("accepted", "sent sms", "delivered sms"),
        requests=("sms",),
    ),
    Scenario(
        name="throttled and adapted",
        says="The relay takes 4 mails a second, not 20: the rest waits, and the rate follows.",
        digits="0103",
        mailbox="delivered",
        command={"route": "email-smtp"},
        outcome="succeeded",
        events=_seen("accepted", "sent email"),
        requests=("email",),
        recipients=12,
        limit={"provider": "smtp", "rate": 4, "burst": 2},
    ),
    Scenario(
        name="response lost, resolved by a webhook",
        says="WhatsApp accepts it and the connection breaks; its webhook reports the delivery.",
        digits="0011",
        mailbox="delivered",
        command={},
        outcome="succeeded",
        events=_seen("accepted", "sent whatsapp", "delivered whatsapp"),
        requests=("whatsapp",),
    ),
    Scenario(
        name="webhooks shuffled and doubled",
        says="Receipts come backwards, each of them twice; the status never falls.",
        digits="0013",
        mailbox="delivered",
        command={},
        outcome="succeeded",
        events=_seen("accepted", "read whatsapp"),
        requests=("whatsapp",),
    ),
    Scenario(
        name="explained, then sent",
        says="Herald says what would become of it, and sends nothing; then the same is sent.",
        digits="0103",
        mailbox="delivered",
        command={"route": "sms"},
        explained=True,
        outcome="succeeded",
        events=_seen("planned", "accepted", "delivered sms"),
        requests=("sms",),
    ),
    Scenario(
        name="mailed through SMTP",
        says="A mail server reports nothing more: success, marked as not confirmed.",
        digits="0101",
        mailbox="delivered",
        command={"route": "email-smtp"},
        outcome="succeeded",
        events=_seen("accepted", "sent email"),
        requests=("email",),
    ),
    Scenario(
        name="mailed with an access token",
        says="The worker signs in by OAuth (XOAUTH2); the token is kept for all workers.",
        digits="0103",
        mailbox="delivered",
        command={"route": "email-oauth"},
        outcome="succeeded",
        events=_seen("accepted", "sent email"),
        requests=("email",),
    ),
    Scenario(
        name="proxied",
        says="The mail leaves by a proxy, and by no other way; the relay sees its address.",
        digits="0104",
        mailbox="delivered",
        command={"route": "email-proxied"},
        outcome="succeeded",
        events=_seen("accepted", "sent email"),
        requests=("email",),
        is_proxied=True,
    ),
    Scenario(
        name="cancelled before it starts",
        says="Scheduled for later, taken back in time: nothing is sent.",
        digits="0102",
        mailbox="delivered",
        command={"send_in_seconds": 30},
        cancelled=True,
        outcome="cancelled",
        events=_seen("accepted", "cancelled"),
        requests=(),
    ),
    Scenario(
        name="outside WhatsApp's window",
        says="Has not written for a day: the template for that is sent, and delivered.",
        digits="0029",
        mailbox="delivered",
        command={
            "content": {
                "text": "Hello Ada, this is Herald's demo.",
                "outside_window": {"name": "we_have_news", "language": "en"},
                "overrides": {"email": {"subject": "Herald's demo"}},
            }
        },
        outcome="succeeded",
        events=_seen("accepted", "sent whatsapp", "delivered whatsapp"),
        requests=("whatsapp",),
    ),
    Scenario(
        name="suppressed",
        says="STOP came by SMS before: that channel is skipped, e-mail takes over.",
        digits="0030",
        mailbox="delivered",
        command={
            "route": {
                "steps": [{"channel": "sms"}, {"channel": "email", "account": "sendgrid-main"}]
            }
        },
        stops_first="sms",
        outcome="succeeded",
        events=_seen("accepted", "delivered email"),
        requests=("email",),
    ),
    Scenario(
        name="the recipient writes back",
        says="Delivered, and the reply comes back as one universal event.",
        digits="0020",
        mailbox="delivered",
        command={},
        outcome="succeeded",
        events=_seen("accepted", "delivered whatsapp"),
        requests=("whatsapp",),
        inbound=True,
    ),
)
