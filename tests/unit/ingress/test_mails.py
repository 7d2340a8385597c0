"""Mails that come in: nobody unknown has one read, and none is lost with a failing disk."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from herald.providers.inbound_mail import MAX_MAIL_BYTES, Origin, mail_receipt
from herald.providers.mime_mails import read_mime
from herald.providers.webhook_endpoints import EndpointRules, Head, Normalised
from herald.providers.webhook_requests import WebhookRequest
from ingress.attachments import Attachments, AttachmentsUnusableError
from unit.ingress.asking import Bus, ask, receiver

MAIL = (
    b"From: a@example.com\r\nContent-Type: image/png\r\n"
    b'Content-Disposition: attachment; filename="a.png"\r\n\r\nabc'
)
PATH, KEY = "/webhooks/smtp/main", {"Authorization": "Bearer key"}


def _admits(head: Head) -> bool:
    return head.headers.get(b"authorization") == b"Bearer key"


RULES = EndpointRules(
    max_body_bytes=MAX_MAIL_BYTES,
    methods={"POST": frozenset()},
    retries_on_5xx=True,
    admits=_admits,
)


@dataclass(frozen=True)
class Mails:
    """Takes mails from who has the key."""

    rules: EndpointRules = RULES

    def verify(self, request: WebhookRequest) -> bool:
        return _admits(Head(headers=request.headers, query=request.query))

    def normalise(self, request: WebhookRequest) -> Normalised:
        found = Normalised()
        origin = Origin(provider="smtp", account="main", received_at=request.received_at)
        found.receipts.append(mail_receipt(read_mime(request.body), origin, found))
        return found


async def test_the_body_is_not_read_without_the_key() -> None:
    """Who has no key is refused by the head of the request alone."""
    app = receiver(Bus(), smtp=Mails())
    async with asyncio.timeout(5):
        refused = await ask(app, PATH, [None], headers={"Authorization": "Bearer other"})
    assert refused.status == 401


async def test_a_slow_mail_is_tried_again() -> None:
    """A 4xx would lose a mail for good: one that is too slow is asked for again."""
    app = receiver(Bus(), body_seconds=0.001, smtp=Mails())
    assert (await ask(app, PATH, [b"From: ", None], headers=KEY)).status == 503


async def test_a_file_is_kept_before_its_event_goes(tmp_path: Path) -> None:
    """The bytes are on disk when the receipt is on the bus, which names them."""
    bus = Bus()
    app = receiver(bus, attachments=Attachments(tmp_path, 100), smtp=Mails())
    assert (await ask(app, PATH, [MAIL], headers=KEY)).status == 200
    [media] = json.loads(bus.messages[0].body)["media"]
    assert (media["place"], media["filename"]) == ("herald", "a.png")
    assert (tmp_path / media["sha256"][:2] / media["sha256"]).read_bytes() == b"abc"


async def test_a_failing_disk_is_our_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file can't be written the sender is asked to try again, and nothing is published."""
    bus, attachments = Bus(), Attachments(tmp_path, 100)

    def fail(_found: Normalised) -> None:
        raise AttachmentsUnusableError("no space")

    monkeypatch.setattr(attachments, "keep_those_of", fail)
    app = receiver(bus, attachments=attachments, smtp=Mails())
    assert (await ask(app, PATH, [MAIL], headers=KEY)).status == 503
    assert not bus.messages
