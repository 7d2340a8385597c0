"""What happens to a webhook, with a broker that does what the test says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from herald.bus.errors import NackedError, PublishError, RefusedError, UnavailableError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.topology import RECEIPTS
from herald.providers.webhook_endpoints import MAX_SET_ASIDE, Normalised, UnverifiableError
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.whatsapp_cloud.webhooks import RULES
from ingress.receive import Receiver
from ingress.spool.database import PAGE_BYTES, SpoolDatabase
from ingress.spool.spool import Spool
from unit.ingress.asking import (
    BASE_URL,
    TWILIO,
    WHATSAPP,
    Answered,
    Bus,
    ask,
    payload,
    receiver,
    signed,
)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def ask_twilio(app: Receiver, fragment: str = "") -> Answered:
    """WebhookRequest back as Twilio does; `fragment` is signed, but never called."""
    fields = [("AccountSid", "AC" + "0" * 32), ("MessageSid", "SM1"), ("MessageStatus", "sent")]
    url = BASE_URL.rstrip("/") + TWILIO + fragment
    text = url + "".join(name + value for name, value in fields)
    digest = hmac.digest(b"token", text.encode(), "sha1")
    headers = {"X-Twilio-Signature": base64.b64encode(digest).decode(), **FORM}
    return await ask(app, TWILIO, [urlencode(fields).encode()], headers=headers)


@pytest.mark.parametrize(("fragment", "status"), [("", 204), ("#rc=5&rp=all", 204), ("#rc=1", 401)])
async def test_our_own_fragment_may_be_signed(fragment: str, status: int) -> None:
    """A callback passes whether Twilio signs the fragment of our URL or leaves it out."""
    assert (await ask_twilio(receiver(Bus()), fragment)).status == status


async def test_a_batch_is_published_whole() -> None:
    """Good elements go to the router, the others to quarantine, and the provider gets its 200."""
    bus, body = Bus(), payload("batch_one_bad_among_good")
    answer = await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))
    assert (answer.status, answer.body) == (200, b"")
    keys = [(message.exchange, message.routing_key) for message in bus.messages]
    assert keys.count((RECEIPTS, "attempt.whatsapp.normal")) == 3
    assert keys.count(("herald.dead", "ingress.quarantine")) == 6
    assert all(message.mandatory for message in bus.messages)
    bad = next(message for message in bus.messages if message.exchange == "herald.dead")
    assert bad.headers == {
        "provider": "whatsapp_cloud",
        "account": "main",
        "reason": "no_reference",
    }
    assert json.loads(bad.body)["element"] == {"status": "sent", "timestamp": "1768824000"}


async def test_a_body_in_pieces_is_one_body() -> None:
    """The signature covers all chunks together."""
    bus, body = Bus(), payload("status_sent")
    chunks = [body[:10], b"", body[10:]]
    answer = await ask(receiver(bus), WHATSAPP, chunks, headers=signed(body))
    assert (answer.status, len(bus.messages)) == (200, 1)


async def test_the_same_fact_twice_goes_out_once() -> None:
    """Repeats within one batch are one message, and a repeated request makes it again."""
    value = {"metadata": {"phone_number_id": "100000000000001"}}
    status = {"id": "wamid.A", "status": "sent", "timestamp": "1768824000"}
    change = {"field": "messages", "value": {**value, "statuses": [status, status, 7, 7]}}
    body = json.dumps({"entry": [{"changes": [change]}]}).encode()
    bus = Bus()
    for _ in range(2):
        assert (await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))).status == 200
    first, second = bus.messages[:2], bus.messages[2:]
    assert [message.message_id for message in first] == [message.message_id for message in second]
    assert len({message.message_id for message in first}) == 2


@pytest.mark.parametrize("failure", [UnavailableError("id", "away"), NackedError("id", "full")])
async def test_a_frame_that_is_not_confirmed_is_our_trouble(failure: PublishError) -> None:
    """One failed message of many makes the provider try again."""
    bus, body = Bus(), payload("batch_two_accounts")
    bus.failure = failure
    answer = await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))
    assert answer.status == 503
    assert int(answer.headers[b"retry-after"]) > 0


async def test_only_what_is_not_sent_again_is_kept(tmp_path: Path) -> None:
    """Of a failed publish, Twilio's message goes to disk and gets its 204; Meta's is not kept."""
    bus, spool = Bus(), Spool(SpoolDatabase(tmp_path, 100_000))
    bus.failure = UnavailableError("id", "away")
    app, body = receiver(bus, spool), payload("status_sent")
    assert (await ask(app, WHATSAPP, [body], headers=signed(body))).status == 503
    assert spool.backlog is None
    assert (await ask_twilio(app)).status == 204
    assert [kept for _, kept in await spool.oldest(10)] == bus.messages[-1:]
    await spool.close()


async def test_what_finds_no_room_is_our_trouble(tmp_path: Path) -> None:
    """With a full spool Twilio gets the 503 that makes it try a few times more."""
    bus, spool = Bus(), Spool(SpoolDatabase(tmp_path, 2 * PAGE_BYTES))
    filling = OutgoingMessage("exchange", "key", b"x" * (PAGE_BYTES - 300), "id", "type")
    await spool.keep([filling])
    bus.failure = UnavailableError("id", "away")
    assert (await ask_twilio(receiver(bus, spool))).status == 503
    await spool.close()


async def test_what_the_bus_never_takes_is_not_kept(tmp_path: Path) -> None:
    """A message that can't be put on the wire would stay in the spool for ever."""
    bus, spool = Bus(), Spool(SpoolDatabase(tmp_path, 100_000))
    bus.failure = RefusedError("id", "too large")
    assert (await ask_twilio(receiver(bus, spool))).status == 503
    assert spool.backlog is None
    await spool.close()


