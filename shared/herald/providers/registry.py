"""Every provider that Herald knows, one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from herald.providers.account import Account
from herald.providers.sendgrid.account import SendGridAccount
from herald.providers.smtp.account import SmtpAccount
from herald.providers.twilio.account import TwilioAccount
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount

AnyAccount = Annotated[
    WhatsAppCloudAccount | TwilioAccount | SendGridAccount | SmtpAccount,
    Field(discriminator="provider"),
]

PROVIDERS: dict[str, type[Account]] = {
    "whatsapp_cloud": WhatsAppCloudAccount,
    "twilio": TwilioAccount,
    "sendgrid": SendGridAccount,
    "smtp": SmtpAccount,
}
