"""SMS through Twilio's Messages API.

Source: Twilio, "Message resource", "Track outbound message status" and "Connection overrides".
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

from herald.contracts.content import ChannelContent
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Receipts
from herald.contracts.work import Work
from herald.providers.http import HttpClient, HttpResponse
from herald.providers.responses import rate_pause, send_by_post, unexplained
from herald.providers.sending import Accepted, Refused, SendResult
from herald.providers.twilio.account import TwilioAccount, TwilioSecrets
from herald.providers.twilio.errors import OF_MESSAGE, classify

API_VERSION = "2010-04-01"
MAX_BODY_CHARACTERS = 1600
MAX_MEDIA = 10
CONTENT_SID_PREFIX = "HX"  # a template of Twilio's Content API
CREATED = 201

Fields = list[tuple[str, str]]


class Twilio:
    """One Twilio account."""

    def __init__(
        self,
        name: str,
        account: TwilioAccount,
        secrets: TwilioSecrets,
        http: HttpClient,
        public_base_url: str,
    ) -> None:
        self._account = account
        self._http = http
        self._url = f"{account.base_url}/{API_VERSION}/Accounts/{account.account_sid}/Messages.json"
        self._callback = f"{public_base_url}/webhooks/twilio/{name}"
        overrides = account.callback_overrides
        self._overrides = f"#{overrides}" if overrides else ""  # never part of a request
        credentials = f"{account.account_sid}:{secrets.auth_tokens[0].get_secret_value()}"
        self._headers = {
            "Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }

    @property
    def receipts(self) -> Receipts:
        """Carriers report delivery; nobody reports reading."""
        return self._account.receipts

    async def send(self, work: Work) -> SendResult:
        """Create one message."""
        callback = f"{self._callback}?attempt={quote(work.tag)}{self._overrides}"
        fields = payload(work, self._account, callback)
        if isinstance(fields, Failure):
            return Refused(fields, of_message=True)
        return await send_by_post(
            self._http,
            self._url,
            headers=self._headers,
            body=urlencode(fields).encode(),
            read=read_response,
        )


def payload(work: Work, account: TwilioAccount, status_callback: str) -> Fields | Failure:
    """Build the form of a message, or say why Twilio could not take it."""
    sender = _sender(work, account)
    if sender is None:
        return Failure.of(FailureClass.AUTH, "no_sender", "no number or service to send from")
    content = _content(work.content)
    if isinstance(content, Failure):
        return content
    fields: Fields = [("To", work.to), sender, *content, ("StatusCallback", status_callback)]
    if account.validity is not None:
        fields.append(("ValidityPeriod", str(int(account.validity.total_seconds()))))
    return fields


def read_response(answer: HttpResponse) -> SendResult:
    """Read what Twilio answered. An error of its own says that nothing was created.

    Error 20429 says so plainly: a request refused for its rate was never processed.
    """
    document = answer.document()
    sid, code = document.get("sid"), document.get("code")
    if answer.status == CREATED and isinstance(sid, str) and sid:
        return Accepted((sid,), element=_without_prose(document))
    if isinstance(code, int) and not isinstance(code, bool):
        failure = Failure.of(
            classify(code, answer.status),
            code,
            str(document.get("message", "")),
            retry_after=rate_pause(answer),
        )
        return Refused(
            failure,
            element={"code": code, "status": document.get("status")},
            of_message=code in OF_MESSAGE,
        )
    return unexplained(answer)


def _without_prose(document: dict[str, Any]) -> dict[str, Any]:
    """Keep what identifies a message; the rest of Twilio's answer repeats text and numbers."""
    return {name: document[name] for name in ("sid", "status", "num_segments") if name in document}


def _sender(work: Work, account: TwilioAccount) -> tuple[str, str] | None:
    if work.sender is not None:
        return "From", work.sender
    if account.messaging_service_sid is not None:
        return "MessagingServiceSid", account.messaging_service_sid
    return None


def _content(content: ChannelContent) -> Fields | Failure:
    template = content.template
    if template is not None and template.name.startswith(CONTENT_SID_PREFIX):
        variables = json.dumps(template.variables, ensure_ascii=False)
        return [("ContentSid", template.name), ("ContentVariables", variables)]
    fields: Fields = [("MediaUrl", media.url) for media in content.media]
    if content.text:
        fields.insert(0, ("Body", content.text))
    if not fields:
        return Failure.of(FailureClass.CONTENT, "no_content", "SMS needs a text or media")
    if len(content.text or "") > MAX_BODY_CHARACTERS:
        return Failure.of(FailureClass.CONTENT, "too_long", "over 1600 characters")
    if len(content.media) > MAX_MEDIA:
        return Failure.of(FailureClass.CONTENT, "too_many_media", "over 10 media")
    return fields
