"""Which files a channel takes, by their kind: sizes and types. Pure.

By its declared kind the router skips a step; by its real size and type a worker refuses a file that
it has fetched. What is sent as a link alone the provider looks at itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from herald.contracts.content import Media
from herald.contracts.content.unsayable import Unsayable

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
# As base64 and with the rest of a mail it stays below the 25 MB that Gmail and Mailgun take.
MAIL_BYTES = 18 * MEBIBYTE

TOO_LARGE = "media_too_large"
WRONG_TYPE = "media_wrong_type"
WRONG_KIND = "media_kind"


@dataclass(frozen=True, slots=True)
class FileRule:
    """Files of one kind."""

    largest: int  # bytes
    types: tuple[str, ...] = ()  # none: any


@dataclass(frozen=True, slots=True)
class ChannelFiles:
    """Files of one channel: a kind that is not there can't be sent on it."""

    kinds: Mapping[str, FileRule]
    together: int | None = None  # bytes of those of one message


FILE_RULES: Mapping[str, ChannelFiles] = {
    # Meta, "Cloud API, Media": supported media types and their post-processing limits
    "whatsapp": ChannelFiles(
        {
            "image": FileRule(5 * MEBIBYTE, ("image/jpeg", "image/png")),
            "video": FileRule(16 * MEBIBYTE, ("video/mp4", "video/3gpp")),
            "audio": FileRule(
                16 * MEBIBYTE,
                ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
            ),
            "document": FileRule(100 * MEBIBYTE),
            "sticker": FileRule(500 * KIBIBYTE, ("image/webp",)),
        }
    ),
    # Twilio, "Accepted content types for media": 5 MB a message, whatever is in it
    "sms": ChannelFiles(
        {
            "image": FileRule(5 * MEBIBYTE),
            "video": FileRule(5 * MEBIBYTE),
            "audio": FileRule(5 * MEBIBYTE),
            "document": FileRule(5 * MEBIBYTE),
        },
        together=5 * MEBIBYTE,
    ),
    # the least of Gmail, Mailgun (25 MB a mail) and SES, SendGrid (more)
    "email": ChannelFiles(
        {
            "image": FileRule(MAIL_BYTES),
            "video": FileRule(MAIL_BYTES),
            "audio": FileRule(MAIL_BYTES),
            "document": FileRule(MAIL_BYTES),
            "sticker": FileRule(MAIL_BYTES),
        },
        together=MAIL_BYTES,
    ),
}


def why_wrong_kind(channel: str, media: Media) -> Unsayable | None:
    """Say why a channel can't send a file of its declared kind; a channel without rules can."""
    files = FILE_RULES.get(channel)
    if files is None or media.kind in files.kinds:
        return None
    return Unsayable("media", f"no {media.kind} on {channel}", WRONG_KIND)


def largest_of(channel: str, media: Media) -> int | None:
    """Return how many bytes a file of a message may have; None: the channel has no limit."""
    files = FILE_RULES.get(channel)
    rule = files.kinds.get(media.kind) if files is not None else None
    return rule.largest if rule is not None else None


def largest_together(channel: str) -> int | None:
    """Return how many bytes the files of a message may have together; None: no limit."""
    files = FILE_RULES.get(channel)
    return files.together if files is not None else None


def why_wrong_type(channel: str, media: Media, content_type: str) -> Unsayable | None:
    """Say why a channel can't send a file of the type that it really is."""
    files = FILE_RULES.get(channel)
    rule = files.kinds.get(media.kind) if files is not None else None
    if rule is None or not rule.types or content_type in rule.types:
        return None
    takes = ", ".join(rule.types)
    reason = f"{content_type[:64]} is no {media.kind} of {channel}, which takes {takes}"
    return Unsayable("media", reason, WRONG_TYPE)
