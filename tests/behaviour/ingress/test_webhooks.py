"""The running ingress on a real broker: what it answers and what arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio
from aio_pika import DeliveryMode
from aio_pika.abc import AbstractIncomingMessage

from behaviour.bus.rabbit import Rabbit
from behaviour.ingress.gateway import (
    ACCOUNT_SID,
    UNSUBSCRIBE_SECRET,
    VERIFY_TOKEN,
    ApiResponse,
    Providers,
)
from herald.bus.deliveries import Delivery
from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import (
    AccountReceipt,
    AttemptReceipt,
    InboundReceipt,
    Receipt,
)
from herald.contracts.topology import DEAD_QUEUE, RECEIPTS, receipts_queue
from herald.contracts.unsubscribe import UnsubscribeKeys, UnsubscribeLink
from herald.contracts.vocabulary import Lane, Status
from router.parsing.receipts import read_receipts

ATTEMPT = "7d444840-9dc0-11d1-b245-5ffdce74fad2.1.1"
FOREIGN = {"id": "wamid.A", "status": "delivered", "timestamp": "1768824000"}
STATUS = {**FOREIGN, "biz_opaque_callback_data": ATTEMPT}
CALLBACK = [
    ("MessageSid", "SM" + "1" * 32),
    ("MessageStatus", "undelivered"),
    ("ErrorCode", "30003"),
    ("AccountSid", ACCOUNT_SID),
]
INBOUND = [
    ("MessageSid", "SM" + "2" * 32),
    ("SmsStatus", "received"),
    ("Body", "Hello there"),
    ("From", "+15550002222"),
    ("To", "+15550001111"),
    ("AccountSid", ACCOUNT_SID),
]
EVENT = {
    "event": "bounce",
    "type": "bounce",
    "sg_event_id": "e1",
    "sg_message_id": "m1.filter",
    "timestamp": 1768824000,
    "herald_attempt": ATTEMPT,
}

META, TWILIO = {"X-Hub-Signature-256": "x"}, {"X-Twilio-Signature": "x"}


def meta(*statuses: Any, number: str = "100000000000001") -> bytes:
    value = {"metadata": {"phone_number_id": number}, "statuses": statuses}
    change = {"field": "messages", "value": value}
    return json.dumps({"entry": [{"id": "1", "changes": [change]}]}).encode()


@pytest_asyncio.fixture(autouse=True)
async def _empty_queues(rabbit: Rabbit) -> None:
    """Start each test with nothing waiting."""
    async with rabbit.channel() as channel:
        for queue in (receipts_queue(Lane.NORMAL), DEAD_QUEUE):
            await (await channel.get_queue(queue)).purge()


async def receipts(rabbit: Rabbit, count: int) -> list[tuple[AbstractIncomingMessage, Receipt]]:
    read: list[tuple[AbstractIncomingMessage, Receipt]] = []
    for message in await rabbit.drain(receipts_queue(Lane.NORMAL), expect=count):
        arrived = read_receipts([Delivery(body=message.body)])
        read += [(message, item.receipt) for item in arrived.receipts]
    return read


async def test_a_whatsapp_status_reaches_the_router(providers: Providers, rabbit: Rabbit) -> None:
    """A signed status is answered 200 and arrives as a persistent, recognisable receipt."""
    answer = await providers.meta(meta(STATUS))
    assert (answer.status, answer.body) == (200, b"")
    [(message, receipt)] = await receipts(rabbit, 1)
    assert (message.exchange, message.routing_key) == (RECEIPTS, "attempt.whatsapp.normal")
    assert (message.delivery_mode, message.app_id) == (DeliveryMode.PERSISTENT, "herald-ingress")
    assert (message.message_id, message.type) == (receipt.receipt_id, "herald.receipt.attempt.v1")
    assert isinstance(receipt, AttemptReceipt)
    assert (receipt.status, receipt.attempt_id) == (Status.DELIVERED, ATTEMPT)
    assert (receipt.account, receipt.references) == ("wa-main", ("wamid.A",))
    assert receipt.element == STATUS


async def test_one_call_may_tell_of_another_account(providers: Providers, rabbit: Rabbit) -> None:
    """The number inside the body names the account, not the path."""
    assert (await providers.meta(meta(STATUS, number="100000000000002"))).status == 200
    [(_, receipt)] = await receipts(rabbit, 1)
    assert receipt.account == "wa-second"


async def test_a_twilio_callback_reaches_the_router(providers: Providers, rabbit: Rabbit) -> None:
    """A signed callback is answered 204, and its query names the attempt."""
    answer = await providers.twilio(CALLBACK, query=f"attempt={ATTEMPT}")
    assert (answer.status, answer.body) == (204, b"")
    [(message, receipt)] = await receipts(rabbit, 1)
    assert message.routing_key == "attempt.sms.normal"
    assert isinstance(receipt, AttemptReceipt)
    assert (receipt.status, receipt.attempt_id) == (Status.FAILED, ATTEMPT)
    assert receipt.failure is not None
    assert receipt.failure.code == "30003"


async def test_an_inbound_sms_is_answered_without_words(
    providers: Providers, rabbit: Rabbit
) -> None:
    """An inbound message gets an empty reply in TwiML, so that nothing is sent back."""
    answer = await providers.twilio(INBOUND)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.body.endswith(b"<Response/>")
    [(message, receipt)] = await receipts(rabbit, 1)
    assert (message.routing_key, message.type) == (
        "inbound.sms.normal",
        "herald.receipt.inbound.v1",
    )
    assert isinstance(receipt, InboundReceipt)
    assert (receipt.sender, receipt.text) == ("+15550002222", "Hello there")


async def test_a_followed_unsubscribe_link_reaches_the_router(
    providers: Providers, rabbit: Rabbit
) -> None:
    """On the public listener: looking at it publishes nothing, one click does."""
    attempt = AttemptId.parse(ATTEMPT)
    assert attempt is not None
    link = UnsubscribeLink(
        tenant="default", channel="email", attempt=attempt, address_hash=-5, hashed_with=b"key1"
    )
    path = f"/unsubscribe/{UnsubscribeKeys([UNSUBSCRIBE_SECRET]).sign(link)}"
    assert (await providers.call(path, method="GET")).status == 200
    assert (await providers.call(path + "x", b"List-Unsubscribe=One-Click")).status == 404
    assert (await providers.call(path, b"List-Unsubscribe=One-Click")).status == 200
    [(message, receipt)] = await receipts(rabbit, 1)
    assert message.routing_key == "attempt.email.normal"
    assert isinstance(receipt, AttemptReceipt)
    assert (receipt.status, receipt.attempt_id) == (Status.UNSUBSCRIBED, ATTEMPT)
    assert receipt.recipient is not None
    assert receipt.recipient.address_hash == -5


async def test_news_about_an_account_reaches_the_router(
    providers: Providers, rabbit: Rabbit
) -> None:
    """Of the account whose URL is called, for none names its business account."""
    value = {"event": "REJECTED", "message_template_name": "welcome", "reason": "INVALID_FORMAT"}
    change = {"field": "message_template_status_update", "value": value}
    entry = {"id": "2", "time": 1768824000, "changes": [change]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    for _ in range(2):  # Meta repeats what got no 200 in time
        assert (await providers.meta(body)).status == 200
    first, again = await receipts(rabbit, 2)
    message, receipt = first
    assert (message.routing_key, message.type) == (
        "account.whatsapp.normal",
        "herald.receipt.account.v1",
    )
    assert isinstance(receipt, AccountReceipt)
    assert (receipt.account, receipt.status) == ("wa-main", "REJECTED")
    assert message.message_id == again[0].message_id == receipt.receipt_id


async def test_sendgrid_events_reach_the_router(providers: Providers, rabbit: Rabbit) -> None:
    """A signed batch is answered 200 and every event arrives."""
    delivered = {**EVENT, "event": "delivered", "sg_event_id": "e2"}
    answer = await providers.sendgrid(json.dumps([EVENT, delivered]).encode() + b"\r\n")
    assert answer.status == 200
    arrived = await receipts(rabbit, 2)
    assert {message.routing_key for message, _ in arrived} == {"attempt.email.normal"}
    statuses = {r.status for _, r in arrived if isinstance(r, AttemptReceipt)}
    assert statuses == {Status.BOUNCED, Status.DELIVERED}


async def test_what_is_not_understood_is_set_aside(providers: Providers, rabbit: Rabbit) -> None:
    """The good elements arrive, the others wait for an operator, and the provider gets its 200."""
    body = meta(FOREIGN, {"status": "sent"}, {**FOREIGN, "id": "wamid.B"})
    assert (await providers.meta(body)).status == 200
    assert len(await receipts(rabbit, 2)) == 2
    [message] = await rabbit.drain(DEAD_QUEUE, expect=1)
    assert message.routing_key == "ingress.quarantine"
    assert message.headers["provider"] == "whatsapp_cloud"
    assert (message.headers["account"], message.headers["reason"]) == ("wa-main", "no_reference")
    kept = json.loads(message.body)
    assert (kept["element"], kept["account"]) == ({"status": "sent"}, "wa-main")


async def test_a_full_batch_of_meta_passes(providers: Providers, rabbit: Rabbit) -> None:
    """A thousand statuses in one call of megabytes all arrive."""
    body = meta(*({**FOREIGN, "id": f"wamid.{i}", "padding": "x" * 2500} for i in range(1000)))
    assert len(body) > 2 * 1024 * 1024
    assert (await providers.meta(body)).status == 200
    assert len({r.receipt_id for _, r in await receipts(rabbit, 1000)}) == 1000


def _answer(answer: ApiResponse) -> tuple[int, bytes, set[str]]:
    return answer.status, answer.body, set(answer.headers)


async def test_the_refused_all_look_alike(providers: Providers, rabbit: Rabbit) -> None:
    """Bad signatures, unknown accounts, unknown providers and keyless accounts are one 401."""
    body, path = meta(STATUS), "/webhooks/whatsapp_cloud"
    refused = [
        await providers.meta(body, secret="wrong"),
        await providers.meta(body, account="nobody"),
        await providers.call(f"{path}/wa-main", body),
        await providers.call(f"{path}/wa-main", b"not json"),
        await providers.call("/webhooks/nobody/nobody", body),
        await providers.call("/webhooks/smtp/smtp-main", body),
        await providers.twilio(CALLBACK, token="wrong"),
        await providers.sendgrid(b"[]", account="sendgrid-keyless"),
        await providers.sendgrid(b"[]", account="nobody"),
        await providers.call(f"{path}/wa-main?hub.mode=subscribe&hub.challenge=1", method="GET"),
    ]
    assert [_answer(answer) for answer in refused] == [_answer(refused[0])] * len(refused)
    assert refused[0].status == 401
    assert await rabbit.drain(receipts_queue(Lane.NORMAL)) == []
    assert await rabbit.ready(DEAD_QUEUE) == 0


@pytest.mark.parametrize(
    ("path", "method", "body", "headers", "status"),
    [
        ("/webhooks/whatsapp_cloud/wa-main", "PUT", b"", {}, 405),
        ("/webhooks/sendgrid/sendgrid-main", "GET", b"", {}, 405),
        (
            "/webhooks/whatsapp_cloud/wa-main",
            "POST",
            b"x",
            {**META, "Content-Encoding": "gzip"},
            415,
        ),
        ("/webhooks/twilio/twilio-main", "POST", b"x" * (256 * 1024 + 1), TWILIO, 413),
        ("/webhooks/nobody", "POST", b"", {}, 404),
    ],
)
async def test_refusals_before_the_signature_is_verified(
    providers: Providers, path: str, method: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Methods, encodings and sizes nobody uses are refused whatever the signature is."""
    assert (await providers.call(path, body, headers, method)).status == status


