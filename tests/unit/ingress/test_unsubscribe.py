"""Unsubscribe links: what one click does, and what does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from starlette.types import Message

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.unsubscribe import ONE_CLICK, UnsubscribeKeys, UnsubscribeLink
from herald.contracts.vocabulary import Status
from ingress.publish_or_spool import Placement
from ingress.unsubscribe import MAX_BODY_BYTES, Unsubscribe

KEY, OTHER = b"k" * 32, b"o" * 32
LINK = UnsubscribeLink(
    tenant="default",
    channel="email",
    attempt=AttemptId(UUID("00000000-0000-4000-8000-000000000001"), 2, 1),
    address_hash=-1234567890123456789,
    hashed_with=b"\x00\x01\x02\xff",
)
TOKEN = UnsubscribeKeys([KEY]).sign(LINK)
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)


class Placed:
    """A broker that takes everything, a disk, or neither."""

    def __init__(self, placement: Placement = Placement.ON_THE_BUS) -> None:
        self.placement = placement
        self.messages: list[OutgoingMessage] = []

    async def place(
        self, messages: Sequence[OutgoingMessage], provider: str, *, retries_on_5xx: bool
    ) -> Placement:
        assert provider == "herald"
        assert not retries_on_5xx, "a mail program does not try again"
        self.messages += messages
        return self.placement


async def asked(
    placed: Placed, method: str = "POST", body: bytes = ONE_CLICK.encode(), token: str = TOKEN
) -> tuple[int, bytes, dict[bytes, bytes]]:
    """Ask for a link; return status, body and headers."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"method": method, "path_params": {"token": token}, "headers": []}
    application = Unsubscribe(UnsubscribeKeys([OTHER, KEY]), placed)  # type: ignore[arg-type]
    await application(scope, receive, send)
    return sent[0]["status"], sent[1]["body"], dict(sent[0]["headers"])


@pytest.mark.parametrize("body", [ONE_CLICK.encode(), b"a=b&" + ONE_CLICK.encode(), MULTIPART])
async def test_a_post_unsubscribes(body: bytes) -> None:
    """As mail programs post it, and as the page's own button does."""
    placed = Placed()
    status, page, _ = await asked(placed, body=body)
    assert (status, b"no more of these mails" in page) == (200, True)
    receipt = AttemptReceipt.model_validate_json(placed.messages[0].body)
    assert (receipt.status, receipt.attempt_id) == (Status.UNSUBSCRIBED, str(LINK.attempt))
    assert receipt.recipient is not None
    assert receipt.recipient.address_hash == LINK.address_hash
    assert receipt.recipient.hashed_with == "000102ff"


async def test_twice_is_the_same_fact() -> None:
    placed = Placed()
    for _ in range(2):
        await asked(placed)
    assert placed.messages[0].message_id == placed.messages[1].message_id


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_changes_nothing(method: str) -> None:
    """Whoever scans mails follows every link; the page asks, loads nothing and names nobody."""
    placed = Placed()
    status, page, headers = await asked(placed, method)
    assert (status, placed.messages) == (200, [])
    assert b'<form method="post">' in page
    assert headers[b"content-security-policy"].startswith(b"default-src 'none'")
    assert headers[b"referrer-policy"] == b"no-referrer"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        TOKEN[:-1],
        TOKEN[:-2] + ("A" if TOKEN[-2] != "A" else "B") + TOKEN[-1],
        "A" + TOKEN[1:] if TOKEN[0] != "A" else "B" + TOKEN[1:],
        TOKEN + "A" * 200,
        UnsubscribeKeys([b"z" * 32]).sign(LINK),
        "\u00e9",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_another_link_does_nothing(token: str, method: str) -> None:
    placed = Placed()
    status, _, _ = await asked(placed, method, token=token)
    assert (status, placed.messages) == (404, [])


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("POST", b"", 400),
        ("POST", b"List-Unsubscribe=Perhaps", 400),
        ("POST", b"x" * (MAX_BODY_BYTES + 1), 413),
        ("PUT", b"", 405),
        ("DELETE", b"", 405),
    ],
)
async def test_what_is_refused(method: str, body: bytes, expected: int) -> None:
    placed = Placed()
    status, _, _ = await asked(placed, method, body)
    assert (status, placed.messages) == (expected, [])


async def test_without_a_broker_it_is_kept_or_refused() -> None:
    """On disk it counts; with neither the caller is asked to come again."""
    assert (await asked(Placed(Placement.ON_DISK)))[0] == 200
    assert (await asked(Placed(Placement.NOWHERE)))[0] == 503


def test_every_key_is_good_and_the_first_signs() -> None:
    """So that keys can be changed while old mails keep their links."""
    both, new = UnsubscribeKeys([OTHER, KEY]), UnsubscribeKeys([OTHER])
    assert both.read(TOKEN) == LINK
    assert new.read(TOKEN) is None
    assert new.read(both.sign(LINK)) == LINK
    assert len(TOKEN) < 120
    with pytest.raises(ValueError, match="at least 32 bytes"):
        UnsubscribeKeys([b"short"])
