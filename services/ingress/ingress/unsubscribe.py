"""`/unsubscribe/<token>`: one click in a mail program, or a page with a button (RFC 8058).

A GET changes nothing, for whoever scans mails for bad links follows them all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from starlette.types import Receive, Scope, Send

from herald.bus.receipt_messages import receipt_message
from herald.contracts.receipts import AttemptReceipt, LinkRecipient
from herald.contracts.unsubscribe import UnsubscribeKeys, UnsubscribeLink
from herald.contracts.vocabulary import Status
from herald.providers import webhook_responses as responses
from herald.providers.webhook_responses import WebhookResponse
from ingress import metrics
from ingress.bodies import DisconnectedError, TooLargeError, TooSlowError, read_body
from ingress.metrics import UnsubscribeResult
from ingress.pages import CONFIRM, DONE, UNKNOWN_LINK
from ingress.publish_or_spool import Placement, PublishOrSpool

MAX_BODY_BYTES = 4 * 1024
BODY_SECONDS = 10.0
METHODS = ("GET", "HEAD", "POST")
SPOOL_LABEL = "herald"  # among the providers, of what waits on disk
EVENT_KEY = "one_click"

# as a form field, urlencoded or multipart
_ONE_CLICK = re.compile(rb"List-Unsubscribe(?:=|\"\r?\n(?:[^\r\n]+\r?\n)*\r?\n)One-Click")

_log = structlog.get_logger(__name__)

Judgement = tuple[UnsubscribeResult, WebhookResponse]

_UNREAD: Mapping[type[Exception], Judgement] = {
    TooLargeError: (UnsubscribeResult.TOO_LARGE, responses.TOO_LARGE),
    TooSlowError: (UnsubscribeResult.TOO_SLOW, responses.TOO_SLOW),
    DisconnectedError: (UnsubscribeResult.DISCONNECTED, responses.TOO_SLOW),
}


class Unsubscribe:
    """The ASGI application behind unsubscribe links."""

    def __init__(
        self,
        keys: UnsubscribeKeys,
        publish_or_spool: PublishOrSpool,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._keys = keys
        self._publish_or_spool = publish_or_spool
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            result, response = await self._judge(scope, receive)
        except Exception as error:  # noqa: BLE001  a defect of ours is our trouble, not the caller's
            _log.error("unsubscribe.failed", error=type(error).__name__)
            result, response = UnsubscribeResult.UNAVAILABLE, responses.UNAVAILABLE
        metrics.unsubscribes(result).inc()
        await response.send(send)

    async def _judge(self, scope: Scope, receive: Receive) -> Judgement:
        method: str = scope["method"]
        if method not in METHODS:
            return UnsubscribeResult.WRONG_METHOD, responses.wrong_method(METHODS)
        link = self._keys.read(scope["path_params"]["token"])
        if link is None:
            return UnsubscribeResult.NOT_AUTHENTIC, UNKNOWN_LINK
        if method != "POST":
            return UnsubscribeResult.SHOWN, CONFIRM
        return await self._take(link, dict(scope["headers"]), receive)

    async def _take(
        self, link: UnsubscribeLink, headers: Mapping[bytes, bytes], receive: Receive
    ) -> Judgement:
        try:
            body = await read_body(
                receive,
                announced_bytes=_length(headers),
                max_bytes=MAX_BODY_BYTES,
                timeout_seconds=self._body_seconds,
            )
        except (TooLargeError, TooSlowError, DisconnectedError) as error:
            return _UNREAD[type(error)]
        if _ONE_CLICK.search(body) is None:
            return UnsubscribeResult.NOT_READABLE, responses.NOT_READABLE
        return await self._publish(link)

    async def _publish(self, link: UnsubscribeLink) -> Judgement:
        message = receipt_message(receipt_of(link, datetime.now(UTC)))
        # a mail program does not try again
        placement = await self._publish_or_spool.place([message], SPOOL_LABEL, retries_on_5xx=False)
        if placement is Placement.NOWHERE:
            return UnsubscribeResult.UNAVAILABLE, responses.UNAVAILABLE
        kept = placement is Placement.ON_DISK
        return (UnsubscribeResult.KEPT if kept else UnsubscribeResult.ACCEPTED), DONE


def receipt_of(link: UnsubscribeLink, now: datetime) -> AttemptReceipt:
    """Report that a recipient unsubscribed: the same however often they do."""
    return AttemptReceipt(
        source="webhook",
        channel=link.channel,
        provider="",
        account="",
        attempt_id=str(link.attempt),
        status=Status.UNSUBSCRIBED,
        event_key=EVENT_KEY,
        received_at=now,
        recipient=LinkRecipient(
            tenant=link.tenant,
            address_hash=link.address_hash,
            hashed_with=link.hashed_with.hex(),
        ),
    )


def _length(headers: Mapping[bytes, bytes]) -> int | None:
    header = headers.get(b"content-length", b"")
    return int(header) if header.isdigit() else None
