"""SendGrid's signature: published and own known answers, and everything that must not pass."""

from __future__ import annotations

import base64
import binascii

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook  # type: ignore[import-untyped]

from herald.providers.sendgrid.signature import is_sendgrid_signature, load_sendgrid_key

SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw"
    "+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
SENDGRID_TIMESTAMP = b"1600112502"
SENDGRID_SIGNATURE = (
    b"MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtE"
    b"ZtM="
)
SENDGRID_BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]'
    b"\r\n"
)


def test_known_answer() -> None:
    """SendGrid's published example passes, also beside another key."""
    key, other = load_sendgrid_key(SENDGRID_KEY), ec.generate_private_key(ec.SECP256R1())
    keys = [other.public_key(), key]
    assert is_sendgrid_signature(SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP, SENDGRID_BODY, keys)


def test_refuses_what_differs() -> None:
    """Another key, timestamp or body (its closing line break too) is not authentic."""
    key, other = load_sendgrid_key(SENDGRID_KEY), ec.generate_private_key(ec.SECP256R1())
    good = (SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP, SENDGRID_BODY)
    assert not is_sendgrid_signature(*good, [])
    assert not is_sendgrid_signature(*good, [other.public_key()])
    assert not is_sendgrid_signature(
        SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP, SENDGRID_BODY.rstrip(), [key]
    )
    assert not is_sendgrid_signature(SENDGRID_SIGNATURE, b"1600112503", SENDGRID_BODY, [key])
    assert not is_sendgrid_signature(SENDGRID_SIGNATURE, None, SENDGRID_BODY, [key])
    for header in (None, b"", b"!", b"AAAA", b"\xff", base64.b64encode(b"x" * 70)):
        assert not is_sendgrid_signature(header, SENDGRID_TIMESTAMP, SENDGRID_BODY, [key])


def test_signature_of_our_own() -> None:
    """What a P-256 key signs over timestamp and body verifies under its public key."""
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.sign(b"17" + b"[]", ec.ECDSA(SHA256()))
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = load_sendgrid_key(base64.b64encode(public).decode())
    assert is_sendgrid_signature(base64.b64encode(der), b"17", b"[]", [key])
    # the same bytes, parted elsewhere
    assert not is_sendgrid_signature(base64.b64encode(der), b"17[", b"]", [key])
    assert not is_sendgrid_signature(base64.b64encode(der), b"", b"17[]", [key])


def test_keys_of_another_kind_are_refused() -> None:
    """A key that is no base64 SPKI P-256 key is an error that does not repeat it."""
    rsa_key = rsa.generate_private_key(65537, 2048).public_key()
    curve = ec.generate_private_key(ec.SECP384R1()).public_key()
    der = [
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for key in (rsa_key, curve)
    ]
    for text in ("", "no base64!", "AAAA", *(base64.b64encode(item).decode() for item in der)):
        with pytest.raises(ValueError, match=r"^not a") as caught:
            load_sendgrid_key(text)
        assert not text or text not in str(caught.value)


@given(body=st.binary())
def test_the_library_agrees(body: bytes) -> None:
    """SendGrid's own helper and this one say the same of what a key signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    helper = EventWebhook(base64.b64encode(public).decode())
    signature = base64.b64encode(key.sign(b"17" + body, ec.ECDSA(SHA256())))
    loaded = [load_sendgrid_key(base64.b64encode(public).decode())]
    for sent in (body, body + b"x"):
        text = sent.decode("latin-1")  # the helper takes text, and encodes it as UTF-8
        seen = is_sendgrid_signature(signature, b"17", text.encode(), loaded)
        assert seen is helper.verify_signature(text, signature.decode(), "17")


def test_where_the_library_fails() -> None:
    """The helper raises at a signature that is no base64; here it is no signature."""
    helper = EventWebhook(SENDGRID_KEY)
    with pytest.raises(binascii.Error):
        helper.verify_signature("[]", "abcde", "17")
    key = load_sendgrid_key(SENDGRID_KEY)
    assert not is_sendgrid_signature(b"abcde", b"17", b"[]", [key])


@given(header=st.binary() | st.none(), timestamp=st.binary() | st.none(), body=st.binary())
def test_it_never_raises(header: bytes | None, timestamp: bytes | None, body: bytes) -> None:
    """Whatever is sent, it answers no instead of raising."""
    key = load_sendgrid_key(SENDGRID_KEY)
    assert is_sendgrid_signature(header, timestamp, body, [key]) is False
