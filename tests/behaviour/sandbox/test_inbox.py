"""The inbox: what recipients would see, for programs and for people in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from behaviour.sandbox.browser import page
from behaviour.sandbox.inbox_server import served, take
from sandbox.inbox import MAX_MESSAGES, Inbox, Shown, ShownFile

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d7"
    "63f8cfc000000301010018dd8db00000000049454e44ae426082"
)
MAIL = Shown(
    subject="Your invoice",
    text="It is attached.",
    html='<p>Dear Ada</p><img src="cid:logo"><script>parent.document.title = "taken"</script>',
    files=(
        ShownFile(name="logo.png", content_type="image/png", body=PNG, content_id="logo"),
        ShownFile(name='a"b\r\n.html', content_type="text/html", body=b"<script>1</script>"),
    ),
)


async def get(url: str) -> tuple[int, dict[str, str], bytes]:
    async with aiohttp.ClientSession() as client, client.get(url) as response:
        return response.status, dict(response.headers), await response.read()


async def listed(url: str) -> list[dict[str, Any]]:
    async with aiohttp.ClientSession() as client, client.get(url) as response:
        found: list[dict[str, Any]] = (await response.json())["messages"]
        return found


async def test_messages_are_listed_newest_first() -> None:
    """By recipient, by channel, or those after one that is known."""
    inbox = Inbox()
    take(inbox, Shown(text="one"))
    take(inbox, Shown(text="two"), channel="whatsapp")
    take(inbox, Shown(text="three"), to="+15550003333")
    async with served(inbox) as url:
        api = f"{url}/_sandbox/inbox"
        assert [it["text"] for it in await listed(api)] == ["three", "two", "one"]
        assert [it["text"] for it in await listed(f"{api}?channel=whatsapp")] == ["two"]
        assert [it["text"] for it in await listed(f"{api}?to=%2B15550003333")] == ["three"]
        assert [it["text"] for it in await listed(f"{api}?after=2")] == ["three"]
        assert (await get(f"{api}?after=x"))[0] == 400


async def test_a_mail_shows_the_pictures_that_came_with_it() -> None:
    """Its HTML comes without scripts and origin, and its `cid:` links lead to its files."""
    inbox = Inbox()
    take(inbox, MAIL, channel="email")
    async with served(inbox) as url:
        status, headers, body = await get(f"{url}/_sandbox/inbox/1/html")
        assert status == 200
        assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        [link] = re.findall(rb'src="([^"]+)"', body)
        assert (await get(url + link.decode()))[2] == PNG


async def test_a_file_is_never_run_as_a_page() -> None:
    """What is no picture is downloaded as bytes, whatever it calls itself."""
    inbox = Inbox()
    take(inbox, MAIL, channel="email")
    async with served(inbox) as url:
        status, headers, _ = await get(f"{url}/_sandbox/inbox/1/files/2")
        assert (status, headers["Content-Type"]) == (200, "application/octet-stream")
        assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%22b%0D%0A.html"
        for missing in ("1/files/3", "1/files/0", "2", "2/html"):
            assert (await get(f"{url}/_sandbox/inbox/{missing}"))[0] == 404


async def test_clearing_forgets_all() -> None:
    """A DELETE empties the inbox; ids go on counting, so that a page notices what is new."""
    inbox = Inbox()
    take(inbox, Shown(text="one"))
    async with served(inbox) as url, aiohttp.ClientSession() as client:
        async with client.delete(f"{url}/_sandbox/inbox") as response:
            assert response.status == 200
        take(inbox, Shown(text="two"))
        assert [(it["id"], it["text"]) for it in await listed(f"{url}/_sandbox/inbox")] == [
            (2, "two")
        ]


@pytest.mark.parametrize("size", [0, 40_000])
def test_old_messages_make_room(size: int) -> None:
    """There are never more messages, or bytes of files, than an inbox keeps."""
    inbox = Inbox()
    file = ShownFile(body=b"x" * size)
    for _ in range(MAX_MESSAGES + 10):
        take(inbox, Shown(files=(file,)))
    kept = len(inbox.messages())
    assert kept == MAX_MESSAGES if size == 0 else 1_000 < kept < MAX_MESSAGES


@pytest.mark.timeout(900)  # a browser may have to be installed first
async def test_the_page_shows_a_message_in_a_browser(tmp_path: Path) -> None:
    """Its list, its words, buttons and files; what it says is text, and never markup."""
    inbox = Inbox()
    take(inbox, Shown(text="an earlier one"))
    take(
        inbox,
        Shown(
            text="<b>50 %</b> off",
            buttons=("Show me", "Stop"),
            files=(ShownFile(url="https://example.com/a.pdf", name="a.pdf"),),
        ),
        channel="whatsapp",
        provider="whatsapp_cloud",
    )
    async with served(inbox) as url:
        shown = await page(f"{url}/inbox#2", tmp_path)
    assert '<p id="state" role="status">2 messages</p>' in shown
    assert '<div class="bubble">&lt;b&gt;50 %&lt;/b&gt; off</div>' in shown
    assert '<div class="buttons"><span>Show me</span><span>Stop</span></div>' in shown
    assert 'href="https://example.com/a.pdf"' in shown
    assert '<div class="start">an earlier one</div>' in shown


@pytest.mark.timeout(900)
async def test_the_page_holds_a_mail_in_a_frame(tmp_path: Path) -> None:
    """A mail's HTML has a frame of its own, whose scripts don't run."""
    inbox = Inbox()
    take(inbox, MAIL, channel="email", to="ada@example.com", provider="sendgrid")
    async with served(inbox) as url:
        shown = await page(f"{url}/inbox#1", tmp_path)
    assert 'sandbox="" src="/_sandbox/inbox/1/html"' in shown
    assert "<title>Inbox of the sandbox</title>" in shown
    assert "<dd>Your invoice</dd>" in shown
