"""Webhooks that came whole: what is taken at once, and that it is judged as by the receiver."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from herald.bus.errors import PublishError, UnavailableError
from herald.providers.webhook_endpoints import Normalised, UnverifiableError
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.whatsapp_cloud.webhooks import RULES
from herald.service.http_limits.exchange import WholeResponse
from ingress.attachments import Attachments
from ingress.endpoints import Target
from ingress.grouped_publisher import MAX_PART
from ingress.judging import LARGE_BYTES, Judgement, judgement_of
from ingress.publish_or_spool import Placement
from ingress.spool.database import SpoolDatabase
from ingress.spool.spool import Spool
from ingress.translation import Translation, translate
from traces.recording import recording
from unit.ingress.asking import (
    BASE_URL,
    TWILIO,
    WHATSAPP,
    Bus,
    Webhooks,
    ask,
    payload,
    receiver,
    signed,
    webhooks,
    whole,
)

FORM = b"MessageSid=SM1&MessageStatus=sent"


def signed_form() -> dict[str, str]:
    text = BASE_URL.rstrip("/") + TWILIO + "MessageSidSM1MessageStatussent"
    digest = hmac.digest(b"token", text.encode(), "sha1")
    return {
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }


class Answered:
    """Somebody who waits for an answer."""

    def __init__(self) -> None:
        self.given: asyncio.Future[WholeResponse] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        return self.given.done()

    def give(self, response: WholeResponse) -> None:
        self.given.set_result(response)


async def answered(
    app: Webhooks, path: str, body: bytes, headers: Mapping[str, str], query: str = ""
) -> WholeResponse:
    """Have a request taken, and wait for the answer."""
    answer = Answered()
    assert app.whole.take(whole(path, body, headers=headers, query=query), answer)
    async with asyncio.timeout(5):
        return await answer.given


def statuses(count: int) -> bytes:
    one = b'{"id": "wamid.%d", "status": "sent", "timestamp": "1768824000"}'
    value = b'{"metadata": {"phone_number_id": "100000000000001"}, "statuses": [%b]}'
    change = b'{"field": "messages", "value": %b}' % (
        value % b",".join(one % n for n in range(count))
    )
    return b'{"entry": [{"changes": [%b]}]}' % change


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        *((WHATSAPP, body, signed(body)) for body in map(payload, ("status_sent", "not_ours"))),
        *((WHATSAPP, body, signed(body)) for body in (b"[]", b"[" * 40 + b"]" * 40)),
        (
            WHATSAPP,
            payload("batch_one_bad_among_good"),
            signed(payload("batch_one_bad_among_good")),
        ),
        (WHATSAPP, payload("status_sent"), signed(b"another body")),
        (WHATSAPP, statuses(MAX_PART + 1), signed(statuses(MAX_PART + 1))),
        (WHATSAPP, b"no json", signed(b"no json")),
        (TWILIO, FORM, signed_form()),
        ("/webhooks/whatsapp_cloud/nobody", b"{}", signed(b"{}")),
    ],
)
async def test_it_is_answered_and_published_as_by_the_receiver(
    path: str, body: bytes, headers: Mapping[str, str]
) -> None:
    """The way in makes no difference to the provider, nor to the router."""
    ours, others = Bus(), Bus()
    answer = await answered(webhooks(ours), path, body, headers)
    expected = await ask(receiver(others), path, [body], headers=headers)
    assert (answer.status, answer.body) == (expected.status, expected.body)
    assert dict(answer.all_headers) == dict(expected.headers)
    assert [message.message_id for message in ours.messages] == [
        message.message_id for message in others.messages
    ]


@pytest.mark.parametrize(
    ("path", "query", "body", "headers"),
    [
        ("/webhooks/whatsapp_cloud", "", b"{}", signed(b"{}")),
        ("/webhooks/whatsapp_cloud/ma%69n", "", b"{}", signed(b"{}")),
        (WHATSAPP, "a=b#c", b"{}", signed(b"{}")),
        (WHATSAPP, "", b"{}", {}),
        (WHATSAPP, "", b"{}", {**signed(b"{}"), "Content-Encoding": "gzip"}),
        (WHATSAPP, "", b"x" * LARGE_BYTES, signed(b"x" * LARGE_BYTES)),
        ("/webhooks/postmark/main", "", b"{}", {}),
    ],
    ids=["path", "encoded path", "fragment", "unsigned", "encoded", "large", "admitted"],
)
async def test_what_is_unusual_is_left_to_the_receiver(
    path: str, query: str, body: bytes, headers: Mapping[str, str]
) -> None:
    """Nothing of it was published: it is judged there from its beginning."""
    bus = Bus()
    request = whole(path, body, query=query, headers=headers)
    assert not webhooks(bus).whole.take(request, Answered())
    assert bus.messages == []


async def test_a_traced_webhook_is_left_to_the_receiver() -> None:
    """There its span is made."""
    body = payload("status_sent")
    with recording():
        request = whole(WHATSAPP, body, headers=signed(body))
        assert not webhooks(Bus()).whole.take(request, Answered())


class Deciding:
    """An endpoint whose verdict comes as the test wants it."""

    rules = RULES

    def __init__(self, verdict: bool | Exception, *, later: bool) -> None:
        self._verdict, self._later = verdict, later
        self.asked = 0
        self.files: dict[str, bytes] = {}

    def verify(self, request: WebhookRequest) -> object:  # noqa: ARG002
        self.asked += 1
        return self._in_time() if self._later else self._said()

    async def _in_time(self) -> bool:
        await asyncio.sleep(0)
        return self._said()

    def _said(self) -> bool:
        if isinstance(self._verdict, Exception):
            raise self._verdict
        return self._verdict

    def normalise(self, request: WebhookRequest) -> Normalised:  # noqa: ARG002
        return Normalised(files=self.files)


@pytest.mark.parametrize(
    ("verdict", "later", "status"),
    [
        (True, True, 200),
        (False, True, 401),
        (UnverifiableError("no key"), True, 503),
        (RuntimeError(), True, 401),
        (False, False, 401),
        (RuntimeError(), False, 401),
        (UnverifiableError("no key"), False, 503),
    ],
)
async def test_a_signature_is_verified_once(
    verdict: bool | Exception, later: bool, status: int
) -> None:
    """At once or in time: forged ones cost no more than good ones."""
    endpoint = Deciding(verdict, later=later)
    app = webhooks(Bus(), whatsapp_cloud=endpoint)  # type: ignore[arg-type]
    assert (await answered(app, WHATSAPP, b"{}", signed(b"{}"))).status == status
    assert endpoint.asked == 1 or status == 503


async def test_a_method_that_is_not_the_providers_is_left_to_the_receiver() -> None:
    """It names the methods that are."""
    endpoint = Deciding(True, later=False)
    endpoint.rules = replace(RULES, methods={"PUT": frozenset()})
    app = webhooks(Bus(), whatsapp_cloud=endpoint)  # type: ignore[arg-type]
    assert not app.whole.take(whole(WHATSAPP, b"{}", headers=signed(b"{}")), Answered())


async def test_a_defect_is_our_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose step breaks is asked to try again; who came in the same turn is answered as ever."""

    def broken(found: Normalised, target: Target, *rest: Any) -> Translation:
        if target.provider == "twilio":
            raise RuntimeError
        return translate(found, target, *rest)

    monkeypatch.setattr("ingress.whole_webhooks.translate", broken)
    app, body = webhooks(Bus()), payload("status_sent")
    answers = await asyncio.gather(
        answered(app, TWILIO, FORM, signed_form()),
        answered(app, WHATSAPP, body, signed(body)),
    )
    assert [answer.status for answer in answers] == [503, 200]


