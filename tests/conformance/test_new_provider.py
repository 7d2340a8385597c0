"""A provider of another distribution: begun by `herald provider new`, and tried like our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from conformance.filled import IMAGINARY, fill_in
from herald.cli.application import application
from herald.conformance.scaffolding import NewProvider
from secret_files import write_masking_key, write_secrets

# of a new provider, in the order in which they say how to go on
FAILING = [
    *("signature_good", "signature_rotated"),
    *("status_words", "status_codes", "status_names_attempt", "status_names_account"),
    *("status_foreign", "status_repeated", "status_any_order", "time_forms"),
    *("send_accepted", "send_errors", "send_own_5xx", "send_tag_comes_back"),
    *("secrecy_of_statuses", "limit_of_time", "tables_known"),
]
LOOKS = {
    "signature_good": "signature.py",
    "status_words": "webhooks.py",
    "send_accepted": "send.py",
    "send_errors": "errors.py",
    "tables_known": "errors.py",
}
# both commands in one process, which takes long to start
BOTH = """
from typer.testing import CliRunner
from herald.cli.application import application
for command in (["config", "check"], ["provider", "list", "--json"]):
    print(CliRunner().invoke(application, command).output, end="")
"""
HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{channel = "sms"}]
[accounts.main]
provider = "mine"
secrets_file = "mine.toml"
"""


def installed(folder: Path) -> None:
    """Leave what `pip install` would: metadata by which the entry point is found."""
    metadata = folder / "herald_mine-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: herald-mine\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text("[herald.providers]\nmine = herald_mine\n")


def herald(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process that has the distribution."""
    return subprocess.run(
        [sys.executable, "-m", "herald.cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def results(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    done = CliRunner().invoke(
        application, ["provider", "new", "mine", "--folder", str(tmp_path / "new")]
    )
    assert done.exit_code == 0, done.output
    assert "herald provider check mine" in done.output
    installed(tmp_path / "new")
    return tmp_path / "new"


def test_it_fails_says_how_to_go_on_and_passes(folder: Path) -> None:
    """A new provider runs and fails by name and place; once it is filled in, it passes."""
    done = herald(folder, "provider", "check", "mine", "--json")
    assert done.returncode == 1, done.stderr
    failed = {it["check"]: it for it in results(done) if it["verdict"] == "failed"}
    assert list(failed) == FAILING
    for name, place in LOOKS.items():
        assert place in failed[name]["look"]
    fill_in(folder / "herald_mine", IMAGINARY)
    done = herald(folder, "provider", "check", "mine")
    assert done.returncode == 0, done.stdout
    assert "0 failed" in done.stdout.splitlines()[-1]


def test_it_is_a_provider_like_any_other(folder: Path, tmp_path: Path) -> None:
    """An account of it is read with its secrets, and it stands in the list."""
    (tmp_path / "herald.toml").write_text(HERALD_TOML)
    write_secrets(tmp_path / "mine.toml", 'api_key = "k"\nsigning_secrets = ["s"]\n')
    write_masking_key(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", BOTH],
        env={
            **os.environ,
            "PYTHONPATH": str(folder),
            "HERALD_CONFIG": str(tmp_path / "herald.toml"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    checked, *listed = done.stdout.splitlines()
    assert "1 accounts on sms" in checked, done.stderr
    assert json.loads(listed[-1]) == {
        "provider": "mine", "channels": ["sms"], "package": "herald_mine", "own": False
    }  # fmt: skip


@pytest.mark.parametrize("name", ["twilio", "Mine", "1", "a-b", ""])
def test_a_name_that_is_none(name: str, tmp_path: Path) -> None:
    """A name that is taken or malformed is refused before anything is written."""
    done = CliRunner().invoke(
        application, ["provider", "new", name, "--folder", str(tmp_path / "new")]
    )
    assert done.exit_code == 2
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(folder: Path) -> None:
    """A second one into the same folder changes no file."""
    (folder / "herald_mine" / "send.py").write_text("mine")
    done = CliRunner().invoke(application, ["provider", "new", "mine", "--folder", str(folder)])
    assert done.exit_code == 1
    assert (folder / "herald_mine" / "send.py").read_text() == "mine"


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "email", "fax"])
def test_every_channel_has_a_beginning(channel: str) -> None:
    """What is written is Python, with no placeholder left in it."""
    for path, text in NewProvider("mine_too", channel).files().items():
        if path.suffix == ".py":
            compile(text, str(path), "exec")
        assert "@name" not in text.lower()
        assert "@package" not in text
