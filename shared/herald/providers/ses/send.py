"""E-mail through Amazon SES, API v2.

Source: SES API v2, "SendEmail".
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from email.utils import formataddr
from functools import partial
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.mail_files import parts_of
from herald.providers.rendered import RenderedEmail
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, Provider, ProviderContext, Refused, SendResult
from herald.providers.ses.account import SesAccount, SesSecrets
from herald.providers.ses.errors import OF_SENDER, classify, scope_of
from herald.providers.ses.names import ATTEMPT_TAG, tag_value
from herald.providers.ses.signing import AwsCall, Keys, signed_headers

PATH = "/v2/email/outbound-emails"
SERVICE = "ses"

Context = ProviderContext[SesAccount, SesSecrets]


def make_provider(context: Context) -> Provider:
    """Make the provider of one account."""
    return HttpProvider(context.http, partial(write_request, context), read_response)


def write_request(context: Context, work: Work, content: RenderedEmail) -> HttpRequest | Failure:
    """Write and sign the request that sends a mail, or say why there can be none."""
    now = datetime.now(UTC)
    mail = write_mail(context.account, work, content, now)
    if isinstance(mail, Failure):
        return mail
    call = AwsCall(
        method="POST",
        url=f"{context.account.base_url}{PATH}",
        headers={"Content-Type": "application/json"},
        body=to_json(mail),
    )
    region, keys = context.account.region, _keys(context.credentials.current)
    headers = signed_headers(call, keys, region=region, service=SERVICE, now=now)
    return HttpRequest(url=call.url, headers=headers, body=call.body)


def write_mail(
    account: SesAccount, work: Work, content: RenderedEmail, now: datetime
) -> dict[str, Any] | Failure:
    """Write a mail in SES's form: as the MIME that every relay gets, or by a template."""
    if not (content.sender.addr_spec + work.to).isascii():
        text = "Amazon SES takes no address outside ASCII"
        return Failure.of(FailureClass.UNREACHABLE, "smtputf8_unsupported", text)
    written = _by_template(work, content) if content.template else _raw(content, now)
    if isinstance(written, Failure):
        return written
    mail: dict[str, Any] = {
        **written,
        "Destination": {"ToAddresses": [work.to]},
        "EmailTags": [{"Name": ATTEMPT_TAG, "Value": tag_value(work.tag)}],  # come back in events
    }
    if account.configuration_set is not None:
        mail["ConfigurationSetName"] = account.configuration_set
    return mail


def read_response(response: HttpResponse) -> SendResult:
    """Read SES's response."""
    document = response.document()
    reference = document.get("MessageId")
    if response.status == HTTPStatus.OK and isinstance(reference, str) and reference:
        return Accepted((reference,), element={"MessageId": reference})
    name = _error_name(response, document)
    if not name or response.status < HTTPStatus.BAD_REQUEST:
        return unexplained(response)
    message = str(document.get("message") or document.get("Message") or "")
    failure_class = classify(name, message, response.status)
    return Refused(
        Failure.of(failure_class, name, message, retry_after=asked_wait(response)),
        element={"error": name, "status": response.status},
        of_message=name in OF_SENDER,
        scope=scope_of(failure_class, name, message),
    )


def _keys(secrets: SesSecrets) -> Keys:
    token = secrets.session_token
    return Keys(
        access_key_id=secrets.access_key_id.get_secret_value(),
        secret_access_key=secrets.secret_access_key.get_secret_value(),
        session_token=None if token is None else token.get_secret_value(),
    )


def _raw(content: RenderedEmail, now: datetime) -> dict[str, Any] | Failure:
    """Give the whole mail: its sender and its names stand in its head."""
    mime = content.written(now, utf8=False)
    if isinstance(mime, Failure):
        return mime
    return {"Content": {"Raw": {"Data": b64encode(mime).decode()}}}


def _by_template(work: Work, content: RenderedEmail) -> dict[str, Any]:
    assert content.template is not None
    headers = dict(content.headers)
    if (reply := work.content.in_reply_to) is not None:
        headers |= {"In-Reply-To": reply.reference, "References": reply.reference}
    template: dict[str, Any] = {
        "TemplateName": content.template.name,
        "TemplateData": to_json(content.template.variables).decode(),
    }
    if headers:
        template["Headers"] = [{"Name": name, "Value": text} for name, text in headers.items()]
    if content.attachments:
        template["Attachments"] = _attachments(content)
    sender = content.sender
    return {
        "FromEmailAddress": formataddr((sender.display_name, sender.addr_spec)),
        "Content": {"Template": template},
    }


def _attachments(content: RenderedEmail) -> list[dict[str, str]]:
    return [
        {
            "FileName": part.name,
            "RawContent": b64encode(part.body).decode(),
            "ContentType": part.content_type,
            "ContentDisposition": "INLINE" if part.content_id else "ATTACHMENT",
            **({"ContentId": part.content_id} if part.content_id else {}),
        }
        for part in parts_of(content.attachments, has_html=True)
    ]


def _error_name(response: HttpResponse, document: dict[str, Any]) -> str:
    """Return the bare name: AWS puts a URL behind it, or a namespace before it."""
    given = response.headers.get("x-amzn-ErrorType") or document.get("__type") or ""
    return str(given).partition(":")[0].rpartition("#")[2].strip()
