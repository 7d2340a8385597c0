"""What becomes of a call to Amazon SES, however it ends."""

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
from unit.providers.ses.making import SECRET_KEY, ses

WORK = work()
TAKEN = {"MessageId": "0107018f-m1"}


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


async def send(api: ApiServer, http: HttpClient) -> SendResult:
    return await ses(api.base_url, http).send(WORK)


async def test_accepted(api: ApiServer, http: HttpClient) -> None:
    """The call is signed, with its token; the id of the response is the reference."""
    api.will(200, TAKEN)
    account = ses(api.base_url, http, session_token="a-session-token")
    result = await account.send(WORK)
    assert isinstance(result, Accepted)
    assert (result.references, result.element) == (("0107018f-m1",), TAKEN)
    (asked,) = api.requests
    assert asked.line == "POST /v2/email/outbound-emails HTTP/1.1"
    assert asked.headers["x-amz-security-token"] == "a-session-token"
    proof = asked.headers["authorization"]
    assert proof.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    names = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token"
    assert f"/eu-central-1/ses/aws4_request, {names}, Signature=" in proof
    assert asked.json["Destination"] == {"ToAddresses": [TO]}
    assert account.options.receipts is Receipts.READ


# HTTP status, AWS's name, its words, the class and the scope that they must give
ERRORS = [
    (429, "TooManyRequestsException", "", "rate_limited", Scope.ACCOUNT),
    (400, "Throttling", "Maximum sending rate exceeded.", "rate_limited", Scope.ACCOUNT),
    (400, "MessageRejected", "Maximum sending rate exceeded", "rate_limited", Scope.ACCOUNT),
    (429, "TooManyRequestsException", "Daily message quota exceeded.", "rate_limited", None),
    (400, "LimitExceededException", "", "rate_limited", None),
    (400, "SendingPausedException", "", "auth", None),
    (400, "AccountSuspendedException", "", "auth", None),
    (400, "MailFromDomainNotVerifiedException", "", "auth", None),
    (403, "InvalidSignatureException", "Signature expired", "auth", None),
    (403, "AnErrorOfTomorrow", "", "auth", None),
    (400, "MessageRejected", "Email address is not verified.", "permanent", None),
    (400, "BadRequestException", "", "permanent", None),
    (404, "NotFoundException", "", "permanent", None),
    (400, "AnErrorOfTomorrow", "", "permanent", None),
    (429, "AnErrorOfTomorrow", "", "rate_limited", None),
    (500, "InternalFailure", "", "transient", None),
    (503, "AnErrorOfTomorrow", "", "transient", None),
]


@pytest.mark.parametrize(("status", "name", "words", "expected", "scope"), ERRORS)
async def test_errors(
    api: ApiServer,
    http: HttpClient,
    status: int,
    name: str,
    words: str,
    expected: str,
    scope: Scope | None,
) -> None:
    """An error of AWS's own is judged by its name."""
    api.will(status, {"message": words}, x_amzn_ErrorType=name)
    result = await send(api, http)
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (expected, name)
    assert result.scope is scope
    assert result.of_message == (name == "MailFromDomainNotVerifiedException")


@pytest.mark.parametrize(
    ("headers", "document"),
    [
        ({"x_amzn_ErrorType": "MessageRejected:http://internal.amazon.com/coral/x/"}, {}),
        ({}, {"__type": "com.amazonaws.sesv2#MessageRejected", "Message": "no"}),
        ({}, {"__type": "MessageRejected"}),
    ],
)
async def test_names_of_errors(
    api: ApiServer, http: HttpClient, headers: dict[str, str], document: dict[str, Any]
) -> None:
    """A name may come in the head or in the body, with a URL or a namespace."""
    api.will(400, document, **headers)
    result = await send(api, http)
    assert isinstance(result, Refused)
    assert result.failure.code == "MessageRejected"


UNEXPLAINED = [
    (200, b"{}"),
    (200, b'{"MessageId": 7}'),
    (200, b"<html>"),
    (500, b"<html>"),
    (502, b""),
]


@pytest.mark.parametrize(("status", "body"), UNEXPLAINED)
async def test_unexplained(api: ApiServer, http: HttpClient, status: int, body: bytes) -> None:
    """A response that is not SES's, or says nothing, leaves the mail's fate unknown."""
    api.will(status, body)
    assert await send(api, http) == Uncertain(f"http_{status}")


async def test_nothing_secret_is_shown(api: ApiServer, http: HttpClient) -> None:
    """Neither key, nor address, nor words appear in any result or its repr."""
    answers: list[tuple[int, Any]] = [(200, TAKEN), (400, {"message": f"no {TO}"}), (502, b"x")]
    for status, body in answers:
        api.will(status, body, x_amzn_ErrorType="MessageRejected")
        result = await send(api, http)
        shown = f"{result!r} {getattr(result, 'element', None)}"
        assert not [word for word in (SECRET_KEY, TO, "4711") if word in shown]
