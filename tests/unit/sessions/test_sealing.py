"""What is sealed opens with its key in its own row, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.sessions.sealing import Sealed, SealingKeys, UnreadableError

ONE, OTHER = bytes(range(32)), bytes(range(32, 64))
KEYS = SealingKeys({"one": ONE})


@given(plain=st.binary(max_size=200), row=st.binary(max_size=40))
def test_what_is_sealed_opens_again(plain: bytes, row: bytes) -> None:
    """Any content, bound to any row; no two seals are alike."""
    sealed = KEYS.seal(plain, row)
    assert KEYS.open(sealed, row) == plain
    assert KEYS.seal(plain, row).data != sealed.data


def test_a_seal_opens_in_no_other_row() -> None:
    """A ciphertext that was copied to another row is refused."""
    with pytest.raises(UnreadableError, match="moved"):
        KEYS.open(KEYS.seal(b"token", b"row 1"), b"row 2")


@given(st.integers(0, 32))
def test_a_changed_seal_does_not_open(place: int) -> None:
    """One bit is enough, wherever it is."""
    sealed = KEYS.seal(b"token", b"row")
    changed = bytearray(sealed.data)
    changed[place] ^= 1
    with pytest.raises(UnreadableError):
        KEYS.open(Sealed("one", bytes(changed)), b"row")


def test_a_short_seal_does_not_open() -> None:
    """A cut one is refused as a changed one is."""
    with pytest.raises(UnreadableError):
        KEYS.open(Sealed("one", b"short"), b"row")


def test_the_first_key_seals_and_all_open() -> None:
    """A new first key leaves what the old one sealed readable."""
    old = KEYS.seal(b"token", b"row")
    both = SealingKeys({"two": OTHER, "one": ONE})
    assert both.open(old, b"row") == b"token"
    assert both.seal(b"token", b"row").key_id == "two"


def test_a_key_that_is_gone_is_named() -> None:
    """The error says which key is missing, and shows no other."""
    with pytest.raises(UnreadableError, match="key one is not in the keys file"):
        SealingKeys({"two": OTHER}).open(KEYS.seal(b"token", b"row"), b"row")


def test_another_key_of_the_same_id_is_named() -> None:
    """A key that was overwritten and one that is missing have different reasons."""
    with pytest.raises(UnreadableError, match="key one does not open it"):
        SealingKeys({"one": OTHER}).open(KEYS.seal(b"token", b"row"), b"row")


@pytest.mark.parametrize("keys", [{}, {"one": b"short"}])
def test_no_other_keys_are_taken(keys: dict[str, bytes]) -> None:
    """32 bytes, and at least one key."""
    with pytest.raises(ValueError, match="key"):
        SealingKeys(keys)
