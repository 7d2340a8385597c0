"""A profile of a user's own is tried by the path of its file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from herald.cli.application import application

PROFILES = files("herald.profiles")
COMMAND = ["provider", "check", "--check", "status_words", "--check", "send_accepted"]


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """Write a profile with what its provider writes beside it, as a user would."""
    path = tmp_path / "mine.toml"
    path.write_text((PROFILES / "plivo.toml").read_text())
    written = (PROFILES / "conformance" / "plivo.toml").read_text()
    path.with_suffix(".conformance.toml").write_text(written)
    return path


def test_it_is_tried(profile: Path) -> None:
    """A profile that does what its provider documents passes, one with another word does not."""
    done = CliRunner().invoke(application, [*COMMAND, str(profile)])
    assert done.exit_code == 0, done.output
    text = profile.read_text()
    assert 'sent = ["sent"]' in text
    profile.write_text(text.replace("body.message_uuid", "body.id_of_tomorrow"))
    done = CliRunner().invoke(application, [*COMMAND, str(profile)])
    assert done.exit_code == 1
    assert "send_accepted" in done.output


def test_what_is_wrong_is_named(profile: Path) -> None:
    """A missing file, a missing part and a broken profile are one line that names the file."""
    beside = profile.with_suffix(".conformance.toml")
    beside.write_text("options = {}")
    done = CliRunner().invoke(application, [*COMMAND, str(profile)])
    assert (done.exit_code, "is missing" in done.output) == (2, True)
    beside.unlink()
    done = CliRunner().invoke(application, [*COMMAND, str(profile)])
    assert (done.exit_code, str(beside) in done.output) == (2, True)
    profile.write_text("name = 1")
    done = CliRunner().invoke(application, [*COMMAND, str(profile)])
    assert (done.exit_code, "mine.toml:1: name" in done.output) == (2, True)
