"""The providers of the SMS channel, by the name that configuration gives them."""

from __future__ import annotations

from channel_sms.providers.twilio import Twilio
from herald.channel.service import ProviderFactory

PROVIDERS: dict[str, ProviderFactory] = {
    "twilio": Twilio,
}
