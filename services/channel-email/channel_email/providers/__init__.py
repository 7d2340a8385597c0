"""The providers of the e-mail channel, by the name that configuration gives them."""

from __future__ import annotations

from channel_email.providers.sendgrid import SendGrid
from channel_email.providers.smtp import Smtp
from herald.channel.service import ProviderFactory

PROVIDERS: dict[str, ProviderFactory] = {
    "sendgrid": SendGrid,
    "smtp": Smtp,
}
