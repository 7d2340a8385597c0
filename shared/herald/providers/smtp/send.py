"""E-mail through an SMTP relay."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime

import aiosmtplib
from aiosmtplib.errors import (
    SMTPDataError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.response import SMTPResponse

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.budgets import Scope
from herald.providers.credentials import Credentials
from herald.providers.rendered import RenderedEmail
from herald.providers.sending import (
    Accepted,
    Emit,
    Provider,
    ProviderContext,
    Refused,
    SendResult,
    Uncertain,
)
from herald.providers.smtp.account import SmtpAccount, SmtpSecrets
from herald.providers.smtp.envelopes import Envelope, envelope_of
from herald.providers.smtp.errors import Phase, refusal, throttled_scope
from herald.providers.smtp.sessions import Sessions, phase_of, reset

_START_INPUT = 354
_FIRST_REFUSAL = 400
_CLOSING = 421
# How Postfix, Exim and Exchange, and Sendmail, name a mail they queued; there is no standard.
_QUEUE_ID = re.compile(
    r"(?:queued as |\b(?:Internal)?id=)([\w.-]{4,128})|(\w{8,128}) Message accepted", re.IGNORECASE
)
_LINE_START_DOT = re.compile(rb"(?m)^\.")


def make_provider(context: ProviderContext[SmtpAccount, SmtpSecrets]) -> Provider:
    """Make the provider of one relay."""
    sessions = Sessions(context.account, context.credentials, context.connect)
    return Smtp(context.account, context.credentials, sessions)


class Smtp:
    """One relay; what it says to a mail is its last word on it."""

    def __init__(
        self, account: SmtpAccount, credentials: Credentials[SmtpSecrets], sessions: Sessions
    ) -> None:
        self._account = account
        self._credentials = credentials
        self._sessions = sessions

    async def start(self, _emit: Emit, /) -> None:
        """Open nothing: sessions begin with the mails that need them."""

    async def stop(self) -> None:
        """Quit the sessions."""
        await self._sessions.quit()

    async def send(self, work: Work, content: RenderedEmail) -> SendResult:
        """Send one mail in one session, all within the account's time limit."""
        account = self._account
        envelope = envelope_of(account, self._credentials.current, work, content)
        is_ascii = (content.sender.addr_spec + work.to).isascii()
        body = content.written(datetime.now(UTC), utf8=not is_ascii)
        if isinstance(body, Failure):
            return Refused(body, of_message=True)
        deadline = asyncio.get_running_loop().time() + account.timeout.total_seconds()
        async with self._sessions.session() as session:
            if not isinstance(session, aiosmtplib.SMTP):
                return session
            result = await transact(session, envelope, body, deadline)
        if isinstance(result, Accepted):
            return replace(result, references=(content.message_id, *result.references))
        return result


async def transact(
    session: aiosmtplib.SMTP, envelope: Envelope, body: bytes, deadline: float
) -> SendResult:
    """Run one mail transaction. Lost once the mail is on its way, nobody knows how it ended."""
    refused = await _ask_leave(session, envelope, deadline)
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
    session: aiosmtplib.SMTP, envelope: Envelope, deadline: float
) -> Refused | None:
    """Go as far as the relay's leave to write the mail; until then it can't have been taken."""
    phase = Phase.MAIL
    try:
        async with asyncio.timeout_at(deadline):
            offered = await _offered(session, envelope)
            if envelope.needs_utf8 and "smtputf8" not in offered:
                text = "the relay takes no address outside ASCII"
                failure = Failure.of(FailureClass.UNREACHABLE, "smtputf8_unsupported", text)
                return Refused(failure, of_message=True)
            dsn = "dsn" in offered
            asked = list(envelope.mail_options(offers_dsn=dsn))
            await session.mail(envelope.sender, options=asked, encoding="utf-8")
            phase, asked = Phase.RCPT, list(envelope.rcpt_options(offers_dsn=dsn))
            await session.rcpt(envelope.recipient, options=asked, encoding="utf-8")
            phase = Phase.DATA
            code, text = await session.execute_command(b"DATA")
            if code != _START_INPUT:
                raise SMTPDataError(code, text)
    except SMTPResponseException as error:
        if error.code < _FIRST_REFUSAL:
            session.close()  # it may take the next command for anything
        await reset(session)
        return _refused(error.code, error.message, phase_of(error, phase))
    except (SMTPException, OSError):
        session.close()
        text = "the session was lost before the mail"
        return Refused(Failure.of(FailureClass.TRANSIENT, f"{phase}_lost", text))
    return None


async def _offered(session: aiosmtplib.SMTP, envelope: Envelope) -> set[str]:
    """Return which extensions that the envelope may use the relay has (RFC 6531, 3461)."""
    if not envelope.needs_utf8 and envelope.dsn is None:
        return set()
    if session.is_ehlo_or_helo_needed:
        await session.ehlo()
    return {name for name in ("smtputf8", "dsn") if session.supports_extension(name)}


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
    """Return a refusal; one for now (greylisting, say) lies in the mail, not in the account."""
    failure = refusal(code, text, phase)
    scope = throttled_scope(failure, text, phase)
    of_message = failure.failure_class is FailureClass.TRANSIENT or scope is Scope.PAIR
    return Refused(failure, of_message=of_message, scope=scope)
