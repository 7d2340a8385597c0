"""Meta's signature: known answers, and everything that must not pass."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.whatsapp_cloud.signature import is_meta_signature

META_BODIES = [
    (b"hello world", b"f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17"),
    (b"hello world2", b"60905fdf409d0b4f721e99f6f25b31567a68a6b45e933d814e17a246be4c5a53"),
    (  # non-ASCII text is signed in the escaped form in which it is sent
        rb'{"text":"Caf\u00e9 \ud83d\udc4b \/ <b>&amp;"}',
        b"f9c7331ce03d05691769869de966a589a42a5fb880939956b90e5b7abe4deb38",
    ),
]


@pytest.mark.parametrize(("body", "digest"), META_BODIES)
def test_known_answers(body: bytes, digest: bytes) -> None:
    """Known signatures of Meta's scheme pass, also under the second of two secrets."""
    assert is_meta_signature(b"sha256=" + digest, body, [b"sesame"])
    assert is_meta_signature(b"sha256=" + digest, body, [b"newer", b"sesame"])


@pytest.mark.parametrize(("body", "digest"), META_BODIES)
def test_refuses_what_differs(body: bytes, digest: bytes) -> None:
    """Another secret, body, prefix, case or length is not authentic."""
    right = b"sha256=" + digest
    assert not is_meta_signature(right, body, [b"sesam"])
    assert not is_meta_signature(right, body, [])
    assert not is_meta_signature(right, body, [b""])
    assert not is_meta_signature(right, body + b" ", [b"sesame"])
    for header in (None, b"", digest, b"sha256=", b"sha1=" + digest, right.upper(), right[:-1]):
        assert not is_meta_signature(header, body, [b"sesame"])


def test_body_written_anew_is_refused() -> None:
    """Parsing and serialising again changes the bytes, and with them the signature."""
    body, digest = META_BODIES[2]
    anew = json.dumps(json.loads(body), ensure_ascii=False).encode()
    assert not is_meta_signature(b"sha256=" + digest, anew, [b"sesame"])


@given(header=st.binary() | st.none(), body=st.binary())
def test_it_never_raises(header: bytes | None, body: bytes) -> None:
    """Whatever is sent, it answers no instead of raising."""
    assert is_meta_signature(header, body, [b"secret"]) is False
