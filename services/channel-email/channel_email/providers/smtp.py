"""E-mail through an SMTP relay.

A session carries one mail at a time; idle sessions are kept for a while and used again, for the
handshake costs more than the mail.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import aiosmtplib
from aiosmtplib.errors import (
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.response import SMTPResponse

from channel_email.mime import message_id, write_mail, written
from channel_email.parts import parts_of
from channel_email.replies import Phase, refusal
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Receipts
from herald.contracts.work import Work
from herald.providers.http import HttpClient
from herald.providers.sending import Accepted, NotSent, Refused, SendResult, Uncertain
from herald.providers.smtp.account import SmtpAccount, SmtpSecrets

IDLE_SECONDS = 10.0  # below any relay's own limit (RFC 5321: five minutes)
MAX_SESSIONS = 20  # relays count them: Postfix takes 50 of one client by default
PROBE_SECONDS = 3.0
_START_INPUT = 354
_FIRST_REFUSAL = 400
_CLOSING = 421
# How Postfix, Exim and Exchange, and Sendmail, name a mail they queued; there is no standard.
_QUEUE_ID = re.compile(
    r"(?:queued as |\b(?:Internal)?id=)([\w.-]{4,128})|(\w{8,128}) Message accepted", re.IGNORECASE
)
_LINE_START_DOT = re.compile(rb"(?m)^\.")


class Smtp:
    """One relay."""

    def __init__(
        self,
        _name: str,
        account: SmtpAccount,
        secrets: SmtpSecrets,
        _http: HttpClient,
        _public_base_url: str,
    ) -> None:
        self._account = account
        self._secrets = secrets
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []
        self._places = asyncio.Semaphore(MAX_SESSIONS)
        self._local_hostname: str | None = None

    @property
    def receipts(self) -> Receipts:
        """A relay's acceptance is its last word."""
        return self._account.receipts

    async def send(self, work: Work) -> SendResult:
        """Send one mail in one session, all within the account's time limit."""
        mail = _mail_for(work)
        if isinstance(mail, Failure):
            return Refused(mail, of_message=True)
        deadline = asyncio.get_running_loop().time() + self._account.timeout.total_seconds()
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError:
            return NotSent("busy")
        try:
            session = await self._session(deadline)
            if not isinstance(session, aiosmtplib.SMTP):
                return session
            result = await transact(session, mail.sender, work.to, mail.body, deadline)
            self._put_back(session)
        finally:
            self._places.release()
        if isinstance(result, Accepted):
            return replace(result, references=(mail.message_id, *result.references))
        return result

    async def _session(self, deadline: float) -> aiosmtplib.SMTP | Refused | NotSent:
        """Return an idle session that still answers, or a new one."""
        if self._idle:
            since, session = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and await _answers(session):
                return session
            for _, silent in [(since, session), *self._idle]:  # all others are older
                silent.close()
            self._idle.clear()
        return await self._connect(deadline)

    async def _connect(self, deadline: float) -> aiosmtplib.SMTP | Refused | NotSent:
        security = self._account.security
        session = aiosmtplib.SMTP(
            hostname=self._account.host,
            port=self._account.port,
            local_hostname=self._local_hostname,
            timeout=self._account.timeout.total_seconds(),
            use_tls=security == "tls",
            start_tls=security == "starttls",
        )
        phase = Phase.CONNECT
        try:
            async with asyncio.timeout_at(deadline):
                await session.connect()
                self._local_hostname = session.local_hostname  # finding it may ask the network
                phase = Phase.AUTH
                await self._log_in(session)
        except (SMTPException, OSError) as error:
            session.close()
            return _no_session(error, phase)
        return session

    async def _log_in(self, session: aiosmtplib.SMTP) -> None:
        username, password = self._secrets.username, self._secrets.password
        if username is not None and password is not None:
            await session.login(username.get_secret_value(), password.get_secret_value())

    def _put_back(self, session: aiosmtplib.SMTP) -> None:
        """Keep a session for the next mail, unless it was closed."""
        if session.is_connected:
            self._idle.append((time.monotonic(), session))


@dataclass(frozen=True, slots=True)
class _Mail:
    """A mail ready to be handed over."""

    sender: str
    message_id: str
    body: bytes


def _mail_for(work: Work) -> _Mail | Failure:
    parts = parts_of(work)
    if isinstance(parts, Failure):
        return parts
    mail = write_mail(work, parts, datetime.now(UTC))
    if isinstance(mail, Failure):
        return mail
    sender = parts.sender.addr_spec
    body = written(mail, utf8=not (sender + work.to).isascii())
    if isinstance(body, Failure):
        return body
    return _Mail(sender, message_id(work, parts.sender.domain), body)


