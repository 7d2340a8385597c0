"""Files that Meta is given before the message: no message goes without them, and none twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest

from behaviour.providers.api_server import (
    ApiServer,
    Ending,
    ReceivedRequest,
    closed_port,
    http_client,
    serving_api,
)
from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.http.client import HttpClient
from herald.providers.files import File
from herald.providers.sending import Accepted, NotSent, Refused, Uncertain
from unit.channel_whatsapp.making import work
from unit.providers.whatsapp_cloud.making import TOKEN, uploading

URL = "https://files.example.com/bill"
BILL = {"media": [{"url": URL, "kind": "document", "filename": "bill.pdf", "caption": "Bill"}]}
TAKEN = {"id": "2762702990552401", "messages": [{"id": "wamid.X"}]}  # of both endpoints
BYTES = b"%PDF-\r\n--herald\r\n\x00\xff"


@pytest.fixture
async def meta() -> AsyncIterator[ApiServer]:
    """Give a Graph API that takes files and messages."""
    async with serving_api() as provider:
        provider.will(200, TAKEN)
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    """Give a caller with a short patience."""
    async with http_client(0.3) as caller:
        yield caller


async def fetch(media: Media) -> File | Failure:
    return File(media=media, name='a "b"\r\n.pdf', content_type="application/pdf", body=BYTES)


def lines(meta: ApiServer) -> list[str]:
    return [asked.line.split()[1].rpartition("/")[2] for asked in meta.requests]


def parts_of(asked: ReceivedRequest) -> dict[Any, Any]:
    """Read a form as a server does."""
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + asked.body)
    return {part.get_param("name", header="content-disposition"): part for part in form.walk()}


async def test_a_file_goes_before_its_message(meta: ApiServer, http: HttpClient) -> None:
    """Meta gets the bytes with their type, then a message that names them by its id."""
    result = await uploading(meta.base_url, http, fetch).send(work(BILL))
    assert isinstance(result, Accepted)
    assert lines(meta) == ["media", "messages"]
    upload, message = meta.requests
    assert upload.headers["authorization"] == f"Bearer {TOKEN}"
    parts = parts_of(upload)
    assert parts["messaging_product"].get_payload() == "whatsapp"
    assert parts["type"].get_payload() == "application/pdf"
    assert parts["file"].get_payload(decode=True) == BYTES
    assert parts["file"].get_filename() == "a _b___.pdf"
    assert message.json["document"] == {
        "id": "2762702990552401",
        "caption": "Bill",
        "filename": "bill.pdf",
    }


async def test_a_file_is_uploaded_once_for_many(meta: ApiServer, http: HttpClient) -> None:
    """Messages at once, and later ones for a while, share one upload; a text needs none."""
    account = uploading(meta.base_url, http, fetch)
    await asyncio.gather(*(account.send(work(BILL)) for _ in range(3)))
    await account.send(work(BILL))
    await account.send(work({"text": "Hi"}))
    assert sorted(lines(meta)) == ["media", *["messages"] * 5]


@pytest.mark.parametrize(
    "content",
    [
        {"template": {"name": "x", "header": {"media": {"url": URL, "kind": "image"}}}},
        {
            "text": "x",
            "buttons": [{"id": "1", "title": "x"}],
            "media": [{"url": URL, "kind": "image"}],
        },
    ],
)
async def test_files_above_a_text_are_uploaded_too(
    meta: ApiServer, http: HttpClient, content: dict[str, Any]
) -> None:
    """Those of templates and above buttons."""
    await uploading(meta.base_url, http, fetch).send(work(content))
    assert lines(meta) == ["media", "messages"]
    assert '"image":{"id":"2762702990552401"}' in meta.requests[1].body.decode()


@pytest.mark.parametrize(
    ("status", "body", "expected", "code"),
    [
        (400, {"error": {"code": 131053}}, "transient", "131053"),
        (400, {"error": {"code": 100}}, "permanent", "100"),
        (401, {"error": {"code": 190}}, "auth", "190"),
        (500, b"<html>", "transient", "upload_http_500"),
        (200, {}, "transient", "upload_http_200"),
        (413, b"<html>", "permanent", "http_413"),
    ],
)
async def test_a_refused_file_sends_no_message(
    meta: ApiServer, http: HttpClient, status: int, body: Any, expected: str, code: str
) -> None:
    """Nothing is uncertain about the message, whatever became of the file."""
    meta.will(status, body)
    result = await uploading(meta.base_url, http, fetch).send(work(BILL))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (expected, code)
    assert lines(meta) == ["media"]


@pytest.mark.parametrize(
    ("ending", "code"), [("silence", "upload_read_timeout"), ("reset", "upload_connection_reset")]
)
async def test_a_lost_upload_sends_no_message(
    meta: ApiServer, http: HttpClient, ending: Ending, code: str
) -> None:
    """It may be tried again: a file that nobody names is shown to nobody."""
    meta.ending = ending
    result = await uploading(meta.base_url, http, fetch).send(work(BILL))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == ("transient", code)
    assert lines(meta) == ["media"]


async def test_a_message_lost_after_its_upload_is_not_sent_again(
    meta: ApiServer, http: HttpClient
) -> None:
    """The file is there, and the fate of the message unknown, as of any other."""
    account = uploading(meta.base_url, http, fetch)
    await account.send(work(BILL))
    meta.ending = "reset"
    assert await account.send(work(BILL)) == Uncertain("connection_reset")
    assert lines(meta) == ["media", "messages", "messages"]


async def test_a_file_that_cannot_be_fetched_makes_no_call(
    meta: ApiServer, http: HttpClient
) -> None:
    """The failure is the fetching's own, and says nothing of the account."""
    failure = Failure.of(FailureClass.CONTENT, "file_too_large", "")

    async def refuse(_: Media, /) -> File | Failure:
        return failure

    result = await uploading(meta.base_url, http, refuse).send(work(BILL))
    assert result == Refused(failure, of_message=True)
    assert meta.requests == []


async def test_an_api_out_of_reach(http: HttpClient) -> None:
    """An upload that was never sent makes no try, and the file is asked for again."""
    account = uploading(f"http://127.0.0.1:{closed_port()}", http, fetch)
    assert await account.send(work(BILL)) == NotSent("connect")
