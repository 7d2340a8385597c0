"""Which rich parts a content has, and which of them make one message. Pure."""

from __future__ import annotations

from operator import attrgetter

from herald.contracts.content import ALONE, ChannelContent
from herald.contracts.content.unsayable import Unsayable

# what a recipient taps, and the longest text above it in characters: Meta, "Interactive reply
# buttons messages", "Interactive list messages", "Interactive call-to-action URL button messages"
LONGEST_BODY: dict[str, int] = {"buttons": 1024, "list": 4096, "link": 1024}
_WITH_THEM = ("header", "footer")
# the parts that a provider must know how to write
RICH: tuple[str, ...] = (*LONGEST_BODY, *_WITH_THEM, *ALONE)
TEMPLATE_PARTS = ("template.header", "template.buttons")
EVERY_PART = frozenset({*RICH, *TEMPLATE_PARTS})

_values_of = attrgetter(*RICH)
_HEADERS = frozenset({"image", "video", "document"})  # files that stand above a text


def rich_parts(content: ChannelContent, *, holds_template: bool) -> frozenset[str]:
    """Name the rich parts of what is said: of the template, where it is sent instead of all else.

    `in_reply_to` and the like are no parts: what can't say them is still understood.
    """
    if content.template is not None and holds_template:
        given = (f"template.{name}" for name in ("header", "buttons"))
        return frozenset(
            name for name in given if getattr(content.template, name.partition(".")[2])
        )
    values = _values_of(content)
    if not any(values):
        return frozenset()  # mostly so
    return frozenset(name for name, value in zip(RICH, values, strict=True) if value)


def without_parts(content: ChannelContent, names: frozenset[str]) -> ChannelContent:
    """Leave parts out."""
    fields = ChannelContent.model_fields
    return content.model_copy(update={name: fields[name].default for name in names & set(RICH)})


def why_not_one_message(content: ChannelContent) -> Unsayable | None:
    """Say why the parts of a content don't fit into one message of WhatsApp."""
    alone = [name for name in ALONE if getattr(content, name)]
    if alone:
        beside = [name for name in ("text", "media", *RICH) if getattr(content, name)]
        other = next((name for name in beside if name != alone[0]), None)
        return _two(alone[0], other) if other else None
    tapped = [name for name in LONGEST_BODY if getattr(content, name)]
    if not tapped:
        lone = next((name for name in _WITH_THEM if getattr(content, name)), None)
        reason = f"a {lone} goes with {', '.join(LONGEST_BODY)} only"
        return Unsayable(lone, reason, "nothing_to_tap") if lone else None
    if len(tapped) > 1:
        return _two(tapped[1], tapped[0])
    return _why_no_interactive(content, tapped[0])


def _two(part: str, other: str) -> Unsayable:
    return Unsayable(part, f"{other} and {part} are two messages", "two_messages")


def _why_no_interactive(content: ChannelContent, tapped: str) -> Unsayable | None:
    if not content.text:
        return Unsayable(tapped, f"{tapped} need a text above them", "no_text")
    if content.media and content.header:
        return Unsayable("header", "a header is a line or a file, not both", "two_headers")
    if content.media and (tapped == "list" or content.media[0].kind not in _HEADERS):
        kind = content.media[0].kind
        return Unsayable("media", f"no {kind} above {tapped}", "no_file_header")
    if len(content.text) > LONGEST_BODY[tapped]:
        reason = f"over {LONGEST_BODY[tapped]:,} characters above {tapped}"
        return Unsayable("text", reason, "too_long")
    return None
