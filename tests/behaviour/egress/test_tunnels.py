"""Calls through real proxies: they arrive from the proxy's address, and failures have names."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr

from behaviour.http_client.raw_server import OK, calling, post, read_request, served
from behaviour.providers.smtp.making import smtp
from behaviour.providers.smtp.relay import relaying
from herald.egress.configuration import ProxySecrets
from herald.egress.tunnels import Direct
from herald.http.errors import NotSentError
from herald.providers.rendered import RenderedEmail
from herald.providers.sending import Accepted
from herald.providers.smtp.account import SmtpAccount
from herald.providers.smtp.send import Smtp
from herald.providers.smtp.sessions import Sessions
from herald_local.ports import free_port
from private_authority import Authority
from proxies import Proxy
from unit.channel_email.making import work


class Provider:
    """Answers every POST, and keeps who called."""

    def __init__(self) -> None:
        self.peers: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peers.append(writer.get_extra_info("peername")[0])
        try:
            while True:
                await read_request(reader)
                writer.write(OK + b'{"id":1}')
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def test_a_call_arrives_from_the_proxys_address(proxy: Proxy) -> None:
    """Two calls by one connection, both from the address the proxy is bound to."""
    provider = Provider()
    async with served(provider.serve) as url, calling(way=proxy.tunnel()) as caller:
        for _ in range(2):
            assert (await post(caller, url)).document() == {"id": 1}
    assert provider.peers == [proxy.address]


@pytest.mark.parametrize(
    "secrets",
    [ProxySecrets(), ProxySecrets(username=SecretStr("herald"), password=SecretStr("wrong"))],
)
async def test_a_refused_password_is_named(proxy: Proxy, secrets: ProxySecrets) -> None:
    """Without the password, or with a wrong one, nothing is sent and the reason is the proxy's."""
    provider = Provider()
    async with served(provider.serve) as url, calling(way=proxy.tunnel(secrets)) as caller:
        with pytest.raises(NotSentError) as caught:
            await post(caller, url)
    assert caught.value.code == "proxy_auth"
    assert provider.peers == []


async def test_a_dead_proxy_and_a_dead_provider_have_two_names(proxy: Proxy) -> None:
    """Nobody at the other end is the proxy's news; no proxy at all is ours."""
    async with calling(way=proxy.tunnel()) as caller:
        with pytest.raises(NotSentError) as no_provider:
            await post(caller, f"http://127.0.0.1:{free_port()}/x")
        proxy.kill()
        with pytest.raises(NotSentError) as no_proxy:
            await post(caller, f"http://127.0.0.1:{free_port()}/x")
    assert no_provider.value.code == "proxy_no_route"
    assert no_proxy.value.code == "proxy_connect"


async def test_a_silent_proxy_is_given_up() -> None:
    """A proxy that takes the connection and says nothing costs the time to connect, no more."""

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    for kind in ("http", "socks5"):
        async with served(silence) as silent:
            proxy = Proxy(kind, "127.0.0.1", Path(), port=int(silent.split(":")[2].split("/")[0]))
            async with calling(way=proxy.tunnel()) as caller:
                with pytest.raises(NotSentError) as caught:
                    await post(caller, "http://127.0.0.1:9/x")
        assert caught.value.code == "proxy_timeout"


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_what_is_no_proxy_is_no_way(answer: bytes) -> None:
    """An end, nonsense or half an answer in place of one is a connection that was not made."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with served(serve) as url:
        proxy = Proxy("http", "127.0.0.1", Path(), port=int(url.split(":")[2].split("/")[0]))
        async with calling(way=proxy.tunnel()) as caller:
            with pytest.raises(NotSentError) as caught:
                await post(caller, "http://127.0.0.1:9/x")
    assert caught.value.code == "proxy_unreadable"


async def test_tls_is_spoken_with_the_provider(
    proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate is verified end to end: another host's is refused behind a proxy, too."""
    authority = Authority(tmp_path / "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    provider = Provider()
    way = proxy.tunnel()
    async with served_by_tls(authority, "127.0.0.1", provider) as url, calling(way=way) as caller:
        assert (await post(caller, url)).document() == {"id": 1}
    async with served_by_tls(authority, "127.0.0.2", provider) as url, calling(way=way) as caller:
        with pytest.raises(NotSentError) as caught:
            await post(caller, url)
    assert caught.value.code == "tls"
    assert len(provider.peers) == 1


@asynccontextmanager
async def served_by_tls(
    authority: Authority, address: str, provider: Provider
) -> AsyncIterator[str]:
    """Serve HTTPS on loopback under an address's certificate; give the URL."""
    pair = authority.server(address)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    finally:
        server.close()


async def test_mail_goes_through_a_proxy(proxy: Proxy) -> None:
    """A relay's greeting, which may come with the proxy's answer, is not lost."""
    async with relaying() as relay:
        account = smtp(relay.port)
        options = cast("SmtpAccount", account.options)
        sessions = Sessions(options, account.credentials, proxy.tunnel().connect)
        provider = Smtp(options, account.credentials, sessions)
        mail = work()
        content = cast("RenderedEmail", account.render(mail, holds_template=False))
        for _ in range(3):
            assert isinstance(await provider.send(mail, content), Accepted)
        await provider.stop()
    assert len(relay.mails) == 3
    assert len(relay.sessions) == 1


async def test_a_greeting_in_the_same_packet_is_kept() -> None:
    """Bytes of the server right behind the proxy's answer are the server's."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n220 relay\r\n")
        await writer.drain()
        writer.close()

    async with served(serve) as url:
        proxy = Proxy("http", "127.0.0.1", Path(), port=int(url.split(":")[2].split("/")[0]))
        sock = await proxy.tunnel().connect("relay.example.com", 587, 1)
        reader, writer = await asyncio.open_connection(sock=sock)
        assert await reader.read() == b"220 relay\r\n"
        writer.close()


async def test_calls_from_an_address_of_this_machine() -> None:
    """A direct member calls from the address it is given; one the machine lacks is no way."""
    provider = Provider()
    async with served(provider.serve) as url:
        async with calling(way=Direct("127.0.0.77")) as caller:
            assert (await post(caller, url)).document() == {"id": 1}
        async with calling(way=Direct("192.0.2.1")) as caller:
            with pytest.raises(NotSentError) as caught:
                await post(caller, url)
    assert provider.peers == ["127.0.0.77"]
    assert caught.value.code == "connect"
