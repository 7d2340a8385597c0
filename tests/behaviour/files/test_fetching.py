"""Fetching files over real connections: what comes back, and what is never asked for."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from behaviour.files.server import PNG, FileServer, answer, failed, fetching, media, serving
from herald.providers.files import File
from private_authority import Authority

MIB = 1024 * 1024


@pytest.fixture
async def files() -> AsyncIterator[FileServer]:
    async with serving() as server:
        yield server


async def test_a_file_comes_with_its_name_and_type(files: FileServer) -> None:
    """Its bytes say the type; nothing of ours goes along but a name."""
    files.answers["/d/a%20b?sig=1"] = answer(PNG, "Content-Type: text/plain", length=16)
    async with fetching(files) as fetcher:
        found = await fetcher.fetch(media(files.link("/d/a%20b?sig=1")))
    assert isinstance(found, File)
    assert (found.name, found.content_type, found.body) == ("a b.png", "image/png", PNG)
    head = files.asked[0].lower()
    assert b"user-agent: herald" in head
    assert b"cookie" not in head
    assert b"referer" not in head
    assert b"authorization" not in head


async def test_a_private_address_is_never_asked(files: FileServer) -> None:
    """Neither by its number nor by a name that leads to it."""
    async with fetching(files, private_networks=[]) as fetcher:
        for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"):
            found = await fetcher.fetch(media(files.link("/x", host)))
            assert failed(found) == "content media_private_address", host
        for host in ("127.1", "2130706433", "0x7f.1", "0177.0.0.1"):
            found = await fetcher.fetch(media(files.link("/x", host)))
            assert failed(found) in {"content media_private_address", "content media_url"}, host
    assert files.asked == []


async def test_a_redirect_to_a_private_address_is_refused(files: FileServer) -> None:
    """Every hop is checked as the first is."""
    inside = files.link("/secret", "127.0.0.2")
    files.answers["/x"] = answer(b"", f"Location: {inside}", status="302 Found", length=0)
    async with fetching(files) as fetcher:
        found = await fetcher.fetch(media(files.link("/x")))
    assert failed(found) == "content media_private_address"
    assert len(files.asked) == 1


async def test_a_name_that_changes_its_mind_reaches_nothing_else(
    files: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was checked: a name is asked once a connection."""
    asked: list[str] = []

    def resolve(host: str, port: int, **__: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    files.answers["/1"] = files.answers["/2"] = answer(PNG, length=16)
    async with fetching(files) as fetcher:
        first = await fetcher.fetch(media(files.link("/1", "rebinding.example")))
        second = await fetcher.fetch(media(files.link("/2", "rebinding.example")))
    assert isinstance(first, File)
    assert failed(second) == "content media_private_address"
    assert asked == ["rebinding.example"] * 2


async def test_three_redirects_are_followed_and_no_more(files: FileServer) -> None:
    """A relative one, too."""
    for hop in range(4):
        files.answers[f"/{hop}"] = answer(
            b"", f"Location: /{hop + 1}", status="307 Temporary Redirect", length=0
        )
    files.answers["/4"] = answer(PNG, length=16)
    async with fetching(files) as fetcher:
        assert isinstance(await fetcher.fetch(media(files.link("/1"))), File)
        found = await fetcher.fetch(media(files.link("/0")))
    assert failed(found) == "content media_redirects"


@pytest.mark.parametrize("location", ["ftp://a.example/x", "https://u:p@a.example/x", "http://a:1"])
async def test_a_redirect_to_where_no_link_may_lead_is_refused(
    files: FileServer, location: str
) -> None:
    """Other schemes, ports and logins."""
    files.answers["/x"] = answer(b"", f"Location: {location}", status="301 Moved", length=0)
    async with fetching(files) as fetcher:
        found = await fetcher.fetch(media(files.link("/x")))
    assert failed(found) == "content media_url"


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        ("404 Not Found", "content media_http_404"),
        ("403 Forbidden", "content media_http_403"),
        ("204 No Content", "content media_http_204"),
        ("429 Too Many Requests", "transient media_http_429"),
        ("503 Service Unavailable", "transient media_http_503"),
    ],
)
async def test_statuses_are_of_a_class(files: FileServer, status: str, failure: str) -> None:
    """What a server has not now it may have later; what it says is not there is not."""
    files.answers["/x"] = answer(b"", status=status, length=0)
    async with fetching(files) as fetcher:
        assert failed(await fetcher.fetch(media(files.link("/x")))) == failure


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(b""))
    while True:
        writer.write(PNG * 4096)
        await writer.drain()


