"""The file with the masking key: read, refused with the remedy, and written."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from herald.cli.application import application
from herald.config.loading import load_configuration, load_or_exit
from herald.config.masking import read_masking_key, write_masking_key
from herald.contracts.masking import MaskingKey, masking_key, set_masking_key
from herald.service.secret_files import SecretFileError
from secret_files import MASKING_SECRET, write_secrets

HERALD_TOML = """
[tenants.default]
[accounts.smtp]
provider = "smtp"
host = "smtp.example.com"
[routes.default]
steps = [{channel = "email"}]
"""
FINGERPRINT = MaskingKey(MASKING_SECRET).fingerprint
REMEDY = "write one with: (umask 077; head -c 32 /dev/urandom | base64 > "


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a key file that is not there yet."""
    return tmp_path / "masking.key"


@pytest.fixture
def herald_toml(tmp_path: Path) -> Iterator[Path]:
    """Give a configuration whose key is missing, to a process without one."""
    path = tmp_path / "herald.toml"
    path.write_text(HERALD_TOML)
    set_masking_key(None)
    yield path
    set_masking_key(MaskingKey(MASKING_SECRET))


@pytest.mark.parametrize(
    "text",
    [
        MASKING_SECRET.hex(),
        f"{MASKING_SECRET.hex().upper()}\n",
        f" {base64.b64encode(MASKING_SECRET).decode()}\n",
        base64.encodebytes(MASKING_SECRET).decode(),
    ],
)
def test_a_key_is_hexadecimal_digits_or_base64(path: Path, text: str) -> None:
    """As the usual programs write random bytes; blanks around them don't count."""
    assert read_masking_key(write_secrets(path, text)).fingerprint == FINGERPRINT


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has 0 bytes, at least 32 are needed"),
        ("00" * 31, "has 31 bytes, at least 32 are needed"),
        (base64.b64encode(bytes(31)).decode(), "has 31 bytes, at least 32 are needed"),
        ("correct horse battery staple!", "is neither hexadecimal digits nor base64"),
        ("\u00e9" * 64, "is neither hexadecimal digits nor base64"),
    ],
)
def test_what_is_no_key_is_refused(path: Path, text: str, problem: str) -> None:
    """The error says what is wrong and how to write one; it does not repeat the content."""
    with pytest.raises(SecretFileError) as caught:
        read_masking_key(write_secrets(path, text))
    assert str(caught.value).startswith(f"{path}: {problem}; {REMEDY}{path}")
    assert "horse" not in str(caught.value)


def test_a_missing_file_is_named_with_the_remedy(path: Path) -> None:
    """The command it names writes a key that is taken."""
    with pytest.raises(SecretFileError, match="no such file") as caught:
        read_masking_key(path)
    command = str(caught.value).partition("write one with: ")[2]
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert read_masking_key(path).fingerprint != FINGERPRINT


def test_a_file_that_others_may_read_is_refused(path: Path) -> None:
    """Whoever knows the key can try numbers out."""
    write_secrets(path, MASKING_SECRET.hex()).chmod(0o644)
    with pytest.raises(SecretFileError, match="others may use it"):
        read_masking_key(path)
    assert read_masking_key(path, allow_open=True).fingerprint == FINGERPRINT


def test_a_new_key_is_written_once(tmp_path: Path) -> None:
    """For its owner alone; a key that is there is never replaced, for nothing would be found."""
    path = tmp_path / "secrets" / "masking.key"
    write_masking_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    key = read_masking_key(path)
    with pytest.raises(FileExistsError):
        write_masking_key(path)
    assert read_masking_key(path).fingerprint == key.fingerprint


def test_a_service_does_not_start_without_a_key(herald_toml: Path) -> None:
    """It says which file it wants and how to write it, and exits with 2."""
    with structlog.testing.capture_logs() as lines, pytest.raises(SystemExit) as caught:
        load_or_exit(herald_toml)
    wanted = herald_toml.parent / "secrets" / "masking.key"
    assert caught.value.code == 2
    assert f"masking.key_file: no such file: {wanted}; {REMEDY}" in lines[-1]["problems"][0]


def test_the_check_of_the_configuration_tells_of_the_key(
    herald_toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any service is started."""
    monkeypatch.setenv("HERALD_CONFIG", str(herald_toml))
    checked = CliRunner().invoke(application, ["config", "check"])
    assert checked.exit_code == 2
    assert "masking.key_file: no such file: " in checked.stderr
    write_masking_key(herald_toml.parent / "secrets" / "masking.key")
    assert CliRunner().invoke(application, ["config", "check"]).exit_code == 0


def test_a_service_masks_with_the_key_of_its_configuration(herald_toml: Path) -> None:
    """The path is relative to herald.toml; what only reads the configuration needs no key."""
    (herald_toml.parent / "own.key").touch(mode=0o600)
    (herald_toml.parent / "own.key").write_text(MASKING_SECRET.hex())
    herald_toml.write_text(HERALD_TOML + '[masking]\nkey_file = "own.key"\n')
    assert load_configuration(herald_toml).file.masking.key_file == "own.key"
    load_or_exit(herald_toml)
    assert masking_key().fingerprint == FINGERPRINT


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ('[masking]\nearlier_key_files = ["a.key", "b.key"]\n', "masking.earlier_key_files.1"),
        ('[unsubscribe]\nkey_files = ["a.key", "b.key"]\n', "unsubscribe.key_files.1"),
    ],
)
def test_a_key_beside_it_that_is_missing_is_named(
    herald_toml: Path, monkeypatch: pytest.MonkeyPatch, part: str, field: str
) -> None:
    """By its field and file, before any service starts."""
    write_masking_key(herald_toml.parent / "secrets" / "masking.key")
    write_masking_key(herald_toml.parent / "a.key")
    herald_toml.write_text(HERALD_TOML + part)
    monkeypatch.setenv("HERALD_CONFIG", str(herald_toml))
    checked = CliRunner().invoke(application, ["config", "check"])
    assert checked.exit_code == 2
    assert f"{field}: no such file: {herald_toml.parent / 'b.key'}; {REMEDY}" in checked.stderr
    write_secrets(herald_toml.parent / "b.key", "00" * 8)
    checked = CliRunner().invoke(application, ["config", "check"])
    assert f"{field}: " in checked.stderr
    assert "32" in checked.stderr
    write_secrets(herald_toml.parent / "b.key", "01" * 32)
    assert CliRunner().invoke(application, ["config", "check"]).exit_code == 0
