"""How Amazon SNS signs. SNS: "Verifying the signatures of Amazon SNS messages". Pure."""

from __future__ import annotations

import base64
import binascii
from secrets import token_bytes

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from herald.providers.ses.sns import Envelope

# by `SignatureVersion`; a topic has version 1 unless it was set to 2
HASHES: dict[str, HashAlgorithm] = {
    "1": SHA1(),  # noqa: S303  SNS's own choice, by default still
    "2": SHA256(),
}
_PADDING = PKCS1v15()
# of 2048 bits, and of no private key that anybody has made
NOBODYS_KEY = RSAPublicNumbers(
    65537, (1 << 2047) | int.from_bytes(token_bytes(255)) | 1
).public_key()


def is_sns_signature(envelope: Envelope, key: RSAPublicKey) -> bool:
    """Check an envelope against the key of its certificate."""
    algorithm = HASHES.get(envelope.fields.get("SignatureVersion", ""))
    if algorithm is None:
        return False
    try:
        signature = base64.b64decode(envelope.fields.get("Signature", ""), validate=True)
        key.verify(signature, envelope.canonical, _PADDING, algorithm)
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
        return False
    return True
