"""The SMSC of one account: what it does with submits, and what it delivers.

Source: "Short Message Peer to Peer Protocol Specification v3.4".
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Literal

from pydantic import Field, SecretStr
from starlette.responses import Response

from sandbox.behaviours import ACCEPTED, Failure, Status
from sandbox.cases import case_for
from sandbox.flow import ConnectionReset, Flow, MessageRequest
from sandbox.inbox import Shown
from sandbox.providers.smpp_pdus import Submit, deliver, written
from sandbox.providers.smpp_receipts import Form, is_asked, receipt
from sandbox.providers.smpp_session import OK, Session
from sandbox.settings import Section
from sandbox.webhooks import WebhookFactory

OUR_NUMBER = "15550001111"
ALREADY_BOUND, WRONG_PASSWORD, UNKNOWN_SYSTEM, SYSTEM_ERROR, THROTTLED = 5, 14, 15, 8, 0x58
REFUSALS: dict[Failure, int] = {
    Failure.NOT_MOBILE: 0x0B,
    Failure.BAD_CREDENTIALS: 0x0E,
    Failure.OPTED_OUT: 0x0410,  # a vendor's own
}
REPEAT_SECONDS = 0.5  # before a message that was not taken is delivered again
MAX_DELIVERIES = 60


class SmppSystem(Section):
    """One account: a system_id, its password, and how this SMSC writes."""

    port: int = Field(ge=1, le=65_535)
    host: str = Field(default="127.0.0.1", min_length=1)  # where it listens
    system_id: str
    password: SecretStr
    receipts: Form = "text"  # the text of appendix B, the optional parameters, or both
    response_ids: Literal["decimal", "hex"] = "decimal"  # in receipts they are decimal
    max_binds: int = Field(default=100, ge=0)


class Answer(Response):
    """A submit_sm_resp, where the flow of every provider speaks of responses."""

    def __init__(self, command_status: int, reference: str = "") -> None:
        super().__init__()
        self.command_status = command_status
        self.reference = reference


class Centre:
    """The SMSC of one account."""

    def __init__(self, name: str, system: SmppSystem, flow: Flow) -> None:
        self.name = name
        self.system = system
        self._flow = flow
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()
        self._ids = secrets.randbelow(10**9) + 10**9
        self._texts: dict[tuple[str, str, int], dict[int, str]] = {}  # of messages in parts
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self.system.host, self.system.port)

    async def stop(self) -> None:
        """End every session."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        for session in list(self._sessions):
            session.end()

    def reply(self, sender: str, to: str, text: str) -> WebhookFactory:
        """Make what delivers a recipient's text."""

        def make() -> None:
            self._ids += 1
            for esm_class, data_coding, octets in written(text, self._ids):
                numbers = sender.removeprefix("+"), to.removeprefix("+")
                self.deliver(
                    deliver(*numbers, octets, esm_class=esm_class, data_coding=data_coding)
                )

        return make

    def deliver(self, body: bytes) -> None:
        """Deliver at once where somebody is bound; again until it is taken."""
        first = self._receiver()
        answer = None if first is None else first.deliver(body)
        task = asyncio.create_task(self._deliver(body, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, body: bytes, answer: asyncio.Future[int] | None) -> None:
        for _ in range(MAX_DELIVERIES):
            if answer is not None:
                [done], _pending = await asyncio.wait([answer])
                if not done.cancelled() and done.result() == OK:
                    return
            await asyncio.sleep(REPEAT_SECONDS)
            session = self._receiver()
            answer = None if session is None else session.deliver(body)

    def _receiver(self) -> Session | None:
        return next((session for session in self._sessions if session.receives), None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(writer, self._check_bind, self._submitted)
        self._sessions.add(session)
        try:
            await session.run(reader)
        finally:
            self._sessions.discard(session)

    def _check_bind(self, _session: Session, system_id: str, password: str) -> int:
        if system_id != self.system.system_id:
            return UNKNOWN_SYSTEM
        right = self.system.password.get_secret_value()
        if not hmac.compare_digest(password.encode(), right.encode()):
            return WRONG_PASSWORD
        bound = sum(bool(session.mode) for session in self._sessions)
        return ALREADY_BOUND if bound >= self.system.max_binds else OK

    async def _submitted(self, session: Session, submit: Submit) -> tuple[int, str] | None:
        """Take a part; the last one of a message stands for it, or the first where it fails."""
        self._ids += 1
        number = self._ids
        wire = SubmitWire(self, submit)
        _, part, total = submit.part
        text = self._whole_text(submit)
        is_refused = case_for(submit.to).sms.handling not in ACCEPTED
        if part != (1 if is_refused else total):
            behaviour = case_for(submit.to).sms
            for status in behaviour.statuses:
                self._flow.webhooks.later(0.1, wire.status(str(number), status, behaviour.failure))
            return OK, self._id_in_response(number)
        request = MessageRequest(
            provider="smpp",
            channel="sms",
            account=self.name,
            to=f"+{submit.to}",
            attempt=None,
            reference=str(number),
            sender=submit.source,
            shown=Shown(text=text),
        )
        return self._answer(session, await self._flow.respond(request, wire))

    def _whole_text(self, submit: Submit) -> str:
        """Put together what has come of a message so far."""
        reference, part, total = submit.part
        if total == 1:
            return submit.text
        key = submit.source, submit.to, reference
        texts = self._texts.setdefault(key, {})
        texts[part] = submit.text
        if len(texts) == total:
            del self._texts[key]
        return "".join(texts[number] for number in sorted(texts))

    def _answer(self, session: Session, response: Response) -> tuple[int, str] | None:
        match response:
            case Answer():
                number = response.reference
                return response.command_status, self._id_in_response(int(number)) if number else ""
            case ConnectionReset():
                session.unbind()
            case _ if response.status_code == HTTPStatus.OK:
                session.write_garbage()
            case _:
                session.end()
        return None

    def _id_in_response(self, number: int) -> str:
        return f"{number:X}" if self.system.response_ids == "hex" else str(number)


@dataclass(frozen=True, slots=True)
class SubmitWire:
    """How an SMSC answers one submit, and what it reports of it."""

    centre: Centre
    submit: Submit

    def accepted(self, reference: str) -> Response:
        return Answer(OK, reference)

    def refused(self, failure: Failure) -> Response | None:
        return Answer(REFUSALS[failure]) if failure in REFUSALS else None

    def throttled(self, _seconds: int | None, code: int | str | None = None) -> Response:
        return Answer(int(code or THROTTLED))

    def server_error(self) -> Response:
        return Answer(SYSTEM_ERROR)

    def status(self, reference: str, status: Status, failure: Failure | None) -> WebhookFactory:
        def make() -> None:
            if is_asked(self.submit, status):
                form, now = self.centre.system.receipts, datetime.now(UTC)
                body = receipt(self.submit, reference, status, failure, form, now)
                self.centre.deliver(body)

        return make

    def reply(self, text: str) -> WebhookFactory:
        return self.centre.reply(self.submit.to, self.submit.source or OUR_NUMBER, text)
