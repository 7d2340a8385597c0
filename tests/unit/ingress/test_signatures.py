"""The signature schemes: published and own known answers, and everything that must not pass."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.signatures import (
    Fields,
    is_meta_signature,
    is_sendgrid_signature,
    is_twilio_body_hash,
    is_twilio_signature,
    load_sendgrid_key,
)
from herald.providers.webhook_requests import fields_of

META_BODIES = [
    (b"hello world", b"f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17"),
    (b"hello world2", b"60905fdf409d0b4f721e99f6f25b31567a68a6b45e933d814e17a246be4c5a53"),
    (  # non-ASCII text is signed in the escaped form in which it is sent
        rb'{"text":"Caf\u00e9 \ud83d\udc4b \/ <b>&amp;"}',
        b"f9c7331ce03d05691769869de966a589a42a5fb880939956b90e5b7abe4deb38",
    ),
]

CALL: Fields = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
REPEATED: Fields = [
    ("Sid", "CA123"),
    ("SidAccount", "AC123"),
    ("Digits", "5678"),
    ("Digits", "1234"),
    ("Digits", "1234"),
]
PUBLIC = "https://mycompany.com/myapp.php?foo=1&bar=2"
JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
TWILIO_CALLS = [
    (PUBLIC, CALL, b"RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    (PUBLIC, REPEATED, b"IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    (PUBLIC, CALL, b"kvajT1Ptam85bY51eRf/AJRuM3w="),  # signed with the port in the URL
    ("https://mycompany.com:443/myapp.php?foo=1&bar=2", CALL, b"RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("http://mycompany.com/myapp.php?foo=1&bar=2", CALL, b"0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", CALL, b"Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    (f"{PUBLIC}&bodySHA256={JSON_HASH}", [], b"a9nBmqA0ju/hNViExpshrM61xv4="),
]
STATUS_URL = "https://gw.example.com/webhooks/twilio/status?mid=01HZX%2F1&x=a+b"
STATUS_TOKEN = b"0123456789abcdef0123456789abcdef"
STATUS: Fields = [
    ("AccountSid", "AC" + "0" * 32),
    ("ApiVersion", "2010-04-01"),
    ("ErrorCode", "30003"),
    ("From", "+15550001111"),
    ("MessageSid", "SM" + "1" * 32),
    ("SmsSid", "SM" + "1" * 32),
    ("MessageStatus", "undelivered"),
    ("SmsStatus", "undelivered"),
    ("To", "+15550002222"),
    ("RawDlrDoneDate", "2601191200"),
]

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


@pytest.mark.parametrize(("body", "digest"), META_BODIES)
def test_meta_known_answers(body: bytes, digest: bytes) -> None:
    """Known signatures of Meta's scheme pass, also under the second of two secrets."""
    assert is_meta_signature(b"sha256=" + digest, body, [b"sesame"])
    assert is_meta_signature(b"sha256=" + digest, body, [b"newer", b"sesame"])


@pytest.mark.parametrize(("body", "digest"), META_BODIES)
def test_meta_refuses_what_differs(body: bytes, digest: bytes) -> None:
    """Another secret, body, prefix, case or length is not authentic."""
    right = b"sha256=" + digest
    assert not is_meta_signature(right, body, [b"sesam"])
    assert not is_meta_signature(right, body, [])
    assert not is_meta_signature(right, body, [b""])
    assert not is_meta_signature(right, body + b" ", [b"sesame"])
    for header in (None, b"", digest, b"sha256=", b"sha1=" + digest, right.upper(), right[:-1]):
        assert not is_meta_signature(header, body, [b"sesame"])


def test_meta_body_written_anew_is_refused() -> None:
    """Parsing and serialising again changes the bytes, and with them the signature."""
    body, digest = META_BODIES[2]
    anew = json.dumps(json.loads(body), ensure_ascii=False).encode()
    assert not is_meta_signature(b"sha256=" + digest, anew, [b"sesame"])


@pytest.mark.parametrize(("url", "fields", "signature"), TWILIO_CALLS)
def test_twilio_known_answers(url: str, fields: Fields, signature: bytes) -> None:
    """Known signatures of Twilio's scheme pass, with and without a port, fields in any order."""
    assert is_twilio_signature(signature, url, fields, [b"12345"])
    assert is_twilio_signature(signature, url, fields[::-1], [b"other", b"12345"])


