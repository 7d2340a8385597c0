"""E-mail through Mailgun's messages API.

Source: Mailgun, "Send an email".
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus

from pydantic_core import to_json

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.providers.files import File
from herald.providers.forms import form_of
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.mail_addresses import mailbox
from herald.providers.mail_files import parts_of
from herald.providers.mailgun.account import MailgunAccount, MailgunSecrets
from herald.providers.mailgun.errors import SCOPES, classify
from herald.providers.multipart import multipart_form
from herald.providers.rendered import RenderedEmail
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, Provider, ProviderContext, Refused, SendResult

ATTEMPT_VARIABLE = "herald_attempt"  # comes back in every event
MAGNIFICENT = b"Magnificent API"  # what a path that is none of its API's gets, with 200
# `{"message": ...}` is how gateways write these as well: behind one it may have been taken
GATEWAYS = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)

Context = ProviderContext[MailgunAccount, MailgunSecrets]


def make_provider(context: Context) -> Provider:
    """Make the provider of one account."""
    return HttpProvider(context.http, partial(write_request, context), read_response)


def write_request(context: Context, work: Work, content: RenderedEmail) -> HttpRequest:
    """Write the request that sends a mail."""
    account, fields = context.account, list(write_fields(work, content))
    key = context.credentials.current.api_key.get_secret_value()
    if content.attachments:
        kind, body = multipart_form(fields, list(_files(content)))
    else:
        kind, body = "application/x-www-form-urlencoded", form_of(fields)
    return HttpRequest(
        url=f"{account.base_url}/v3/{account.domain}/messages",
        headers={
            "Authorization": f"Basic {b64encode(f'api:{key}'.encode()).decode()}",
            "Content-Type": kind,
        },
        body=body,
    )


def write_fields(work: Work, content: RenderedEmail) -> Iterator[tuple[str, str]]:
    """Write a mail in Mailgun's form, without its files."""
    yield "from", mailbox(content.sender.display_name, content.sender.addr_spec)
    yield "to", mailbox(work.recipient_name, work.to)
    yield f"v:{ATTEMPT_VARIABLE}", work.tag
    yield "h:Message-Id", content.message_id  # else Mailgun makes one of its own
    for name, value in content.headers.items():
        yield f"h:{name}", value
    if (reply := work.content.in_reply_to) is not None:
        yield "h:In-Reply-To", reply.reference
        yield "h:References", reply.reference
    if content.template is not None:
        yield "template", content.template.name
        yield "t:variables", to_json(content.template.variables).decode()
        if content.subject:
            yield "subject", content.subject
        return
    yield "subject", content.subject
    if content.text:
        yield "text", content.text
    if content.html:
        yield "html", content.html


def read_response(response: HttpResponse) -> SendResult:
    """Read Mailgun's response."""
    document = response.document()
    reference = document.get("id")
    if response.status == HTTPStatus.OK:
        if isinstance(reference, str) and reference.strip("<>"):
            bare = reference.strip("<>")  # as events have it
            return Accepted((bare,), element={"id": bare})
        if MAGNIFICENT in response.body:
            text = "base_url leads to none of Mailgun's API"
            return Refused(Failure.of(FailureClass.AUTH, "wrong_base_url", text))
        return unexplained(response)
    message = document.get("message") or document.get("Error")
    if not isinstance(message, str) or response.status in GATEWAYS:
        return unexplained(response)
    failure = Failure.of(
        classify(response.status),
        f"http_{response.status}",
        message,
        retry_after=asked_wait(response),
    )
    return Refused(failure, element={"status": response.status}, scope=SCOPES.get(response.status))


def _files(content: RenderedEmail) -> Iterator[tuple[str, File]]:
    """Name files as Mailgun does; an image's name is the `cid` by which the HTML shows it."""
    has_html = content.html is not None or content.template is not None
    for part, file in zip(
        parts_of(content.attachments, has_html=has_html), content.attachments, strict=True
    ):
        kind, name = ("inline", part.content_id) if part.content_id else ("attachment", part.name)
        yield (
            kind,
            File(media=file.media, name=name, content_type=part.content_type, body=part.body),
        )
