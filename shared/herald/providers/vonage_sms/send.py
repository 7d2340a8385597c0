"""SMS through Vonage's SMS API.

Source: Vonage, "SMS API reference" and "Signing messages". Responses are HTTP 200 even for errors,
with an element for each part of a long text.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from herald.contracts.content.segments import SmsEncoding
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.providers.forms import form_of
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.lenient_json import objects, text, whole_number
from herald.providers.rendered import RenderedSms
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, Provider, ProviderContext, Refused, SendResult
from herald.providers.vonage_options import time_to_live
from herald.providers.vonage_sms.account import VonageSmsAccount, VonageSmsSecrets
from herald.providers.vonage_sms.errors import OF_MESSAGE, SCOPES, refusal_class
from herald.providers.vonage_sms.fields import PROOF_FIELD
from herald.providers.vonage_sms.signature import SIGNATURE_FIELD, TIMESTAMP_FIELD, signature

LONGEST_CALLBACK = 100  # characters
_WAIT = re.compile(r"\[ (\d{1,7}) \]")  # milliseconds, in the words of a throttled call

Context = ProviderContext[VonageSmsAccount, VonageSmsSecrets]
Fields = dict[str, str]


def make_provider(context: Context) -> Provider:
    """Make the provider of one account."""
    return HttpProvider(context.http, partial(write_request, context), read_response)


def write_request(context: Context, work: Work, content: RenderedSms) -> HttpRequest | Failure:
    """Write the request that sends a text, or say why there can be none."""
    account, now = context.account, datetime.now(UTC)
    fields = write_form(account, work, content, _callback(context), now)
    if isinstance(fields, Failure):
        return fields
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    secrets = context.credentials.current
    if account.signs_calls:
        key = secrets.signature_secrets[0].get_secret_value().encode()
        fields |= {"api_key": account.api_key, TIMESTAMP_FIELD: str(int(now.timestamp()))}
        fields[SIGNATURE_FIELD] = signature(fields, key, account.signature_method)
    elif secrets.api_secret is not None:  # always so: the secrets file is checked
        pair = f"{account.api_key}:{secrets.api_secret.get_secret_value()}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return HttpRequest(url=f"{account.base_url}/sms/json", headers=headers, body=form_of(fields))


def write_form(
    account: VonageSmsAccount, work: Work, content: RenderedSms, callback: str, now: datetime
) -> Fields | Failure:
    """Write the form of a text, without what proves whose it is."""
    if work.sender is None:
        return Failure.of(FailureClass.AUTH, "no_sender", "no number or name to send from")
    if content.media:  # another account of the channel may send them: not `content`
        return Failure.of(FailureClass.PERMANENT, "media", "this API sends texts only")
    validity = time_to_live(work.not_after - now, account.validity)
    fields = {
        "from": work.sender.removeprefix("+"),
        "to": work.to.removeprefix("+"),
        "text": content.text,
        "type": "text" if content.encoding is SmsEncoding.GSM_7 else "unicode",
        "client-ref": work.tag,  # comes back in every receipt
        "status-report-req": "1",
        "ttl": str(int(validity.total_seconds() * 1000)),
    }
    # a URL that is too long would cost the message: then the one in Vonage's settings counts
    if account.sends_callback and len(callback) <= LONGEST_CALLBACK:
        fields["callback"] = callback
    if account.entity_id is not None:
        fields["entity-id"] = account.entity_id
    if account.content_id is not None:
        fields["content-id"] = account.content_id
    return fields


def read_response(response: HttpResponse) -> SendResult:
    """Read Vonage's response: what it took of a message's parts counts, if it took any.

    A message of which some parts were refused is not sent again: its recipient has the others.
    """
    parts = objects(response.document(), "messages")
    statuses = [whole_number(part.get("status")) for part in parts]
    if not parts or None in statuses:
        return unexplained(response)
    taken = [
        reference
        for part, status in zip(parts, statuses, strict=True)
        if status == 0 and (reference := text(part, "message-id")) is not None
    ]
    element = {"messages": [_without_prose(part) for part in parts]}
    if taken:
        return Accepted(tuple(dict.fromkeys(taken)), element=element)
    refused = next((number for number, status in enumerate(statuses) if status), None)
    if refused is None:  # taken, without an id
        return unexplained(response)
    code, words = statuses[refused] or 0, text(parts[refused], "error-text") or ""
    failure = Failure.of(
        refusal_class(code), code, words, retry_after=asked_wait(response, _wait_in(words))
    )
    return Refused(failure, element=element, of_message=code in OF_MESSAGE, scope=SCOPES.get(code))


def _wait_in(words: str) -> timedelta | None:
    """Read "please wait [ 320 ] and retry"."""
    found = _WAIT.search(words)
    return timedelta(milliseconds=int(found[1])) if found and int(found[1]) else None


def _callback(context: Context) -> str:
    """Say where receipts go; where nothing is signed, a token shows that they are Vonage's."""
    secrets = context.credentials.current
    if secrets.signature_secrets or not secrets.webhook_tokens:
        return context.callback_url
    token = quote(secrets.webhook_tokens[0].get_secret_value(), safe="")
    return f"{context.callback_url}?{PROOF_FIELD}={token}"


def _without_prose(part: Any) -> dict[str, Any]:
    """Keep what identifies a part; the rest repeats the number, or names the account's balance."""
    return {name: part[name] for name in ("message-id", "status", "network") if name in part}
