"""Twilio's Messages API, and its callbacks.

Source: Twilio, "Message resource", "Error and Warning Dictionary" and "Webhooks security".
"""

from __future__ import annotations

import base64
import hmac
import re
import uuid
from collections import OrderedDict
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.flow import Flow, Sending, Wording
from sandbox.settings import TwilioProject
from sandbox.signing import twilio_signature
from sandbox.twilio_overrides import overrides_of
from sandbox.webhooks import Build, Webhook

API_VERSION = "2010-04-01"
MAX_BODY = 1600
SEGMENT = 153
MAX_MESSAGES = 100_000  # that can be asked for: a sandbox may run for weeks
STOP_WORDS = {"STOP": "STOP", "START": "START", "HELP": "HELP"}
_E164 = re.compile(r"\+[1-9]\d{4,14}")

TITLES: dict[int, str] = {
    20003: "Authenticate",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    21211: "Invalid 'To' Phone Number",
    21602: "Message body is required",
    21603: "A 'From' phone number is required",
    21604: "A 'To' phone number is required",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
}
HTTP_STATUS: dict[int, int] = {20003: 401, 20404: 404, 20429: 429, 20500: 500}
WORDS = {"sent": "sent", "delivered": "delivered", "failed": "undelivered"}

SETTLED = frozenset({"delivered", "undelivered"})  # callbacks that come backwards change it no more

Form = dict[str, str]
Message = dict[str, str | int | None]


class Twilio:
    """The accounts of one sandbox."""

    def __init__(self, projects: dict[str, TwilioProject], flow: Flow) -> None:
        self._by_sid = {project.account_sid: (name, project) for name, project in projects.items()}
        self._flow = flow
        self._messages: OrderedDict[str, Message] = OrderedDict()

    async def create(self, request: Request) -> Response:
        """Answer `POST /twilio/2010-04-01/Accounts/{sid}/Messages.json`."""
        found = self._by_sid.get(request.path_params["account_sid"])
        if found is None or not _authorised(request, found[1]):
            return error(20003)
        name, project = found
        body = (await request.body()).decode(errors="replace")
        form = dict(parse_qsl(body, keep_blank_values=True))
        problem = _problem(form)
        if problem is not None:
            return error(problem)
        callback = form.get("StatusCallback")
        attempt = parse_qs(urlsplit(callback).query).get("attempt") if callback else None
        sending = Sending(
            provider="twilio",
            channel="sms",
            account=name,
            to=form["To"],
            attempt=attempt[0] if attempt else None,
            reference=f"SM{uuid.uuid4().hex}",
        )
        return await self._flow.play(sending, self._wording(project, form))

    async def show(self, request: Request) -> Response:
        """Answer `GET /twilio/2010-04-01/Accounts/{sid}/Messages/{message}.json`."""
        found = self._by_sid.get(request.path_params["account_sid"])
        if found is None or not _authorised(request, found[1]):
            return error(20003)
        message = self._messages.get(request.path_params["message_sid"])
        return JSONResponse(message) if message else error(20404)

    def inbound(self, account: str, sender: str, text: str, to: str = "+15550001111") -> Build:
        """Build the webhook of a recipient's message.

        Raises:
            KeyError: there is no such account.
        """
        project = dict(self._by_sid.values())[account]
        return _inbound(project, sender, to, text)

    def reset(self) -> None:
        """Forget every message."""
        self._messages.clear()

    def _wording(self, project: TwilioProject, form: Form) -> Wording:
        def tell(reference: str, status: str, code: int) -> Build:
            return self._status(project, form, reference, WORDS[status], code)

        return Wording(
            accepted=lambda reference: self._accepted(project, form, reference),
            refused=error,
            throttled=lambda seconds: error(20429, {"Retry-After": str(seconds)}),
            failed=lambda: error(20500),
            status=tell,
            reply=lambda text: _inbound(
                project, form["To"], form.get("From", "+15550001111"), text
            ),
        )

    def _accepted(self, project: TwilioProject, form: Form, reference: str) -> Response:
        message = _message(project, form, reference)
        self._messages[reference] = message
        if len(self._messages) > MAX_MESSAGES:
            self._messages.popitem(last=False)
        return JSONResponse(message, status_code=201)

    def _status(
        self, project: TwilioProject, form: Form, reference: str, status: str, code: int
    ) -> Build:
        fields = {
            "MessageSid": reference,
            "SmsSid": reference,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": form["To"],
            "From": form.get("From", ""),
            "AccountSid": project.account_sid,
            "ApiVersion": API_VERSION,
        }
        if status == "undelivered":
            fields["ErrorCode"] = str(code)
        callback = form.get("StatusCallback")
        signed = _signed(project, callback, fields) if callback else None

        def build() -> Webhook | None:
            message = self._messages.get(reference)
            if message is not None and message["status"] not in SETTLED:
                message["status"] = status
                message["error_code"] = code if status == "undelivered" else None
            return signed() if signed is not None else None

        return build


