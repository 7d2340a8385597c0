"""Golden payloads: providers' bodies as they come, each beside what ingress must make of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from herald.conformance.trial import receipts_of
from herald.providers.webhook_endpoints import Endpoint, Normalised
from herald.providers.webhook_requests import WebhookRequest

PAYLOADS = Path(__file__).parents[2] / "payloads"
RECEIVED_AT = datetime(2026, 1, 19, 12, 5, tzinfo=UTC)

# each provider's `endpoint`: its ENDPOINT, for a batch its `batch`, for JSON its JSON_QUERY
MODULES: dict[str, Any] = {
    path.name: import_module(f"unit.providers.{path.name}.endpoint")
    for path in sorted(PAYLOADS.iterdir())
}
ENDPOINTS: dict[str, Endpoint] = {name: module.ENDPOINT for name, module in MODULES.items()}


@dataclass(frozen=True, slots=True)
class Case:
    """One body and what is expected of it."""

    path: Path

    @property
    def provider(self) -> str:
        return self.path.parent.name

    @property
    def label(self) -> str:
        return f"{self.provider}/{self.path.stem}"

    @property
    def expected(self) -> dict[str, Any]:
        path = self.path.with_name(f"{self.path.stem}.expected.json")
        document: dict[str, Any] = json.loads(path.read_text())
        return document

    def normalise(self) -> Normalised:
        """Read the body the way the endpoint of its provider does."""
        given = self.expected.get("request", {})
        body = self.path.read_bytes()
        return ENDPOINTS[self.provider].normalise(request(body, **given))


def request(
    body: bytes, *, method: str = "POST", query: str = "", content_type: str = ""
) -> WebhookRequest:
    """Make a request; a GET carries its fields in the query."""
    if method == "GET" and body:
        query, body = "&".join(filter(None, (query, body.decode()))), b""
    url = "https://hooks.example.com/webhooks/p/a" + (f"?{query}" if query else "")
    return WebhookRequest(
        method=method,
        url=url,
        query=query.encode(),
        headers={b"content-type": content_type.encode()} if content_type else {},
        body=body,
        received_at=RECEIVED_AT,
    )


@cache
def cases() -> list[Case]:
    """List all cases, by provider and name."""
    return sorted(_cases(), key=lambda case: case.label)


def described(found: Normalised) -> dict[str, Any]:
    """Write what was found as the expectation files do: without our clock and the elements."""
    return {
        "response": found.response.status,
        "receipts": [
            receipt.model_dump(mode="json", exclude_none=True, exclude={"received_at", "element"})
            for receipt in receipts_of(found)
        ],
        "not_understood": [
            {"reason": item.reason.value, "element": item.element} for item in found.not_understood
        ],
        "ignored": found.ignored,
    }


def _cases() -> Iterator[Case]:
    for path in PAYLOADS.glob("*/*"):
        if not path.name.endswith(".expected.json"):
            yield Case(path)
