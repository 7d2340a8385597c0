"""Meta's Graph API for WhatsApp: sending messages, and its webhooks.

Source: Meta, "Cloud API, messages", "Webhooks reference" and "Cloud API error codes".
"""

from __future__ import annotations

import hmac
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.flow import Flow, Sending, Wording
from sandbox.settings import WhatsAppNumber
from sandbox.signing import meta_body, meta_signature
from sandbox.webhooks import META_RETRIES, META_SETTLED, Build, Webhook

MAX_TEXT = 4096
MEDIA = frozenset({"image", "video", "audio", "document", "sticker"})
_DIGITS = re.compile(r"\+?\d{5,15}")
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]+")  # of a user who shows no number

# What the API says beside a code; codes without a row are told as a bad parameter.
TITLES: dict[int, str] = {
    100: "Invalid parameter",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131014: "Request for url failed",
    131026: "Message undeliverable",
    131050: "User has stopped marketing messages from your business",
    190: "Access token has expired",
    130429: "Rate limit hit",
    131000: "Something went wrong",
    132001: "Template name does not exist in the translation",
}
HTTP_STATUS: dict[int, int] = {190: 401, 130429: 429, 131000: 500}


@dataclass(slots=True)
class Invalid(Exception):  # noqa: N818  a request that is not valid, not an error of ours
    """A request that Meta would refuse."""

    code: int
    details: str


class Graph:
    """The numbers of one sandbox."""

    def __init__(self, numbers: dict[str, WhatsAppNumber], flow: Flow) -> None:
        self._by_id = {number.phone_number_id: (name, number) for name, number in numbers.items()}
        self._flow = flow

    async def messages(self, request: Request) -> Response:
        """Answer `POST /graph/{version}/{phone_number_id}/messages`."""
        found = self._by_id.get(request.path_params["phone_number_id"])
        if found is None or not _authorised(request, found[1]):
            return error(190, "The access token could not be decrypted")
        name, number = found
        try:
            message = _validated(await request.body())
        except Invalid as problem:
            return error(problem.code, problem.details)
        to = message.get("recipient") or message["to"].removeprefix("+")
        attempt = message.get("biz_opaque_callback_data")
        sending = Sending(
            provider="whatsapp_cloud",
            channel="whatsapp",
            account=name,
            to=to,
            attempt=attempt,
            reference=f"wamid.{uuid.uuid4().hex}",
        )
        return await self._flow.play(sending, self._wording(number, to, attempt))

    def inbound(self, account: str, sender: str, message: dict[str, Any]) -> Build:
        """Build the webhook of a recipient's message; `message` has its type and content.

        Raises:
            KeyError: there is no such account.
        """
        number = dict(self._by_id.values())[account]
        return _inbound(number, sender.removeprefix("+"), message)

    def _wording(self, number: WhatsAppNumber, to: str, attempt: str | None) -> Wording:
        return Wording(
            accepted=lambda reference: _accepted(to, reference),
            refused=lambda code: error(code, f"Refused for {to}"),
            throttled=lambda seconds: error(130429, "Too many", {"Retry-After": str(seconds)}),
            failed=lambda: error(131000, "Try again"),
            status=lambda reference, status, code: _status(
                number, to, attempt, reference, status, code
            ),
            reply=lambda text: _inbound(number, to, {"type": "text", "text": {"body": text}}),
        )


def error(code: int, details: str, headers: dict[str, str] | None = None) -> Response:
    """Answer with an error in Meta's form."""
    title = TITLES.get(code, "Invalid parameter")
    body = {
        "error": {
            "message": f"(#{code}) {title}",
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": details},
            "fbtrace_id": uuid.uuid4().hex[:12],
        }
    }
    return JSONResponse(body, status_code=HTTP_STATUS.get(code, 400), headers=headers)


def _authorised(request: Request, number: WhatsAppNumber) -> bool:
    expected = f"Bearer {number.access_token.get_secret_value()}"
    return hmac.compare_digest(
        request.headers.get("authorization", "").encode("latin-1"), expected.encode()
    )