async def test_a_defect_after_the_confirm_is_our_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those whose messages went in the same group are answered as ever."""

    def broken(placement: Placement, target: Target, translation: Translation) -> Judgement:
        if target.provider == "twilio":
            raise RuntimeError
        return judgement_of(placement, target, translation)

    monkeypatch.setattr("ingress.whole_webhooks.judgement_of", broken)
    app, body = webhooks(Bus()), payload("status_sent")
    answers = await asyncio.gather(
        answered(app, TWILIO, FORM, signed_form()),
        answered(app, WHATSAPP, body, signed(body)),
    )
    assert [answer.status for answer in answers] == [503, 200]


def contents(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in directory.rglob("*") if path.is_file()]


async def test_files_are_kept_in_time(tmp_path: Path) -> None:
    """They are written to disk by a thread: the webhook is answered when that is done."""
    endpoint = Deciding(True, later=False)
    endpoint.files = {"0" * 64: b"a file"}
    app = webhooks(
        Bus(),
        attachments=Attachments(tmp_path, 100),
        whatsapp_cloud=endpoint,  # type: ignore[arg-type]
    )
    assert (await answered(app, WHATSAPP, b"{}", signed(b"{}"))).status == 200
    assert endpoint.asked == 1
    assert await asyncio.to_thread(contents, tmp_path) == [b"a file"]


@pytest.mark.parametrize("failure", [UnavailableError("id", "away")])
async def test_what_is_not_confirmed_is_kept_or_comes_again(
    tmp_path: Path, failure: PublishError
) -> None:
    """Meta gets its 503; Twilio, which would not send it again, its 204 once it is on disk."""
    bus, spool = Bus(), Spool(SpoolDatabase(tmp_path, 100_000))
    bus.failure = failure
    app, body = webhooks(bus, spool), payload("status_sent")
    assert (await answered(app, WHATSAPP, body, signed(body))).status == 503
    assert spool.backlog is None
    assert (await answered(app, TWILIO, FORM, signed_form())).status == 204
    assert [kept for _, kept in await spool.oldest(10)] == bus.messages[-1:]
    await spool.close()


async def test_it_is_counted_once() -> None:
    """As accepted, with its receipt and its time."""
    labels = {"provider": "whatsapp_cloud", "account": "main"}
    series = [
        ("herald_webhooks_total", {**labels, "outcome": "accepted"}),
        ("herald_webhook_receipts_total", {**labels, "kind": "attempt"}),
        ("herald_webhook_seconds_count", {"provider": "whatsapp_cloud"}),
    ]

    def counted() -> list[float]:
        return [REGISTRY.get_sample_value(name, on) or 0.0 for name, on in series]

    before, body = counted(), payload("status_sent")
    await answered(webhooks(Bus()), WHATSAPP, body, signed(body))
    assert [after - was for after, was in zip(counted(), before, strict=True)] == [1, 1, 1]


async def test_an_answer_that_is_given_up_disturbs_nobody() -> None:
    """The service stops: its messages go out, nobody is answered, the others are."""
    bus, body = Bus(), payload("status_sent")
    app = webhooks(bus)
    gone = Answered()
    assert app.whole.take(whole(WHATSAPP, body, headers=signed(body)), gone)
    gone.given.cancel()
    assert (await answered(app, WHATSAPP, body, signed(body))).status == 200
    assert len(bus.messages) == 2
