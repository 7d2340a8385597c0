"""Opening a connection to an SMSC and binding it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from enum import Enum

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.http.errors import NotSentError
from herald.http.ways import Connect
from herald.providers.sending import NotSent, Refused
from herald.providers.smpp.account import SmppAccount
from herald.providers.smpp.errors import OK, code_of, refusal
from herald.providers.smpp.link import (
    Answered,
    Link,
    LinkRules,
    Take,
)
from herald.providers.smpp.pdus import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    Address,
    write_bind,
)
from herald.providers.smpp.requests import LinkLostError, NotWrittenError

_VERSIONS = {"3.4": 0x34, "5.0": 0x50}

NoBind = Refused | NotSent


class Mode(Enum):
    """What a bind is for."""

    TRANSCEIVER = BIND_TRANSCEIVER
    TRANSMITTER = BIND_TRANSMITTER
    RECEIVER = BIND_RECEIVER

    @property
    def sends(self) -> bool:
        return self is not Mode.RECEIVER


class NoBindError(Exception):
    """There is no bind; `result` says what becomes of a message because of it."""

    def __init__(self, code: str, result: NoBind) -> None:
        super().__init__(code)
        self.code = code
        self.result = result

    @property
    def is_auth(self) -> bool:
        return isinstance(self.result, Refused)


@dataclass(frozen=True, slots=True)
class Dialer:
    """Opens connections of one account by one way, each within the account's time limit."""

    account: SmppAccount
    connect: Connect | None
    take: Take
    answered: Answered

    async def dial(self, mode: Mode, password: str) -> Link:
        """Return a link that is bound.

        Raises:
            NoBindError: there is none.
        """
        seconds = self.account.timeout.total_seconds()
        deadline = asyncio.get_running_loop().time() + seconds
        link = Link(*await self._open(deadline), self._rules(), self.take, self.answered)
        try:
            await self._bind(link, mode, password, deadline)
        except BaseException:
            link.close("not_bound")
            await link.ended()
            raise
        return link

    async def _open(self, deadline: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        account = self.account
        tls = ssl.create_default_context() if account.security == "tls" else None
        name = account.host if tls is not None else None
        try:
            async with asyncio.timeout_at(deadline):
                if self.connect is None:
                    return await asyncio.open_connection(
                        account.host, account.port, ssl=tls, server_hostname=name
                    )
                left = deadline - asyncio.get_running_loop().time()
                sock = await self.connect(account.host, account.port, left / 2)
                try:
                    return await asyncio.open_connection(sock=sock, ssl=tls, server_hostname=name)
                except BaseException:
                    sock.close()
                    raise
        except NotSentError as error:
            raise _no_connection(error.code) from None
        except TimeoutError:
            raise _no_connection("connect_timeout") from None
        except ssl.SSLError:
            raise _no_connection("tls") from None
        except socket.gaierror:
            raise _no_connection("dns") from None
        except OSError:
            raise _no_connection("connect") from None

    async def _bind(self, link: Link, mode: Mode, password: str, deadline: float) -> None:
        account = self.account
        body = write_bind(
            system_id=account.system_id,
            password=password,
            system_type=account.system_type,
            version=_VERSIONS[account.interface_version],
            addresses=Address(account.address_ton, account.address_npi, account.address_range),
        )
        try:
            response = await link.request(mode.value, body, deadline)
        except TimeoutError:
            raise _no_connection("bind_timeout") from None
        except (LinkLostError, NotWrittenError):
            raise _no_connection("bind_lost") from None
        if response.status != OK:
            raise _refused(account, response.status)

    def _rules(self) -> LinkRules:
        return LinkRules(
            window=self.account.window,
            enquire_after=self.account.enquire_link.total_seconds(),
            enquire_timeout=self.account.enquire_timeout.total_seconds(),
        )


def _no_connection(code: str) -> NoBindError:
    return NoBindError(code, NotSent(code, no_connection=True))


def _refused(account: SmppAccount, status: int) -> NoBindError:
    """Say what a refused bind means: trouble with the account, or with the SMSC for now.

    Too many binds (0x05, at many SMSCs) pass as soon as another worker leaves.
    """
    failure = refusal(status, account.command_errors)
    code = f"bind_{code_of(status)}"
    if failure.failure_class is FailureClass.AUTH:
        return NoBindError(code, Refused(Failure.of(FailureClass.AUTH, code)))
    return NoBindError(code, NotSent(code))
