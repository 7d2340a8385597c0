"""E-mail through SendGrid's v3 Mail Send.

Source: SendGrid, "Mail Send" and "Errors".
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from channel_email.heads import BAD_HEADER, refuse_controls
from channel_email.parts import Parts, parts_of, read_sender
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Receipts
from herald.contracts.work import Work
from herald.providers.http import HttpClient, HttpResponse, server_time
from herald.providers.responses import rate_pause, send_by_post, unexplained
from herald.providers.sendgrid.account import SendGridAccount, SendGridSecrets
from herald.providers.sending import Accepted, Refused, SendResult

ATTEMPT_ARGUMENT = "herald_attempt"
TEMPLATE_PREFIX = "d-"  # a dynamic template
SENDER_FIELD = "from"  # an address that the account has not verified

# What an error of SendGrid's own means, by HTTP status.
FAILURE_CLASSES: dict[int, FailureClass] = {
    400: FailureClass.PERMANENT,
    401: FailureClass.AUTH,
    403: FailureClass.AUTH,  # or a temporary block after too many bad requests
    406: FailureClass.PERMANENT,
    413: FailureClass.CONTENT,
    429: FailureClass.RATE_LIMITED,
    451: FailureClass.PERMANENT,
}
_LONGEST_PAUSE = timedelta(hours=1)


class SendGrid:
    """One SendGrid account."""

    def __init__(
        self,
        _name: str,
        account: SendGridAccount,
        secrets: SendGridSecrets,
        http: HttpClient,
        _public_base_url: str,
    ) -> None:
        self._account = account
        self._http = http
        self._url = f"{account.base_url}/v3/mail/send"
        self._headers = {
            "Authorization": f"Bearer {secrets.api_key.get_secret_value()}",
            "Content-Type": "application/json",
        }

    @property
    def receipts(self) -> Receipts:
        """SendGrid tells of delivery, and of opening where tracking is on."""
        return self._account.receipts

    async def send(self, work: Work) -> SendResult:
        """Send one mail."""
        body = payload(work)
        if isinstance(body, Failure):
            return Refused(body, of_message=True)
        return await send_by_post(
            self._http, self._url, headers=self._headers, body=to_json(body), read=read_response
        )


def payload(work: Work) -> dict[str, Any] | Failure:
    """Build the request, or say why it can't be one."""
    try:
        refuse_controls(work.recipient_name or "", work.content.subject or "")
    except ValueError:
        return BAD_HEADER
    template = work.content.template
    if template is not None and template.name.startswith(TEMPLATE_PREFIX):
        sender = read_sender(work.sender)
        if sender is None:
            return Failure.of(FailureClass.AUTH, "no_sender", "no sender profile")
        return {
            "personalizations": [
                {**_personalization(work), "dynamic_template_data": template.variables}
            ],
            "from": _address(sender.addr_spec, sender.display_name),
            "template_id": template.name,
        }
    parts = parts_of(work)
    if isinstance(parts, Failure):
        return parts
    return {
        "personalizations": [_personalization(work)],
        "from": _address(parts.sender.addr_spec, parts.sender.display_name),
        "subject": parts.subject or " ",  # SendGrid refuses an empty one
        "content": _content(parts),
    }


def read_response(answer: HttpResponse) -> SendResult:
    """Read what SendGrid answered."""
    reference = answer.headers.get("X-Message-Id")
    if answer.status == HTTPStatus.ACCEPTED and reference:
        return Accepted((reference,), element={"x_message_id": reference})
    errors = answer.document().get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return unexplained(answer)
    failure_class = FAILURE_CLASSES.get(
        answer.status,
        FailureClass.TRANSIENT
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        else FailureClass.PERMANENT,
    )
    failure = Failure.of(
        failure_class,
        f"http_{answer.status}",
        str(first.get("message") or ""),
        retry_after=_pause(answer),
    )
    return Refused(
        failure,
        element={"field": first.get("field"), "status": answer.status},
        of_message=first.get("field") == SENDER_FIELD,
    )


def _personalization(work: Work) -> dict[str, Any]:
    return {
        "to": [_address(work.to, work.recipient_name)],
        "custom_args": {ATTEMPT_ARGUMENT: work.tag},  # come back in every event
    }


def _address(email: str, name: str | None) -> dict[str, str]:
    return {"email": email, "name": name} if name else {"email": email}


def _content(parts: Parts) -> list[dict[str, str]]:
    """Plain text comes first: SendGrid refuses any other order."""
    kinds = (("text/plain", parts.text), ("text/html", parts.html))
    return [{"type": kind, "value": value} for kind, value in kinds if value]


def _pause(answer: HttpResponse) -> timedelta | None:
    """Return how long to wait: until the limit's reset, where SendGrid names it."""
    reset = answer.headers.get("X-RateLimit-Reset", "")
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS and reset.isdecimal():
        wait = timedelta(seconds=int(reset[:12]) - server_time(answer.headers).timestamp())
        if timedelta(0) < wait <= _LONGEST_PAUSE:
            return wait
    return rate_pause(answer)
