"""Twilio's Messages API, for SMS and WhatsApp.

Source: Twilio, "Message resource", "Error and Warning Dictionary" and "WhatsApp API".
"""

from __future__ import annotations

import base64
import hmac
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.providers.twilio_requests import error, problem_of, read_form, shown
from sandbox.providers.twilio_webhooks import (
    API_VERSION,
    FAILURES,
    OUR_NUMBER,
    STATUSES,
    WHATSAPP_PREFIX,
    Form,
    Message,
    TwilioProject,
    channel_of,
    inbound_form,
    signed,
    status_form,
)
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import Webhook, WebhookFactory

SEGMENT = 153
MAX_MESSAGES = 100_000  # that can be shown: a sandbox may run for weeks
THROTTLED = 20429
THROTTLES: dict[Scope, int | str] = {
    Scope.ACCOUNT: THROTTLED,
    Scope.SENDER: 21611,  # its queue is full
    Scope.PAIR: 14107,
}
FIRST_CHANNEL_ERROR = 63000  # these and later ones come from WhatsApp, after the acceptance
RANKS = {
    **dict.fromkeys(("accepted", "queued"), 0),
    "sent": 1,
    "delivered": 2,
    **dict.fromkeys(("read", "undelivered", "failed"), 3),
}

Resource = dict[str, str | int | None]


class Twilio(StandIn):
    """The accounts of one sandbox."""

    def __init__(self, projects: dict[str, TwilioProject], flow: Flow) -> None:
        self._projects = projects
        self._by_sid = {project.account_sid: (name, project) for name, project in projects.items()}
        self._flow = flow
        self._messages: OrderedDict[str, Resource] = OrderedDict()
        account = f"/twilio/{API_VERSION}/Accounts/{{account_sid}}"
        self.routes = [
            Route(f"{account}/Messages.json", self.create, methods=["POST"]),
            Route(f"{account}/Messages/{{message_sid}}.json", self.show),
        ]

    async def create(self, request: Request) -> Response:
        """Take a message."""
        found = self._by_sid.get(request.path_params["account_sid"])
        if found is None or not _authorised(request, found[1]):
            return error(20003)
        name, project = found
        body = (await request.body()).decode(errors="replace")
        form = read_form(body)
        problem = problem_of(form)
        if problem is not None:
            return error(problem)
        callback = form.get("StatusCallback")
        attempt = parse_qs(urlsplit(callback).query).get("attempt") if callback else None
        message = Message(
            reference=f"{'MM' if form.get('MediaUrl') else 'SM'}{uuid.uuid4().hex}",
            channel=channel_of(form["To"]),
            to=form["To"],
            sender=form.get("From", ""),
        )
        wanted = MessageRequest(
            provider="twilio",
            channel=message.channel,
            account=name,
            to=message.to.removeprefix(WHATSAPP_PREFIX),
            attempt=attempt[0] if attempt else None,
            reference=message.reference,
            sender=message.sender,
            is_template="ContentSid" in form,
            shown=shown(form),
        )
        return await self._flow.respond(wanted, _WireFormat(project, form, message, self._messages))

    async def show(self, request: Request) -> Response:
        """Show a message as it is now."""
        found = self._by_sid.get(request.path_params["account_sid"])
        if found is None or not _authorised(request, found[1]):
            return error(20003)
        resource = self._messages.get(request.path_params["message_sid"])
        return JSONResponse(resource) if resource else error(20404)

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message; its fields are those of Twilio's form."""
        if message.account not in self._projects:
            raise LookupError(f"no account {message.account}")
        project = self._projects[message.account]
        prefix = WHATSAPP_PREFIX if message.channel == "whatsapp" else ""
        sender = prefix + message.sender.removeprefix(WHATSAPP_PREFIX)
        form = inbound_form(project, sender, prefix + OUR_NUMBER, message.text, message.fields)
        return signed(project, project.inbound_url, form)

    def reset(self) -> None:
        """Forget every message."""
        self._messages.clear()


@dataclass(frozen=True, slots=True)
class _WireFormat:
    project: TwilioProject
    form: Form
    message: Message
    resources: OrderedDict[str, Resource]

    def accepted(self, reference: str) -> Response:
        resource = _resource(self.project, self.form, reference)
        self.resources[reference] = resource
        if len(self.resources) > MAX_MESSAGES:
            self.resources.popitem(last=False)
        return JSONResponse(resource, status_code=201)

    def refused(self, failure: Failure) -> Response | None:
        code = FAILURES[self.message.channel][failure]
        return None if code >= FIRST_CHANNEL_ERROR else error(code)

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        headers = None if seconds is None else {"Retry-After": str(seconds)}
        return error(int(code or THROTTLED), headers)

    def server_error(self) -> Response:
        return error(20500)

    def status(self, reference: str, status: Status, failure: Failure | None) -> WebhookFactory:
        form = status_form(self.project, self.message, status, failure)
        callback = self.form.get("StatusCallback")
        webhook = signed(self.project, callback, form) if callback else None

        def make() -> Webhook | None:
            self._update(reference, form)
            return webhook() if webhook is not None else None

        return make

    def _update(self, reference: str, form: Form) -> None:
        """Let the resource follow its callbacks, which may come backwards."""
        resource = self.resources.get(reference)
        if resource and RANKS[form["MessageStatus"]] > RANKS[str(resource["status"])]:
            resource["status"] = form["MessageStatus"]
            resource["error_code"] = int(form["ErrorCode"]) if "ErrorCode" in form else None

    def reply(self, text: str) -> WebhookFactory:
        prefix = WHATSAPP_PREFIX if self.message.channel == "whatsapp" else ""
        form = inbound_form(
            self.project, self.message.to, self.message.sender or prefix + OUR_NUMBER, text
        )
        return signed(self.project, self.project.inbound_url, form)


def _authorised(request: Request, project: TwilioProject) -> bool:
    pair = f"{project.account_sid}:{project.auth_token.get_secret_value()}"
    expected = "Basic " + base64.b64encode(pair.encode()).decode()
    return hmac.compare_digest(
        request.headers.get("authorization", "").encode("latin-1"), expected.encode()
    )


def _resource(project: TwilioProject, form: Form, reference: str) -> Resource:
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
        "num_media": str(len(form.get("MediaUrl", "").split())),
        "date_created": now,
        "date_updated": now,
        "date_sent": None,
        "error_code": None,
        "error_message": None,
        "price": None,
        "price_unit": "USD",
        "uri": f"/{API_VERSION}/Accounts/{project.account_sid}/Messages/{reference}.json",
    }


DEFINITION = Definition(
    name="twilio",
    settings=dict[str, TwilioProject],
    make=Twilio,
    throttles=THROTTLES,
    channels={
        channel: Vocabulary(failures=FAILURES[channel], statuses=STATUSES[channel])
        for channel in ("sms", "whatsapp")
    },
)
