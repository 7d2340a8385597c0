"""Binds: how they begin, what keeps them, and how they come back."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from behaviour.providers.smpp.making import Bus, send, smpp, started, until
from behaviour.providers.smpp.smsc import Smsc, running
from herald.providers.credentials import Credentials
from herald.providers.sending import Accepted, NotSent, Refused
from herald.providers.smpp import binds
from herald.providers.smpp.account import SmppSecrets
from herald.providers.smpp.send import make_provider
from herald_local.ports import free_port
from private_authority import Authority
from unit.providers.sending import context_of

QUICK = timedelta(milliseconds=200)
ENQUIRE_LINK, UNBIND, DATA_SM, QUERY_SM, OUTBIND = 0x15, 0x06, 0x0103, 0x03, 0x0B


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once after a connection was lost."""
    monkeypatch.setattr(binds, "FIRST_PAUSE", 0.02)


@pytest.mark.parametrize("mode", ["transceiver", "pair"])
async def test_a_stop_unbinds(mode: str) -> None:
    """Every bind ends with an unbind."""
    async with running(Smsc()) as smsc:
        async with started(smsc, bind=mode, binds=2) as (account, _):
            count = 4 if mode == "pair" else 2
            await until(lambda: len(smsc.binds) == count)
            assert await send(account) == Accepted(("id-1",))
        assert [session.heard[-1] for session in smsc.sessions] == [UNBIND] * count
    expected = {0x01, 0x02} if mode == "pair" else {0x09}
    assert {session.heard[0] for session in smsc.sessions} == expected


async def test_nobody_listens() -> None:
    """There was no connection: nothing was sent, and it is said when the next try is."""
    account = smpp(free_port())
    await account.provider.start(Bus().emit)
    found = await send(account)
    await account.provider.stop()
    assert isinstance(found, NotSent)
    assert (found.code, found.no_connection) == ("connect", True)
    assert found.wait is not None


async def test_it_comes_back() -> None:
    """An SMSC that was away is bound again, and takes messages."""
    smsc = Smsc(port=free_port())
    account = smpp(smsc.port)
    await account.provider.start(Bus().emit)
    assert isinstance(await send(account), NotSent)
    async with running(smsc):
        await until(lambda: smsc.binds)
        assert await send(account) == Accepted(("id-1",))
        await account.provider.stop()


@pytest.mark.parametrize(
    ("status", "code"), [(0x0D, "bind_0x0D"), (0x0E, "bind_0x0E"), (0x0F, "bind_0x0F")]
)
async def test_a_refused_password(status: int, code: str) -> None:
    """The account is at fault; it is not tried again and again."""
    async with running(Smsc(bind_status=status)) as smsc, started(smsc) as (account, _):
        for _ in range(3):
            found = await send(account)
            assert isinstance(found, Refused)
            assert (found.failure.failure_class, found.failure.code) == ("auth", code)
            assert not found.of_message
        assert len(smsc.binds) == 1


async def test_another_password() -> None:
    """Once another one is there, it is tried with the next message."""
    async with running(Smsc(bind_status=0x0E)) as smsc:
        options = smpp(smsc.port).options
        right = SmppSecrets.model_validate({"password": "another"})
        wrong = SmppSecrets.model_validate({"password": "wrong"})
        credentials = Credentials(wrong, lambda: right)
        provider = make_provider(replace(context_of(options, wrong), credentials=credentials))
        await provider.start(Bus().emit)
        account = replace(smpp(smsc.port), provider=provider)
        assert isinstance(await send(account), Refused)
        smsc.bind_status = 0
        await credentials.refresh()
        assert await send(account) == Accepted(("id-1",))
        await provider.stop()
    assert [bind.password for bind in smsc.binds] == ["wrong", "another"]


async def test_too_many_binds() -> None:
    """Another worker holds the last one: nothing was sent, and the account is not at fault."""
    async with running(Smsc(bind_status=0x05)) as smsc, started(smsc) as (account, _):
        found = await send(account)
        assert isinstance(found, NotSent)
        assert (found.code, found.no_connection) == ("bind_0x05", False)
        smsc.bind_status = 0
        await until(lambda: len(smsc.binds) > 1)
        assert await send(account) == Accepted(("id-1",))


async def test_a_link_that_is_dead_is_found_out() -> None:
    """Nothing answers to enquire_link: the connection is given up, and another one opened."""
    smsc = Smsc(ignores=frozenset({ENQUIRE_LINK}))
    options = {"enquire_link": timedelta(seconds=1), "enquire_timeout": QUICK}
    async with running(smsc), started(smsc, **options):
        await until(lambda: len(smsc.binds) == 2)
    assert ENQUIRE_LINK in smsc.sessions[0].heard


async def test_what_the_smsc_asks() -> None:
    """It may enquire, and ask for what no client has to know."""
    async with running(Smsc()) as smsc, started(smsc):
        await until(lambda: smsc.binds)
        [session] = smsc.sessions
        assert await session.ask(ENQUIRE_LINK) == 0
        assert await session.ask(QUERY_SM) == 0x03
        session.write(OUTBIND, 1)
        assert await session.ask(ENQUIRE_LINK) == 0


async def test_an_smsc_that_unbinds() -> None:
    """It is answered, and bound again; a message meanwhile waits for that."""
    async with running(Smsc()) as smsc, started(smsc) as (account, _):
        await until(lambda: smsc.binds)
        assert await smsc.sessions[0].ask(UNBIND) == 0
        assert await send(account) == Accepted(("id-1",))
        assert len(smsc.binds) == 2


@pytest.mark.parametrize("trusts", [True, False])
async def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusts: bool) -> None:
    """An SMSC that can't prove its name gets no password."""
    authority = Authority(tmp_path)
    pair = authority.server("127.0.0.1")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pair.certificate, pair.key)
    if trusts:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    async with running(Smsc(), tls) as smsc, started(smsc, security="tls") as (account, _):
        found = await send(account)
    if trusts:
        assert found == Accepted(("id-1",))
    else:
        assert isinstance(found, NotSent)
        assert (found.code, smsc.binds) == ("tls", [])


async def test_the_way_out() -> None:
    """Where the account goes by an egress member, that opens the connection."""
    asked: list[tuple[str, int]] = []

    async def connect(host: str, port: int, _seconds: float) -> socket.socket:
        asked.append((host, port))
        made = socket.socket()
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", smsc.port))
        return made

    async with running(Smsc()) as smsc:
        account = smpp(smsc.port)
        context = context_of(account.options, account.credentials.current)
        provider = make_provider(replace(context, connect=connect))
        account = replace(account, provider=provider)
        await provider.start(Bus().emit)
        assert await send(account) == Accepted(("id-1",))
        await provider.stop()
    assert asked == [("127.0.0.1", smsc.port)]
