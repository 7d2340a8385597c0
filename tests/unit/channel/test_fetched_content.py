"""Files are fetched before a provider sees a content, and a provider never sees one without."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from herald.channel.accounts import SendingAccount
from herald.channel.breaker import Verdict
from herald.channel.calling import verdict_of
from herald.channel.fetched_content import with_files
from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.files import File
from herald.providers.mail_files import MOST_BYTES
from herald.providers.rendered import Rendered, RenderedEmail
from herald.providers.sending import Accepted, Refused, SendResult
from unit.channel.making import Silent, calling, decided, seconds, twilio, work
from unit.channel_email.test_attachments import rendered

MEDIA = Media(url="https://a.example/x")
FILE = File(media=MEDIA, name="x.png", content_type="image/png", body=b"1")


@dataclass(frozen=True)
class Said:
    """Any content that wants files."""

    files: tuple[Media, ...] = (MEDIA,)
    attachments: tuple[File, ...] = ()


class Seeing(Silent):
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.seen: list[Rendered] = []

    async def send(self, work: Work, content: Rendered) -> SendResult:
        self.seen.append(content)
        return await super().send(work, content)


class Shelf:
    """Gives what it has, or says why not; `asked` has the seconds that it was given."""

    def __init__(self, found: tuple[File, ...] | Failure, takes: float = 0.0) -> None:
        self.found = found
        self.takes = takes
        self.asked: list[float | None] = []

    async def fetch(
        self, wanted: Sequence[Media], seconds: float | None = None, /
    ) -> tuple[File, ...] | Failure:
        self.asked.append(seconds)
        await asyncio.sleep(self.takes)
        assert list(wanted) == [MEDIA]
        return self.found


def account(provider: Seeing, shelf: Shelf) -> SendingAccount:
    return SendingAccount(
        name="one",
        options=twilio(timeout="10s"),
        provider=provider,
        render=lambda _work, *, holds_template: Said(),  # noqa: ARG005  any content
        fetch_all=shelf.fetch,
    )


async def test_a_provider_gets_the_files_beside_their_links() -> None:
    """Fetched within what the claim has beyond the call's own time limit."""
    provider, shelf = Seeing(), Shelf((FILE,))
    [attempt] = await decided([account(provider, shelf)], work())
    result = await calling().call(attempt)
    assert isinstance(result, Accepted)
    [content] = provider.seen
    assert content == Said(attachments=(FILE,))
    assert shelf.asked == [attempt.lease_ends - seconds(10).total_seconds()]


async def test_a_file_that_can_not_be_fetched_fails_the_attempt_alone() -> None:
    """The provider is not asked, and the account is as well as before."""
    failure = Failure.of(FailureClass.CONTENT, "media_private_address")
    provider = Seeing()
    [attempt] = await decided([account(provider, Shelf(failure))], work())
    result = await calling().call(attempt)
    assert result == Refused(failure, of_message=True)
    assert verdict_of(result)[0] is Verdict.NOTHING
    assert provider.seen == []


async def test_a_mail_takes_so_many_bytes() -> None:
    """Files over what a mail may carry are refused before any provider sees them."""
    large = replace(FILE, body=bytes(MOST_BYTES + 1))
    mail = rendered([{"url": MEDIA.url, "attach": True}], ["a"], text="x")
    content = replace(mail, files=(MEDIA,), attachments=())
    refused = await with_files(content, Shelf((large,)).fetch, 1.0)
    assert isinstance(refused, Failure)
    assert refused.code == "files_too_large"
    fetched = await with_files(content, Shelf((FILE,)).fetch, 1.0)
    assert isinstance(fetched, RenderedEmail)
    assert fetched.attachments == (FILE,)
