"""The providers of the SMS channel, by the name that configuration gives them."""

from __future__ import annotations

from herald.channel.service import ProviderFactory
from herald.providers.twilio.send import Twilio

PROVIDERS: dict[str, ProviderFactory] = {
    "twilio": Twilio,
}