def error(code: int, headers: dict[str, str] | None = None) -> Response:
    """Answer with an error in Twilio's form."""
    status = HTTP_STATUS.get(code, 400)
    body = {
        "code": code,
        "message": TITLES.get(code, "Bad request"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return JSONResponse(body, status_code=status, headers=headers)


def _authorised(request: Request, project: TwilioProject) -> bool:
    pair = f"{project.account_sid}:{project.auth_token.get_secret_value()}"
    expected = "Basic " + base64.b64encode(pair.encode()).decode()
    return hmac.compare_digest(
        request.headers.get("authorization", "").encode("latin-1"), expected.encode()
    )


def _problem(form: Form) -> int | None:
    to = form.get("To", "")
    if not to:
        return 21604
    if not _E164.fullmatch(to):
        return 21211
    if not form.get("From") and not form.get("MessagingServiceSid"):
        return 21603
    if not any(form.get(name) for name in ("Body", "MediaUrl", "ContentSid")):
        return 21602
    return 21617 if len(form.get("Body", "")) > MAX_BODY else None


def _message(project: TwilioProject, form: Form, reference: str) -> Message:
    now = format_datetime(datetime.now(UTC))
    body = form.get("Body", "")
    return {  # absent values are null, as Twilio's are
        "sid": reference,
        "account_sid": project.account_sid,
        "api_version": API_VERSION,
        "to": form["To"],
        "from": form.get("From"),
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "body": body,
        "status": "queued" if form.get("From") else "accepted",
        "direction": "outbound-api",
        "num_segments": str(max(1, -(-len(body) // SEGMENT))),
        "num_media": "1" if form.get("MediaUrl") else "0",
        "date_created": now,
        "date_updated": now,
        "date_sent": None,
        "error_code": None,
        "error_message": None,
        "price": None,
        "price_unit": "USD",
        "uri": f"/{API_VERSION}/Accounts/{project.account_sid}/Messages/{reference}.json",
    }


def _inbound(project: TwilioProject, sender: str, to: str, text: str) -> Build:
    reference = f"SM{uuid.uuid4().hex}"
    fields = {
        "MessageSid": reference,
        "SmsSid": reference,
        "AccountSid": project.account_sid,
        "From": sender,
        "To": to,
        "Body": text,
        "NumMedia": "0",
        "NumSegments": "1",
        "FromCountry": "US",
        "ApiVersion": API_VERSION,
    }
    if text.strip().upper() in STOP_WORDS:
        fields["OptOutType"] = STOP_WORDS[text.strip().upper()]
    return _signed(project, project.inbound_url, fields)


def _signed(project: TwilioProject, url: str, fields: Form) -> Build:
    token = str(uuid.uuid4())  # names the event: the same in every copy and retry
    called, _, fragment = url.partition("#")
    overrides = overrides_of(fragment)

    def build() -> Webhook:
        signature = twilio_signature(project.auth_token.get_secret_value(), called, fields.items())
        return Webhook(
            url=called,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": signature,
                "I-Twilio-Idempotency-Token": token,
            },
            body=urlencode(fields).encode(),
            retries=overrides.retries,
            settled_by=overrides.settled_by,
        )

    return build
