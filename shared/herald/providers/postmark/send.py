"""E-mail through Postmark's API.

Source: Postmark, "Sending email", "Templates API", "API overview".
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
from herald.providers.lenient_json import whole_number
from herald.providers.mail_files import parts_of
from herald.providers.postmark.account import PostmarkAccount, PostmarkSecrets
from herald.providers.postmark.errors import OF_SENDER, SCOPES, classify
from herald.providers.rendered import RenderedEmail
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, Provider, ProviderContext, Refused, SendResult

ATTEMPT_FIELD = "herald_attempt"  # of the metadata: names have 20 characters at most, values 80

Context = ProviderContext[PostmarkAccount, PostmarkSecrets]


def make_provider(context: Context) -> Provider:
    """Make the provider of one account."""
    return HttpProvider(context.http, partial(write_request, context), read_response)


def write_request(context: Context, work: Work, content: RenderedEmail) -> HttpRequest:
    """Write the request that sends a mail."""
    path = "/email" if content.template is None else "/email/withTemplate"
    token = context.credentials.current.server_token.get_secret_value()
    return HttpRequest(
        url=f"{context.account.base_url}{path}",
        headers={
            "X-Postmark-Server-Token": token,
            "Accept": "application/json",
            "Content-Type": "application/json",
        },
        body=to_json(write_mail(context.account, work, content)),
    )


def write_mail(account: PostmarkAccount, work: Work, content: RenderedEmail) -> dict[str, Any]:
    """Write a mail in Postmark's form."""
    mail: dict[str, Any] = {
        "From": _mailbox(content.sender.display_name, content.sender.addr_spec),
        "To": _mailbox(work.recipient_name, work.to),
        "MessageStream": account.message_stream,
        "Metadata": {ATTEMPT_FIELD: work.tag},  # comes back in every event
        "Headers": [{"Name": name, "Value": value} for name, value in _headers(work, content)],
    }
    if account.track_opens is not None:
        mail["TrackOpens"] = account.track_opens
    if account.track_links is not None:
        mail["TrackLinks"] = account.track_links
    if content.attachments:
        mail["Attachments"] = list(_attachments(content))
    if content.template is not None:
        name = content.template.name
        which = {"TemplateId": int(name)} if name.isdecimal() else {"TemplateAlias": name}
        return {**mail, **which, "TemplateModel": content.template.variables}
    mail["Subject"] = content.subject
    parts = (("TextBody", content.text), ("HtmlBody", content.html))
    return mail | {name: value for name, value in parts if value}


def read_response(response: HttpResponse) -> SendResult:
    """Read Postmark's response."""
    document = response.document()
    code, reference = whole_number(document.get("ErrorCode")), document.get("MessageID")
    if response.status == HTTPStatus.OK and code == 0 and isinstance(reference, str) and reference:
        return Accepted((reference,), element={"MessageID": reference})
    if not code:
        return _of_the_network(response) or unexplained(response)
    failure = Failure.of(
        classify(code, response.status),
        code,
        str(document.get("Message") or ""),
        retry_after=asked_wait(response),
    )
    return Refused(
        failure,
        element={"ErrorCode": code, "status": response.status},
        of_message=code in OF_SENDER,
        scope=SCOPES.get(code),
    )


def _headers(work: Work, content: RenderedEmail) -> Iterator[tuple[str, str]]:
    yield from content.headers.items()
    yield "Message-ID", content.message_id
    yield "X-PM-KeepID", "true"  # else Postmark gives it another one
    if (reply := work.content.in_reply_to) is not None:
        yield "In-Reply-To", reply.reference
        yield "References", reply.reference


def _attachments(content: RenderedEmail) -> Iterator[dict[str, str]]:
    has_html = content.html is not None or content.template is not None
    for part in parts_of(content.attachments, has_html=has_html):
        file = {
            "Name": part.name,
            "Content": b64encode(part.body).decode(),
            "ContentType": part.content_type,
        }
        yield {**file, "ContentID": f"cid:{part.content_id}"} if part.content_id else file


def _mailbox(name: str | None, address: str) -> str:
    """Write a name and an address; whatever the name looks like, it stays a name."""
    if not name:
        return address
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def _of_the_network(response: HttpResponse) -> Refused | None:
    """Read a 403 of a filter before Postmark's API, which speaks HTML (its "API overview")."""
    is_html = "html" in response.headers.get("Content-Type", "").lower()
    if response.status != HTTPStatus.FORBIDDEN or not is_html:
        return None
    wait = asked_wait(response)
    return Refused(Failure.of(FailureClass.TRANSIENT, "http_403", retry_after=wait))
