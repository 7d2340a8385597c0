"""The providers that call us, by the name their accounts use in `herald.toml`."""

from __future__ import annotations

from ingress.providers import sendgrid, twilio, whatsapp_cloud
from ingress.webhooks import Provider

__all__ = ["PROVIDERS"]

PROVIDERS: dict[str, Provider] = {
    "sendgrid": sendgrid.PROVIDER,
    "twilio": twilio.PROVIDER,
    "whatsapp_cloud": whatsapp_cloud.PROVIDER,
}
