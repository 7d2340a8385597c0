"""SMS and WhatsApp through Vonage's Messages API. Source: Vonage, "Messages API reference"."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

from pydantic_core import to_json

from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.lenient_json import text
from herald.providers.rendered import RenderedSms, RenderedWhatsApp
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, Provider, ProviderContext, Refused, SendResult
from herald.providers.vonage.account import VonageAccount, VonageSecrets
from herald.providers.vonage.errors import OUTSIDE_WINDOW, classify, code_of, throttled_scope
from herald.providers.vonage.messages import write_message
from herald.providers.vonage.tokens import authorization

# What says nothing about the account's other calls, whatever its class: it lies in the sender.
OF_MESSAGE = frozenset({"1120", "1140", "1420"})

Context = ProviderContext[VonageAccount, VonageSecrets]
Content = RenderedSms | RenderedWhatsApp


def make_provider(context: Context) -> Provider:
    """Make the provider of one account."""
    return HttpProvider(context.http, partial(write_request, context), read_response)


def write_request(context: Context, work: Work, content: Content) -> HttpRequest | Failure:
    """Write the request that sends a message, or say why there can be none."""
    account, now = context.account, datetime.now(UTC)
    message = write_message(account, context.name, work, content, now)
    if isinstance(message, Failure):
        return message
    if account.sends_callback:
        message |= {"webhook_url": context.callback_url, "webhook_version": "v1"}
    return HttpRequest(
        url=f"{account.base_url}/v1/messages",
        headers={
            "Authorization": authorization(account, context.credentials.current, now),
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
        body=to_json(message),
    )


def read_response(response: HttpResponse) -> SendResult:
    """Read Vonage's response. An error of its own (RFC 7807) says that nothing was taken."""
    document = response.document()
    reference, code = text(document, "message_uuid"), code_of(document)
    if response.status == HTTPStatus.ACCEPTED and reference is not None:
        return Accepted((reference,), element={"message_uuid": reference})
    if not code:
        return unexplained(response)
    failure_class = classify(code, response.status)
    words = text(document, "detail") or text(document, "title") or ""
    return Refused(
        Failure.of(failure_class, code, words, retry_after=asked_wait(response)),
        element={name: document[name] for name in ("type", "instance") if name in document},
        of_message=code in OF_MESSAGE,
        scope=throttled_scope(code, failure_class),
        outside_window=code in OUTSIDE_WINDOW,
    )
