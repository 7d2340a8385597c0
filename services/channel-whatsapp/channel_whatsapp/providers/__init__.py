"""The providers of the WhatsApp channel, by the name that configuration gives them."""

from __future__ import annotations

from herald.channel.service import ProviderFactory
from herald.providers.whatsapp_cloud.send import WhatsAppCloud

PROVIDERS: dict[str, ProviderFactory] = {
    "whatsapp_cloud": WhatsAppCloud,
}