def test_twilio_own_known_answers() -> None:
    """A query is signed as it was sent, and an empty field takes part."""
    signature = b"003Bwgm8A+ltYbTth6Y+VIH2eH8="
    assert is_twilio_signature(signature, STATUS_URL, STATUS, [STATUS_TOKEN])
    decoded = STATUS_URL.replace("%2F", "/").replace("+", " ")
    assert not is_twilio_signature(signature, decoded, STATUS, [STATUS_TOKEN])
    empty = [(name, "" if name == "ErrorCode" else value) for name, value in STATUS]
    signature = b"+gL6nx4woZDLCYeRG592XYV8n5E="
    assert is_twilio_signature(signature, STATUS_URL, empty, [STATUS_TOKEN])
    assert is_twilio_signature(
        signature, STATUS_URL, fields_of(urlencode(empty).encode()), [STATUS_TOKEN]
    )


def test_twilio_refuses_what_differs() -> None:
    """Another token, URL, port, field, value or header is not authentic."""
    signature = b"RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert not is_twilio_signature(signature, PUBLIC, CALL, [b"1234"])
    assert not is_twilio_signature(signature, PUBLIC, CALL, [])
    assert not is_twilio_signature(signature, PUBLIC, CALL, [b""])
    assert not is_twilio_signature(signature, PUBLIC, [*CALL, ("New", "")], [b"12345"])
    assert not is_twilio_signature(signature, PUBLIC, [*CALL, ("New", "1")], [b"12345"])
    assert not is_twilio_signature(signature, PUBLIC, CALL[1:], [b"12345"])
    for url in (
        PUBLIC + "&",
        PUBLIC.replace("https", "http"),
        PUBLIC.replace(".com", ".com:8443/x"),
    ):
        assert not is_twilio_signature(signature, url, CALL, [b"12345"])
    for header in (None, b"", b"\xff\xfe", signature[:-1], signature + b"="):
        assert not is_twilio_signature(header, PUBLIC, CALL, [b"12345"])


def test_twilio_body_hash_binds_a_json_body() -> None:
    """The hash in the signed URL is that of the raw body, in lower case."""
    assert is_twilio_body_hash(JSON_HASH, JSON_BODY)
    assert not is_twilio_body_hash(JSON_HASH, JSON_BODY + b"\n")
    for claimed in ("", JSON_HASH.upper(), "ü", JSON_HASH[:-1]):
        assert not is_twilio_body_hash(claimed, JSON_BODY)


def test_sendgrid_known_answer() -> None:
    """SendGrid's published example passes, also beside another key."""
    key, other = load_sendgrid_key(SENDGRID_KEY), ec.generate_private_key(ec.SECP256R1())
    keys = [other.public_key(), key]
    assert is_sendgrid_signature(SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP, SENDGRID_BODY, keys)


def test_sendgrid_refuses_what_differs() -> None:
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


def test_sendgrid_signature_of_our_own() -> None:
    """What a P-256 key signs over timestamp and body verifies under its public key."""
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.sign(b"17" + b"[]", ec.ECDSA(SHA256()))
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = load_sendgrid_key(base64.b64encode(public).decode())
    assert is_sendgrid_signature(base64.b64encode(der), b"17", b"[]", [key])
    # the same bytes, parted elsewhere
    assert not is_sendgrid_signature(base64.b64encode(der), b"17[", b"]", [key])
    assert not is_sendgrid_signature(base64.b64encode(der), b"", b"17[]", [key])


def test_sendgrid_keys_of_another_kind_are_refused() -> None:
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


@given(
    header=st.binary() | st.none(),
    timestamp=st.binary() | st.none(),
    body=st.binary(),
    url=st.text(),
    fields=st.lists(st.tuples(st.text(), st.text())),
)
def test_no_scheme_raises(
    header: bytes | None,
    timestamp: bytes | None,
    body: bytes,
    url: str,
    fields: list[tuple[str, str]],
) -> None:
    """Whatever is sent, each scheme answers no instead of raising."""
    key = load_sendgrid_key(SENDGRID_KEY)
    assert is_meta_signature(header, body, [b"secret"]) is False
    assert is_twilio_signature(header, url, fields, [b"secret"]) is False
    assert is_twilio_body_hash(url, body) is False
    assert is_sendgrid_signature(header, timestamp, body, [key]) is False
