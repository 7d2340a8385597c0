"""Every provider that the sandbox stands in for, one line each: a module of `sandbox.providers`.

The order counts for inbound messages: the first one that serves the channel sends them.
"""

from __future__ import annotations

from importlib import import_module

from sandbox.stand_ins import Definition

NAMES = (
    "whatsapp_cloud",
    "twilio",
    "vonage_sms",
    "vonage",
    "messagebird",
    "sendgrid",
    "ses",
    "postmark",
    "mailgun",
    "resend",
    "smtp",
    "smpp",
    "plivo",
    "sinch",
    "infobip",
    "telegram",
    "oauth",
)


def definitions() -> list[Definition]:
    """Import every provider."""
    return [import_module(f"sandbox.providers.{name}").DEFINITION for name in NAMES]
