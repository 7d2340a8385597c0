"""What each step of a signed webhook costs ingress: `python -m bench.ingress_steps`, as JSON.

Microseconds in the fastest of many rounds, without system calls: connections and bus are stand-ins.
What publishing costs is measured by `bench.bus_steps`, and all together by `make bench`.
"""

from __future__ import annotations

import asyncio
import gc
import hmac
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from bench.ingress_rate import status_body
from herald.bus.errors import PublishError
from herald.bus.outgoing_messages import OutgoingMessage, encode
from herald.bus.publishing import Publisher
from herald.providers.webhook_endpoints import Normalised
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.webhook_responses import OK
from herald.providers.whatsapp_cloud.webhooks import SIGNATURE_HEADER, WhatsAppCloudEndpoint
from herald.service.http_limits.serving import limited_protocol
from herald.service.rate_limited_log import RateLimitedLog
from ingress import metrics
from ingress.attachments import Attachments
from ingress.endpoints import Endpoints, target_of
from ingress.grouped_publisher import GroupedPublisher
from ingress.judging import Judge
from ingress.publish_or_spool import PublishOrSpool
from ingress.receive import Receiver
from ingress.requests import Requests
from ingress.spool.identity import Identity
from ingress.translation import Translation, normalised, translate
from ingress.webhook_paths import WebhooksFirst
from ingress.whole_webhooks import WholeWebhooks

TOGETHER = 8  # webhooks that arrive in one turn of the loop
ROUNDS = 1000
PROVIDER, ACCOUNT = "whatsapp_cloud", "wa-main"
PATH = f"/webhooks/{PROVIDER}/{ACCOUNT}"
SECRET = b"app-secret"
NUMBER = {"display_phone_number": "15550000000", "phone_number_id": "1", "waba_id": "2"}
TARGET = target_of(
    PROVIDER, ACCOUNT, WhatsAppCloudEndpoint(ACCOUNT, (SECRET,), b"token", {"1": ACCOUNT})
)


class Connection(asyncio.Transport):
    """Takes what is written."""

    def write(self, data: Any) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        return None


class Bus:
    """Confirms whatever is published, in the loop's next turn."""

    async def publish_many(
        self,
        messages: Sequence[OutgoingMessage],
        *,
        while_progressing: bool,  # noqa: ARG002
    ) -> list[PublishError | None]:
        await asyncio.sleep(0)
        return [None] * len(messages)


class Webhooks:
    """Some signed statuses; each step builds on those before it."""

    def __init__(self) -> None:
        bodies = [status_body(NUMBER, number).encode() for number in range(TOGETHER)]
        self.requests = [_request(body) for body in bodies]
        self.said = [_said(request) for request in self.requests]
        self.found: list[Normalised] = []
        self.translations: list[Translation] = []

    def verify(self) -> None:
        """Check each signature."""
        for request in self.requests:
            TARGET.endpoint.verify(request)

    def read(self) -> None:
        """Read the status in each body."""
        self.found = [normalised(TARGET, request) for request in self.requests]

    def write(self) -> None:
        """Write its receipt, as a message."""
        both = zip(self.found, self.requests, strict=True)
        self.translations = [translate(found, TARGET, ACCOUNT, one) for found, one in both]

    def encode(self) -> None:
        """Write the frames of each message."""
        for translation in self.translations:
            [message] = translation.messages
            encode(message, channel_number=1, max_content_bytes=131_064, app_id="herald-ingress")

    def count(self) -> None:
        """Count each webhook and its receipt, and observe how long it took."""
        for _ in self.requests:
            metrics.webhooks(PROVIDER, ACCOUNT, metrics.Result.ACCEPTED).inc()
            metrics.receipts(PROVIDER, ACCOUNT, "attempt").inc(1)
            metrics.webhook_seconds(PROVIDER).observe(0.003)


def main() -> None:
    """Measure and print."""
    webhooks = Webhooks()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    steps = (webhooks.verify, webhooks.read, webhooks.write, webhooks.encode, webhooks.count)
    found = {
        "listener": uvloop.run(_served(_answer_ok, webhooks.said)),
        **{step.__name__: _microseconds(step) for step in steps},
        "all_but_publishing": uvloop.run(_served(_ingress(), webhooks.said)),
    }
    print(json.dumps(found))  # noqa: T201  the result


def _microseconds(step: Callable[[], None]) -> float:
    return _each(min(_took(step) for _ in range(ROUNDS)))


def _took(step: Callable[[], None]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


async def _served(application: ASGIApp, said: Sequence[bytes]) -> float:
    """Take requests on as many connections, until all are answered."""
    config = uvicorn.Config(
        application,
        http=limited_protocol("public", application),
        ws="none",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
    )
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"Sun, 01 Mar 2026 12:00:00 GMT")]
    protocols: list[Any] = []
    for _ in said:
        protocol: Any = config.http_protocol_class
        protocols.append(protocol(config=config, server_state=state, app_state={}))
        protocols[-1].connection_made(Connection())
    fastest = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for protocol, request in zip(protocols, said, strict=True):
            protocol.data_received(request)
        while not protocols[-1].cycle.response_complete:  # noqa: ASYNC110  a turn of the loop
            await asyncio.sleep(0)
        fastest = min(fastest, time.perf_counter() - began)
    return _each(fastest)


async def _answer_ok(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await OK.send(send)


def _ingress() -> ASGIApp:
    rate_limited = RateLimitedLog()
    publisher = GroupedPublisher(cast("Publisher", Bus()))
    placing = PublishOrSpool(publisher, None, Identity(), rate_limited)
    endpoints = Endpoints([TARGET])
    judge, requests = Judge(placing, rate_limited, Attachments()), Requests("https://example.com")
    webhooks = Receiver(endpoints, judge, requests)
    return WebhooksFirst(webhooks, WholeWebhooks(endpoints, judge, requests), _answer_ok)


def _request(body: bytes) -> WebhookRequest:
    signature = b"sha256=" + hmac.digest(SECRET, body, "sha256").hex().encode()
    return WebhookRequest(
        method="POST",
        url=f"https://example.com{PATH}",
        query=b"",
        headers={b"content-length": b"%d" % len(body), SIGNATURE_HEADER: signature},
        body=body,
        received_at=datetime.now(UTC),
    )


def _said(request: WebhookRequest) -> bytes:
    headers = {b"host": b"127.0.0.1", b"content-type": b"application/json", **request.headers}
    lines = [b"%b: %b" % header for header in headers.items()]
    return b"\r\n".join([f"POST {PATH} HTTP/1.1".encode(), *lines, b"", request.body])


def _each(seconds: float) -> float:
    return round(seconds * 1e6 / TOGETHER, 1)


if __name__ == "__main__":
    main()