def _validated(body: bytes) -> dict[str, Any]:
    try:
        message = from_json(body)
    except ValueError:
        raise Invalid(100, "The request is not valid JSON") from None
    if not isinstance(message, dict) or message.get("messaging_product") != "whatsapp":
        raise Invalid(100, "messaging_product must be whatsapp")
    _check_recipient(message.get("to"), message.get("recipient"))
    kind = message.get("type", "text")
    if not isinstance(kind, str):
        raise Invalid(100, "Parameter 'type' is not a string")
    part = message.get(kind)
    if not isinstance(part, dict):
        raise Invalid(131008, f"Parameter '{kind}' is missing")
    _check_part(kind, part)
    return message


def _check_recipient(to: Any, user: Any) -> None:
    """Take a number, or the id of a user who shows none."""
    if user is not None:
        if not isinstance(user, str) or not _USER_ID.fullmatch(user):
            raise Invalid(131009, "Parameter 'recipient' is not a user id")
    elif not isinstance(to, str):
        raise Invalid(131008, "Parameter 'to' is missing")
    elif not _DIGITS.fullmatch(to):
        raise Invalid(131009, "Parameter 'to' is not a phone number")


def _check_part(kind: str, part: dict[str, Any]) -> None:
    if kind == "text":
        _check_text(part.get("body"))
    elif kind == "template":
        language = part.get("language")
        if not part.get("name") or not isinstance(language, dict) or not language.get("code"):
            raise Invalid(131008, "A template needs a name and a language code")
        if part["name"] == "missing_template":
            raise Invalid(132001, "template name does not exist in the translation")
    elif kind in MEDIA:
        if bool(part.get("link")) == bool(part.get("id")):
            raise Invalid(100, f"{kind} needs a link or an id")
        if kind == "audio" and "caption" in part:
            raise Invalid(100, "audio takes no caption")
    else:
        raise Invalid(100, f"Unsupported message type {kind}")


def _check_text(text: Any) -> None:
    if not text:
        raise Invalid(131008, "Parameter 'text.body' is missing")
    if not isinstance(text, str):
        raise Invalid(100, "Param text['body'] must be a string")
    if len(text) > MAX_TEXT:
        raise Invalid(100, "Param text['body'] must be at most 4096 characters long")


def _accepted(to: str, reference: str) -> Response:
    return JSONResponse(
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": to, "wa_id": to}],
            "messages": [{"id": reference, "message_status": "accepted"}],
        }
    )


def _status(
    number: WhatsAppNumber,
    to: str,
    attempt: str | None,
    reference: str,
    status: str,
    code: int,
) -> Build:
    told: dict[str, Any] = {
        "id": reference,
        "status": status,
        "timestamp": str(int(time.time())),
        "recipient_id": to,
        "pricing": {"billable": True, "pricing_model": "PMP", "category": "utility"},
    }
    if attempt is not None:
        told["biz_opaque_callback_data"] = attempt
    if status == "failed":
        title = TITLES.get(code, "Message undeliverable")
        told["errors"] = [
            {"code": code, "title": title, "message": title, "error_data": {"details": title}}
        ]
    return _webhook(number, {"statuses": [told]})


def _inbound(number: WhatsAppNumber, sender: str, message: dict[str, Any]) -> Build:
    return _webhook(
        number,
        {
            "contacts": [{"profile": {"name": "Ada"}, "wa_id": sender}],
            "messages": [
                {
                    "from": sender,
                    "id": f"wamid.{uuid.uuid4().hex}",
                    "timestamp": str(int(time.time())),
                    **message,
                }
            ],
        },
    )


def _webhook(number: WhatsAppNumber, value: dict[str, Any]) -> Build:
    document = {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": number.waba_id,
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {
                                "display_phone_number": number.display_phone_number,
                                "phone_number_id": number.phone_number_id,
                            },
                            **value,
                        },
                    }
                ],
            }
        ],
    }

    def build() -> Webhook:
        body = meta_body(document)
        signature = meta_signature(number.app_secret.get_secret_value(), body)
        return Webhook(
            url=number.webhook_url,
            headers={"Content-Type": "application/json", "X-Hub-Signature-256": signature},
            body=body,
            retries=META_RETRIES,
            settled_by=META_SETTLED,
        )

    return build
