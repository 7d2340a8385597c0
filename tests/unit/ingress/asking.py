"""Asking the receiver without a server and a broker: what is sent in, and what comes back."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from herald.bus.errors import PublishError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.providers.webhook_endpoints import Endpoint
from herald.service.http_limits.whole_requests import WholeRequest
from herald.service.rate_limited_log import RateLimitedLog
from ingress.attachments import Attachments
from ingress.endpoints import Endpoints, target_of
from ingress.grouped_publisher import GroupedPublisher
from ingress.judging import Judge
from ingress.publish_or_spool import PublishOrSpool
from ingress.receive import Receiver
from ingress.requests import Requests
from ingress.spool.identity import Identity
from ingress.spool.spool import Spool
from ingress.whole_webhooks import WholeWebhooks
from unit.providers.golden import ENDPOINTS, PAYLOADS

BASE_URL = "https://hooks.example.com/gateway/"
WHATSAPP, TWILIO = "/webhooks/whatsapp_cloud/main", "/webhooks/twilio/main"


class Bus:
    """A publisher that remembers messages and fails those the test wants to fail."""

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []
        self.failure: PublishError | None = None

    async def publish_many(
        self,
        messages: Sequence[OutgoingMessage],
        *,
        while_progressing: bool,  # noqa: ARG002
    ) -> list[PublishError | None]:
        self.messages += messages
        return [*[None] * (len(messages) - 1), self.failure]


class Answered:
    """What was sent back."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


class Webhooks(NamedTuple):
    """Both ways in, for one account a provider, called `main`."""

    receiver: Receiver
    whole: WholeWebhooks


def webhooks(
    bus: Bus,
    spool: Spool | None = None,
    body_seconds: float = 10,
    attachments: Attachments | None = None,
    **endpoints: Endpoint,
) -> Webhooks:
    """Make both."""
    targets = [
        target_of(name, "main", endpoint) for name, endpoint in {**ENDPOINTS, **endpoints}.items()
    ]
    rate_limited, identity = RateLimitedLog(), Identity()
    identity.note_known()
    publisher = GroupedPublisher(cast("Publisher", bus), in_batches=False)  # each is looked at
    publish_or_spool = PublishOrSpool(publisher, spool, identity, rate_limited)
    judge = Judge(publish_or_spool, rate_limited, attachments or Attachments())
    known, requests = Endpoints(targets), Requests(BASE_URL)
    return Webhooks(
        Receiver(known, judge, requests, body_seconds), WholeWebhooks(known, judge, requests)
    )


def receiver(
    bus: Bus,
    spool: Spool | None = None,
    body_seconds: float = 10,
    attachments: Attachments | None = None,
    **endpoints: Endpoint,
) -> Receiver:
    """Make the receiver alone."""
    return webhooks(bus, spool, body_seconds, attachments, **endpoints).receiver


async def ask(
    app: Receiver,
    path: str,
    chunks: Sequence[bytes | None] = (b"",),
    *,
    method: str = "POST",
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answered:
    """WebhookRequest the application; None in `chunks` is a caller that says no more."""
    _, _, provider, account = path.split("/")
    waiting = list(chunks)
    answered = Answered()

    async def receive() -> dict[str, Any]:
        chunk = waiting.pop(0)
        if chunk is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            answered.headers = dict(message["headers"])
        else:
            answered.body = message["body"]

    scope = {
        "type": "http",
        "method": method,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "path_params": {"provider": provider, "account": account},
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
    }
    await app(scope, receive, send)
    return answered


def whole(
    path: str, body: bytes, *, query: str = "", headers: Mapping[str, str] | None = None
) -> WholeRequest:
    """Make a request that came whole."""
    pairs = [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()]
    return WholeRequest(f"{path}?{query}".encode() if query else path.encode(), pairs, body)


def signed(body: bytes, secret: bytes = b"secret") -> dict[str, str]:
    """Sign as Meta does."""
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()}


def payload(name: str) -> bytes:
    """Give one of Meta's bodies."""
    return (PAYLOADS / "whatsapp_cloud" / f"{name}.json").read_bytes()
