"""Amazon SES's API v2, and SNS, by which its events come.

Source: SES API v2, "SendEmail"; SNS, "Using Amazon SNS for HTTP/S".
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown, ShownFile
from sandbox.mail_shown import read_mail
from sandbox.providers.ses_events import EVENTS, Mail, event_of, received_of
from sandbox.providers.ses_signing import is_signed
from sandbox.providers.ses_topics import SesUser, Topic
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import WebhookFactory

ATTEMPT_TAG = "herald_attempt"
OUR_ADDRESS = "inbound@inbound.example.com"
THROTTLED = "TooManyRequestsException"
THROTTLES: dict[Scope, int | str] = {Scope.ACCOUNT: THROTTLED}
FAILURES: dict[Failure, str] = {Failure.UNKNOWN_RECIPIENT: "MessageRejected"}
HTTP_STATUS = {THROTTLED: 429, "InternalFailure": 500, "InvalidSignatureException": 403}
FORBIDDEN = frozenset({"InvalidSignatureException", "UnrecognizedClientException"})
_TAG_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Ses(StandIn):
    """The accounts of one sandbox, each with a topic."""

    def __init__(self, users: dict[str, SesUser], flow: Flow) -> None:
        self._topics = {name: Topic(user) for name, user in users.items()}
        self._flow = flow
        self.routes = [
            Route("/ses/v2/email/outbound-emails", self.send, methods=["POST"]),
            Route("/ses/", self.confirm),
            Route("/ses/{certificate}.pem", self.certificate),
            Route("/ses/subscribe/{account}", self.subscribe, methods=["POST"]),
        ]

    async def send(self, request: Request) -> Response:
        """Take a mail."""
        body = await request.body()
        name = next((n for n, t in self._topics.items() if is_signed(request, body, t.user)), None)
        if name is None:
            return error("InvalidSignatureException", "The request signature does not match.")
        try:
            mail = from_json(body)
            sent, sender, shown = _read(mail)
        except (ValueError, TypeError, AttributeError, KeyError, binascii.Error) as problem:
            return error("BadRequestException", f"Bad request: {problem}")
        attempt = next(iter(sent.tags.get(ATTEMPT_TAG, [])), "").replace("_", ".")
        wanted = MessageRequest(
            provider="ses",
            channel="email",
            account=name,
            to=sent.to,
            attempt=attempt or None,
            reference=sent.reference,
            sender=sender,
            is_template=shown.template is not None,
            shown=shown,
        )
        return await self._flow.respond(wanted, _WireFormat(self._topics[name], sent))

    async def certificate(self, request: Request) -> Response:
        """Give the certificate that a topic's signatures name."""
        wanted = request.path_params["certificate"]
        for topic in self._topics.values():
            if topic.certificate_name == wanted:
                return PlainTextResponse(topic.certificate, media_type="application/x-pem-file")
        return PlainTextResponse("Access Denied", status_code=403)

    async def confirm(self, request: Request) -> Response:
        """Confirm a subscription: events come from then on."""
        query = request.query_params
        for topic in self._topics.values():
            if topic.confirm(query.get("Action"), query.get("TopicArn"), query.get("Token")):
                return PlainTextResponse("<ConfirmSubscriptionResponse/>", media_type="text/xml")
        return PlainTextResponse("<ErrorResponse/>", status_code=400, media_type="text/xml")

    async def subscribe(self, request: Request) -> Response:
        """Subscribe the webhook's URL anew, as its owner does in the console."""
        topic = self._topics.get(request.path_params["account"])
        if topic is None:
            return JSONResponse({"error": "no such account"}, status_code=404)
        await self._flow.webhooks.now(topic.subscription())
        return JSONResponse({"confirmed": topic.is_confirmed})

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the notification of a mail; its fields are those of the event."""
        if message.account not in self._topics:
            raise LookupError(f"no account {message.account}")
        event = received_of(message.sender, OUR_ADDRESS, message.text)
        return self._topics[message.account].notification({**event, **(message.fields or {})})

    def reset(self) -> None:
        """Subscriptions are as configured again."""
        for topic in self._topics.values():
            topic.reset()


@dataclass(frozen=True, slots=True)
class _WireFormat:
    topic: Topic
    mail: Mail

    def accepted(self, reference: str) -> Response:
        return JSONResponse({"MessageId": reference})

    def refused(self, failure: Failure) -> Response:
        return error(FAILURES[failure], "Email address is not verified.")

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        response = error(str(code or THROTTLED), "Maximum sending rate exceeded.")
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def server_error(self) -> Response:
        return error("InternalFailure", "Internal failure")

    def status(self, _reference: str, status: Status, _failure: Failure | None) -> WebhookFactory:
        return self.topic.notification(event_of(self.mail, status))

    def reply(self, text: str) -> WebhookFactory:
        answered = f"<{self.mail.reference}@email.amazonses.com>"
        return self.topic.notification(received_of(self.mail.to, OUR_ADDRESS, text, answered))


def error(name: str, message: str) -> Response:
    """Respond with an error in AWS's form."""
    status = 403 if name in FORBIDDEN else HTTP_STATUS.get(name, 400)
    return JSONResponse(
        {"message": message}, status_code=status, headers={"x-amzn-ErrorType": f"{name}:http://x/"}
    )


def _read(mail: dict[str, Any]) -> tuple[Mail, str, Shown]:
    """Read a request: the mail, its sender's address, and what is shown of it.

    Raises:
        ValueError: it has not what it must; the text says what.
    """
    [to] = mail["Destination"]["ToAddresses"]
    tags = {tag["Name"]: [tag["Value"]] for tag in mail.get("EmailTags", [])}
    for name, [value] in tags.items():
        if not set(name + value) <= _TAG_CHARACTERS:
            raise ValueError("a tag has letters, digits, _ and - only")
    content = mail["Content"]
    if "Raw" in content:
        parsed, shown = read_mail(base64.b64decode(content["Raw"]["Data"], validate=True))
        sender = parseaddr(mail.get("FromEmailAddress") or str(parsed["From"] or ""))[1]
    else:
        shown = _template(content["Template"])
        sender = parseaddr(mail["FromEmailAddress"])[1]
    if "@" not in sender or "@" not in to:
        raise ValueError("a sender and a recipient are required")
    tags["ses:configuration-set"] = [mail.get("ConfigurationSetName", "")]
    return Mail(reference=f"0107{uuid.uuid4()}", to=to, tags=tags, sender=sender), sender, shown


def _template(template: dict[str, Any]) -> Shown:
    return Shown(
        template=template["TemplateName"],
        variables=json.loads(template["TemplateData"]),
        files=tuple(
            ShownFile(
                name=file["FileName"],
                content_type=file.get("ContentType", ""),
                body=base64.b64decode(file["RawContent"], validate=True),
                content_id=file.get("ContentId"),
            )
            for file in template.get("Attachments", [])
        ),
        headers={header["Name"]: header["Value"] for header in template.get("Headers", [])},
    )


DEFINITION = Definition(
    name="ses",
    settings=dict[str, SesUser],
    make=Ses,
    throttles=THROTTLES,
    channels={"email": Vocabulary(failures=FAILURES, statuses=EVENTS)},
)
