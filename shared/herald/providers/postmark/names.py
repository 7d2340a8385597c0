"""What Postmark is called."""

from __future__ import annotations

PROVIDER = "postmark"
CHANNEL = "email"
