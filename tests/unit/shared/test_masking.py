"""Hashes and masks of addresses under the deployment's key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import pytest

from herald.contracts.masking import (
    MaskingKey,
    NoMaskingKeyError,
    address_hash,
    hash_of_mask,
    masked,
    one_form,
    set_masking_key,
)
from secret_files import MASKING_SECRET

OTHER_KEY = MaskingKey(bytes(32))


@pytest.fixture
def no_key() -> Iterator[None]:
    """Be a process without a key, such as a client's."""
    set_masking_key(None)
    yield
    set_masking_key(MaskingKey(MASKING_SECRET))


# Made with `printf %s TEXT | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f`.
VECTORS = [
    ("+15550002222", "15550002222", "10611de49205b35b"),
    ("Jane.Doe@Example.com", "jane.doe@example.com", "720270129456a53d"),
    ("US.1234", "US.1234", "4378c5590cdac93e"),
]


@pytest.mark.parametrize(("address", "hashed", "digest"), VECTORS)
def test_a_hash_is_the_first_eight_bytes_of_the_hmac(
    address: str, hashed: str, digest: str
) -> None:
    """HMAC-SHA256 of the address in one form, as others would compute it."""
    assert one_form(address) == hashed
    expected = int.from_bytes(bytes.fromhex(digest), "big", signed=True)
    assert address_hash(address) == expected
    whole = hmac.new(MASKING_SECRET, hashed.encode(), hashlib.sha256).hexdigest()
    assert whole.startswith(digest)


@pytest.mark.parametrize(
    "written", ["15550002222", "+1 (555) 000-2222", "+1.555.000.2222", "+1 555 000 2222"]
)
def test_a_number_has_one_hash_however_it_is_written(written: str) -> None:
    """WhatsApp's ids of users are their numbers without +; providers write them in groups."""
    assert address_hash(written) == address_hash("+15550002222")


@pytest.mark.parametrize(
    "address",
    [
        "US.1234",
        "us.1234",
        "@handle",
        "device-token-77",
        "1a2b3c",
        "10.1.2.3",
        "1-2-3",
        "+",
        "+--",
        "777",
    ],
)
def test_what_is_no_number_stays_as_it_is(address: str) -> None:
    """Upper and lower case count in Meta's ids of users and on channels we know nothing of."""
    assert one_form(address) == (address.lower() if "@" in address else address)


def test_every_key_has_hashes_and_a_fingerprint_of_its_own() -> None:
    """Without the key a number can't be found by trying them all."""
    own = MaskingKey(MASKING_SECRET)
    assert own.hash("+15550002222") != OTHER_KEY.hash("+15550002222")
    assert own.fingerprint != OTHER_KEY.fingerprint == MaskingKey(bytes(32)).fingerprint
    assert MASKING_SECRET.hex() not in repr(own) + own.fingerprint.hex()


def test_a_key_has_at_least_32_bytes() -> None:
    """A shorter one could be tried out."""
    with pytest.raises(ValueError, match="has 31 bytes, at least 32 are needed"):
        MaskingKey(bytes(31))


@pytest.mark.parametrize("address", ["+15550002222", "jane@example.com", "US.1234"])
def test_masks_can_be_followed_but_not_used(address: str) -> None:
    """The same address is masked the same way; neither number nor mailbox is left."""
    shown = masked(address)
    assert shown == masked(address) != masked("9" + address)
    assert not any(piece in shown for piece in ("5550", "jane", "US.12"))
    assert hash_of_mask(shown) == address_hash(address)


def test_a_mask_tells_the_end_of_a_number_and_the_domain_of_an_email() -> None:
    """Both carry 64 bits of the hash, so that two recipients are hardly ever taken for one."""
    assert masked("+1 555 000 222 2").startswith("…22#")
    assert len(masked("+15550002222")) == len("…22#") + 16
    assert masked("Jane@Example.com").partition("@")[2] == "Example.com"
    assert len(masked("jane@example.com").partition("@")[0]) == len("…") + 16


@pytest.mark.parametrize("text", ["+15550002222", "…22#0123", "jane@example.com", "", "…@a.com"])
def test_other_texts_are_no_masks(text: str) -> None:
    """What shows no hash can't be looked for."""
    assert hash_of_mask(text) is None


@pytest.mark.usefixtures("no_key")
def test_without_a_key_a_mask_has_no_hash() -> None:
    """A client masks as well, and has no key: an unkeyed hash would give the number away."""
    assert masked("+15550002222") == "…22"
    assert masked("jane@example.com") == "…@example.com"
    with pytest.raises(NoMaskingKeyError, match="no masking key is set"):
        address_hash("+15550002222")
