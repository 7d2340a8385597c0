"""E-mail through Resend's API.

Source: Resend, "Send email", "Idempotency keys".
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.mail_addresses import mailbox
from herald.providers.mail_files import parts_of
from herald.providers.rendered import RenderedEmail
from herald.providers.resend.account import ResendAccount, ResendSecrets
from herald.providers.resend.errors import OF_SENDER, SCOPES, classify
from herald.providers.resend.tags import ATTEMPT_TAG, as_tag
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import (
    Accepted,
    Provider,
    ProviderContext,
    Refused,
    SendResult,
    Uncertain,
)

Context = ProviderContext[ResendAccount, ResendSecrets]


def make_provider(context: Context) -> Provider:
    """Make the provider of one account; a call that got no answer is made again once."""
    write = partial(write_request, context)
    return HttpProvider(context.http, write, read_response, repeats_safely=True)


def write_request(context: Context, work: Work, content: RenderedEmail) -> HttpRequest:
    """Write the request that sends a mail."""
    key = context.credentials.current.api_key.get_secret_value()
    return HttpRequest(
        url=f"{context.account.base_url}/emails",
        headers={
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": work.attempt_id,
        },
        body=to_json(write_mail(context.account, work, content)),
    )


def write_mail(account: ResendAccount, work: Work, content: RenderedEmail) -> dict[str, Any]:
    """Write a mail in Resend's form."""
    mail: dict[str, Any] = {
        "from": mailbox(content.sender.display_name, content.sender.addr_spec),
        "to": [mailbox(work.recipient_name, work.to)],
        "subject": content.subject,
        "tags": [{"name": ATTEMPT_TAG, "value": as_tag(work.tag)}],  # come back in every event
    }
    mail |= {
        name: value for name, value in (("text", content.text), ("html", content.html)) if value
    }
    if headers := dict(_headers(account, work, content)):
        mail["headers"] = headers
    if content.attachments:
        mail["attachments"] = list(_attachments(content))
    return mail


def read_response(response: HttpResponse) -> SendResult:
    """Read Resend's response."""
    document = response.document()
    reference, name = document.get("id"), document.get("name")
    if response.status == HTTPStatus.OK and isinstance(reference, str) and reference:
        return Accepted((reference,), element={"id": reference})
    if not isinstance(name, str) or response.status < HTTPStatus.BAD_REQUEST:
        return unexplained(response)
    failure_class = classify(name, response.status)
    if failure_class is FailureClass.AMBIGUOUS:
        return Uncertain(name)
    failure = Failure.of(
        failure_class,
        name,
        str(document.get("message") or ""),
        retry_after=asked_wait(response),
    )
    return Refused(
        failure,
        element={"name": name, "status": response.status},
        of_message=name in OF_SENDER,
        scope=SCOPES.get(name),
    )


def _headers(
    account: ResendAccount, work: Work, content: RenderedEmail
) -> Iterator[tuple[str, str]]:
    yield from content.headers.items()
    if account.own_message_id:
        yield "Message-ID", content.message_id
    if (reply := work.content.in_reply_to) is not None:
        yield "In-Reply-To", reply.reference
        yield "References", reply.reference


def _attachments(content: RenderedEmail) -> Iterator[dict[str, str]]:
    for part in parts_of(content.attachments, has_html=content.html is not None):
        file = {
            "filename": part.name,
            "content": b64encode(part.body).decode(),
            "content_type": part.content_type,
        }
        yield {**file, "content_id": part.content_id} if part.content_id else file
