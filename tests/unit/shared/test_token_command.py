"""`herald token`: what it prints, and what it keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from herald.cli.application import application
from herald.config.loading import load_configuration
from herald.config.read_tokens_file import load_read_tokens
from herald.contracts.read_tokens import Reader, Readers

HERALD_TOML = """
[tenants.default]
[tenants.other]
[accounts.sms]
provider = "twilio"
account_sid = "AC00000000000000000000000000000000"
tenants = ["default", "other"]
[routes.default]
tenants = ["default", "other"]
steps = [{channel = "sms"}]
"""
KEEPING = '[read_api]\ntokens_file = "secrets/tokens.toml"\n'


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a configuration that the command line reads."""
    path = tmp_path / "herald.toml"
    path.write_text(HERALD_TOML + KEEPING)
    monkeypatch.setenv("HERALD_CONFIG", str(path))
    return path


def _run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(application, ["token", *arguments])
    return done.exit_code, done.stdout.strip(), done.stderr.strip()


def _readers(path: Path) -> Readers:
    file = load_read_tokens(load_configuration(path))
    assert file is not None
    return Readers(file)


def test_the_token_it_prints_reads(path: Path) -> None:
    """Each is added to those there are, in a file for its owner's eyes only."""
    code, support, said = _run("support", "--tenant", "default", "--tenant", "other")
    assert (code, said) == (0, f"{path.parent / 'secrets' / 'tokens.toml'} knows it now as support")
    _, operator, _ = _run("ops", "--operator")
    readers = _readers(path)
    assert readers.known_by(support) == Reader("support", ("default", "other"))
    assert readers.known_by(operator) == Reader("ops", ("*",))
    file = path.parent / "secrets" / "tokens.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert support not in file.read_text()


def test_without_a_file_it_shows_the_entry(path: Path) -> None:
    """For a file that is kept elsewhere; the token alone is on stdout."""
    path.write_text(HERALD_TOML)
    code, token, said = _run("ops", "--operator")
    assert (code, token.startswith("herald_read_"), "\n" in token) == (0, True, False)
    assert "[tokens.ops]\nsha256 = " in said
    assert token not in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("ops",), "give --tenant, or --operator"),
        (("ops", "--operator", "--tenant", "default"), "give --tenant, or --operator"),
        (("ops", "--tenant", "nobody"), "herald.toml has no tenant 'nobody'"),
        (("Ops!", "--operator"), "the name: String should match"),
    ],
)
def test_what_is_wrong_is_said(path: Path, arguments: tuple[str, ...], problem: str) -> None:
    """Nothing is printed or kept then."""
    code, token, said = _run(*arguments)
    assert (code, token) == (2, "")
    assert problem in said
    assert not (path.parent / "secrets").exists()


def test_a_name_is_used_once(path: Path) -> None:
    """The earlier token goes on to read."""
    _, first, _ = _run("ops", "--operator")
    code, token, said = _run("ops", "--operator")
    assert (code, token) == (2, "")
    assert "has a token named ops" in said
    assert _readers(path).known_by(first) is not None


def test_a_file_that_can_not_be_used_stays_as_it_is(path: Path) -> None:
    """What is wrong with it is said instead."""
    file = path.parent / "secrets" / "tokens.toml"
    file.parent.mkdir()
    file.write_text("hunter2")
    file.chmod(0o600)
    code, token, said = _run("ops", "--operator")
    assert (code, token) == (2, "")
    assert "read_api.tokens_file: not TOML" in said
    assert file.read_text() == "hunter2"
