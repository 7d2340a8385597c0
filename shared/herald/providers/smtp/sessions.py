"""The sessions with a relay: a few, each carrying one mail at a time.

Idle ones are kept for a while and used again, for the handshake costs more than the mail.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPHeloError, SMTPResponseException

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.http.errors import NotSentError
from herald.http.ways import Connect
from herald.providers.credentials import Credentials, NoTokenError, Token
from herald.providers.sending import NotSent, Refused, without_token
from herald.providers.smtp.account import SmtpAccount, SmtpSecrets
from herald.providers.smtp.errors import Phase, refusal, throttled_scope
from herald.providers.smtp.xoauth2 import sign_in

IDLE_SECONDS = 10.0  # below any relay's own limit (RFC 5321: five minutes)
MAX_SESSIONS = 20  # relays count them: Postfix takes 50 of one client by default
TOKEN_REFUSED = f"{Phase.AUTH}_535"
PROBE_SECONDS = 3.0  # for a command that carries no mail: NOOP, RSET, QUIT
# Of the account's time limit, from the call's beginning: a mail begins only while it has at least
# half of the limit left, for one that is cut off after its final dot may have been taken.
PLACE_SHARE = 0.25  # until then it waits for one of the few sessions
SESSION_SHARE = 0.5  # until then the session must be there

NoSession = Refused | NotSent


class Sessions:
    """The sessions of one account."""

    def __init__(
        self,
        account: SmtpAccount,
        credentials: Credentials[SmtpSecrets],
        connect: Connect | None = None,
    ) -> None:
        self._account = account
        self._credentials = credentials
        self._connect_by = connect
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []
        self._places = asyncio.Semaphore(MAX_SESSIONS)
        self._local_hostname: str | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiosmtplib.SMTP | NoSession]:
        """Give a session of one's own in half of the time limit, or why there is none."""
        began = asyncio.get_running_loop().time()
        limit = self._account.timeout.total_seconds()
        try:
            async with asyncio.timeout_at(began + limit * PLACE_SHARE):
                await self._places.acquire()
        except TimeoutError:
            yield NotSent("busy", of_us=True)
            return
        try:
            session = await self._open_with_token(began + limit * SESSION_SHARE)
            yield session
            if isinstance(session, aiosmtplib.SMTP) and session.is_connected:
                self._idle.append((time.monotonic(), session))
        finally:
            self._places.release()

    async def quit(self) -> None:
        """End the idle sessions, each with a QUIT that the relay has a moment to answer."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_quit(session) for _, session in idle))

    async def _open_with_token(self, deadline: float) -> aiosmtplib.SMTP | NoSession:
        """Return a session; with `oauth` only while the account has a token."""
        if self._account.oauth is None:
            return await self._open(deadline)
        try:
            async with asyncio.timeout_at(deadline):
                token = await self._credentials.token()
            session = await self._open(deadline, token)
            if _is_refused(session):
                async with asyncio.timeout_at(deadline):
                    other = await self._credentials.renewed(token)
                session = await self._open(deadline, other)
        except NoTokenError as error:
            await self.quit()  # idle ones were signed in to with a token that may be revoked
            return without_token(error)
        except TimeoutError:
            return NotSent("session_wait")
        return session

    async def _open(
        self, deadline: float, token: Token | None = None
    ) -> aiosmtplib.SMTP | NoSession:
        """Return an idle session that still answers, or a new one."""
        if self._idle:
            since, session = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and await _answers(session, deadline):
                return session
            for _, silent in [(since, session), *self._idle]:  # all others are older
                silent.close()
            self._idle.clear()
        return await self._connect(deadline, token)

    async def _connect(self, deadline: float, token: Token | None) -> aiosmtplib.SMTP | NoSession:
        security = self._account.security
        try:
            sock = await self._reach(deadline)
        except NotSentError as error:
            return NotSent(error.code, no_connection=True)
        session = aiosmtplib.SMTP(
            hostname=self._account.host,
            port=self._account.port if sock is None else None,
            sock=sock,
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
                await self._log_in(session, token)
        except (SMTPException, OSError) as error:
            session.close()
            if sock is not None and session.transport is None:
                sock.close()
            return _why_none(error, phase)
        return session

    async def _reach(self, deadline: float) -> socket.socket | None:
        """Open a connection where the library is not to open it itself."""
        if self._connect_by is None:
            return None
        left = deadline - asyncio.get_running_loop().time()
        return await self._connect_by(self._account.host, self._account.port, left / 2)

    async def _log_in(self, session: aiosmtplib.SMTP, token: Token | None) -> None:
        secrets, oauth = self._credentials.current, self._account.oauth
        if token is not None and oauth is not None:
            await sign_in(session, oauth.user or "", token.value.get_secret_value())
            return
        if secrets.username is not None and secrets.password is not None:
            username, password = secrets.username, secrets.password
            await session.login(username.get_secret_value(), password.get_secret_value())


async def reset(session: aiosmtplib.SMTP) -> None:
    """Make the session fit for another mail, or close it."""
    try:
        if session.is_connected:
            await session.rset(timeout=PROBE_SECONDS)
    except (SMTPException, OSError):
        session.close()


def phase_of(error: SMTPResponseException, phase: Phase) -> Phase:
    """Return how far the session had got; a refused greeting may come late."""
    return Phase.CONNECT if isinstance(error, SMTPHeloError) else phase


async def _answers(session: aiosmtplib.SMTP, deadline: float) -> bool:
    """Ask whether the session is still there, and leave time to open another."""
    left = deadline - asyncio.get_running_loop().time()
    try:
        await session.noop(timeout=min(PROBE_SECONDS, left / 2))
    except (SMTPException, OSError):
        return False
    return True


async def _quit(session: aiosmtplib.SMTP) -> None:
    try:
        await session.quit(timeout=PROBE_SECONDS)
    except (SMTPException, OSError):
        session.close()


def _is_refused(session: aiosmtplib.SMTP | NoSession) -> bool:
    """Whether the relay refused the access token, which another one may mend."""
    return isinstance(session, Refused) and session.failure.code == TOKEN_REFUSED


def _why_none(error: Exception, phase: Phase) -> NoSession:
    """Say why there is no session; the library's own text names the relay."""
    if isinstance(error, SMTPResponseException):
        reached = phase_of(error, phase)
        failure = refusal(error.code, error.message, reached)
        scope = throttled_scope(failure, error.message, reached)
        if scope is not None:
            return Refused(failure, scope=scope)
        passing = failure.failure_class is not FailureClass.AUTH  # a relay too busy to greet, say
        return NotSent(failure.code) if passing else Refused(failure)
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return NotSent("tls", no_connection=True)
    if isinstance(error, OSError):
        code = "connect_timeout" if isinstance(error, TimeoutError) else "connect"
        return NotSent(code, no_connection=True)
    if phase is Phase.AUTH:
        return Refused(Failure.of(FailureClass.AUTH, "auth_unsupported", "no common mechanism"))
    text = "the relay offers no STARTTLS"
    return Refused(Failure.of(FailureClass.AUTH, "starttls_unsupported", text))
