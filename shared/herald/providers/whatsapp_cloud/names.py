"""What WhatsApp's Cloud API is called in the configuration and in receipts."""

from __future__ import annotations

PROVIDER = "whatsapp_cloud"
CHANNEL = "whatsapp"
