"""What becomes of a call to Meta, however it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from behaviour.providers.api_server import ApiServer, http_client, serving_api
from herald.bus.receipt_messages import receipt_body
from herald.channel.reports import report
from herald.contracts.vocabulary import Receipts
from herald.http.client import HttpClient
from herald.providers.sending import Accepted, NotSent, Refused, SendResult, Uncertain
from unit.channel_whatsapp.making import TO, work
from unit.providers.whatsapp_cloud.making import TOKEN, message_for, whatsapp_cloud

WORK = work({"text": "The code is 4711"})
DIGITS = TO.removeprefix("+")
TAKEN = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": DIGITS, "wa_id": DIGITS}],
    "messages": [{"id": "wamid.X", "message_status": "accepted"}],
}


@pytest.fixture
async def meta() -> AsyncIterator[ApiServer]:
    """Give a Graph API that responds as a test wants."""
    async with serving_api() as provider:
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    """Give a caller with a short patience."""
    async with http_client(0.3) as caller:
        yield caller


def error(code: int, details: str = "", **more: Any) -> dict[str, Any]:
    data = {"messaging_product": "whatsapp", "details": details}
    fields = {"message": f"(#{code}) Title", "type": "OAuthException", "fbtrace_id": "AbC"}
    return {"error": {**fields, "code": code, "error_data": data, **more}}


async def send(meta: ApiServer, http: HttpClient) -> SendResult:
    return await whatsapp_cloud(meta.base_url, http).send(WORK)


async def test_accepted(meta: ApiServer, http: HttpClient) -> None:
    """The id of the first message is the reference; the recipient's number stays out of sight."""
    meta.will(200, TAKEN)
    result = await send(meta, http)
    assert isinstance(result, Accepted)
    assert result.references == ("wamid.X",)
    assert DIGITS not in str(result.element)


async def test_request(meta: ApiServer, http: HttpClient) -> None:
    """The call names the version and the number, carries the token, and is plain JSON."""
    meta.will(200, TAKEN)
    await send(meta, http)
    (asked,) = meta.requests
    assert asked.line == "POST /v25.0/100000000000001/messages HTTP/1.1"
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.json == message_for(WORK)


def test_receipts() -> None:
    """Meta reports as far as reading."""
    assert (
        whatsapp_cloud("https://x.example.com", HttpClient(timedelta(1))).options.receipts
        is Receipts.READ
    )


CODES = [
    (131026, 400, "unreachable"),
    (131047, 400, "unreachable"),
    (131050, 400, "opted_out"),
    (130429, 400, "rate_limited"),
    (131056, 400, "rate_limited"),
    (80007, 429, "rate_limited"),
    (131000, 500, "transient"),
    (131053, 400, "transient"),
    (0, 401, "auth"),
    (190, 401, "auth"),
    (210, 403, "auth"),
    (100, 400, "permanent"),
    (100, 500, "permanent"),  # the code decides, not the HTTP status
    (131026, 500, "unreachable"),
    (132001, 404, "permanent"),
    (133005, 400, "permanent"),
    (999999, 400, "permanent"),
    (999999, 429, "rate_limited"),
    (999999, 503, "transient"),
]


@pytest.mark.parametrize(("code", "status", "expected"), CODES)
async def test_error_codes(
    meta: ApiServer, http: HttpClient, code: int, status: int, expected: str
) -> None:
    """An error of Meta's own is judged by its code; only an unknown one by the HTTP status."""
    meta.will(status, error(code))
    result = await send(meta, http)
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (expected, str(code))


@pytest.mark.parametrize(
    ("code", "seconds", "of_message"),
    [(130429, None, False), (131056, None, True), (131048, 60, False), (131026, None, False)],
)
async def test_a_limit_named_by_its_code_alone(
    meta: ApiServer, http: HttpClient, code: int, seconds: int | None, of_message: bool
) -> None:
    """Limits come as HTTP 400 without a time: the code says how long, and whom it holds for."""
    meta.will(400, error(code))
    result = await send(meta, http)
    assert isinstance(result, Refused)
    wait = result.failure.retry_after
    assert (wait and wait.total_seconds(), result.of_message) == (seconds, of_message)


