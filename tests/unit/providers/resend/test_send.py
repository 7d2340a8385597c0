"""What Resend is asked to send, what its responses mean, and what follows a lost one."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, cast

import pytest

from channel_email.content import render
from herald.contracts.failures import Failure
from herald.http.client import HttpClient
from herald.http.errors import NotSentError, ResponseLostError
from herald.http.response import HttpResponse
from herald.providers.resend.account import ResendAccount, ResendSecrets
from herald.providers.resend.errors import FAILURE_CLASSES
from herald.providers.resend.send import make_provider, read_response, write_mail, write_request
from herald.providers.sending import Accepted, Refused, SendResult, Uncertain
from unit.channel_email.making import ATTEMPT, TO, work
from unit.channel_email.test_attachments import PNG, rendered
from unit.providers.sending import context_of

ACCOUNT = ResendAccount(provider="resend")
SECRETS = ResendSecrets.model_validate({"api_key": "re_1"})
HELLO = {"subject": "Hi", "text": "Hello", "html": "<p>Hello</p>"}
TAG = ATTEMPT.replace(".", "_")


def mail(content: dict[str, Any], account: ResendAccount = ACCOUNT, **changes: Any) -> Any:
    order = work(content, **changes)
    made = render(order, holds_template=False)
    assert not isinstance(made, Failure)
    return write_mail(account, order, made)


def test_a_mail() -> None:
    """A mail goes as JSON, with our attempt as a tag in the characters that a tag may have."""
    assert mail(HELLO, recipient_name="Ada") == {
        "from": '"Herald" <no-reply@example.com>',
        "to": [f'"Ada" <{TO}>'],
        "subject": "Hi",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "tags": [{"name": "herald_attempt", "value": TAG}],
    }


def test_headers() -> None:
    """Links, threading and, where it is asked for, our Message-ID go as headers."""
    url = "https://hooks.example.com/unsubscribe/x"
    content = {**HELLO, "in_reply_to": {"reference": "<a@b.example>"}}
    account = ACCOUNT.model_copy(update={"own_message_id": True})
    assert mail(content, account, unsubscribe_url=url)["headers"] == {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Message-ID": f"<{ATTEMPT}@example.com>",
        "In-Reply-To": "<a@b.example>",
        "References": "<a@b.example>",
    }


def test_files() -> None:
    """Files go as base64; an image of the HTML has its id."""
    media: list[dict[str, Any]] = [
        {"url": "https://x.example/a", "attach": True},
        {"url": "https://x.example/b", "content_id": "logo"},
    ]
    sent = write_mail(ACCOUNT, work(), rendered(media, ["../a.pdf", "b.png"], **HELLO))
    content = {"content": b64encode(PNG).decode(), "content_type": "image/png"}
    assert sent["attachments"] == [
        {"filename": "a.pdf", **content},
        {"filename": "b.png", **content, "content_id": "logo"},
    ]


def test_the_key_is_the_attempt() -> None:
    """Each attempt has its own idempotency key."""
    order = work(HELLO)
    made = render(order, holds_template=False)
    assert not isinstance(made, Failure)
    request = write_request(context_of(ACCOUNT, SECRETS), order, made)
    assert request.headers["Idempotency-Key"] == ATTEMPT
    assert request.headers["Authorization"] == "Bearer re_1"


def response(status: int, document: Any, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status, headers or {}, json.dumps(document).encode())


OK = response(200, {"id": "49a3999c"})


def refusal(name: str, status: int = 422) -> HttpResponse:
    return response(status, {"statusCode": status, "name": name, "message": "no"})


@pytest.mark.parametrize("name", FAILURE_CLASSES)
def test_errors(name: str) -> None:
    """An error has the class of its name; what may have been taken is not refused."""
    result, expected = read_response(refusal(name)), FAILURE_CLASSES[name]
    if expected == "ambiguous":
        assert result == Uncertain(name)
        return
    assert isinstance(result, Refused)
    assert result.failure.failure_class is expected


class Answers:
    """A client that gives one answer after another, and remembers what was asked."""

    def __init__(self, *answers: HttpResponse | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, bytes]] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpResponse:
        assert method == "POST"
        self.asked.append((url, headers["Idempotency-Key"], body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


LOST = ResponseLostError("connection_reset")
BARE = HttpResponse(502, {}, b"<html>")
REPEATED: dict[str, tuple[list[HttpResponse | Exception], SendResult]] = {
    "taken": ([LOST, OK], Accepted(("49a3999c",))),
    "taken after a bare error": ([BARE, OK], Accepted(("49a3999c",))),
    "lost again": ([LOST, LOST], Uncertain("connection_reset")),
    "still under way": (
        [LOST, refusal("concurrent_idempotent_requests", 409)],
        Uncertain("connection_reset"),
    ),
    "too fast now": ([LOST, refusal("rate_limit_exceeded", 429)], Uncertain("connection_reset")),
    "no way now": ([LOST, NotSentError("connect")], Uncertain("connection_reset")),
}


@pytest.mark.parametrize(("answers", "expected"), REPEATED.values(), ids=REPEATED)
async def test_a_lost_response(
    answers: list[HttpResponse | Exception], expected: SendResult
) -> None:
    """The same call is made once more under the same key; only a clear answer settles it."""
    client = Answers(*answers)
    provider = make_provider(context_of(ACCOUNT, SECRETS, cast("HttpClient", client)))
    order = work(HELLO)
    result = await provider.send(order, render(order, holds_template=False))
    assert type(result) is type(expected)
    if isinstance(result, Uncertain):
        assert result == expected
    assert client.asked == [client.asked[0]] * 2


async def test_a_refusal_after_a_lost_response() -> None:
    """A refusal for good under the same key says that the first call was refused, too."""
    client = Answers(LOST, refusal("validation_error"))
    provider = make_provider(context_of(ACCOUNT, SECRETS, cast("HttpClient", client)))
    result = await provider.send(work(HELLO), render(work(HELLO), holds_template=False))
    assert isinstance(result, Refused)
    assert result.failure.code == "validation_error"


async def test_an_answer_is_final() -> None:
    """What was answered is not asked again."""
    client = Answers(OK)
    provider = make_provider(context_of(ACCOUNT, SECRETS, cast("HttpClient", client)))
    assert isinstance(
        await provider.send(work(HELLO), render(work(HELLO), holds_template=False)), Accepted
    )
    assert len(client.asked) == 1
