"""What is said of TLS that failed, and of the files that a broker's URL names."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from herald.config.broker_identity import broker_file_problems
from herald.service.tls import tls_problem
from secret_files import write_secrets


def _caused(error: Exception) -> Exception:
    """Wrap an error as libraries do."""
    wrapped = OSError("wrapped")
    wrapped.__cause__ = error
    return wrapped


def test_an_untrusted_certificate_is_reported() -> None:
    """Whatever wrapped the error."""
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = "self-signed certificate"
    said = "its certificate is not trusted: self-signed certificate"
    assert tls_problem(_caused(error)) == said


def test_a_server_that_hangs_up_may_want_a_certificate() -> None:
    """Where the connection was to be encrypted; else it is any server that hung up."""
    error = _caused(ConnectionResetError())
    assert tls_problem(error) is not None
    assert tls_problem(error, wants_tls=False) is None


def test_other_errors_are_not_of_tls() -> None:
    """Nor does a ring of causes hold anybody up."""
    first, second = OSError("first"), OSError("second")
    first.__cause__, second.__cause__ = second, first
    assert tls_problem(first) is None


def test_files_of_a_url_must_be_there_and_the_key_be_closed(tmp_path: Path) -> None:
    """Certificates may be read by everybody; each file is named by its parameter."""
    key, certificate = write_secrets(tmp_path / "key.pem", "k"), tmp_path / "certificate.pem"
    certificate.write_text("c")
    certificate.chmod(0o644)
    url = f"amqps://broker/?cafile={tmp_path}/none.pem&certfile={certificate}&keyfile={key}"
    [missing] = broker_file_problems(url)
    assert missing.startswith("cafile: No such file")
    key.chmod(0o644)
    assert [line.split(":")[0] for line in broker_file_problems(url)] == ["cafile", "keyfile"]
    assert len(broker_file_problems(url, allow_open=True)) == 1


@pytest.mark.parametrize("url", ["amqp://u:p@broker/", "amqps://u:p@broker/?heartbeat=5"])
def test_a_url_may_name_no_file(url: str) -> None:
    """The system's authorities are trusted then."""
    assert broker_file_problems(url) == []
