"""SMS and WhatsApp through Twilio's Messages API.

Source: Twilio, "Message resource", "Track outbound message status", "Connection overrides" and
"Content API".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

from herald.contracts.content.rich import Location
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.providers.forms import form_of, quoted
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.rendered import RenderedSms, RenderedWhatsApp
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, Provider, ProviderContext, Refused, SendResult
from herald.providers.twilio.account import (
    LONGEST_VALIDITY,
    SHORTEST_VALIDITY,
    TwilioAccount,
    TwilioSecrets,
)
from herald.providers.twilio.errors import (
    OF_MESSAGE,
    OUTSIDE_WINDOW,
    classify,
    throttled_scope,
)

API_VERSION = "2010-04-01"
MAX_BODY_CHARACTERS = 1600
WHATSAPP_PREFIX = "whatsapp:"  # of an address on WhatsApp
_CREATED = int(HTTPStatus.CREATED)

Context = ProviderContext[TwilioAccount, TwilioSecrets]
Content = RenderedSms | RenderedWhatsApp
Fields = list[tuple[str, str]]


def make_provider(context: Context) -> Provider:
    """Make the provider of one account."""
    return HttpProvider(context.http, partial(write_request, context), read_response)


def write_request(context: Context, work: Work, content: Content) -> HttpRequest | Failure:
    """Write the request that creates a message, or say why Twilio could not take it."""
    account = context.account
    fields = write_form(account, work, content, datetime.now(UTC))
    if isinstance(fields, Failure):
        return fields
    token = context.credentials.current.auth_tokens[0].get_secret_value()
    return HttpRequest(
        url=f"{account.base_url}/{API_VERSION}/Accounts/{account.account_sid}/Messages.json",
        headers=_headers(account.account_sid, token),
        body=form_of(fields) + _status_callback(context, work),
    )


@lru_cache(maxsize=256)  # accounts are few, and their tokens seldom change
def _headers(account_sid: str, token: str) -> Mapping[str, str]:
    login = base64.b64encode(f"{account_sid}:{token}".encode()).decode()
    return {
        "Authorization": f"Basic {login}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }


def write_form(
    account: TwilioAccount, work: Work, content: Content, now: datetime
) -> Fields | Failure:
    """Write the form of a message but for where to report, or say why there can be none."""
    sender = _sender(account, work)
    if sender is None:
        return Failure.of(FailureClass.AUTH, "no_sender", "no number or service to send from")
    if len(content.text) > MAX_BODY_CHARACTERS:  # another channel may say it: not `content`
        return Failure.of(FailureClass.PERMANENT, "too_long", f"over {MAX_BODY_CHARACTERS}")
    fields: Fields = [("To", _address(account, work.to)), sender, *_content(content)]
    validity = _validity(account, work.not_after - now)
    if validity is not None:
        fields.append(("ValidityPeriod", str(int(validity.total_seconds()))))
    return fields


def read_response(response: HttpResponse) -> SendResult:
    """Read Twilio's response. An error of its own says that nothing was created.

    Error 20429 says so plainly: a request refused for its rate was never processed.
    """
    document = response.document()
    sid, code = document.get("sid"), document.get("code")
    if response.status == _CREATED and isinstance(sid, str) and sid:
        return Accepted((sid,), element=_without_prose(document))
    if isinstance(code, int) and not isinstance(code, bool):
        failure = Failure.of(
            classify(code, response.status),
            code,
            str(document.get("message", "")),
            retry_after=asked_wait(response),
        )
        return Refused(
            failure,
            element={"code": code, "status": document.get("status")},
            of_message=code in OF_MESSAGE,
            scope=throttled_scope(code, response.status),
            outside_window=code in OUTSIDE_WINDOW,
        )
    return unexplained(response)


def _without_prose(document: dict[str, Any]) -> dict[str, Any]:
    """Keep what identifies a message; the rest of the response repeats text and numbers."""
    return {name: document[name] for name in ("sid", "status", "num_segments") if name in document}


def _status_callback(context: Context, work: Work) -> bytes:
    """Write the form's last field: where to report. An attempt's id has nothing to be quoted."""
    start, end = _around_attempt(context.callback_url, context.account.callback_overrides)
    return f"{start}{work.tag}{end}".encode()


@lru_cache(maxsize=256)  # as many as accounts
def _around_attempt(callback_url: str, overrides: str) -> tuple[str, str]:
    """Write that field up to the attempt, and behind it.

    The connection overrides after `#` are never part of a request.
    """
    start = f"&StatusCallback={quoted(f'{callback_url}?attempt=')}"
    return start, quoted(f"#{overrides}") if overrides else ""


def _validity(account: TwilioAccount, left: timedelta) -> timedelta | None:
    """Let Twilio keep an SMS no longer than the message is worth sending."""
    if account.channel != "sms":
        return account.validity
    wanted = left if account.validity is None else min(left, account.validity)
    return min(max(wanted, SHORTEST_VALIDITY), LONGEST_VALIDITY)


def _sender(account: TwilioAccount, work: Work) -> tuple[str, str] | None:
    if work.sender is not None:
        return "From", _address(account, work.sender)
    if account.messaging_service_sid is not None:
        return "MessagingServiceSid", account.messaging_service_sid
    return None


def _address(account: TwilioAccount, number: str) -> str:
    return f"{WHATSAPP_PREFIX}{number}" if account.channel == "whatsapp" else number


def _content(content: Content) -> Fields:
    if content.template is not None:
        variables = json.dumps(content.template.variables, ensure_ascii=False)
        return [("ContentSid", content.template.name), ("ContentVariables", variables)]
    if isinstance(content, RenderedWhatsApp) and content.location is not None:
        return _location(content.location)
    media = content.media if isinstance(content, RenderedSms) else filter(None, [content.media])
    files = [("MediaUrl", file.url) for file in media]
    return [("Body", content.text), *files] if content.text else files


def _location(location: Location) -> Fields:
    """Write a place. Twilio, "Location messages with the WhatsApp API": its name is the text."""
    place = f"{location.latitude},{location.longitude}"
    label = f"|{location.address}" if location.address else ""
    return [
        ("Body", location.name or location.address or place),
        ("PersistentAction", f"geo:{place}{label}"),
    ]
