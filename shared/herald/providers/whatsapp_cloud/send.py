"""WhatsApp through Meta's Cloud API.

Source: Meta, "Cloud API, messages" and "Cloud API error codes".
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from herald.contracts.addresses import is_whatsapp_user_id
from herald.contracts.content import Media, Template
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.providers.http_client import HttpResponse
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.rendered import RenderedWhatsApp
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, Provider, ProviderContext, Refused, SendResult
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount, WhatsAppCloudSecrets
from herald.providers.whatsapp_cloud.errors import (
    OF_MESSAGE,
    OPTED_OUT_OF,
    OUTSIDE_WINDOW,
    PAUSES,
    classify,
    throttled_scope,
)

Context = ProviderContext[WhatsAppCloudAccount, WhatsAppCloudSecrets]
Part = dict[str, Any]


def make_provider(context: Context) -> Provider:
    """Make the provider of one phone number."""
    return HttpProvider(context.http, partial(write_request, context), read_response)


def write_request(context: Context, work: Work, content: RenderedWhatsApp) -> HttpRequest:
    """Write the request that sends a message."""
    account = context.account
    token = context.credentials.current.access_token.get_secret_value()
    return HttpRequest(
        url=f"{account.base_url}/{account.api_version}/{account.phone_number_id}/messages",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        body=to_json(write_message(work, content, context.name)),
    )


def write_message(work: Work, content: RenderedWhatsApp, account: str) -> Part:
    """Write a message in Meta's form; an answer quotes what came to this account."""
    answered = work.content.answers_for(account)
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(work.to),
        **({"context": {"message_id": answered}} if answered else {}),
        **_content(content),
        "biz_opaque_callback_data": work.tag,  # comes back in every status
    }


def _recipient(address: str) -> Part:
    """Name a recipient: by number, or by Meta's own id of the user."""
    if is_whatsapp_user_id(address):
        return {"recipient": address}
    return {"to": address.removeprefix("+")}


def read_response(response: HttpResponse) -> SendResult:
    """Read Meta's response: its error code decides, not the HTTP status."""
    document = response.document()
    error = document.get("error")
    if isinstance(error, dict) and isinstance(error.get("code"), int):
        return Refused(
            _failure(error, response),
            element={"error": _without_prose(error)},
            of_message=error["code"] in OF_MESSAGE,
            scope=throttled_scope(error["code"], response.status),
            outside_window=error["code"] in OUTSIDE_WINDOW,
        )
    reference = _message_id(document)
    if response.status == HTTPStatus.OK and reference is not None:
        return Accepted((reference,), element={"messages": document["messages"]})
    return unexplained(response)


def _content(content: RenderedWhatsApp) -> Part:
    if content.template is not None:
        return {"type": "template", "template": _template(content.template)}
    if content.media is not None:
        return _media(content.media, content.text)
    return {"type": "text", "text": {"body": content.text, "preview_url": True}}


def _media(media: Media, caption: str) -> Part:
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


def _failure(error: Part, response: HttpResponse) -> Failure:
    code: int = error["code"]
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    return Failure.of(
        classify(code, response.status),
        code,
        str(details or error.get("message") or ""),
        retry_after=asked_wait(response, PAUSES.get(code)),
        opted_out_of=OPTED_OUT_OF.get(code),
    )


def _without_prose(error: Part) -> Part:
    """Keep what identifies an error; its prose may repeat an address."""
    return {name: error[name] for name in ("code", "type", "fbtrace_id") if name in error}


def _message_id(document: Part) -> str | None:
    messages = document.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    reference = first.get("id") if isinstance(first, dict) else None
    return reference if isinstance(reference, str) and reference else None