async def test_details_without_numbers(meta: ApiServer, http: HttpClient) -> None:
    """What Meta says is kept for people, without the number it names, with or without a plus."""
    meta.will(400, error(131030, f"{DIGITS} or {TO} is not on the list", error_user_msg=DIGITS))
    result = await send(meta, http)
    assert isinstance(result, Refused)
    assert "is not on the list" in result.failure.text
    assert DIGITS not in f"{result.failure!r} {result.element}"
    assert result.element == {
        "error": {"code": 131030, "type": "OAuthException", "fbtrace_id": "AbC"}
    }


async def test_unstorable_details(meta: ApiServer, http: HttpClient) -> None:
    """A report can be written whatever characters Meta's words hold."""
    meta.will(400, error(100, "bad\x00value"))
    result = await send(meta, http)
    assert not isinstance(result, NotSent)
    receipt = report(
        WORK,
        result,
        datetime.now(UTC),
        provider="whatsapp_cloud",
        account="wa-main",
        receipts=None,
    )
    assert b"\\u0000" not in receipt_body(receipt)


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry_After": "7"}, 7), ({}, None)], ids=["asked", "not asked"]
)
async def test_pause(
    meta: ApiServer, http: HttpClient, headers: dict[str, str], seconds: int | None
) -> None:
    """A 429 waits as long as Meta asks; without that its limiter knows better."""
    meta.will(429, error(130429), **headers)
    result = await send(meta, http)
    assert isinstance(result, Refused)
    wait = result.failure.retry_after
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


BARE = [
    (400, {}, "permanent"),
    (401, {}, "auth"),
    (403, {}, "auth"),
    (429, {}, "rate_limited"),
    (500, {}, None),
    (502, {}, None),
    (503, {}, None),
    (504, {}, None),
    (302, {"Location": "https://elsewhere.example.com/"}, None),
    (200, {}, None),
]


@pytest.mark.parametrize(("status", "headers", "expected"), BARE)
async def test_answers_without_an_error(
    meta: ApiServer, http: HttpClient, status: int, headers: dict[str, str], expected: str | None
) -> None:
    """A response that is not Meta's: a 4xx refused it, any other may not."""
    meta.will(status, b"<html>gateway</html>", **headers)
    result = await send(meta, http)
    if expected is None:
        assert result == Uncertain(f"http_{status}")
    else:
        assert isinstance(result, Refused)
        assert (result.failure.failure_class, result.failure.code) == (expected, f"http_{status}")


async def test_a_gateway_that_says_when_to_come_back(meta: ApiServer, http: HttpClient) -> None:
    """A 503 with a wait took nothing and makes no try."""
    meta.will(503, b"<html>gateway</html>", Retry_After="3")
    assert await send(meta, http) == NotSent("http_503", timedelta(seconds=3))


GARBAGE: list[Any] = [
    b"",
    b"null",
    b"[]",
    b'{"messages": []}',
    b'{"messages": [{}]}',
    b'{"messages": [{"id": ""}]}',
    b'{"messages": [{"id": 7}]}',
    b'{"messages": "wamid.X"}',
    b'{"error": {"code": "many"}}',
    b'{"error": "no"}',
    b'{"messages": [{"id": "\\ud83d"}]}',
    b"\xff\xfe",
]


@pytest.mark.parametrize("body", GARBAGE)
async def test_unreadable_success(meta: ApiServer, http: HttpClient, body: bytes) -> None:
    """A success that names no message may be one or not."""
    meta.will(200, body)
    assert await send(meta, http) == Uncertain("http_200")


async def test_unfit_content_is_not_sent(meta: ApiServer, http: HttpClient) -> None:
    """What WhatsApp can't carry is refused without a call."""
    result = await whatsapp_cloud(meta.base_url, http).send(work({"subject": "Hello"}))
    assert isinstance(result, Refused)
    assert result.failure.code == "no_content"
    assert meta.requests == []


async def test_nothing_secret_is_shown(meta: ApiServer, http: HttpClient) -> None:
    """Neither token, nor number, nor words appear in any result or its repr."""
    for status, body in ((200, TAKEN), (401, error(190, f"Token {DIGITS}")), (502, b"x")):
        meta.will(status, body)
        result = await send(meta, http)
        shown = f"{result!r} {getattr(result, 'element', None)}"
        assert not [word for word in (TOKEN, DIGITS, "4711") if word in shown]
