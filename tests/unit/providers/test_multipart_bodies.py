"""Forms with files, as they come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.content import Media
from herald.providers.files import File
from herald.providers.lenient_json import NotUnderstoodError
from herald.providers.multipart import multipart_form
from herald.providers.multipart_bodies import FormPart, firsts, lasts, read_multipart

KIND = b"multipart/form-data; boundary=b"


def test_what_is_written_is_read() -> None:
    """A form that we write comes back as it was: order, repeats, names, bytes."""
    file = File(
        media=Media(url="https://x.example/a"),
        name="Grüße.png",
        content_type="image/png",
        body=b"\x00\r\n--b\r\n",
    )
    kind, body = multipart_form([("a", "ä"), ("b", ""), ("a", "2")], [("file", file)])
    parts = read_multipart(body, kind.encode())
    assert parts == [
        FormPart(name="a", value="ä".encode()),
        FormPart(name="b", value=b""),
        FormPart(name="a", value=b"2"),
        FormPart(name="file", value=file.body, filename="Grüße.png", content_type="image/png"),
    ]
    assert (firsts(parts), lasts(parts)) == ({"a": "ä", "b": ""}, {"a": "2", "b": ""})


def test_what_cannot_be_stored_is_replaced() -> None:
    """U+0000 is gone from names and texts of fields; bytes of a file stay as they are."""
    head = b'--b\r\nContent-Disposition: form-data; name="a\0"'
    field, file = head + b"\r\n\r\nb\0\r\n", head + b'; filename="f"\r\n\r\nb\0\r\n'
    parts = read_multipart(field + file + b"--b--\r\n", KIND)
    assert firsts(parts) == lasts(parts) == {"a\ufffd": "b\ufffd"}
    assert parts[1].value == b"b\0"


PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
BROKEN = {
    "no boundary": (PART + b"--b--\r\n", b"multipart/form-data"),
    "no end": (PART, KIND),
    "nothing": (b"", KIND),
    "no name": (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", KIND),
    "no disposition": (b"--b\r\n\r\nx\r\n--b--\r\n", KIND),
    "too many": (PART * 1001 + b"--b--\r\n", KIND),
    "a large head": (b"--b\r\nX: " + b"x" * 20_000 + b"\r\n\r\nx\r\n--b--\r\n", KIND),
    "another form": (b"a=b&c=d", KIND),
}


@pytest.mark.parametrize(("body", "kind"), BROKEN.values(), ids=BROKEN)
def test_broken_forms(body: bytes, kind: bytes) -> None:
    """What is no whole form of named parts is not understood."""
    with pytest.raises(NotUnderstoodError):
        read_multipart(body, kind)


@given(body=st.binary(), kind=st.binary())
def test_nothing_breaks_it(body: bytes, kind: bytes) -> None:
    """Any bytes are a form, or not understood."""
    for sent in (body, b"--b\r\n" + body, PART + b"--b" + body):
        try:
            read_multipart(sent, KIND)
            read_multipart(sent, kind)
        except NotUnderstoodError:
            continue
