"""What a worker may do with the tokens it holds, and when there is no hope of others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from herald.sessions.held import Held, hopeless
from herald.sessions.rows import Row
from herald.sessions.tokens import Tokens

TOKENS = Tokens(origin="o", access_token=SecretStr("a"), refresh_token=SecretStr("r"))
NEVER = -1


def row(**changes: Any) -> Row:
    fields: dict[str, Any] = {
        "id": UUID(int=0),
        "version": 1,
        "key_id": "k",
        "sealed": None,
        "has_tokens": True,
        "is_revoked": False,
        "left": timedelta(hours=1),
        "age": timedelta(seconds=5),
        "is_due": False,
        "is_leased": False,
        "lease_holder": None,
        "tried": None,
        "trouble": None,
        "is_lasting": False,
        "retry_in": None,
    }
    return Row(**{**fields, **changes})


@given(life=st.floats(0.01, 1e6), at=st.floats(0, 2e6))
def test_a_token_is_never_used_past_its_end(life: float, at: float) -> None:
    """And a little before it no more, but for most of its life it is."""
    held = Held.of(TOKENS, 1, "k", timedelta(seconds=life), 0.0)
    usable = held.is_usable(at, NEVER)
    assert not usable or at < life
    assert usable or at >= life * 0.9 - 1e-6 or at >= life - 5.001
    assert not held.is_usable(at, refused=1)


@pytest.mark.parametrize(
    ("found", "unreadable", "refused", "code", "is_refused"),
    [
        (row(is_revoked=True), None, NEVER, "session_revoked", False),
        (row(), "key k", NEVER, "session_unreadable", False),
        (
            row(trouble="invalid_grant", is_lasting=True, retry_in=timedelta(seconds=9)),
            *(None, NEVER, "session_invalid_grant", True),
        ),
        (
            row(trouble="http_503", retry_in=timedelta(seconds=9)),
            *(None, NEVER, "session_http_503", False),
        ),
        (row(), None, 1, "session_token_refused", True),
    ],
)
def test_no_hope_has_its_reason(
    found: Row, unreadable: str | None, refused: int, code: str, is_refused: bool
) -> None:
    """Whoever waits is not kept waiting, and learns whether the provider refuses the account."""
    error = hopeless(found, unreadable, refused, changed=False)
    assert error is not None
    assert (error.code, error.is_refused) == (code, is_refused)


@pytest.mark.parametrize(
    ("found", "refused", "changed"),
    [
        (row(is_leased=True), 1, False),  # another worker asks for the next one
        (row(age=timedelta(minutes=2)), 1, False),  # old enough to be replaced
        (row(trouble="invalid_grant", retry_in=timedelta(seconds=-1)), NEVER, False),
        (row(trouble="invalid_grant", retry_in=timedelta(seconds=9)), NEVER, True),
        (row(has_tokens=False, is_due=True), NEVER, False),
    ],
)
def test_there_is_hope(found: Row, refused: int, changed: bool) -> None:
    """A token may come: it is asked for, or waited for."""
    assert hopeless(found, None, refused, changed=changed) is None


def test_tokens_are_in_no_text() -> None:
    """What holds them shows them nowhere."""
    held = Held.of(TOKENS, 1, "k", timedelta(hours=1), 0.0)
    assert "'a'" not in repr(held)
    assert "'r'" not in repr(TOKENS)
