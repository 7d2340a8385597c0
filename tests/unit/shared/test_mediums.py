"""What a medium can say: the rules, and that workers refuse by the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.channel.definitions import definition_of
from herald.contracts.content import ChannelContent
from herald.contracts.content.mediums import why_unsayable
from herald.contracts.content.unsayable import Unsayable
from herald.contracts.failures import Failure
from herald.contracts.work import Work, WorkContent

URL = "https://files.example.com/a.png"


def _content(**parts: Any) -> ChannelContent:
    return WorkContent.model_validate(parts)


def _media(kind: str = "image", **fields: Any) -> dict[str, Any]:
    return {"url": URL, "kind": kind, **fields}


NOTHING: list[tuple[str, dict[str, Any]]] = [
    ("sms", {}),
    ("sms", {"html": "<p>x</p>", "subject": "x"}),
    ("sms", {"template": {"name": "x"}}),
    ("whatsapp", {"html": "<p>x</p>"}),
    ("email", {"subject": "x"}),
    ("email", {"template": {"name": "x"}}),
    ("fax", {"subject": "x"}),
]


@pytest.mark.parametrize(("channel", "parts"), NOTHING)
def test_nothing_to_say(channel: str, parts: dict[str, Any]) -> None:
    """What a medium ignores is nothing to say there; a template its accounts lack, too."""
    problem = why_unsayable(channel, _content(**parts), holds_template=False)
    assert problem == Unsayable(None, f"nothing to say on {channel}", "no_content")


SAYABLE: list[tuple[str, dict[str, Any]]] = [
    ("sms", {"text": "x" * 1600}),
    ("sms", {"media": [_media()] * 10}),
    ("whatsapp", {"text": "x" * 4096}),
    ("whatsapp", {"text": "x" * 1000, "media": [_media(caption="y" * 22)]}),
    ("whatsapp", {"media": [_media("audio")]}),
    ("email", {"subject": "x", "text": "x" * 65_536}),
    ("email", {"subject": "x", "html": "<p>x</p>"}),
    ("email", {"subject": "x", "media": [_media()] * 10}),
    ("fax", {"text": "x" * 65_536}),
    ("fax", {"template": {"name": "x"}}),
]


@pytest.mark.parametrize(("channel", "parts"), SAYABLE)
def test_what_can_be_said(channel: str, parts: dict[str, Any]) -> None:
    """Up to its limits a medium says anything; a channel without an entry has none."""
    assert why_unsayable(channel, _content(**parts), holds_template=False) is None


def test_an_email_needs_a_subject() -> None:
    """Without one it is no mail that anybody would open, or a provider take."""
    content = _content(text="x")
    problem = why_unsayable("email", content, holds_template=False)
    assert problem == Unsayable("subject", "no subject for email", "no_subject")


TOO_MUCH: list[tuple[str, dict[str, Any], str]] = [
    ("sms", {"text": "x" * 1601}, "text"),
    ("whatsapp", {"text": "x" * 4097}, "text"),
    ("whatsapp", {"text": "x" * 1025, "media": [_media()]}, "text"),
    ("whatsapp", {"text": "x", "media": [_media("audio")]}, "text"),
    ("whatsapp", {"media": [_media("audio", caption="x")]}, "media"),
    ("whatsapp", {"text": "x", "media": [_media(), _media()]}, "media"),
]


@pytest.mark.parametrize(("channel", "parts", "at"), TOO_MUCH)
def test_too_much_is_found_with_its_part(channel: str, parts: dict[str, Any], at: str) -> None:
    """What goes beyond a limit names the part that does."""
    problem = why_unsayable(channel, _content(**parts), holds_template=False)
    assert problem is not None
    assert problem.part == at


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "email", "fax"])
def test_a_template_that_is_held_is_all_that_is_sent(channel: str) -> None:
    """Beside such a template no other part counts, however long it is."""
    content = _content(template={"name": "x"}, text="x" * 9000)
    assert why_unsayable(channel, content, holds_template=True) is None


def _work(channel: str, content: ChannelContent) -> Work:
    return Work.model_validate(
        {
            "attempt_id": "00000000-0000-4000-8000-000000000001.1.1",
            "message_id": "00000000-0000-4000-8000-000000000001",
            "tenant": "default",
            "channel": channel,
            "lane": "normal",
            "category": "transactional",
            "to": "ada@example.org" if channel == "email" else "+15550002222",
            "sender": "no-reply@example.com",
            "content": content.model_dump(),
            "not_after": datetime(2030, 1, 1, tzinfo=UTC),
        }
    )


LENGTHS = st.sampled_from([0, 1, 900, 1024, 1025, 1600, 1601, 4096, 4097])
TEXTS = st.none() | LENGTHS.map(lambda length: "x" * length)
FILES = st.builds(
    _media,
    kind=st.sampled_from(["image", "video", "audio", "document", "sticker"]),
    caption=st.none() | st.sampled_from(["", "x", "x" * 1024]),
)
CONTENTS = st.fixed_dictionaries(
    {
        "text": TEXTS,
        "html": st.sampled_from([None, "", "<p>x</p>"]),
        "media": st.lists(FILES, max_size=3),
        "template": st.none() | st.sampled_from([{"name": n} for n in ("x", "HX1", "d-1")]),
        "buttons": st.none() | st.just([{"id": "1", "title": "x"}]),
        "link": st.none() | st.just({"title": "x", "url": URL}),
        "header": st.none() | st.just("x"),
        "location": st.none() | st.just({"latitude": 1, "longitude": 1}),
    }
)


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "email", "fax"])
@given(parts=CONTENTS, holds_template=st.booleans())
def test_a_worker_refuses_what_the_router_skips(
    channel: str, parts: dict[str, Any], holds_template: bool
) -> None:
    """The rule finds exactly what the channel's rendering refuses.

    But for a missing subject: a worker sends what an earlier version accepted without one.
    """
    content = _content(**parts, subject="x")
    held = holds_template and content.template is not None
    rendered = definition_of(channel).render(_work(channel, content), holds_template=held)
    problem = why_unsayable(channel, content, holds_template=held)
    assert isinstance(rendered, Failure) == (problem is not None)
    if isinstance(rendered, Failure) and problem is not None:
        assert (rendered.failure_class, rendered.code) == ("content", problem.code)


def test_an_email_without_a_subject_is_rendered() -> None:
    """The router refuses new ones; one that it accepted earlier still goes out."""
    rendered = definition_of("email").render(
        _work("email", _content(text="x")), holds_template=False
    )
    assert not isinstance(rendered, Failure)
    assert rendered.subject == ""
