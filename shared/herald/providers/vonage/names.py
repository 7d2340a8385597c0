"""What Vonage's Messages API is called in the configuration, and its channels in Herald."""

from __future__ import annotations

NAME = "vonage"
CHANNELS = frozenset({"sms", "whatsapp"})  # Vonage's words, and Herald's
