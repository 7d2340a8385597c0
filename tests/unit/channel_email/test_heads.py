"""The head of a mail: ours alone, whatever subject and names are made of."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from random import Random

import pytest
from hypothesis import settings

from channel_email.content import render
from channel_email.heads import BAD_HEADER, check_head
from herald.contracts.failures import Failure
from unit.channel_email.making import ATTEMPT, TO, work
from unit.channel_email.test_mime import NOW
from unit.providers.sendgrid.making import mail_for

HEAD = {
    *("From", "To", "Subject", "Date", "Message-ID", "X-Herald-Attempt"),
    *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
}
INPUTS = settings().max_examples * 100  # ten thousand, fewer in `make test-unit`
# what parsers of mail stumble over
PIECES = [
    *("=?utf-8?q?", "=?utf-8?b?", "?=", "=0D=0A", "DQpCY2M6IGV2ZUBleGFtcGxlLm5ldA==", "=?", "=20"),
    *("Bcc: eve@example.net", "Reply-To:", "<eve@example.net>", ";", ",", ":", "@", '"', "\\", "("),
    *(
        " ",
        "  ",
        "\t",
        "Grüße",
        "名前",
        "👋",
        "a" * 90,
        "x y",
        "\u2028",
        "\x85",
        "\x0b",
        "\x7f",
        "'",
    ),
]
CONTROLS = {*map(chr, range(32)), *map(chr, range(127, 160)), "\u2028", "\u2029"} - {"\t"}


def is_one_line(*values: str) -> bool:
    return not CONTROLS & set("".join(values))


def strange_texts() -> Iterator[tuple[str, str]]:
    """Give subjects and names of such pieces, the same in every run."""
    random = Random(2047)  # noqa: S311  it guards nothing
    for _ in range(INPUTS):
        yield _strange(random), _strange(random)[:200]


def _strange(random: Random) -> str:
    """Make a text that the contract lets through: without line breaks and U+0000."""
    pieces = random.choices(PIECES, k=random.randrange(9))
    pieces += map(chr, random.choices(range(1, 0x2100), k=random.randrange(4)))
    random.shuffle(pieces)
    return "".join(pieces).translate({ord("\r"): None, ord("\n"): None})


def decoded(mail: Message, name: str) -> str:
    """Read a header as RFC 2047 says, apart from the folding."""
    return str(make_header(decode_header(mail[name]))).replace("\r\n", "")


@pytest.mark.timeout(60)  # ten thousand mails
def test_no_header_is_anybody_elses() -> None:
    """Over SMTP a mail has the headers that Herald sets, and its subject arrives as given."""
    refused = 0
    for subject, name in strange_texts():
        order = work({"subject": subject, "text": "x"}, recipient_name=name)
        content = render(order, holds_template=False)
        if is_one_line(subject, name):
            assert not isinstance(content, Failure)
            assert_is_ours(content.written(NOW, utf8=False), subject, name)
        else:
            assert content == BAD_HEADER
            refused += 1
    assert INPUTS / 10 < refused < INPUTS * 0.9  # both are tried


def assert_is_ours(raw: bytes | Failure, subject: str, name: str) -> None:
    assert isinstance(raw, bytes)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    found = message_from_bytes(raw)
    assert set(found.keys()) == HEAD
    assert len(found.keys()) == len(HEAD)
    assert found["X-Herald-Attempt"] == ATTEMPT
    assert found.get_payload() == "x\r\n"
    assert decoded(found, "Subject") == subject
    assert found["To"].endswith(TO if not name else f"<{TO}>")


def test_sendgrid_gets_texts_as_given() -> None:
    """SendGrid writes the head itself: it gets subject and name untouched, and no line breaks."""
    for subject, name in strange_texts():
        built = mail_for(work({"subject": subject, "text": "x"}, recipient_name=name))
        if not is_one_line(subject, name):
            assert built == BAD_HEADER
            continue
        assert not isinstance(built, Failure)
        assert built["subject"] == (subject or " ")
        [person] = built["personalizations"][0]["to"]
        assert person == ({"email": TO, "name": name} if name else {"email": TO})


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\r\nBcc: eve@example.net\r\n\r\n",
        b"Subject: x\r\nSubject: y\r\n\r\n",
        b"Subject: x\rBcc: eve@example.net\r\n\r\n",
        b"Subject: x\nBcc: eve@example.net\r\n\r\n",
        b"Subject: x\x00\r\n\r\n",
        b"Subject: x\r\nnonsense\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_a_strange_head_is_refused(raw: bytes) -> None:
    """Should anything get past the writing, the mail does not leave."""
    with pytest.raises(ValueError, match=r"header|control"):
        check_head(raw, ["Subject"])
