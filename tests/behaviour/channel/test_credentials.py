"""Credentials that were refused, and replaced in the secrets file while the worker runs."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from behaviour.channel.world import World, attempt_id, until
from behaviour.providers.api_server import ApiServer, http_client, serving_api
from herald.channel.accounts import SendingAccount
from herald.channel.breaker import Verdict
from herald.channel.definitions import definition_of
from herald.channel.service import Channel
from herald.config.loading import load_configuration
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.registry import send_module
from herald.providers.rendered import Rendered
from herald.providers.sending import (
    Accepted,
    Emit,
    Provider,
    ProviderContext,
    Refused,
    SendResult,
)
from secret_files import write_masking_key, write_secrets
from unit.channel.making import ACCOUNT_SID, work

HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{{channel = "sms"}}]
[accounts.main]
provider = "twilio"
account_sid = "{account_sid}"
base_url = "{base_url}"
secrets_file = "twilio.toml"
"""


def write_token(folder: Path, token: str) -> None:
    write_secrets(folder / "twilio.toml", f'auth_tokens = ["{token}"]\n')


def tokens(server: ApiServer) -> list[str]:
    """Return the tokens that the calls carried."""
    logins = [
        request.headers["authorization"].removeprefix("Basic ") for request in server.requests
    ]
    return [base64.b64decode(login).decode().partition(":")[2] for login in logins]


@asynccontextmanager
async def account_in(folder: Path) -> AsyncIterator[tuple[SendingAccount, ApiServer]]:
    """Give an account of a real configuration, whose API takes every message."""
    async with serving_api() as server, http_client() as client:
        server.will(201, {"sid": "SM1"})
        path = folder / "herald.toml"
        path.write_text(HERALD_TOML.format(account_sid=ACCOUNT_SID, base_url=server.base_url))
        write_masking_key(folder)
        write_token(folder, "old")
        configuration = load_configuration(path)
        options = configuration.file.accounts["main"]
        context = ProviderContext(
            name="main",
            account=options,
            credentials=configuration.credentials_for(["main"])["main"],
            http=client,
            callback_url="https://hooks.example.com/webhooks/twilio/main",
        )
        made = SendingAccount(
            name="main",
            options=options,
            provider=send_module("twilio").make_provider(context),
            credentials=context.credentials,
            render=definition_of("sms").render,
        )
        yield made, server


def refuse(account: SendingAccount) -> None:
    account.breaker.note(Verdict.AUTH, "20003", began=0.0, now=1.0)


async def test_a_probe_of_refused_credentials_reads_them_again(tmp_path: Path) -> None:
    """A key that was replaced in its file heals the account at the next probe, and stays."""
    async with account_in(tmp_path) as (account, server):
        refuse(account)
        write_token(tmp_path, "new")
        assert isinstance(await account.send(work(), probe=True), Accepted)
        await account.send(work())
    assert tokens(server) == ["new", "new"]


def lose(account: SendingAccount) -> None:
    for _ in range(5):
        account.breaker.note(Verdict.UNSENT, "connect", began=0.0, now=1.0)


@pytest.mark.parametrize(
    ("trouble", "probe"), [(refuse, False), (lose, True), (lambda _account: None, False)]
)
async def test_nothing_else_reads_them(
    tmp_path: Path, trouble: Callable[[SendingAccount], None], probe: bool
) -> None:
    """A call that is no probe, and a probe for another trouble, leave the file alone."""
    async with account_in(tmp_path) as (account, server):
        trouble(account)
        write_token(tmp_path, "new")
        await account.send(work(), probe=probe)
    assert tokens(server) == ["old"]


async def test_a_file_that_cannot_be_read_leaves_the_old_ones(tmp_path: Path) -> None:
    """A probe is made all the same, and the log says what is wrong with the file."""
    async with account_in(tmp_path) as (account, server):
        refuse(account)
        (tmp_path / "twilio.toml").write_text("not toml")
        with capture_logs() as logs:
            await account.send(work(), probe=True)
    assert tokens(server) == ["old"]
    [line] = [line for line in logs if line["event"] == "account.credentials_unreadable"]
    assert "secrets_file" in line["error"]


class Keyed:
    """A worker's provider, which takes calls with the token that counts at that moment."""

    counts = "secret"  # the token that all workers begin with

    def __init__(self, context: ProviderContext[Any, Any]) -> None:
        self._credentials = context.credentials
        self.taken: list[bool] = []  # of its calls

    async def start(self, emit: Emit, /) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, work: Work, content: Rendered) -> SendResult:  # noqa: ARG002
        [token] = self._credentials.current.auth_tokens
        self.taken.append(token.get_secret_value() == Keyed.counts)
        if self.taken[-1]:
            return Accepted((f"SM-{work.attempt_id}",))
        return Refused(Failure.of(FailureClass.AUTH, 20003))


async def statuses(world: World, number: int) -> list[str]:
    """Send messages one after another; return what became of each."""
    found = []
    for _ in range(number):
        await world.send(attempt_id())
        found += [receipt["status"] for receipt in await world.receipts(1)]
    return found


def is_down(channel: Channel) -> bool:
    return channel._warnings()["accounts"]() is not None


async def test_a_replaced_key_heals_every_worker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker's probe brings the account back; the other one calls with the new key, too."""
    made: list[Keyed] = []

    def make(context: ProviderContext[Any, Any]) -> Provider:
        made.append(Keyed(context))
        return made[-1]

    async with (
        world.channel(make=make, pauses=(60, 60)) as one,
        world.channel(make=make, pauses=(60, 60)) as other,
    ):
        monkeypatch.setattr(Keyed, "counts", "new")
        assert await statuses(world, 1) == ["failed"]

        async def both_know() -> bool:
            return is_down(one) and is_down(other)

        await until(both_know)
        write_token(world.folder, "new")
        await world.database.execute("UPDATE channel.accounts SET probe_at = clock_timestamp()")

        async def both_are_back() -> bool:
            if is_down(one) and is_down(other):
                await statuses(world, 1)  # it may be the probe
            return not (is_down(one) or is_down(other))

        await until(both_are_back)
        assert await statuses(world, 10) == ["accepted"] * 10
    assert all(keyed.taken[-1:] == [True] for keyed in made)
    assert sum(keyed.taken.count(False) for keyed in made) == 1
