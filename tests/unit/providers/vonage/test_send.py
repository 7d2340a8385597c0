"""SMS and WhatsApp through Vonage's Messages API: messages, and what its responses mean."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from channel_sms.content import render as render_sms
from channel_whatsapp.content import render as render_whatsapp
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work, WorkContent, WorkReply
from herald.contracts.work_parts import WorkMedia, WorkTemplate
from herald.http.response import HttpResponse
from herald.providers.budgets import Scope
from herald.providers.sending import Accepted, Refused, Uncertain
from herald.providers.vonage.account import VonageSecrets
from herald.providers.vonage.messages import write_message
from herald.providers.vonage.send import read_response, write_request
from unit.channel.making import NOW, work
from unit.providers.sending import context_of
from unit.providers.vonage.making import account

UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
DAYS = {"button": "Days", "sections": [{"rows": [{"id": "mo", "title": "Monday"}]}]}
HEAD = {"to": "15550002222", "from": "15550001111", "client_ref": work().tag}


def sms(order: Work, **options: Any) -> dict[str, Any] | Failure:
    content = render_sms(order, holds_template=False)
    assert not isinstance(content, Failure)
    return write_message(account(**options), "main", order, content, NOW)


def whatsapp(**content: Any) -> dict[str, Any] | Failure:
    """Write a message by WhatsApp, without what every one has."""
    said = WorkContent(**content)
    order = work(channel="whatsapp", content=said)
    rendered = render_whatsapp(order, holds_template=said.template is not None)
    assert not isinstance(rendered, Failure)
    found = write_message(account(channel="whatsapp"), "main", order, rendered, NOW)
    if isinstance(found, Failure):
        return found
    assert {**HEAD, "channel": "whatsapp"}.items() <= found.items()
    return {name: value for name, value in found.items() if name not in {*HEAD, "channel"}}


def response(document: Any, status: int = 202, **headers: str) -> HttpResponse:
    return HttpResponse(status, headers, json.dumps(document).encode())


def problem(code: Any, status: int, **headers: str) -> HttpResponse:
    document = {
        "type": f"https://developer.vonage.com/api-errors/messages#{code}",
        "title": "Nope",
        "detail": "Number 15550002222 said no",
        "instance": "bf0ca0bf",
    }
    return response(document, status, **headers)


def test_an_sms() -> None:
    """A text with its encoding, tried until the message expires."""
    assert sms(work()) == {
        **HEAD,
        "channel": "sms",
        "message_type": "text",
        "text": "Hello",
        "ttl": 3600,
        "sms": {"encoding_type": "text"},
    }
    options = {"validity": "5m", "entity_id": "110", "content_id": "7"}
    found = sms(work(content=WorkContent(text="Grüße 😀")), **options)
    assert not isinstance(found, Failure)
    assert found["sms"] == {"encoding_type": "unicode", "entity_id": "110", "content_id": "7"}
    assert found["ttl"] == 300
    late = sms(work(not_after=NOW - timedelta(hours=1)))
    assert not isinstance(late, Failure)
    assert late["ttl"] == 20


@pytest.mark.parametrize(
    ("changes", "failure_class", "code"),
    [
        ({"sender": None}, FailureClass.AUTH, "no_sender"),
        ({"to": "US.1234567890"}, FailureClass.UNREACHABLE, "user_id"),
        ({"content": WorkContent(text="x" * 1001)}, FailureClass.PERMANENT, "too_long"),
        (
            {
                "content": WorkContent(
                    media=(WorkMedia(url="https://a.example.com/a.png", kind="image"),)
                )
            },
            FailureClass.PERMANENT,
            "media",
        ),
    ],
)
def test_what_costs_no_call(
    changes: dict[str, Any], failure_class: FailureClass, code: str
) -> None:
    """Without a sender, too long, or with files, there is nothing to ask for."""
    found = sms(work(**changes))
    assert isinstance(found, Failure)
    assert (found.failure_class, found.code) == (failure_class, code)


def test_texts_and_files_by_whatsapp() -> None:
    """A file goes by link, in Vonage's word for its kind, with its caption and name."""
    assert whatsapp(text="Hi") == {"message_type": "text", "text": "Hi"}
    url = "https://a.example.com/a"
    for kind, word in (("image", "image"), ("video", "video"), ("document", "file")):
        media = WorkMedia.model_validate({"url": url, "kind": kind, "filename": "a.bin"})
        name = {"name": "a.bin"} if word == "file" else {}
        assert whatsapp(text="Look", media=(media,)) == {
            "message_type": word,
            word: {"url": url, "caption": "Look", **name},
        }
    audio = whatsapp(media=(WorkMedia(url=url, kind="audio"),))
    assert audio == {"message_type": "audio", "audio": {"url": url}}


