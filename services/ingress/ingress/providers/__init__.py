"""The providers that call us, by the name their accounts use in `herald.toml`."""

from __future__ import annotations

from herald.providers.sendgrid import webhooks as sendgrid
from herald.providers.twilio import webhooks as twilio
from herald.providers.webhook_endpoints import Provider
from herald.providers.whatsapp_cloud import webhooks as whatsapp_cloud

__all__ = ["PROVIDERS"]

PROVIDERS: dict[str, Provider] = {
    "sendgrid": sendgrid.PROVIDER,
    "twilio": twilio.PROVIDER,
    "whatsapp_cloud": whatsapp_cloud.PROVIDER,
}
