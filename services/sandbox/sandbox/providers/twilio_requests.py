"""What Twilio's Messages API checks in a request, and its error responses.

Source: Twilio, "Message resource" and "Error and Warning Dictionary".
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json
from starlette.responses import JSONResponse, Response

from sandbox.inbox import Shown, ShownFile
from sandbox.providers.twilio_webhooks import WHATSAPP_PREFIX, Form, channel_of

MAX_BODY = 1600
MAX_VALIDITY = 36_000  # seconds
# Twilio, "Location messages with the WhatsApp API"
_GEO = re.compile(r"geo:(-?\d{1,2}(?:\.\d+)?,-?\d{1,3}(?:\.\d+)?)(?:\|(.{1,512}))?")
_SECONDS = re.compile(r"[0-9]{1,5}")
_E164 = re.compile(r"\+[1-9]\d{4,14}")

TITLES: dict[int, str] = {
    14107: "SMS send rate limit exceeded",
    20003: "Authenticate",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    21211: "Invalid 'To' Phone Number",
    21602: "Message body is required",
    21603: "A 'From' phone number is required",
    21604: "A 'To' phone number is required",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21624: "Invalid validity period value",
    21655: "The ContentSid is Invalid",
    21656: "The ContentVariables Parameter is invalid",
    63030: "Unsupported parameter for type of channels message",
    21910: "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel",
}
HTTP_STATUS: dict[int, int] = {
    20003: 401,
    20404: 404,
    14107: 429,
    20429: 429,
    21611: 429,
    20500: 500,
}


def error(code: int, headers: dict[str, str] | None = None) -> Response:
    """Respond with an error in Twilio's form."""
    status = HTTP_STATUS.get(code, 400)
    body = {
        "code": code,
        "message": TITLES.get(code, "Bad request"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return JSONResponse(body, status_code=status, headers=headers)


def read_form(body: str) -> Form:
    """Read a request's form; several files are in one field, a line each."""
    fields = parse_qsl(body, keep_blank_values=True)
    files = "\n".join(value for name, value in fields if name == "MediaUrl")
    return {**dict(fields), "MediaUrl": files} if files else dict(fields)


def problem_of(form: Form) -> int | None:
    """Return the code of the first error in a request's form."""
    return _address_problem(form) or _content_problem(form)


def _address_problem(form: Form) -> int | None:
    to, sender = form.get("To", ""), form.get("From", "")
    if not to:
        return 21604
    if not _E164.fullmatch(to.removeprefix(WHATSAPP_PREFIX)):
        return 21211
    if not sender:
        return None if form.get("MessagingServiceSid") else 21603
    return None if channel_of(sender) == channel_of(to) else 21910


def _content_problem(form: Form) -> int | None:
    if not any(form.get(name) for name in ("Body", "MediaUrl", "ContentSid")):
        return 21602
    if len(form.get("Body", "")) > MAX_BODY:
        return 21617
    if not form.get("ContentSid", "HX").startswith("HX"):
        return 21655
    if not _is_validity(form.get("ValidityPeriod", "1")):
        return 21624
    action = form.get("PersistentAction")
    is_whatsapp = channel_of(form["To"]) == "whatsapp"
    if action is not None and not (is_whatsapp and _GEO.fullmatch(action)):
        return 63030
    return None if _variables(form) is not None else 21656


def _is_validity(seconds: str) -> bool:
    return _SECONDS.fullmatch(seconds) is not None and 1 <= int(seconds) <= MAX_VALIDITY


def shown(form: Form) -> Shown:
    """Describe what the recipient sees; the words of a template are Twilio's alone."""
    files = form.get("MediaUrl", "").split()
    template = form.get("ContentSid")
    return Shown(
        text="" if template else "\n".join(filter(None, (form.get("Body"), _place(form)))),
        files=tuple(ShownFile(url=url) for url in files),
        template=template,
        variables={name: str(value) for name, value in (_variables(form) or {}).items()},
    )


def _place(form: Form) -> str | None:
    found = _GEO.fullmatch(form.get("PersistentAction", ""))
    return None if found is None else "\n".join(filter(None, (found[2], f"geo:{found[1]}")))


def _variables(form: Form) -> dict[str, Any] | None:
    try:
        variables = from_json(form.get("ContentVariables", "{}"))
    except ValueError:
        return None
    return variables if isinstance(variables, dict) else None