async def test_nothing_to_publish_is_fine() -> None:
    """A body without anything for Herald gets its 200, even while the broker is away."""
    bus, body = Bus(), payload("not_ours")
    bus.failure = UnavailableError("id", "away")
    assert (await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))).status == 200
    assert bus.messages == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"[]", "shape"), (b"7", "shape"), (b"[" * 40 + b"]" * 40, "beyond_limits")],
)
async def test_a_body_not_understood_at_all_goes_to_quarantine(body: bytes, reason: str) -> None:
    """JSON of another shape or beyond the limits is kept whole, and not asked for again."""
    bus = Bus()
    assert (await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))).status == 200
    [message] = bus.messages
    assert message.headers["reason"] == reason
    assert json.loads(message.body)["element"] == body.decode()


async def test_what_is_set_aside_of_one_call_is_bounded() -> None:
    """Of thousands of bad elements the first are kept, one more stands for the others."""
    value = {"metadata": {"phone_number_id": "100000000000001"}}
    good = {"id": "wamid.A", "status": "sent", "timestamp": "1768824000"}
    statuses = [good, *range(3_000), *[{"status": "sent"}] * 3_000]
    change = {"field": "messages", "value": {**value, "statuses": statuses}}
    body = json.dumps({"entry": [{"changes": [change]}]}).encode()
    bus = Bus()
    assert (await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))).status == 200
    assert bus.messages[0].exchange == RECEIPTS
    assert len(bus.messages) == 1 + MAX_SET_ASIDE + 1
    last = bus.messages[-1]
    assert last.headers["reason"] == "left_out"
    assert json.loads(last.body)["element"] == {
        "left_out": 6_000 - MAX_SET_ASIDE,
        "reasons": {"shape": 3_000 - MAX_SET_ASIDE, "no_reference": 3_000},
        "body_bytes": len(body),
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }


async def test_others_get_their_turn_while_a_large_body_is_read() -> None:
    """The event loop goes on: it wakes often in the time that three thousand statuses take."""
    value = {"metadata": {"phone_number_id": "100000000000001"}}
    statuses = [
        {"id": f"wamid.{n}", "status": "sent", "timestamp": "1768824000"} for n in range(3_000)
    ]
    change = {"field": "messages", "value": {**value, "statuses": statuses}}
    body = json.dumps({"entry": [{"changes": [change]}]}).encode()
    bus, turns = Bus(), 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    taking = asyncio.create_task(take_turns())
    answer = await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))
    taking.cancel()
    assert (answer.status, len(bus.messages)) == (200, 3_000)
    assert turns > 60  # once for each part that is published, and many times more


