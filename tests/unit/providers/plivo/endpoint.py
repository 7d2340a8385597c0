"""The endpoint that reads Plivo's golden payloads."""

from __future__ import annotations

from unit.providers.http.making import endpoint

ENDPOINT = endpoint("plivo")
