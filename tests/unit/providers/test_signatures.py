"""What the signature schemes of providers have in common."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from herald.providers.signatures import HmacSha256


@given(key=st.binary(max_size=200), messages=st.lists(st.binary(), min_size=2, max_size=2))
def test_a_kept_key_authenticates_as_hmac_does(key: bytes, messages: list[bytes]) -> None:
    """Keys of any length, longer than a block also; one message leaves nothing for the next."""
    kept = HmacSha256(key)
    for message in messages:
        assert kept.hexdigest(message).decode() == hmac.new(key, message, "sha256").hexdigest()
