"""The SMTP sessions against a real mail server, with and without TLS and sign-in."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from behaviour.providers.smtp.making import PASSWORD, smtp
from herald.providers.sending import Accepted, NotSent, Refused
from unit.channel_email.making import ATTEMPT, TO, work

CONTENT = {"subject": "Grüße", "text": "Grüße\n.\nEnde", "html": "<p>Grüße</p>"}


class Mailboxes:
    """Takes every mail."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(  # noqa: N802  aiosmtpd's own name
        self, _server: SMTP, _session: object, envelope: Envelope
    ) -> str:
        self.envelopes.append(envelope)
        return "250 2.0.0 Ok: queued as ABC123"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a certificate of loopback's own, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "relay.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + built.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the certificate as any other authority's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificate)
    return made


def authenticate(*arguments: Any) -> AuthResult:
    return AuthResult(success=arguments[-1] == LoginPassword(b"herald", PASSWORD.encode()))


@asynccontextmanager
async def serving(
    mailboxes: Mailboxes, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """Serve mail on a free port of loopback; `tls` from the first byte on."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailboxes, hostname="relay", **options), "127.0.0.1", 0, ssl=tls
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def assert_arrived(mailboxes: Mailboxes) -> None:
    (envelope,) = mailboxes.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@example.com", [TO])
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=default)
    assert (mail["Subject"], mail["X-Herald-Attempt"]) == ("Grüße", ATTEMPT)
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content() == "Grüße\r\n.\r\nEnde\r\n"


async def test_plain() -> None:
    """A mail arrives whole at a relay that trusts us by address."""
    mailboxes = Mailboxes()
    async with serving(mailboxes) as port:
        result = await smtp(port).send(work(CONTENT))
    assert isinstance(result, Accepted)
    assert result.references == (f"<{ATTEMPT}@example.com>", "ABC123")
    assert_arrived(mailboxes)


async def test_starttls_and_sign_in(certificate: Path, trusted: None) -> None:
    """A mail arrives at a relay that asks for STARTTLS and a password."""
    mailboxes = Mailboxes()
    options = {"authenticator": authenticate, "auth_required": True, "require_starttls": True}
    async with serving(mailboxes, None, tls_context=context(certificate), **options) as port:
        result = await smtp(port, signs_in=True, security="starttls").send(work(CONTENT))
    assert isinstance(result, Accepted)
    assert_arrived(mailboxes)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd doesn't see the TLS around it
async def test_tls_and_sign_in(certificate: Path, trusted: None) -> None:
    """A mail arrives at a relay that speaks TLS from the first byte."""
    mailboxes = Mailboxes()
    options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    async with serving(mailboxes, context(certificate), **options) as port:
        result = await smtp(port, signs_in=True, security="tls").send(work(CONTENT))
    assert isinstance(result, Accepted)
    assert_arrived(mailboxes)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_unknown_certificate(certificate: Path, security: str) -> None:
    """A relay that can't prove its name gets neither password nor mail."""
    mailboxes = Mailboxes()
    direct = context(certificate) if security == "tls" else None
    options = {} if direct else {"tls_context": context(certificate)}
    async with serving(mailboxes, direct, **options) as port:
        result = await smtp(port, signs_in=True, security=security).send(work())
    assert result == NotSent("tls")
    assert mailboxes.envelopes == []


async def test_wrong_password() -> None:
    """A relay that doesn't know us puts the account at fault, not the mail."""
    mailboxes = Mailboxes()

    def refuse(*_arguments: Any) -> AuthResult:
        return AuthResult(success=False, handled=False)

    async with serving(mailboxes, authenticator=refuse, auth_require_tls=False) as port:
        result = await smtp(port, signs_in=True).send(work())
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == ("auth", "auth_535")
    assert mailboxes.envelopes == []


async def test_size_limit() -> None:
    """A mail over the relay's limit is the content's fault."""
    mailboxes = Mailboxes()
    async with serving(mailboxes, data_size_limit=1000) as port:
        result = await smtp(port).send(work({"text": "x" * 5000}))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == ("content", "data_552")