async def test_quarantine_is_bounded() -> None:
    """A huge body is kept by its beginning: no message is larger than what the broker takes."""
    bus, body = Bus(), b'["' + b"\x7f" * (3 * 1024 * 1024) + b'"]'
    assert (await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))).status == 200
    [message] = bus.messages
    assert len(message.body) < 1024 * 1024
    assert json.loads(message.body)["element"]["bytes"] > len(body)


async def test_twilio_signs_the_public_url() -> None:
    """The URL that counts is the configured base with path and query, not what the host says."""
    secret, path, attempt = (
        b"token",
        "/webhooks/twilio/main",
        "7d444840-9dc0-11d1-b245-5ffdce74fad2",
    )
    query = f"attempt={attempt}%2E1.1"
    url = f"https://hooks.example.com/gateway{path}?{query}"
    digest = hmac.new(secret, url.encode() + b"MessageSidSM1MessageStatussent", "sha1").digest()
    headers = {"X-Twilio-Signature": base64.b64encode(digest).decode(), **FORM, "Host": "evil"}
    bus, body = Bus(), b"MessageStatus=sent&MessageSid=SM1"
    answer = await ask(receiver(bus), path, [body], query=query, headers=headers)
    assert (answer.status, answer.body, len(bus.messages)) == (204, b"", 1)
    assert b"content-length" not in answer.headers
    answer = await ask(receiver(bus), path, [body], query=f"attempt={attempt}.1.1", headers=headers)
    assert answer.status == 401


class Broken:
    """An endpoint with a defect: whatever it is not asked to pass raises."""

    rules = RULES

    def __init__(self, *, authentic: bool | None) -> None:
        self._authentic = authentic

    def verify(self, request: WebhookRequest) -> bool:
        if self._authentic is None:
            raise RuntimeError(request.method)
        return self._authentic

    def normalise(self, request: WebhookRequest) -> Normalised:
        raise RuntimeError(request.method)


async def test_a_validator_that_raises_refuses() -> None:
    """A defect in verification is 401, never a pass."""
    app = receiver(Bus(), whatsapp_cloud=Broken(authentic=None))
    assert (await ask(app, WHATSAPP, [b"{}"], headers=signed(b"{}"))).status == 401


async def test_a_normaliser_that_raises_loses_nothing() -> None:
    """A defect in reading keeps the body in quarantine under its own reason."""
    bus = Bus()
    app = receiver(bus, whatsapp_cloud=Broken(authentic=True))
    assert (await ask(app, WHATSAPP, [b"{}"], headers=signed(b"{}"))).status == 200
    assert bus.messages[0].headers["reason"] == "unexpected"


class Asynchronous:
    """An endpoint that has to fetch a key before it can verify."""

    rules = RULES

    def __init__(self, outcome: bool | Exception) -> None:
        self._outcome = outcome

    async def verify(self, request: WebhookRequest) -> bool:  # noqa: ARG002
        await asyncio.sleep(0)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def normalise(self, request: WebhookRequest) -> Normalised:  # noqa: ARG002
        return Normalised()


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(True, 200), (False, 401), (RuntimeError(), 401), (UnverifiableError("no key"), 503)],
)
async def test_verification_may_be_asynchronous(outcome: bool | Exception, status: int) -> None:
    """A verdict may be awaited; where a key can't be fetched the provider is asked to try again."""
    app = receiver(Bus(), whatsapp_cloud=Asynchronous(outcome))
    assert (await ask(app, WHATSAPP, [b"{}"], headers=signed(b"{}"))).status == status


async def test_limits_are_the_endpoints_own() -> None:
    """An account's endpoint may take less, or other methods, than another one of its provider."""
    endpoint = Asynchronous(outcome=True)
    endpoint.rules = replace(RULES, max_body_bytes=1, methods={"PUT": frozenset()})
    app = receiver(Bus(), whatsapp_cloud=endpoint)
    assert (await ask(app, WHATSAPP, [b"{}"], method="PUT")).status == 413
    assert (await ask(app, WHATSAPP, [b"{}"], method="POST")).status == 405
