"""The folder for attachments: each once, bounded, and honest about what it could not keep."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from herald.contracts.receipts import InboundReceipt
from herald.providers.inbound_mail import MailFile, Origin, ReceivedMail, mail_receipt
from herald.providers.webhook_endpoints import Normalised
from ingress.attachments import Attachments, AttachmentsUnusableError
from unit.providers.golden import RECEIVED_AT

DAY = timedelta(days=1)


def mail(*bodies: bytes) -> Normalised:
    """Make what a request with one mail holds."""
    found = Normalised()
    received = ReceivedMail(
        heads={"from": ["a@example.com"]}, files=[MailFile(body=body) for body in bodies]
    )
    origin = Origin(provider="smtp", account="main", received_at=RECEIVED_AT)
    found.receipts.append(mail_receipt(received, origin, found))
    return found


def places(found: Normalised) -> list[str]:
    [receipt] = found.receipts
    assert isinstance(receipt, InboundReceipt)
    return [media.place.value for media in receipt.media]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*/*")}


def test_files_are_kept_by_their_hash(tmp_path: Path) -> None:
    """What comes twice is one file; the event says that Herald has it."""
    folder = Attachments(tmp_path / "a", 100, DAY)
    for found in (mail(b"one", b"two"), mail(b"one")):
        folder.keep_those_of(found)
        assert set(places(found)) == {"herald"}
        assert not found.files
    assert files(tmp_path / "a") == {
        hashlib.sha256(body).hexdigest(): body for body in (b"one", b"two")
    }
    [path] = (tmp_path / "a").glob(f"*/{hashlib.sha256(b'one').hexdigest()}")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_full_folder_drops_and_says_so(tmp_path: Path) -> None:
    """What has no room is dropped; what is there already needs none."""
    folder = Attachments(tmp_path, 5, DAY)
    folder.keep_those_of(mail(b"12345"))
    found = mail(b"6", b"12345")
    folder.keep_those_of(found)
    assert places(found) == ["dropped", "herald"]


def test_without_a_folder_all_is_dropped() -> None:
    """Nothing is kept where no folder is configured, and the event says so."""
    found = mail(b"1")
    Attachments().keep_those_of(found)
    assert places(found) == ["dropped"]


def test_old_files_go(tmp_path: Path) -> None:
    """A file is removed when its time is over, and its room is there again."""
    folder = Attachments(tmp_path, 5, DAY)
    folder.keep_those_of(mail(b"12345"))
    [path] = tmp_path.glob("*/*")
    old = time.time() - 2 * DAY.total_seconds()
    os.utime(path, (old, old))
    folder.prune()
    found = mail(b"54321")
    folder.keep_those_of(found)
    assert (places(found), list(files(tmp_path).values())) == (["herald"], [b"54321"])


def test_a_folder_that_fails(tmp_path: Path) -> None:
    """A path that can't be a folder is an error at the start, and later one that is tried again."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AttachmentsUnusableError):
        Attachments(tmp_path / "file" / "a", 5, DAY)
    folder = Attachments(tmp_path / "b", 5, DAY)
    digest = hashlib.sha256(b"1").hexdigest()
    (tmp_path / "b" / digest[:2]).write_text("")  # where a folder has to be
    with pytest.raises(AttachmentsUnusableError):
        folder.keep_those_of(mail(b"1"))
