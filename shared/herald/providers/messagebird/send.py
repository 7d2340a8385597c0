"""SMS through MessageBird's REST API. Source: MessageBird, "SMS API, send outbound SMS"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from herald.contracts.content.segments import SmsEncoding
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.providers.budgets import Scope
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.lenient_json import objects, text, whole_number
from herald.providers.messagebird.account import (
    LONGEST_VALIDITY,
    SHORTEST_VALIDITY,
    MessageBirdAccount,
    MessageBirdSecrets,
)
from herald.providers.messagebird.errors import classify
from herald.providers.rendered import RenderedSms
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, Provider, ProviderContext, Refused, SendResult

LONGEST_TEXT = 1377  # characters: nine parts

Context = ProviderContext[MessageBirdAccount, MessageBirdSecrets]


def make_provider(context: Context) -> Provider:
    """Make the provider of one account."""
    return HttpProvider(context.http, partial(write_request, context), read_response)


def write_request(context: Context, work: Work, content: RenderedSms) -> HttpRequest | Failure:
    """Write the request that sends a text, or say why there can be none."""
    account = context.account
    message = write_message(account, work, content, datetime.now(UTC))
    if isinstance(message, Failure):
        return message
    if account.sends_callback:
        message["reportUrl"] = context.callback_url
    key = context.credentials.current.access_key.get_secret_value()
    return HttpRequest(
        url=f"{account.base_url}/messages",
        headers={
            "Authorization": f"AccessKey {key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
        body=to_json(message),
    )


def write_message(
    account: MessageBirdAccount, work: Work, content: RenderedSms, now: datetime
) -> dict[str, Any] | Failure:
    """Write a text for one recipient: all recipients of a message would share its id."""
    if work.sender is None:
        return Failure.of(FailureClass.AUTH, "no_sender", "no number or name to send from")
    # another account of the channel may send these: neither is `content`
    if content.media:
        return Failure.of(FailureClass.PERMANENT, "media", "this API sends texts only")
    if len(content.text) > LONGEST_TEXT:
        return Failure.of(FailureClass.PERMANENT, "too_long", f"over {LONGEST_TEXT}")
    return {
        "recipients": [work.to.removeprefix("+")],
        "originator": work.sender.removeprefix("+"),
        "body": content.text,
        "datacoding": "plain" if content.encoding is SmsEncoding.GSM_7 else "unicode",
        "reference": work.tag,  # comes back in every report
        "validity": _seconds(work.not_after - now, account.validity),
    }


def read_response(response: HttpResponse) -> SendResult:
    """Read MessageBird's response. An error of its own says that nothing was taken."""
    document = response.document()
    reference, errors = text(document, "id"), objects(document, "errors")
    if response.status == HTTPStatus.CREATED and reference is not None:
        return Accepted((reference,), element={"id": reference})
    code = whole_number(errors[0].get("code")) if errors else None
    if code is None:
        return unexplained(response)
    failure_class = classify(code, response.status, text(errors[0], "parameter"))
    words = text(errors[0], "description") or ""
    return Refused(
        Failure.of(failure_class, code, words, retry_after=asked_wait(response)),
        element={"code": code},
        of_message=failure_class is FailureClass.UNREACHABLE,
        scope=Scope.ACCOUNT if failure_class is FailureClass.RATE_LIMITED else None,
    )


def _seconds(left: timedelta, validity: timedelta | None) -> int:
    """Let MessageBird try no longer than the message is worth sending."""
    wanted = left if validity is None else min(left, validity)
    return int(min(max(wanted, SHORTEST_VALIDITY), LONGEST_VALIDITY).total_seconds())
