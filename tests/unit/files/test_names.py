"""What files are called, and what type they are."""

from __future__ import annotations

import pytest

from herald.contracts.content import Media
from herald.files.names import file_name
from herald.files.types import content_type_of, is_what_it_is_called

HTML = b"\n <!DOCTYPE html><title>Log in</title>"
PDF = b"%PDF-1.7\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00"


@pytest.mark.parametrize(
    ("wanted", "path", "name"),
    [
        ("bill.pdf", "/x", "bill.pdf"),
        ("../../etc/passwd.pdf", "/x", "passwd.pdf"),
        ("C:\\temp\\bill.pdf", "/x", "bill.pdf"),
        ("..", "/x/bill.pdf", "bill.pdf"),
        ("a\r\nX-Evil: 1.pdf", "/x", "aX-Evil_ 1.pdf"),
        ("exe\u202egpj.pdf", "/x", "exegpj.pdf"),
        (".htaccess", "/x", "htaccess.pdf"),
        (None, "/d/a%20b.pdf", "a b.pdf"),
        (None, "/d/..%2F..%2Fpasswd", "passwd.pdf"),
        (None, "/", "file.pdf"),
        ("Rechnung für Jürgen.pdf", "/x", "Rechnung für Jürgen.pdf"),
    ],
)
def test_a_name_has_no_path_and_nothing_unseen(wanted: str | None, path: str, name: str) -> None:
    """A name that has no ending gets that of its type."""
    assert file_name(wanted, path, "application/pdf") == name


@pytest.mark.parametrize(
    ("body", "declared", "name", "content_type"),
    [
        (PDF, "application/octet-stream", "x", "application/pdf"),
        (PNG, "image/jpeg", "x.jpg", "image/png"),
        (MP4, "audio/mp4; codecs=mp4a", "x", "audio/mp4"),
        (MP4, "", "x", "video/mp4"),
        (b"PK\x03\x04", "application/vnd.oasis.opendocument.text", "x", None),
        (b"PK\x03\x04", "binary/octet-stream", "x.docx", None),
        (b"a,b\n", "text/csv; charset=utf-8", "x", "text/csv"),
        (b"a,b\n", "", "x.CSV", "text/csv"),
        (b"a,b\n", "", "x", "application/octet-stream"),
        (b"x", 'text/plain" x="', "x", "application/octet-stream"),
        (b"x", "x" * 200 + "/y", "x.txt", "text/plain"),
        (HTML, "application/pdf", "x.pdf", "text/html"),
    ],
)
def test_bytes_say_more_than_servers(
    body: bytes, declared: str, name: str, content_type: str | None
) -> None:
    """Of a container that holds many types the server says which."""
    found = content_type_of(body, declared, name)
    if content_type is None:
        assert found.startswith("application/vnd.")
    else:
        assert found == content_type


@pytest.mark.parametrize(
    ("kind", "content_type", "declared", "fits"),
    [
        ("image", "image/png", "image/png", True),
        ("image", "text/html", "image/png", False),
        ("video", "audio/ogg", "audio/ogg", False),
        ("document", "text/html", "text/html", True),
        ("document", "text/html", "application/pdf", False),
        ("document", "image/png", "image/png", True),
    ],
)
def test_a_file_is_of_its_kind(kind: str, content_type: str, declared: str, *, fits: bool) -> None:
    """A page where a file was is no file."""
    media = Media.model_validate({"url": "https://a.example/x", "kind": kind})
    assert is_what_it_is_called(media, content_type, declared) is fits