async def test_signed_but_no_json_is_400(providers: Providers) -> None:
    """What breaks the grammar of JSON will not be better the next time."""
    assert (await providers.meta(b'{"entry": [}')).status == 400


async def test_meta_handshake(providers: Providers) -> None:
    """The console's question is answered with its challenge."""
    query = f"hub.mode=subscribe&hub.challenge=42abc&hub.verify_token={VERIFY_TOKEN}"
    answer = await providers.call(f"/webhooks/whatsapp_cloud/wa-main?{query}", method="GET")
    assert (answer.status, answer.body) == (200, b"42abc")


async def test_the_public_listener_serves_webhooks_alone(providers: Providers) -> None:
    """The public listener knows no path of operations, and theirs takes no webhook."""
    for path in ("/metrics", "/readyz", "/healthz", "/"):
        assert (await providers.call(path, method="GET")).status == 404
    for path in ("/metrics", "/readyz", "/healthz"):
        assert (await providers.operations(path)).status != 404
    assert (await providers.operations("/webhooks/whatsapp_cloud/wa-main")).status == 404


async def test_metrics_have_closed_labels(providers: Providers) -> None:
    """Calls are counted by provider, account and outcome; a name that somebody made up is none."""
    await providers.meta(meta(STATUS))
    await providers.call("/webhooks/made-up-provider/made-up-account")
    await providers.call("/webhooks/whatsapp_cloud/made-up-account")
    text = (await providers.operations("/metrics")).body.decode()
    for series in (
        'webhooks_total{account="wa-main",outcome="accepted",provider="whatsapp_cloud"} ',
        'webhooks_total{account="unknown",outcome="not_authentic",provider="unknown"} ',
        'webhooks_total{account="unknown",outcome="not_authentic",provider="whatsapp_cloud"} ',
        'webhook_receipts_total{account="wa-main",kind="attempt",provider="whatsapp_cloud"} ',
    ):
        assert f"herald_{series}" in text
    assert "made-up" not in text


async def test_series_exist_before_their_first_use(providers: Providers) -> None:
    """A rate needs a zero to begin at: without it the first wrong signature is unseen."""
    text = (await providers.operations("/metrics")).body.decode()
    labels = 'account="twilio-main",outcome="wrong_method",provider="twilio"'
    assert f"herald_webhooks_total{{{labels}}} " in text
