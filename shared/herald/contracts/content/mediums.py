"""What a medium can say at all: a step that can't say its content is skipped, and none is tried.

A provider may still refuse what its medium allows. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from herald.contracts.content import ALONE, SAYING, ChannelContent, Media
from herald.contracts.content.file_rules import why_wrong_kind
from herald.contracts.content.rich_rules import why_not_one_message
from herald.contracts.content.segments import count_segments, fewest_segments
from herald.contracts.content.unsayable import Unsayable


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """A medium that sends a text beside a file as the file's caption."""

    longest: int  # characters
    kinds: frozenset[str]  # of files that take one


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """What a medium can say; None is no limit of its own."""

    says: tuple[str, ...]  # the parts of which one is enough; all others are ignored
    needs: tuple[str, ...] = ()  # the parts without which it says nothing
    longest_text: int | None = None  # characters
    most_media: int | None = None
    captions: Captions | None = None
    in_segments: bool = False  # a text is sent and billed in segments
    one_message: bool = False  # of rich parts only those that make one message can be said


MEDIUMS: Mapping[str, Medium] = {
    # Twilio, "Messages resource": Body of at most 1,600 characters, at most 10 MediaUrl
    "sms": Medium(says=("text", "media"), longest_text=1600, most_media=10, in_segments=True),
    # files become links in the text
    "email": Medium(says=("text", "html", "media"), needs=("subject",)),
    # Meta, "Cloud API, messages": text.body of at most 4,096 characters, a caption of 1,024
    "whatsapp": Medium(
        says=("text", "media", *ALONE),
        longest_text=4096,
        most_media=1,
        captions=Captions(longest=1024, kinds=frozenset({"image", "video", "document"})),
        one_message=True,
    ),
}
_ANY = Medium(says=SAYING)  # of a channel without an entry


def why_unsayable(
    channel: str,
    content: ChannelContent,
    *,
    holds_template: bool,
    medium: Medium | None = None,
) -> Unsayable | None:
    """Say why `content` can't be said on `channel`, or None when it can.

    `holds_template` says whether every account that may be used holds the content's template: then
    it is sent instead of everything else. Otherwise it is ignored. `medium`: what an account can
    say, where that is not what its channel can.
    """
    if content.template is not None and holds_template:
        return None
    medium = medium or MEDIUMS.get(channel, _ANY)
    return (
        _missing(channel, medium, content)
        or (why_not_one_message(content) if medium.one_message else None)
        or _wrong_files(channel, medium, content)
        or _too_long(channel, medium, content)
    )


def _missing(channel: str, medium: Medium, content: ChannelContent) -> Unsayable | None:
    for part in medium.says:
        if getattr(content, part):
            break
    else:
        return Unsayable(None, f"nothing to say on {channel}", "no_content")
    for part in medium.needs:
        if not getattr(content, part):
            return Unsayable(part, f"no {part} for {channel}", f"no_{part}")
    return None


def _wrong_files(channel: str, medium: Medium, content: ChannelContent) -> Unsayable | None:
    if not content.media:
        return None
    if medium.most_media is not None and len(content.media) > medium.most_media:
        return Unsayable("media", f"more than {medium.most_media} on {channel}", "too_many_media")
    kinds = (why_wrong_kind(channel, media) for media in content.media)
    if (wrong := next(filter(None, kinds), None)) is not None:
        return wrong
    if medium.captions is not None:
        return _wrong_caption(channel, medium.captions, content.media[0], content.text)
    return None


def _too_long(channel: str, medium: Medium, content: ChannelContent) -> Unsayable | None:
    if medium.longest_text is not None and len(content.text or "") > medium.longest_text:
        reason = f"over {medium.longest_text:,} characters on {channel}"
        return Unsayable("text", reason, "too_long")
    return _too_many_segments(channel, content) if medium.in_segments else None


def _too_many_segments(channel: str, content: ChannelContent) -> Unsayable | None:
    """Count segments; of a text that is still to be transliterated as few as there may be."""
    most, text = content.most_segments, content.text or ""
    if most is None:
        return None
    takes = fewest_segments(text) if content.transliterate else count_segments(text)
    if takes <= most:
        return None
    reason = f"{takes} segments on {channel}, at most {most} are allowed"
    return Unsayable("text", reason, "too_many_segments")


def caption_of(media: Media, text: str | None) -> str:
    """Return what is shown with a file: the text beside it, then its own caption."""
    return "\n\n".join(filter(None, (text, media.caption)))


def _wrong_caption(
    channel: str, captions: Captions, media: Media, text: str | None
) -> Unsayable | None:
    caption, part = caption_of(media, text), "text" if text else "media"
    if caption and media.kind not in captions.kinds:
        return Unsayable(part, f"{media.kind} takes no caption on {channel}", "no_caption")
    if len(caption) > captions.longest:
        reason = f"a caption over {captions.longest:,} characters on {channel}"
        return Unsayable(part, reason, "too_long")
    return None
