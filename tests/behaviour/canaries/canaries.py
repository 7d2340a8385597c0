"""Canaries: what a message, its recipient and an account hold that must show up nowhere else."""

from __future__ import annotations

import json
from typing import Any

PHONE = "+4915112345678"
EMAIL = "carina.kanarius@example.net"
NAME = "Carina Kanarius"
TEXT = "Your three yellow lamps ship on Tuesday, code K7319X"
SUBJECT = "Lamps in yellow for you"
HTML = "<p>The parcel of lamps is heavy</p>"
VARIABLE = "a yellow variable of lamps"
CAPTION = "the caption of a yellow picture"
FILENAME = "yellow-lamps-invoice.pdf"
LINK = "https://files.example.com/private/4f2a9c77/invoice"
SECRET = "canary-secret-9f8e7d6c"

# what a provider may repeat of a message, all at once
ECHO = " | ".join(
    (TEXT, SUBJECT, HTML, VARIABLE, CAPTION, FILENAME, LINK, NAME, PHONE, PHONE[1:], EMAIL)
)

# any of these gives one away; small parts of them, so that a cut or changed one counts, too
TRACES = (
    *("yellow lamps", "k7319x", "lamps in yellow", "parcel of lamps", "yellow variable"),
    *("yellow picture", "lamps-invoice", "4f2a9c77", "carina", "kanarius"),
    *("15112345678", "canary-secret"),
)

CONTENTS: dict[str, list[dict[str, Any]]] = {
    "whatsapp": [
        {"text": TEXT},
        {"template": {"name": "t", "language": "en", "variables": {"1": VARIABLE, "2": TEXT}}},
        {"media": [{"url": LINK, "kind": "document", "caption": CAPTION, "filename": FILENAME}]},
    ],
    "sms": [
        {"text": TEXT},
        {"text": TEXT, "media": [{"url": LINK, "kind": "image"}]},
    ],
    "email": [{"text": TEXT, "subject": SUBJECT, "html": HTML}],
}
ADDRESSES = {"whatsapp": PHONE, "sms": PHONE, "email": EMAIL}


def traces(*found: Any) -> set[str]:
    """Return which canaries stand in what was found: texts, or whatever can be written as JSON."""
    texts = (one if isinstance(one, str) else json.dumps(one, default=repr) for one in found)
    text = "\n".join(texts).casefold()
    digits = "".join(char for char in text if char.isdigit())
    return {trace for trace in TRACES if trace in text or (trace.isdigit() and trace in digits)}


def allowed(content: dict[str, Any]) -> str:
    """Echo no more than a provider knows of this content and its recipient."""
    document = json.dumps(content)
    parts = (TEXT, SUBJECT, HTML, VARIABLE, CAPTION, FILENAME, LINK)
    return " | ".join([*(part for part in parts if part in document), NAME, PHONE, EMAIL, SECRET])
