"""Signatures: the vectors providers' own libraries publish, and what a receiver relies on."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox.providers.sendgrid import SendGridSigner
from sandbox.providers.twilio_webhooks import signature as twilio_signature
from sandbox.providers.whatsapp_cloud_webhooks import body_of
from sandbox.providers.whatsapp_cloud_webhooks import signature as meta_signature

CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
REPEATED = [
    ("Sid", "CA123"),
    ("SidAccount", "AC123"),
    ("Digits", "5678"),
    ("Digits", "1234"),
    ("Digits", "1234"),
]
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (b"hello world", "f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17"),
        (b"hello world2", "60905fdf409d0b4f721e99f6f25b31567a68a6b45e933d814e17a246be4c5a53"),
    ],
)
def test_meta_known_answers(body: bytes, digest: str) -> None:
    """Meta's signature is the published one for the published bodies."""
    assert meta_signature("sesame", body) == f"sha256={digest}"


def test_meta_body_is_escaped() -> None:
    """A body is plain ASCII with escaped slashes, signed as sent, and parses to what it was."""
    document = {"text": "Café \N{WAVING HAND SIGN} / <b>&amp;"}
    body = body_of(document)
    assert body == rb'{"text":"Caf\u00e9 \ud83d\udc4b \/ <b>&amp;"}'
    assert json.loads(body) == document
    digest = "f9c7331ce03d05691769869de966a589a42a5fb880939956b90e5b7abe4deb38"
    assert meta_signature("sesame", body) == f"sha256={digest}"


@pytest.mark.parametrize(
    ("url", "fields", "signature"),
    [
        (URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL, REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (URL.replace(".com", ".com:443"), CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (
            URL.replace("https", "http").replace(".com", ".com:80"),
            CALL,
            "0ZXoZLH/DfblKGATFgpif+LLRf4=",
        ),
        (
            URL.replace("https", "http").replace(".com", ".com:1234"),
            CALL,
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        ),
    ],
)
def test_twilio_known_answers(url: str, fields: list[tuple[str, str]], signature: str) -> None:
    """Twilio's signature is the published one, repeated fields and ports included."""
    assert twilio_signature("12345", url, fields) == signature


def test_sendgrid_signature_verifies() -> None:
    """A signature covers timestamp and body to its last byte, under the account's public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer = SendGridSigner(_encoded(key))
    body = b'[{"event":"delivered"}]\r\n'
    signature = base64.b64decode(signer.sign("1600112502", body))
    scheme = ec.ECDSA(hashes.SHA256())
    key.public_key().verify(signature, b"1600112502" + body, scheme)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, b"1600112502" + body.rstrip(), scheme)


def test_sendgrid_key_of_another_kind() -> None:
    """A key that is no elliptic curve key is refused."""
    with pytest.raises(TypeError):
        SendGridSigner(_encoded(rsa.generate_private_key(65_537, 2048)))


def _encoded(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(der).decode()
