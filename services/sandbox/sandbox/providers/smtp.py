"""A mail server that accepts every mail, except where a case says otherwise.

Source: RFC 5321 and RFC 3463 for the replies.
"""

from __future__ import annotations

import asyncio
import hmac
import uuid
import warnings
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import Field, SecretStr

from sandbox.behaviours import ONCE, Behaviour, Failure, Handling, Status
from sandbox.cases import case_for
from sandbox.flow import Flow
from sandbox.mail_shown import read_mail
from sandbox.peers import PEER
from sandbox.providers.smtp_session import TokenSession
from sandbox.settings import Section
from sandbox.stand_ins import Definition, StandIn, Vocabulary
from sandbox.throttling import Scope

ATTEMPT_HEADER = "X-Herald-Attempt"
LOOPBACK = "127.0.0.1"

FAILURES: dict[Failure, str] = {
    Failure.UNKNOWN_RECIPIENT: "550 5.1.1 <recipient>: user unknown",
}
THROTTLES: dict[Scope, int | str] = {
    Scope.ACCOUNT: "451 4.7.1 rate limited, try again later",
    Scope.SENDER: "450 4.7.1 sender rate limited, try again later",
    Scope.PAIR: "450 4.2.1 the user receives mail at a rate that is too high",
}
# What else is said to RCPT; any other recipient is accepted.
RCPT_REPLIES: dict[Handling, str] = {
    Handling.THROTTLE: "451 4.7.1 rate limited, try again later",
    Handling.THROTTLE_ONCE: "450 4.7.1 greylisted, try again later",
    Handling.ERROR_BARE: "451 4.3.0 local error in processing",
    Handling.ERROR_ONCE: "451 4.3.0 local error in processing",
}


class SmtpSink(Section):
    """The SMTP server; without credentials it accepts mail from anybody.

    With a part `[oauth]` it takes that endpoint's access tokens, too (XOAUTH2).
    """

    port: int = Field(ge=1, le=65_535)
    host: str = Field(default=LOOPBACK, min_length=1)  # where it listens
    username: str | None = None
    password: SecretStr | None = None


class SmtpServer(StandIn):
    """Listens on loopback by default. After it accepted a mail it reports nothing more."""

    def __init__(self, sink: SmtpSink, flow: Flow) -> None:
        self._sink = sink
        self._ledger = flow.ledger
        self._inbox = flow.inbox
        self._throttled = flow.throttling.throttling
        self._tokens = flow.access_tokens
        self._slow_seconds = flow.pace.slow_seconds
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.get_running_loop().create_server(
            self._session, self._sink.host, self._sink.port
        )

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def _session(self) -> SMTP:
        asks = self._sink.username is not None
        with warnings.catch_warnings(action="ignore"):  # a password without TLS: it is on loopback
            return TokenSession(
                self._tokens,
                self,
                hostname="sandbox",
                authenticator=self._authenticate if asks else None,
                auth_required=asks,
                auth_require_tls=False,
                auth_exclude_mechanism=() if self._tokens.is_used else ("XOAUTH2",),
                enable_SMTPUTF8=True,
            )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        password = self._sink.password
        known = (
            isinstance(data, LoginPassword)
            and password is not None
            and hmac.compare_digest(data.login, (self._sink.username or "").encode())
            and hmac.compare_digest(data.password, password.get_secret_value().encode())
        )
        return AuthResult(success=known, handled=False)  # aiosmtpd answers 535

    async def handle_RCPT(  # noqa: N802  aiosmtpd's own name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Accept a recipient, or refuse it as its case says."""
        PEER.set(session.peer[0] if session.peer else None)
        reply = self._throttling(envelope, address) or self._refusal(address)
        if reply is not None:
            await self._record(address, None, None, reply)
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's own name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Accept a mail; some cases lose the reply."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        mail, shown = read_mail(raw)
        queue_id = uuid.uuid4().hex[:10].upper()
        recipient = envelope.rcpt_tos[0]
        await self._record(recipient, mail.get(ATTEMPT_HEADER), queue_id, "accepted")
        self._inbox.take(
            provider="smtp",
            channel="email",
            account="smtp",
            sender=envelope.mail_from or "",
            to=recipient,
            reference=queue_id,
            shown=shown,
        )
        handling = _behaviour(recipient).handling
        transport = server.transport
        if handling in {Handling.RESET, Handling.GARBAGE} and isinstance(
            transport, asyncio.Transport
        ):
            transport.abort()
        if handling is Handling.SLOW:
            await asyncio.sleep(self._slow_seconds)
        return f"250 2.0.0 Ok: queued as {queue_id}"

    def _throttling(self, envelope: Envelope, address: str) -> str | None:
        sender = envelope.mail_from or ""
        limit = self._throttled(provider="smtp", account="smtp", sender=sender, recipient=address)
        return None if limit is None else str(limit.code)

    def _refusal(self, address: str) -> str | None:
        behaviour = _behaviour(address)
        if behaviour.handling is Handling.REFUSE:
            return FAILURES[behaviour.failure] if behaviour.failure else None
        reply = RCPT_REPLIES.get(behaviour.handling)
        if reply is not None and behaviour.handling in ONCE:
            return None if self._ledger.tries("email", address) else reply
        return reply

    async def _record(
        self, to: str, attempt: str | None, reference: str | None, outcome: str
    ) -> None:
        await self._ledger.record(
            provider="smtp",
            channel="email",
            account="smtp",
            to=to,
            attempt=attempt,
            reference=reference,
            outcome=outcome,
        )


def _behaviour(address: str) -> Behaviour:
    return case_for(address).email


DEFINITION = Definition(
    name="smtp",
    settings=SmtpSink,
    make=SmtpServer,
    throttles=THROTTLES,
    channels={"email": Vocabulary(failures=FAILURES, statuses=frozenset(Status))},
)
