"""Tokens by which callers are known whose requests nobody signs."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.webhook_endpoints import Head
from herald.providers.webhook_tokens import has_token

TOKENS = (b"token-1", b"token-2")


def head(authorization: bytes | None = None, query: bytes = b"") -> Head:
    headers = {} if authorization is None else {b"authorization": authorization}
    return Head(headers=headers, query=query)


def basic(credentials: bytes) -> bytes:
    return b"Basic " + base64.b64encode(credentials)


@pytest.mark.parametrize(
    "shown",
    [
        head(basic(b"herald:token-1")),
        head(basic(b":token-2")),
        head(b"bearer token-2"),
        head(b"Bearer  token-1 "),
        head(query=b"a=1&token=token-1"),
        head(b"Bearer wrong", b"token=token-2"),
    ],
)
def test_a_token_is_known(shown: Head) -> None:
    """The password of Basic auth, a Bearer token and a field of the URL count; either of two."""
    assert has_token(shown, TOKENS)


@pytest.mark.parametrize(
    "shown",
    [
        head(),
        head(b""),
        head(b"Basic"),
        head(b"Basic !"),
        head(basic(b"token-1")),
        head(basic(b"token-1:")),
        head(b"Bearer"),
        head(b"Digest token-1"),
        head(b"token-1"),
        head(query=b"token="),
        head(query=b"Token=token-1"),
        head(query=b"&".join([b"a=1"] * 2_000 + [b"token=token-1"])),
    ],
)
def test_anything_else_is_not(shown: Head) -> None:
    """What shows no token, or another one, is nobody."""
    assert not has_token(shown, TOKENS)
    assert not has_token(shown, (b"",))


@given(authorization=st.binary(), query=st.binary())
def test_it_never_raises(authorization: bytes, query: bytes) -> None:
    """Whatever is sent, it answers no instead of raising."""
    assert not has_token(head(authorization, query), (b"a token that nobody guesses",))