async def test_a_huge_file_is_left_when_it_is_too_large(files: FileServer) -> None:
    """By its length, as it streams without one, and as it unpacks; nothing stays in memory."""
    packed = gzip.compress(b"\x00" * 3 * MIB)
    files.answers["/length"] = answer(PNG, length=3 * MIB)
    files.answers["/endless"] = _endless
    files.answers["/packed"] = answer(packed, "Content-Encoding: gzip", length=len(packed))
    async with fetching(files, largest=2, largest_together=2, memory=2) as fetcher:
        for path in ("/length", "/endless", "/packed"):
            found = await fetcher.fetch(media(files.link(path)))
            assert failed(found) == "content media_too_large", path
        assert fetcher.memory.held == 0


async def test_a_body_that_is_packed_all_the_same_is_unpacked(files: FileServer) -> None:
    """Some stores know no other form; an unknown one is refused."""
    packed = gzip.compress(PNG)
    files.answers["/x"] = answer(packed, "Content-Encoding: gzip", length=len(packed))
    files.answers["/y"] = answer(PNG, "Content-Encoding: br", length=16)
    files.answers["/z"] = answer(packed[:-4], "Content-Encoding: gzip", length=len(packed) - 4)
    async with fetching(files) as fetcher:
        found = await fetcher.fetch(media(files.link("/x")))
        assert isinstance(found, File)
        assert found.body == PNG
        assert failed(await fetcher.fetch(media(files.link("/y")))) == "content media_encoding"
        assert failed(await fetcher.fetch(media(files.link("/z")))) == "transient media_cut"


async def _drips(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(b"", length=100_000))
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_what_does_not_come_in_time_may_come_later(files: FileServer) -> None:
    """A server that drips, one that breaks off, and one that is not there."""
    files.answers["/slow"] = _drips
    files.answers["/cut"] = answer(PNG, length=100)
    async with fetching(files) as fetcher:
        slow = await fetcher.fetch_all([media(files.link("/slow"))], 0.1)
        assert failed(slow) == "transient media_timeout"
        assert failed(await fetcher.fetch(media(files.link("/cut")))) == "transient media_cut"
        await asyncio.sleep(0)
        assert fetcher.memory.held == 0
    with socket.create_server(("127.0.0.1", 0)) as closed:
        files.port = closed.getsockname()[1]
    async with fetching(files) as fetcher:
        assert failed(await fetcher.fetch(media(files.link("/x")))) == "transient media_connect"


async def test_an_unknown_name_may_be_known_later(files: FileServer) -> None:
    """And a label that no name can have raises nothing."""
    async with fetching(files) as fetcher:
        for host in ("nowhere.invalid", "a" * 64 + ".example"):
            found = await fetcher.fetch(media(files.link("/x", host)))
            assert failed(found) == "transient media_dns"


async def test_a_page_where_a_picture_was_is_refused(files: FileServer) -> None:
    """A login, for one."""
    page = b"<!doctype html><title>Log in</title>"
    files.answers["/x"] = answer(page, "Content-Type: image/png", length=len(page))
    files.answers["/empty"] = answer(b"", length=0)
    async with fetching(files) as fetcher:
        assert failed(await fetcher.fetch(media(files.link("/x")))) == "content media_wrong_type"
        assert failed(await fetcher.fetch(media(files.link("/empty")))) == "content media_empty"


