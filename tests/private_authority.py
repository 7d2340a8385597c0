"""A certificate authority of a test's own, and what it signs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; its own stands in `certificate`."""

    def __init__(self, folder: Path, name: str = "Herald's test authority") -> None:
        self._folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / "authority.pem"
        extension = x509.BasicConstraints(ca=True, path_length=0)
        signed = self._sign(self._name, self._key, extension, critical=True)
        self.certificate.write_bytes(signed)

    def server(self, address: str, *, expired: bool = False) -> Pair:
        """Sign a server's certificate, good for one IP address."""
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        return self._pair(f"server-{address}", names, expired=expired)

    def client(self, user: str) -> Pair:
        """Sign the certificate of a user, who is its common name."""
        return self._pair(user, x509.SubjectAlternativeName([x509.DNSName("client")]))

    def _pair(self, name: str, extension: x509.ExtensionType, *, expired: bool = False) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        signed = self._sign(_name(name), key, extension, expired=expired)
        pair.certificate.write_bytes(signed)
        pair.key.touch(mode=0o600)
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return pair

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extension: x509.ExtensionType,
        *,
        critical: bool = False,
        expired: bool = False,
    ) -> bytes:
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(hours=-1 if expired else 24))
            .add_extension(extension, critical=critical)
            .sign(self._key, SHA256())
        )
        return built.public_bytes(Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
