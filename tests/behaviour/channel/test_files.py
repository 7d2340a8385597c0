"""Files that a message names by link: what a worker reports of those it can't have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from behaviour.channel.world import World, attempt_id
from behaviour.files.server import PNG, FileServer, answer, media, serving
from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.providers.files import File
from herald.providers.rendered import Rendered
from herald.providers.sending import Accepted, SendResult

MIB = 1024 * 1024
TOKEN = "token-of-a-link"


@dataclass(frozen=True)
class Picture:
    """A content that its provider takes as bytes."""

    files: tuple[Media, ...]
    attachments: tuple[File, ...] = ()


def linking(files: FileServer) -> Any:
    """Make contents whose text is the path of a picture."""

    def render(work: Work, *, holds_template: bool) -> Rendered | Failure:
        link = files.link(f"{work.content.text}?{TOKEN}")
        return Picture((media(link, filename="../../etc/cat.png"),))

    return render


def rules(files: FileServer) -> str:
    return (
        f"[media]\nports = [{files.port}]\nprivate_networks = ['127.0.0.1/32']\n"
        "allow_cleartext = true\n"
    )


async def test_files_come_before_the_call_or_fail_its_attempt(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    """The provider gets a file by a plain name; of the others it never hears.

    Each report has the class and the code, and neither it nor a log line has the link.
    """
    given: list[Picture] = []

    async def send(work: Work, content: Rendered) -> SendResult:
        given.append(content)
        return Accepted((work.attempt_id,))

    world.provider.send = send  # type: ignore[method-assign]
    async with serving() as files:
        inside = files.link("/x", "127.0.0.2")
        files.answers |= {
            f"/good?{TOKEN}": answer(PNG, length=16),
            f"/huge?{TOKEN}": answer(PNG, length=6 * MIB),
            f"/inside?{TOKEN}": answer(b"", f"Location: {inside}", status="302 Found", length=0),
            f"/away?{TOKEN}": answer(b"", status="503 Service Unavailable", length=0),
        }
        attempts = {path: attempt_id() for path in ("/good", "/huge", "/inside", "/gone", "/away")}
        async with world.channel(render=linking(files), more=rules(files)):
            for path, attempt in attempts.items():
                await world.send(attempt, content={"text": path})
            receipts = {each["attempt_id"]: each for each in await world.receipts(len(attempts))}
    reports = {path: receipts[attempt] for path, attempt in attempts.items()}
    assert reports["/good"]["status"] == "accepted"
    failures = {path: it["failure"] for path, it in reports.items() if path != "/good"}
    assert {path: (it["class"], it["code"]) for path, it in failures.items()} == {
        "/huge": ("content", "media_too_large"),
        "/inside": ("content", "media_private_address"),
        "/gone": ("content", "media_http_404"),
        "/away": ("transient", "media_http_503"),
    }
    [picture] = given
    assert [(file.name, file.body) for file in picture.attachments] == [("cat.png", PNG)]
    assert TOKEN not in str(receipts) + "".join(capfd.readouterr())
