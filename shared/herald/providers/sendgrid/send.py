"""E-mail through SendGrid's v3 Mail Send.

Source: SendGrid, "Mail Send".
"""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.http.response_times import server_time
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.mail_files import parts_of
from herald.providers.rendered import RenderedEmail
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sendgrid.account import SendGridAccount, SendGridSecrets
from herald.providers.sendgrid.errors import SCOPES, SENDER_FIELD, classify
from herald.providers.sending import Accepted, Provider, ProviderContext, Refused, SendResult

ATTEMPT_ARGUMENT = "herald_attempt"
_LONGEST_PAUSE = timedelta(hours=1)

Context = ProviderContext[SendGridAccount, SendGridSecrets]


def make_provider(context: Context) -> Provider:
    """Make the provider of one account."""
    return HttpProvider(context.http, partial(write_request, context), read_response)


def write_request(context: Context, work: Work, content: RenderedEmail) -> HttpRequest:
    """Write the request that sends a mail."""
    key = context.credentials.current.api_key.get_secret_value()
    return HttpRequest(
        url=f"{context.account.base_url}/v3/mail/send",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        body=to_json(write_mail(context.account, work, content)),
    )


def write_mail(account: SendGridAccount, work: Work, content: RenderedEmail) -> dict[str, Any]:
    """Write a mail in SendGrid's form."""
    person: dict[str, Any] = {
        "to": [_address(work.to, work.recipient_name)],
        "custom_args": {ATTEMPT_ARGUMENT: work.tag},  # come back in every event
    }
    mail: dict[str, Any] = {
        "personalizations": [person],
        "from": _address(content.sender.addr_spec, content.sender.display_name),
    }
    headers = dict(content.headers)
    if account.own_message_id:
        headers["Message-ID"] = content.message_id
    if (reply := work.content.in_reply_to) is not None:
        headers |= {"In-Reply-To": reply.reference, "References": reply.reference}
    if headers:
        mail["headers"] = headers
    if content.attachments:
        mail["attachments"] = _attachments(content)
    if content.template is not None:
        person["dynamic_template_data"] = content.template.variables
        return {**mail, "template_id": content.template.name}
    return {
        **mail,
        "subject": content.subject or " ",  # SendGrid refuses an empty one
        "content": _content(content),
    }


def read_response(response: HttpResponse) -> SendResult:
    """Read SendGrid's response."""
    reference = response.headers.get("X-Message-Id")
    if response.status == HTTPStatus.ACCEPTED and reference:
        return Accepted((reference,), element={"x_message_id": reference})
    errors = response.document().get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return unexplained(response)
    failure = Failure.of(
        classify(response.status),
        f"http_{response.status}",
        str(first.get("message") or ""),
        retry_after=_pause(response),
    )
    return Refused(
        failure,
        element={"field": first.get("field"), "status": response.status},
        of_message=first.get("field") == SENDER_FIELD,
        scope=SCOPES.get(response.status),
    )


def _address(email: str, name: str | None) -> dict[str, str]:
    return {"email": email, "name": name} if name else {"email": email}


def _content(content: RenderedEmail) -> list[dict[str, str]]:
    """Plain text comes first: SendGrid refuses any other order."""
    parts = (("text/plain", content.text), ("text/html", content.html))
    return [{"type": kind, "value": value} for kind, value in parts if value]


def _attachments(content: RenderedEmail) -> list[dict[str, str]]:
    has_html = content.html is not None or content.template is not None
    return [
        {
            "content": b64encode(part.body).decode(),
            "type": part.content_type,
            "filename": part.name,
            "disposition": "inline" if part.content_id else "attachment",
            **({"content_id": part.content_id} if part.content_id else {}),
        }
        for part in parts_of(content.attachments, has_html=has_html)
    ]


def _pause(response: HttpResponse) -> timedelta | None:
    """Return how long to wait: until the limit's reset, where SendGrid names it."""
    reset = response.headers.get("X-RateLimit-Reset", "")
    if response.status == HTTPStatus.TOO_MANY_REQUESTS and reset.isdecimal():
        wait = timedelta(seconds=int(reset[:12]) - server_time(response.headers).timestamp())
        if timedelta(0) < wait <= _LONGEST_PAUSE:
            return wait
    return asked_wait(response)
