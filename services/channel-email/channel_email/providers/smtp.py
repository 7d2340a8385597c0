"""E-mail through an SMTP relay.

A session carries one mail at a time; idle sessions are kept for a while and used again, for the
handshake costs more than the mail.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from email.message import EmailMessage

import aiosmtplib
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPResponseException,
)

from channel_email.mime import write_mail
from channel_email.parts import parts_of
from channel_email.replies import Phase, refusal
from herald.channel.http import HttpCaller
from herald.channel.provider import Accepted, Refused, SendResult, Uncertain
from herald.config.accounts import SmtpAccount, SmtpSecrets
from herald.failures import Failure
from herald.vocabulary import FailureClass, Receipts
from herald.work import Work

IDLE_SECONDS = 10.0  # below any relay's own limit (RFC 5321: five minutes)
MAX_IDLE = 20
_QUEUE_ID = re.compile(r"(?:queued as|id=|<)\s*([\w.@-]{4,128})", re.IGNORECASE)


class Smtp:
    """One relay."""

    def __init__(
        self,
        _name: str,
        account: SmtpAccount,
        secrets: SmtpSecrets,
        _http: HttpCaller,
        _public_base_url: str,
    ) -> None:
        self._account = account
        self._secrets = secrets
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []

    @property
    def receipts(self) -> Receipts:
        """A relay's acceptance is its last word."""
        return self._account.receipts

    async def send(self, work: Work) -> SendResult:
        """Send one mail in one session."""
        parts = parts_of(work)
        mail = parts if isinstance(parts, Failure) else write_mail(work, parts, datetime.now(UTC))
        if isinstance(mail, Failure) or isinstance(parts, Failure):
            return Refused(mail if isinstance(mail, Failure) else Failure.of(FailureClass.CONTENT))
        session = await self._session()
        if isinstance(session, Failure):
            return Refused(session)
        result = await transact(session, parts.sender.addr_spec, work.to, mail)
        await self._put_back(session, result)
        return result

    async def _session(self) -> aiosmtplib.SMTP | Failure:
        """Return an idle session that still answers, or a new one."""
        while self._idle:
            since, session = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and await _answers(session):
                return session
            session.close()
        return await self._connect()

    async def _connect(self) -> aiosmtplib.SMTP | Failure:
        security = self._account.security
        session = aiosmtplib.SMTP(
            hostname=self._account.host,
            port=self._account.port,
            timeout=self._account.timeout.total_seconds(),
            use_tls=security == "tls",
            start_tls=security == "starttls",
        )
        phase = Phase.CONNECT
        try:
            await session.connect()
            phase = Phase.AUTH
            await self._log_in(session)
        except (SMTPConnectError, SMTPConnectTimeoutError, OSError):
            return _not_reached("connect")
        except SMTPAuthenticationError as error:
            session.close()
            return refusal(error.code, error.message, Phase.AUTH)
        except SMTPResponseException as error:
            session.close()
            return refusal(error.code, error.message, phase)
        except SMTPException:
            session.close()
            if phase is Phase.AUTH:
                return Failure.of(FailureClass.AUTH, "auth_unsupported", "no common mechanism")
            return _not_reached("session")
        return session

    async def _log_in(self, session: aiosmtplib.SMTP) -> None:
        username, password = self._secrets.username, self._secrets.password
        if username is not None and password is not None:
            await session.login(username.get_secret_value(), password.get_secret_value())

    async def _put_back(self, session: aiosmtplib.SMTP, result: SendResult) -> None:
        if isinstance(result, Uncertain) or not session.is_connected:
            session.close()
        elif len(self._idle) < MAX_IDLE:
            self._idle.append((time.monotonic(), session))
        else:
            session.close()


async def transact(
    session: aiosmtplib.SMTP, sender: str, recipient: str, mail: EmailMessage
) -> SendResult:
    """Run one mail transaction. Lost after the final dot, nobody knows how it ended."""
    phase = Phase.MAIL
    try:
        await session.mail(sender)
        phase = Phase.RCPT
        await session.rcpt(recipient)
        phase = Phase.DATA
        _, text = await session.data(mail.as_bytes())
    except SMTPResponseException as error:
        await _reset(session)
        return Refused(refusal(error.code, error.message, phase))
    except (SMTPException, OSError, TimeoutError):
        if phase is Phase.DATA:
            return Uncertain("data_reply_lost")
        session.close()
        return Refused(_not_reached(phase))
    queue_id = _QUEUE_ID.search(text)
    references = (str(mail["Message-ID"]), *([queue_id[1]] if queue_id else ()))
    return Accepted(references, element={"reply": text[:200]})


async def _answers(session: aiosmtplib.SMTP) -> bool:
    try:
        await session.noop()
    except (SMTPException, OSError, TimeoutError):
        return False
    return True


async def _reset(session: aiosmtplib.SMTP) -> None:
    """Make the session fit for another mail, or close it."""
    try:
        await session.rset()
    except (TimeoutError, SMTPException, OSError):
        session.close()


def _not_reached(code: str) -> Failure:
    return Failure.of(FailureClass.TRANSIENT, code, "the relay could not be reached")
