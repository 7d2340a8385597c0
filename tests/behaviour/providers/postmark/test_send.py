"""What becomes of a call to Postmark, however it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from behaviour.providers.api_server import ApiServer, http_client, serving_api
from herald.contracts.vocabulary import Receipts
from herald.http.client import HttpClient
from herald.providers.budgets import Scope
from herald.providers.sending import Accepted, Refused, SendResult, Uncertain
from unit.channel_email.making import TO, work
from unit.providers.postmark.making import TOKEN, mail_for, postmark

WORK = work()
MESSAGE = "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"
TAKEN = {"To": TO, "SubmittedAt": "2026-01-19T12:00:00Z", "MessageID": MESSAGE, "ErrorCode": 0}


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


def error(code: int, message: str = "no") -> dict[str, Any]:
    return {"ErrorCode": code, "Message": message}


async def send(api: ApiServer, http: HttpClient) -> SendResult:
    return await postmark(api.base_url, http).send(WORK)


async def test_accepted(api: ApiServer, http: HttpClient) -> None:
    """The call carries the token and the mail; the id of the response is the reference."""
    api.will(200, TAKEN)
    account = postmark(api.base_url, http)
    result = await account.send(WORK)
    assert isinstance(result, Accepted)
    assert (result.references, result.element) == ((MESSAGE,), {"MessageID": MESSAGE})
    (asked,) = api.requests
    assert asked.line == "POST /email HTTP/1.1"
    assert asked.headers["x-postmark-server-token"] == TOKEN
    assert asked.json == mail_for(WORK)
    assert account.options.receipts is Receipts.READ


async def test_a_template_has_a_path_of_its_own(api: ApiServer, http: HttpClient) -> None:
    """A mail that Postmark writes by its template is asked for there."""
    api.will(200, TAKEN)
    order = work({"template": {"name": "welcome"}})
    assert isinstance(await postmark(api.base_url, http).send(order), Accepted)
    assert api.requests[0].line == "POST /email/withTemplate HTTP/1.1"


# HTTP status, Postmark's code, and the class it must give
ERRORS = [
    (401, 10, "auth"),
    (422, 300, "permanent"),
    (422, 400, "auth"),
    (422, 405, "auth"),
    (422, 406, "unreachable"),
    (422, 411, "content"),
    (422, 413, "auth"),
    (422, 1101, "permanent"),
    (422, 99_999, "permanent"),
    (200, 406, "unreachable"),
    (429, 429, "rate_limited"),
    (429, 99_999, "rate_limited"),
    (500, 99_999, "transient"),
    (503, 100, "transient"),
]


@pytest.mark.parametrize(("status", "code", "expected"), ERRORS)
async def test_errors(
    api: ApiServer, http: HttpClient, status: int, code: int, expected: str
) -> None:
    """An error in Postmark's own form is judged by its code."""
    api.will(status, error(code))
    result = await send(api, http)
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (expected, str(code))
    assert result.of_message == (code == 400)
    assert result.scope is (Scope.ACCOUNT if code == 429 else None)


async def test_a_filter_on_the_way_is_no_verdict(api: ApiServer, http: HttpClient) -> None:
    """A 403 in HTML is not of Postmark's API: the key is good, and another try may pass."""
    api.will(403, b"<html>blocked</html>", Content_Type="text/html; charset=utf-8")
    result = await send(api, http)
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == ("transient", "http_403")
    api.will(403, b"{}", Content_Type="application/json")
    result = await send(api, http)
    assert isinstance(result, Refused)
    assert result.failure.failure_class == "auth"


UNEXPLAINED = [
    (200, b"{}"),
    (200, b'{"ErrorCode": 0}'),
    (200, b'{"MessageID": "m"}'),
    (200, b'{"ErrorCode": 0, "MessageID": 7}'),
    (200, b"<html>"),
    (500, b"<html>"),
    (502, b""),
]


@pytest.mark.parametrize(("status", "body"), UNEXPLAINED)
async def test_unexplained(api: ApiServer, http: HttpClient, status: int, body: bytes) -> None:
    """A response that is not Postmark's, or says nothing, leaves the mail's fate unknown."""
    api.will(status, body)
    assert await send(api, http) == Uncertain(f"http_{status}")


async def test_nothing_secret_is_shown(api: ApiServer, http: HttpClient) -> None:
    """Neither token, nor address, nor words appear in any result or its repr."""
    inactive = f"Found inactive addresses: {TO}. Inactive recipients have bounced."
    answers: list[tuple[int, Any]] = [(200, TAKEN), (422, error(406, inactive)), (502, b"x")]
    for status, body in answers:
        api.will(status, body)
        result = await send(api, http)
        shown = f"{result!r} {getattr(result, 'element', None)}"
        assert not [word for word in (TOKEN, TO, "4711") if word in shown]
