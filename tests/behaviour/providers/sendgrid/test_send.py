"""What becomes of a call to SendGrid, however it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from behaviour.providers.api_server import ApiServer, http_client, serving_api
from herald.contracts.vocabulary import Receipts
from herald.http.client import HttpClient
from herald.providers.sending import Accepted, Refused, SendResult, Uncertain
from unit.channel_email.making import TO, work
from unit.providers.sendgrid.making import API_KEY, mail_for, sendgrid

WORK = work()


@pytest.fixture
async def api() -> AsyncIterator[ApiServer]:
    """Give an API that responds as a test wants."""
    async with serving_api() as provider:
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    """Give a caller with a short patience."""
    async with http_client(0.3) as caller:
        yield caller


def errors(message: str = "bad", field: str | None = None) -> dict[str, Any]:
    return {"errors": [{"message": message, "field": field, "help": None}]}


async def send(api: ApiServer, http: HttpClient) -> SendResult:
    return await sendgrid(api.base_url, http).send(WORK)


async def test_accepted(api: ApiServer, http: HttpClient) -> None:
    """The id in the header is the reference."""
    api.will(202, b"", X_Message_Id="LRz")
    result = await send(api, http)
    assert isinstance(result, Accepted)
    assert result.references == ("LRz",)


async def test_request(api: ApiServer, http: HttpClient) -> None:
    """The call carries the key and the mail."""
    api.will(202, b"", X_Message_Id="LRz")
    await send(api, http)
    (asked,) = api.requests
    assert asked.line == "POST /v3/mail/send HTTP/1.1"
    assert asked.headers["authorization"] == f"Bearer {API_KEY}"
    assert asked.json == mail_for(WORK)


def test_receipts() -> None:
    """SendGrid reports as far as reading."""
    assert (
        sendgrid("https://x.example.com", HttpClient(timedelta(1))).options.receipts
        is Receipts.READ
    )


STATUSES = [
    (400, "permanent"),
    (401, "auth"),
    (403, "auth"),
    (404, "permanent"),
    (406, "permanent"),
    (413, "content"),
    (429, "rate_limited"),
    (451, "permanent"),
    (500, "transient"),
    (503, "transient"),
]


@pytest.mark.parametrize(("status", "expected"), STATUSES)
async def test_errors(api: ApiServer, http: HttpClient, status: int, expected: str) -> None:
    """An error in SendGrid's own form is judged by its HTTP status."""
    api.will(status, errors())
    result = await send(api, http)
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (expected, f"http_{status}")


async def test_message_without_addresses(api: ApiServer, http: HttpClient) -> None:
    """What SendGrid says is kept for people, without the address it names."""
    api.will(400, errors(f"{TO} does not contain a valid address", "personalizations.0.to"))
    result = await send(api, http)
    assert isinstance(result, Refused)
    assert result.failure.text.endswith("does not contain a valid address")
    assert TO not in f"{result.failure!r} {result.element}"
    assert result.element == {"field": "personalizations.0.to", "status": 400}


def in_seconds(number: float) -> str:
    return str(int(datetime.now(UTC).timestamp() + number))


# The reset in seconds from the moment of the response, other headers, and the pause it must give.
PAUSES: list[tuple[int | None, dict[str, str], float | None, float]] = [
    (600, {}, 500, 600),
    (600, {"Retry_After": "5"}, 500, 600),
    (-5, {"Retry_After": "5"}, 5, 5),
    (1_000_000, {}, None, 0),  # no honest limit
    (None, {"X_RateLimit_Reset": "soon"}, None, 0),
    (None, {"X_RateLimit_Reset": "²"}, None, 0),
    (None, {}, None, 0),
]


@pytest.mark.parametrize(("reset", "headers", "least", "most"), PAUSES)
async def test_pause(
    api: ApiServer,
    http: HttpClient,
    reset: int | None,
    headers: dict[str, str],
    least: float | None,
    most: float,
) -> None:
    """A 429 waits until the limit's reset, else as long as asked, else as its limiter says."""
    limit = {} if reset is None else {"X_RateLimit_Reset": in_seconds(reset)}
    api.will(429, errors(), **limit, **headers)
    result = await send(api, http)
    assert isinstance(result, Refused)
    wait = result.failure.retry_after
    assert (wait is None) == (least is None)
    assert (least or 0) <= (wait.total_seconds() if wait else 0) <= most


UNEXPLAINED = [
    (202, b""),  # taken, probably, but nothing to know it by
    (200, b"{}"),
    (500, b"<html>"),
    (502, b""),
    (503, b'{"errors": []}'),
    (504, b'{"errors": ["x"]}'),
]


@pytest.mark.parametrize(("status", "body"), UNEXPLAINED)
async def test_unexplained(api: ApiServer, http: HttpClient, status: int, body: bytes) -> None:
    """A response that is not SendGrid's, or says nothing, leaves the mail's fate unknown."""
    api.will(status, body)
    assert await send(api, http) == Uncertain(f"http_{status}")


@pytest.mark.parametrize(("field", "of_message"), [("from", True), (None, False)])
async def test_a_sender_not_verified_is_not_the_accounts_trouble(
    api: ApiServer, http: HttpClient, field: str | None, of_message: bool
) -> None:
    """A From that the account may not use is refused like a bad key, and holds nobody else."""
    api.will(403, json.dumps({"errors": [{"message": "no", "field": field}]}).encode())
    result = await send(api, http)
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.of_message) == ("auth", of_message)


async def test_nothing_secret_is_shown(api: ApiServer, http: HttpClient) -> None:
    """Neither key, nor address, nor words appear in any result or its repr."""
    for status, body in ((202, b""), (401, errors(f"key of {TO}")), (502, b"x")):
        api.will(status, body, X_Message_Id="LRz")
        result = await send(api, http)
        shown = f"{result!r} {getattr(result, 'element', None)}"
        assert not [word for word in (API_KEY, TO, "4711") if word in shown]
