"""What Herald takes and can say on WhatsApp, Meta takes as well: as its stand-in checks it."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from herald.contracts.content import Content
from herald.contracts.content.mediums import why_unsayable
from herald.contracts.failures import Failure
from sandbox.providers.whatsapp_cloud_files import Uploads
from sandbox.providers.whatsapp_cloud_requests import read_message
from unit.channel_whatsapp.making import work
from unit.providers.whatsapp_cloud.making import message_for

URL = "https://files.example.com/a.png"
REPLY = {"reference": "wamid.IN", "account": "wa-main"}


def words(longest: int) -> st.SearchStrategy[str]:
    """Give words as short and as long as may be, of one or of several units of UTF-16."""
    return st.sampled_from([1, longest]).flatmap(
        lambda length: st.sampled_from(["x" * length, "👍" * length])
    )


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


IDS = st.sampled_from(["a", "b", "c", "d" * 200, "e", "f"])
BUTTONS = st.lists(st.fixed_dictionaries({"id": IDS, "title": words(20)}), min_size=1, max_size=3)
ROW = st.fixed_dictionaries({"id": IDS, "title": words(24), "description": maybe(words(72))})
SECTION = st.fixed_dictionaries(
    {"title": maybe(words(24)), "rows": st.lists(ROW, min_size=1, max_size=3)}
)
FILE = st.fixed_dictionaries(
    {
        "url": st.just(URL),
        "kind": st.sampled_from(["image", "video", "audio", "document", "sticker"]),
        "caption": maybe(words(1024)),
        "filename": maybe(st.just("a.pdf")),
    }
)
HEADER = st.one_of(
    st.builds(lambda text: {"variables": {"1": text}}, words(60)),
    st.builds(
        lambda kind: {"media": {"url": URL, "kind": kind}}, st.sampled_from(["image", "video"])
    ),
    st.just({"location": {"latitude": 1, "longitude": -1}}),
)
TEMPLATE = st.fixed_dictionaries(
    {
        "name": st.just("order"),
        "variables": st.sampled_from([{}, {"1": "x"}, {"day": "x"}]),
        "header": maybe(HEADER),
        "buttons": maybe(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "index": st.sampled_from([0, 9]),
                        "kind": st.sampled_from(["quick_reply", "url", "copy_code"]),
                        "value": words(15),
                    }
                ),
                max_size=2,
            )
        ),
    }
)
TAPPED = st.one_of(
    st.just({}),
    st.builds(lambda buttons: {"buttons": buttons}, BUTTONS),
    st.builds(
        lambda label, sections: {"list": {"button": label, "sections": sections}},
        words(20),
        st.lists(SECTION, min_size=1, max_size=2),
    ),
    st.builds(lambda title: {"link": {"title": title, "url": URL}}, words(20)),
)
CONTENTS = st.builds(
    lambda length, around, tapped, file: {
        "text": "x" * length,
        **(around if tapped else {}),
        **tapped,
        "media": [] if file is None or "header" in around else [file],
    },
    st.sampled_from([1, 1024, 4096]),
    st.fixed_dictionaries({}, optional={"header": words(60), "footer": words(60)}),
    TAPPED,
    maybe(FILE),
)
ALONE = st.one_of(
    st.builds(
        lambda lat, long, name: {"location": {"latitude": lat, "longitude": long, "name": name}},
        st.floats(-90, 90),
        st.floats(-180, 180),
        maybe(words(256)),
    ),
    st.builds(
        lambda name, last: {"contacts": [{"name": name, "last_name": last}]},
        words(9),
        maybe(words(9)),
    ),
    st.builds(
        lambda emoji: {"reaction": {"emoji": emoji}}, st.sampled_from(["", "👍", "👩‍👩‍👧‍👦"])
    ),
    st.builds(lambda typing: {"read_receipt": {"typing": typing}}, st.booleans()),
    st.builds(lambda template: {"template": template}, TEMPLATE),
)


AROUND = {"header": "x" * 60, "footer": "x" * 60}
MOST_BUTTONS = [{"id": f"{n:>0256}", "title": f"{n:>020}"} for n in range(3)]
MOST_ROWS = [{"id": f"{n:>0200}", "title": f"{n:>024}", "description": "x" * 72} for n in range(10)]
SECTIONS = [{"title": "x" * 24, "rows": MOST_ROWS[:5]}, {"title": "y" * 24, "rows": MOST_ROWS[5:]}]


@example({"text": "x" * 4096})
@example({"text": "x" * 1024, "media": [{"url": URL, "kind": "image"}]})
@example({"text": "x" * 1024, "buttons": MOST_BUTTONS, **AROUND})
@example({"text": "x" * 4096, "list": {"button": "x" * 20, "sections": SECTIONS}, **AROUND})
@example({"text": "x" * 1024, "link": {"title": "x" * 20, "url": URL}, **AROUND})
@settings(max_examples=50)
@given(parts=CONTENTS | ALONE)
def test_meta_takes_what_herald_says(parts: dict[str, Any]) -> None:
    """No message is refused for a limit that the router could have known."""
    try:
        content = Content.model_validate_json(to_json(parts))
    except ValueError:
        assume(False)
    holds_template = content.template is not None
    assume(why_unsayable("whatsapp", content, holds_template=holds_template) is None)
    body = message_for(work({**content.model_dump(exclude={"overrides"}), "in_reply_to": REPLY}))
    assert not isinstance(body, Failure)
    assert read_message(to_json(body), Uploads()) == body
