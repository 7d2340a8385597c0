"""The few pages that people see: plain, without anything from elsewhere, and without an address."""

from __future__ import annotations

from herald.providers.webhook_responses import WebhookResponse

_HTML = "text/html; charset=utf-8"
_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; form-action 'self'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex"),
    (b"cache-control", b"no-store"),
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
</head><body><h1>{title}</h1>{body}</body></html>
"""


def _page(status: int, title: str, body: str) -> WebhookResponse:
    text = _PAGE.format(title=title, body=body)
    return WebhookResponse(status, text.encode(), content_type=_HTML, headers=_HEADERS)


CONFIRM = _page(
    200,
    "Unsubscribe",
    "<p>Do you want to get no more of these mails?</p>"
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    '<button type="submit">Unsubscribe</button></form>',
)
DONE = _page(200, "Unsubscribed", "<p>You will get no more of these mails.</p>")
UNKNOWN_LINK = _page(404, "This link does not work", "<p>Is it complete?</p>")
