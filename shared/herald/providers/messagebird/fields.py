"""The fields of MessageBird's webhooks: a report's in the query of a GET, a message's in a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from herald.contracts.text import storable
from herald.providers.lenient_json import NotUnderstoodError, Reason, iso_moment
from herald.providers.webhook_requests import WebhookRequest, as_text

NAME = "messagebird"
CHANNEL = "sms"
FILES_FIELD = "mediaUrls"  # the only one that may be there several times

Fields = Mapping[str, str]

_COMPACT = len("YYYYMMDDhhmmss")


def fields_of(request: WebhookRequest) -> tuple[Fields, list[str]]:
    """Return the fields, of each the first, and the links of all files.

    Raises:
        NotUnderstoodError: more fields than anyone sends.
    """
    try:
        encoded = request.query_fields if request.method == "GET" else request.form_fields
    except ValueError:
        raise NotUnderstoodError(Reason.BEYOND_LIMITS) from None
    fields: dict[str, str] = {}
    files: list[str] = []
    for name, value in encoded:
        known = storable(as_text(name)).removesuffix("[]")
        if known == FILES_FIELD:
            files.append(storable(as_text(value)))
        fields.setdefault(known, storable(as_text(value)))
    return fields, files


def time_of(written: str | None) -> datetime | None:
    """Read a time of ISO 8601, whose `+` may have come as a blank, or YYYYMMDDhhmmss."""
    if written is None:
        return None
    if len(written) == _COMPACT and written.isascii() and written.isdigit():
        written = f"{written[:8]}T{written[8:]}"
    return iso_moment(written) or iso_moment(written.replace(" ", "+"))
