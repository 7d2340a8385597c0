"""The providers of the WhatsApp channel, by the name that configuration gives them."""

from __future__ import annotations

from channel_whatsapp.providers.whatsapp_cloud import WhatsAppCloud
from herald.channel.service import ProviderFactory

PROVIDERS: dict[str, ProviderFactory] = {
    "whatsapp_cloud": WhatsAppCloud,
}
