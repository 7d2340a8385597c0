"""The endpoint that reads Telegram's golden payloads."""

from __future__ import annotations

from unit.providers.http.making import endpoint

ENDPOINT = endpoint("telegram")