def test_a_plain_template() -> None:
    """Numbered variables go by position, with the language as WhatsApp writes it."""
    template = WorkTemplate(
        name="parcel", language="pt-BR", variables={"10": "j", "2": "b", "1": "a"}
    )
    assert whatsapp(template=template) == {
        "message_type": "template",
        "template": {"name": "parcel", "parameters": ["a", "b", "j"]},
        "whatsapp": {"policy": "deterministic", "locale": "pt_BR"},
    }
    bare = whatsapp(template=WorkTemplate(name="hello"))
    assert isinstance(bare, dict)
    assert bare["template"] == {"name": "hello"}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"template": WorkTemplate(name="parcel", variables={"name": "Ada"})}, "template"),
        ({"text": "Well?", "buttons": [{"id": "y", "title": "Yes"}]}, "interactive"),
        ({"text": "When?", "list": DAYS}, "interactive"),
        ({"location": {"latitude": 1, "longitude": 2}}, "location"),
        ({"contacts": [{"name": "Ada"}]}, "contacts"),
    ],
)
def test_what_goes_to_whatsapp_as_it_is(content: dict[str, Any], kind: str) -> None:
    """Vonage has no form of its own for these: WhatsApp's own object goes along."""
    found = whatsapp(**content)
    assert isinstance(found, dict)
    assert found["message_type"] == "custom"
    assert found["custom"]["type"] == kind
    assert found["custom"][kind]


def test_answers_and_reactions() -> None:
    """An answer quotes a message of this account; a reaction needs one."""
    reply = WorkReply(reference=UUID, account="main")
    quoted = {"context": {"message_uuid": UUID}}
    assert whatsapp(text="Hi", in_reply_to=reply) == {
        "message_type": "text",
        "text": "Hi",
        **quoted,
    }
    assert whatsapp(reaction={"emoji": "👍"}, in_reply_to=reply) == {
        "message_type": "reaction",
        "reaction": {"action": "react", "emoji": "👍"},
        **quoted,
    }
    taken_back = whatsapp(reaction={"emoji": ""}, in_reply_to=reply)
    assert isinstance(taken_back, dict)
    assert taken_back["reaction"] == {"action": "unreact"}
    for refused in (
        whatsapp(reaction={"emoji": "👍"}, in_reply_to=WorkReply(reference=UUID, account="x")),
        whatsapp(read_receipt={"typing": False}, in_reply_to=reply),
    ):
        assert isinstance(refused, Failure)


def test_a_request() -> None:
    """It says where its statuses go, unless the account leaves that to Vonage's settings."""
    secrets = VonageSecrets.model_validate({"signature_secrets": ["x"], "api_secret": "s3cret"})
    order = work()
    content = render_sms(order, holds_template=False)
    assert not isinstance(content, Failure)
    for says, names in ((True, {"webhook_url", "webhook_version"}), (False, set())):
        context = context_of(account(api_key="abcd", sends_callback=says), secrets)
        found = write_request(context, order, content)
        assert not isinstance(found, Failure)
        assert found.url == "https://api.nexmo.com/v1/messages"
        document = json.loads(found.body)
        assert {name for name in document if name.startswith("webhook")} == names
        assert "s3cret" not in repr(found)


def test_accepted() -> None:
    """202 with an id is the acceptance; anything else that can't be read leaves it open."""
    result = read_response(response({"message_uuid": UUID}))
    assert result == Accepted((UUID,), element={"message_uuid": UUID})
    for document, status in (({}, 202), ({"message_uuid": ""}, 202), ({"message_uuid": UUID}, 200)):
        assert isinstance(read_response(response(document, status)), Uncertain)
    assert read_response(response("<<<", 500)) == Uncertain("http_500")


@pytest.mark.parametrize(
    ("code", "status", "failure_class", "scope"),
    [
        (1170, 422, FailureClass.UNREACHABLE, None),
        (1240, 422, FailureClass.OPTED_OUT, None),
        (1020, 422, FailureClass.PERMANENT, None),
        (1030, 500, FailureClass.TRANSIENT, None),
        (1000, 429, FailureClass.RATE_LIMITED, Scope.ACCOUNT),
        (1241, 429, FailureClass.RATE_LIMITED, Scope.PAIR),
        (1460, 422, FailureClass.RATE_LIMITED, None),
        ("unauthorized", 401, FailureClass.AUTH, None),
        ("low-balance", 402, FailureClass.AUTH, None),
        ("of-tomorrow", 402, FailureClass.AUTH, None),
        ("of-tomorrow", 429, FailureClass.RATE_LIMITED, Scope.ACCOUNT),
        ("of-tomorrow", 422, FailureClass.PERMANENT, None),
        ("of-tomorrow", 503, FailureClass.TRANSIENT, None),
    ],
)
def test_errors(code: Any, status: int, failure_class: FailureClass, scope: Scope | None) -> None:
    """What stands behind the # of an error's type decides, else the HTTP status."""
    result = read_response(problem(code, status))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (failure_class, str(code))
    assert result.scope == scope
    assert "15550002222" not in f"{result.failure.text} {result.element}"


def test_waits_and_windows() -> None:
    """A throttled call waits as asked; outside the window a template may still go."""
    throttled = read_response(problem(1000, 429, **{"Retry-After": "7"}))
    assert isinstance(throttled, Refused)
    assert throttled.failure.retry_after == timedelta(seconds=7)
    closed = read_response(problem(1340, 422))
    assert isinstance(closed, Refused)
    assert closed.outside_window
