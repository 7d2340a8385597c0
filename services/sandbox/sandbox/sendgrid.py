"""SendGrid's v3 Mail Send, and its event webhook.

Source: SendGrid, "Mail Send", "Errors" and "Event Webhook reference".
"""

from __future__ import annotations

import hmac
import json
import time
import uuid
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.flow import Flow, Sending, Wording
from sandbox.settings import SendGridUser
from sandbox.signing import SendGridSigner
from sandbox.webhooks import SENDGRID_RETRIES, Build, Webhook

ATTEMPT_ARGUMENT = "herald_attempt"
WORDS: dict[str, dict[str, Any]] = {
    "delivered": {"event": "delivered", "response": "250 OK"},
    "read": {"event": "open", "useragent": "Mozilla/5.0", "ip": "192.0.2.1"},
    "clicked": {"event": "click", "url": "https://example.com/", "ip": "192.0.2.1"},
    "deferred": {"event": "deferred", "response": "451 try again later", "attempt": "1"},
    "bounced": {
        "event": "bounce",
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
    },
    "failed": {"event": "dropped", "reason": "Bounced Address"},
    "sent": {"event": "processed"},
}


class SendGrid:
    """The accounts of one sandbox."""

    def __init__(self, users: dict[str, SendGridUser], flow: Flow) -> None:
        self._users = {
            name: (user, SendGridSigner(user.private_key.get_secret_value()))
            for name, user in users.items()
        }
        self._flow = flow

    async def send(self, request: Request) -> Response:
        """Answer `POST /sendgrid/v3/mail/send`."""
        name = self._account(request.headers.get("authorization", ""))
        if name is None:
            return error(401, "The provided authorization grant is invalid")
        try:
            mail = from_json(await request.body())
        except ValueError:
            return error(400, "Bad Request")
        problem = _problem(mail)
        if problem is not None:
            return error(400, *problem)
        person = mail["personalizations"][0]
        arguments = {**mail.get("custom_args", {}), **person.get("custom_args", {})}
        sending = Sending(
            provider="sendgrid",
            channel="email",
            account=name,
            to=person["to"][0]["email"],
            attempt=arguments.get(ATTEMPT_ARGUMENT),
            reference=uuid.uuid4().hex[:22],
        )
        return await self._flow.play(sending, self.wording(name, sending.to, arguments))

    def wording(self, account: str, to: str, arguments: dict[str, str]) -> Wording:
        """Return how an account answers and tells events."""
        user, signer = self._users[account]
        return Wording(
            accepted=lambda reference: Response(
                status_code=202, headers={"X-Message-Id": reference}
            ),
            refused=lambda code: error(400 if code >= 500 else code, "Refused"),  # noqa: PLR2004  SMTP codes
            throttled=_throttled,
            failed=lambda: error(500, "Internal error"),
            status=lambda reference, status, _code: _events(
                user, signer, to, arguments, reference, status
            ),
        )

    def _account(self, authorization: str) -> str | None:
        for name, (user, _) in self._users.items():
            expected = f"Bearer {user.api_key.get_secret_value()}"
            if hmac.compare_digest(authorization.encode("latin-1"), expected.encode()):
                return name
        return None


def error(status: int, message: str, field: str | None = None) -> Response:
    """Answer with an error in SendGrid's form."""
    body = {"errors": [{"message": message, "field": field, "help": None}]}
    return JSONResponse(body, status_code=status)


def _throttled(seconds: int) -> Response:
    answer = error(429, "too many requests")
    answer.headers["Retry-After"] = str(seconds)
    answer.headers["X-RateLimit-Remaining"] = "0"
    answer.headers["X-RateLimit-Reset"] = str(int(time.time()) + seconds)
    return answer


def _problem(mail: Any) -> tuple[str, str] | None:
    """Say what is wrong with a request, and where."""
    people = mail.get("personalizations") if isinstance(mail, dict) else None
    if not isinstance(people, list) or not people or not isinstance(people[0], dict):
        return "The personalizations field is required", "personalizations"
    to = people[0].get("to")
    if not isinstance(to, list) or not to or not _has_address(to[0]):
        return "Does not contain a valid address.", "personalizations.0.to.0.email"
    if not _has_address(mail.get("from")):
        return "The from object must be provided for every email send.", "from.email"
    if not all(isinstance(part.get("custom_args", {}), dict) for part in (mail, people[0])):
        return "The custom_args parameter must be an object", "custom_args"
    return None if mail.get("template_id") else _content_problem(mail)


def _has_address(person: Any) -> bool:
    return isinstance(person, dict) and "@" in str(person.get("email", ""))


def _content_problem(mail: dict[str, Any]) -> tuple[str, str] | None:
    if not mail.get("subject"):
        return "The subject is required.", "subject"
    content = mail.get("content")
    if not isinstance(content, list) or not content:
        return "Unless a valid template_id is provided, the content is required", "content"
    if not all(isinstance(part, dict) and part.get("value") for part in content):
        return "The content value must be a string at least one character in length.", "content"
    kinds = [part.get("type") for part in content]
    bodies = [kind for kind in ("text/plain", "text/html") if kind in kinds]
    if kinds[: len(bodies)] != bodies:
        return "If present, text/plain must be first", "content"
    return None


def _events(
    user: SendGridUser,
    signer: SendGridSigner,
    to: str,
    arguments: dict[str, str],
    reference: str,
    status: str,
) -> Build:
    event = {
        "email": to,
        "timestamp": int(time.time()),
        "smtp-id": f"<{reference}@ismtpd>",
        "sg_event_id": uuid.uuid4().hex,
        "sg_message_id": f"{reference}.filter0001.1",
        **WORDS[status],
        **arguments,
    }

    def build() -> Webhook:
        timestamp = str(int(time.time()))
        body = json.dumps([event], separators=(",", ":")).encode() + b"\r\n"
        return Webhook(
            url=user.webhook_url,
            headers={
                "Content-Type": "application/json",
                "X-Twilio-Email-Event-Webhook-Signature": signer.sign(timestamp, body),
                "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
            },
            body=body,
            retries=SENDGRID_RETRIES,
        )

    return build
