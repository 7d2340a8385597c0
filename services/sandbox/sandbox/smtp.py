"""A mail server that takes everything, except what a case says it does not.

Source: RFC 5321 and RFC 3463 for the replies.
"""

from __future__ import annotations

import asyncio
import hmac
import uuid
import warnings
from email import message_from_bytes
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.behaviours import Answer, Behaviour, case_for
from sandbox.ledger import Ledger
from sandbox.settings import Pace, SmtpSink

ATTEMPT_HEADER = "X-Herald-Attempt"
HOST = "127.0.0.1"

# What each recipient's case makes of RCPT; a case that is not named is taken.
RCPT_REPLIES: dict[Answer, str] = {
    Answer.REFUSE: "550 5.1.1 <recipient>: user unknown",
    Answer.THROTTLE: "451 4.7.1 rate limited, try again later",
    Answer.ERROR_BARE: "451 4.3.0 local error in processing",
}
ONCE_REPLIES: dict[Answer, str] = {
    Answer.THROTTLE_ONCE: "450 4.7.1 greylisted, try again later",
    Answer.ERROR_ONCE: "451 4.3.0 local error in processing",
}


class SmtpServer:
    """The sink, on loopback only."""

    def __init__(self, sink: SmtpSink, ledger: Ledger, pace: Pace) -> None:
        self._sink = sink
        self._ledger = ledger
        self._pace = pace
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.get_running_loop().create_server(
            self._session, HOST, self._sink.port
        )

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def _session(self) -> SMTP:
        asks = self._sink.username is not None
        with warnings.catch_warnings(action="ignore"):  # a password without TLS: it is on loopback
            return SMTP(
                self,
                hostname="sandbox",
                authenticator=self._authenticate if asks else None,
                auth_required=asks,
                auth_require_tls=False,
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
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take a recipient, or refuse it as its case says."""
        answer = _behaviour(address).answer
        reply = RCPT_REPLIES.get(answer)
        if reply is None and answer in ONCE_REPLIES and not self._ledger.tries("email", address):
            reply = ONCE_REPLIES[answer]
        if reply is not None:
            await self._record(address, None, None, reply)
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's own name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a mail; some cases lose the answer."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        attempt = message_from_bytes(raw).get(ATTEMPT_HEADER)
        queue_id = uuid.uuid4().hex[:10].upper()
        recipient = envelope.rcpt_tos[0]
        await self._record(recipient, attempt, queue_id, "accepted")
        answer = _behaviour(recipient).answer
        transport = server.transport
        if answer in {Answer.RESET, Answer.GARBAGE} and isinstance(transport, asyncio.Transport):
            transport.abort()
        if answer is Answer.SLOW:
            await asyncio.sleep(self._pace.slow_seconds)
        return f"250 2.0.0 Ok: queued as {queue_id}"

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