async def transact(
    session: aiosmtplib.SMTP, sender: str, recipient: str, body: bytes, deadline: float
) -> SendResult:
    """Run one mail transaction. Lost once the mail is on its way, nobody knows how it ended."""
    refused = await _ask_leave(session, sender, recipient, deadline)
    if refused is not None:
        return refused
    try:
        async with asyncio.timeout_at(deadline):
            reply = await _hand_over(session, body)
    except SMTPResponseException:
        session.close()
        return Uncertain("data_reply_unreadable")
    except (SMTPException, OSError):
        session.close()
        return Uncertain("data_reply_lost")
    return _read_reply(session, reply)


async def _ask_leave(
    session: aiosmtplib.SMTP, sender: str, recipient: str, deadline: float
) -> Refused | None:
    """Go as far as the relay's leave to write the mail; until then it can't have been taken."""
    phase = Phase.MAIL
    try:
        async with asyncio.timeout_at(deadline):
            options = await _mail_options(session, sender + recipient)
            if options is None:
                text = "the relay takes no address outside ASCII"
                failure = Failure.of(FailureClass.UNREACHABLE, "smtputf8_unsupported", text)
                return Refused(failure, of_message=True)
            await session.mail(sender, options=options, encoding="utf-8")
            phase = Phase.RCPT
            await session.rcpt(recipient, encoding="utf-8")
            phase = Phase.DATA
            code, text = await session.execute_command(b"DATA")
            if code != _START_INPUT:
                raise SMTPDataError(code, text)
    except SMTPResponseException as error:
        if error.code < _FIRST_REFUSAL:
            session.close()  # it may take the next command for anything
        await _reset(session)
        return _refused(error.code, error.message, _phase_of(error, phase))
    except (SMTPException, OSError):
        session.close()
        text = "the session was lost before the mail"
        return Refused(Failure.of(FailureClass.TRANSIENT, f"{phase}_lost", text))
    return None


async def _mail_options(session: aiosmtplib.SMTP, addresses: str) -> list[str] | None:
    """Return what MAIL needs for these addresses (RFC 6531); None where the relay lacks it."""
    if addresses.isascii():
        return []
    if session.is_ehlo_or_helo_needed:
        await session.ehlo()
    return ["SMTPUTF8"] if session.supports_extension("smtputf8") else None


async def _hand_over(session: aiosmtplib.SMTP, body: bytes) -> SMTPResponse:
    """Write the mail and the final dot; the library's own call hides on which side of 354 it is."""
    protocol = session.protocol
    if protocol is None:
        raise SMTPServerDisconnected("lost")
    protocol.write(_LINE_START_DOT.sub(b"..", body) + b".\r\n")
    return await protocol.read_response()


def _read_reply(session: aiosmtplib.SMTP, reply: SMTPResponse) -> SendResult:
    """Judge by the first digit (RFC 5321, 4.2.1)."""
    code, text = reply
    if code == _CLOSING:
        session.close()
    match code // 100:
        case 2:
            found = _QUEUE_ID.search(text)
            references = (found[1] or found[2],) if found else ()
            return Accepted(references, element={"code": code})
        case 4 | 5:
            return _refused(code, text, Phase.DATA)
        case _:
            session.close()
            return Uncertain("data_reply_unreadable")


def _refused(code: int, text: str, phase: Phase) -> Refused:
    """Tell a refusal; one for now (greylisting, say) lies in the mail, not in the account."""
    failure = refusal(code, text, phase)
    return Refused(failure, of_message=failure.failure_class is FailureClass.TRANSIENT)


def _no_session(error: Exception, phase: Phase) -> Refused | NotSent:
    """Tell why there is no session; the library's own text names the relay."""
    if isinstance(error, SMTPResponseException):
        failure = refusal(error.code, error.message, _phase_of(error, phase))
        passing = failure.failure_class is not FailureClass.AUTH  # a relay too busy to greet, say
        return NotSent(failure.code) if passing else Refused(failure)
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return NotSent("tls")
    if isinstance(error, OSError):
        return NotSent("connect_timeout" if isinstance(error, TimeoutError) else "connect")
    if phase is Phase.AUTH:
        return Refused(Failure.of(FailureClass.AUTH, "auth_unsupported", "no common mechanism"))
    text = "the relay offers no STARTTLS"
    return Refused(Failure.of(FailureClass.AUTH, "starttls_unsupported", text))


def _phase_of(error: SMTPResponseException, phase: Phase) -> Phase:
    return Phase.CONNECT if isinstance(error, SMTPHeloError) else phase


async def _answers(session: aiosmtplib.SMTP) -> bool:
    try:
        await session.noop(timeout=PROBE_SECONDS)
    except (SMTPException, OSError):
        return False
    return True


async def _reset(session: aiosmtplib.SMTP) -> None:
    """Make the session fit for another mail, or close it."""
    try:
        if session.is_connected:
            await session.rset(timeout=PROBE_SECONDS)
    except (SMTPException, OSError):
        session.close()
