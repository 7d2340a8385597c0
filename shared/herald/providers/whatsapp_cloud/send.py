"""WhatsApp through Meta's Cloud API.

Source: Meta, "Cloud API, messages" and "Cloud API error codes".
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from herald.contracts.addresses import is_whatsapp_user_id
from herald.contracts.content import ChannelContent, Media, Template
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Receipts
from herald.contracts.work import Work
from herald.providers.http import HttpClient, HttpResponse
from herald.providers.responses import rate_pause, send_by_post, unexplained
from herald.providers.sending import Accepted, Refused, SendResult
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount, WhatsAppCloudSecrets
from herald.providers.whatsapp_cloud.errors import OF_MESSAGE, PAUSES, classify

MAX_TEXT_CHARACTERS = 4096
MAX_CAPTION_CHARACTERS = 1024
CAPTIONED = frozenset({"image", "video", "document"})

Part = dict[str, Any]


class WhatsAppCloud:
    """One phone number of a WhatsApp business account."""

    def __init__(
        self,
        _name: str,
        account: WhatsAppCloudAccount,
        secrets: WhatsAppCloudSecrets,
        http: HttpClient,
        _public_base_url: str,
    ) -> None:
        self._account = account
        self._http = http
        self._url = f"{account.base_url}/{account.api_version}/{account.phone_number_id}/messages"
        self._headers = {
            "Authorization": f"Bearer {secrets.access_token.get_secret_value()}",
            "Content-Type": "application/json",
        }

    @property
    def receipts(self) -> Receipts:
        """Meta tells of sending, delivery and reading."""
        return self._account.receipts

    async def send(self, work: Work) -> SendResult:
        """Send one message."""
        body = payload(work)
        if isinstance(body, Failure):
            return Refused(body, of_message=True)
        return await send_by_post(
            self._http, self._url, headers=self._headers, body=to_json(body), read=read_response
        )


def payload(work: Work) -> Part | Failure:
    """Build the message, or say why WhatsApp could not take it."""
    message = _message(work.content)
    if isinstance(message, Failure):
        return message
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(work.to),
        **message,
        "biz_opaque_callback_data": work.tag,  # comes back in every status
    }


def _recipient(address: str) -> Part:
    """Name a recipient: by number, or by Meta's own id of the user."""
    if is_whatsapp_user_id(address):
        return {"recipient": address}
    return {"to": address.removeprefix("+")}


def read_response(answer: HttpResponse) -> SendResult:
    """Read what Meta answered: its error code decides, not the HTTP status."""
    document = answer.document()
    error = document.get("error")
    if isinstance(error, dict) and isinstance(error.get("code"), int):
        return Refused(
            _failure(error, answer),
            element={"error": _without_prose(error)},
            of_message=error["code"] in OF_MESSAGE,
        )
    reference = _message_id(document)
    if answer.status == HTTPStatus.OK and reference is not None:
        return Accepted((reference,), element={"messages": document["messages"]})
    return unexplained(answer)


def _message(content: ChannelContent) -> Part | Failure:
    if content.template is not None:
        return {"type": "template", "template": _template(content.template)}
    if len(content.media) > 1:
        return _unfit("too_many_media", "WhatsApp takes one file a message")
    if content.media:
        return _media(content.media[0], content.text)
    if not content.text:
        return _unfit("no_content", "WhatsApp needs a text, a file or a template")
    if len(content.text) > MAX_TEXT_CHARACTERS:
        return _unfit("too_long", f"over {MAX_TEXT_CHARACTERS} characters")
    return {"type": "text", "text": {"body": content.text, "preview_url": True}}


def _media(media: Media, text: str | None) -> Part | Failure:
    """Send a file by link; a text beside it becomes its caption, or stands before it."""
    caption = "\n\n".join(filter(None, (text, media.caption)))
    if caption and media.kind not in CAPTIONED:
        return _unfit("no_caption", "WhatsApp audio takes no caption")
    if len(caption) > MAX_CAPTION_CHARACTERS:
        return _unfit("too_long", f"a caption over {MAX_CAPTION_CHARACTERS} characters")
    part: Part = {"link": media.url}
    if caption:
        part["caption"] = caption
    if media.filename and media.kind == "document":
        part["filename"] = media.filename
    return {"type": media.kind, media.kind: part}


def _template(template: Template) -> Part:
    language = template.language.replace("-", "_")  # Meta's codes are en_US, not en-US
    part: Part = {"name": template.name, "language": {"code": language}}
    if template.variables:
        parameters = _parameters(template.variables)
        part["components"] = [{"type": "body", "parameters": parameters}]
    return part


def _parameters(variables: dict[str, str]) -> list[Part]:
    """Fill a template's body: numbered variables by position, all others by name."""
    if all(name.isdecimal() for name in variables):
        numbered = sorted(variables.items(), key=lambda item: int(item[0]))
        return [{"type": "text", "text": value} for _, value in numbered]
    return [
        {"type": "text", "parameter_name": name, "text": value} for name, value in variables.items()
    ]


def _failure(error: Part, answer: HttpResponse) -> Failure:
    code: int = error["code"]
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    return Failure.of(
        classify(code, answer.status),
        code,
        str(details or error.get("message") or ""),
        retry_after=rate_pause(answer, PAUSES.get(code)),
    )


def _without_prose(error: Part) -> Part:
    """Keep what identifies an error; its prose may repeat an address."""
    return {name: error[name] for name in ("code", "type", "fbtrace_id") if name in error}


def _message_id(document: Part) -> str | None:
    messages = document.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    reference = first.get("id") if isinstance(first, dict) else None
    return reference if isinstance(reference, str) and reference else None


def _unfit(code: str, text: str) -> Failure:
    return Failure.of(FailureClass.CONTENT, code, text)
