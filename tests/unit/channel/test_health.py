"""What workers learn of accounts from one another's rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from herald.channel import account_rows
from herald.channel.account_rows import Finding, SharedState
from herald.channel.accounts import SendingAccount
from herald.channel.breaker import Verdict
from herald.channel.health import AccountHealth
from herald.database.pool import Database
from herald.providers.credentials import Credentials, CredentialsError
from herald.providers.twilio.account import TwilioSecrets
from unit.channel.making import Silent, twilio


@dataclass
class Table:
    """The rows of one channel, which all workers share."""

    rows: dict[str, Finding] = field(default_factory=dict)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        yield None

    async def save(self, _connection: Any, _channel: str, findings: Sequence[Finding]) -> None:
        self.rows |= {finding.account: finding for finding in findings}

    async def read(
        self, _connection: Any, _channel: str, _leases: Mapping[str, timedelta]
    ) -> dict[str, SharedState]:
        return {
            name: SharedState(
                trouble=row.trouble,
                code=row.code,
                pause=row.pause,
                probe_in=row.probe_in,
                paused=False,
                granted=False,
            )
            for name, row in self.rows.items()
        }


@dataclass
class File:
    """The secrets file of the account `main`; None: it can't be read."""

    token: str | None = "old"

    def read(self) -> TwilioSecrets:
        if self.token is None:
            raise CredentialsError("secrets_file: no such file")
        return TwilioSecrets(auth_tokens=(SecretStr(self.token),))


class Worker:
    """One worker's view of the account."""

    def __init__(self, table: Table, file: File) -> None:
        self.account = SendingAccount(
            name="main",
            options=twilio(),
            provider=Silent(),
            credentials=Credentials(file.read(), file.read),
        )
        database = cast("Database", table)
        self.health = AccountHealth("sms", [self.account], database, lambda: 0.0)

    @property
    def token(self) -> str:
        [token] = self.account.credentials.current.auth_tokens
        return str(token.get_secret_value())

    @property
    def is_up(self) -> bool:
        return self.account.breaker.is_closed


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    made = Table()
    monkeypatch.setattr(account_rows, "save", made.save)
    monkeypatch.setattr(account_rows, "read", made.read)
    return made


@pytest.fixture
def file() -> File:
    return File()


@pytest.fixture
def one(table: Table, file: File) -> Worker:
    return Worker(table, file)


@pytest.fixture
def other(table: Table, file: File) -> Worker:
    return Worker(table, file)


async def refuse(one: Worker, other: Worker) -> None:
    """Have one worker find the credentials refused, and the other one learn it."""
    one.account.breaker.note(Verdict.AUTH, "20003", began=0.0, now=0.0)
    await one.health.turn()
    await other.health.turn()
    assert not other.is_up


async def probe(one: Worker, verdict: Verdict = Verdict.GOOD) -> None:
    one.account.breaker.note_probe(verdict, "", 1.0)
    await one.health.turn()


async def test_a_key_that_another_worker_found_replaced_is_read_here(
    one: Worker, other: Worker, file: File
) -> None:
    """The probe says that the file's key is good: whoever has the old one reads it, too."""
    await refuse(one, other)
    file.token = "new"
    await probe(one)
    await other.health.turn()
    assert (other.is_up, other.token) == (True, "new")


async def test_a_key_is_read_also_where_its_probe_met_an_outage(
    one: Worker, other: Worker, file: File
) -> None:
    """The trouble is another one then, and nobody would read the file later."""
    await refuse(one, other)
    file.token = "new"
    await probe(one, Verdict.UNSENT)
    await other.health.turn()
    assert (other.is_up, other.token) == (False, "new")


async def test_a_key_that_is_still_refused_is_not_read(
    one: Worker, other: Worker, file: File
) -> None:
    """The next probe reads the file, wherever it is made."""
    await refuse(one, other)
    file.token = "new"
    await probe(one, Verdict.AUTH)
    await other.health.turn()
    assert (other.is_up, other.token) == (False, "old")


async def test_a_file_that_cannot_be_read_keeps_no_account_down(
    one: Worker, other: Worker, file: File
) -> None:
    """The account works as far as anybody knows; the log says what is wrong with the file."""
    await refuse(one, other)
    file.token = None
    await probe(one)
    with capture_logs() as logs:
        await other.health.turn()
    assert (other.is_up, other.token) == (True, "old")
    assert "account.credentials_unreadable" in [line["event"] for line in logs]


async def test_what_is_found_out_while_the_file_is_read_is_kept(
    one: Worker, other: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that ends here meanwhile is newer than the rows."""
    await refuse(one, other)
    await probe(one)

    async def refresh() -> None:
        other.account.breaker.note_probe(Verdict.AUTH, "20003", 2.0)

    monkeypatch.setattr(other.account.credentials, "refresh", refresh)
    await other.health.turn()
    assert not other.is_up