async def test_files_of_a_message_come_together(files: FileServer) -> None:
    """In their order; the first that fails ends all, and they have one bound."""
    for path in ("/a", "/b"):
        files.answers[path] = answer(PNG + b"\x00" * MIB, length=16 + MIB)
    links = [media(files.link(path), filename=path[1:]) for path in ("/a", "/b")]
    async with fetching(files) as fetcher:
        found = await fetcher.fetch_all(links)
        assert [file.name for file in found if isinstance(file, File)] == ["a.png", "b.png"]
        missing = [*links, media(files.link("/missing"))]
        assert failed(await fetcher.fetch_all(missing)) == "content media_http_404"
    async with fetching(files, largest=2, largest_together=2, memory=4) as fetcher:
        assert failed(await fetcher.fetch_all(links)) == "content media_too_large"


async def test_memory_is_given_back_with_the_files(files: FileServer) -> None:
    """Also of those whose message failed; what is kept for others goes at the end."""
    for path in ("/a", "/b"):
        files.answers[path] = answer(PNG + b"\x00" * MIB, length=16 + MIB)
    links = [media(files.link(path)) for path in ("/a", "/b")]
    async with fetching(files) as fetcher:
        found = await fetcher.fetch_all(links)
        again = await fetcher.fetch_all([links[0]])
        assert fetcher.memory.held == 2 * (16 + MIB)
        del found, again
        await fetcher.fetch_all([*links, media(files.link("/missing"))])
    assert fetcher.memory.held == 0
    assert len(files.asked) == 3


async def test_a_channel_takes_files_of_its_own_size_and_type(files: FileServer) -> None:
    """By what they really are: the sender only says of which kind they should be."""
    gif = b"GIF89a" + b"\x00" * 10
    files.answers["/gif"] = answer(gif, "Content-Type: image/png", length=16)
    files.answers["/large"] = answer(PNG, length=6 * MIB)
    files.answers["/png"] = answer(PNG, length=16)
    async with fetching(files, channel="whatsapp") as fetcher:
        assert isinstance(await fetcher.fetch(media(files.link("/png"))), File)
        assert failed(await fetcher.fetch(media(files.link("/gif")))) == "content media_wrong_type"
        assert failed(await fetcher.fetch(media(files.link("/large")))) == "content media_too_large"
        document = media(files.link("/gif"), kind="document")
        assert isinstance(await fetcher.fetch(document), File)


async def test_a_server_shows_who_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of one that can't."""
    authority = Authority(tmp_path)
    async with serving(authority.server("127.0.0.1")) as files:
        files.answers["/x"] = answer(PNG, length=16)
        link = files.link("/x").replace("http://", "https://")
        async with fetching(files, allow_cleartext=False) as fetcher:
            assert failed(await fetcher.fetch(media(link))) == "transient media_tls"
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        async with fetching(files, allow_cleartext=False) as fetcher:
            assert isinstance(await fetcher.fetch(media(link)), File)
    assert len(files.asked) == 1


async def test_names_that_are_slow_to_resolve_keep_nobody_elses(
    files: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users choose them: they have threads of their own, and wait for each other alone."""
    released = threading.Event()
    real = socket.getaddrinfo

    def resolve(host: str, *arguments: Any, **options: Any) -> Any:
        if host.endswith(".slow.example"):
            released.wait(5)
            raise socket.gaierror
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    async with fetching(files) as fetcher:
        links = [media(files.link("/x", f"{n}.slow.example")) for n in range(60)]
        slow = [asyncio.ensure_future(fetcher.fetch_all([link], 0.3)) for link in links]
        await asyncio.sleep(0.05)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(2):
            await loop.getaddrinfo("localhost", 1)
        ends = {failed(found) for found in await asyncio.gather(*slow)}
        released.set()
    assert ends == {"transient media_timeout"}
