"""Installing what is missing, and what is said where that can't be done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from herald_local import packages, rabbitmq_programs
from herald_local.errors import MissingServerError, ProgramError


def test_what_an_installation_brings_does_not_start_at_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only private servers are run; a unit that was there before is its owner's affair."""
    (tmp_path / "epmd.socket").touch()
    commands: list[Sequence[str]] = []

    def install(command: Sequence[str], **_: object) -> str:
        commands.append(command)
        (tmp_path / "rabbitmq-server.service").touch()
        return ""

    monkeypatch.setattr(packages, "UNITS", tmp_path)
    monkeypatch.setattr(packages, "run", install)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    packages.install(rabbitmq_programs.PACKAGE, units=rabbitmq_programs.UNITS)
    disabled = [command[-1] for command in commands if command[0] == "systemctl"]
    assert disabled == ["rabbitmq-server.service"]


def test_a_failed_installation_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has no sudo needs the package's name, or the variable for a broker at hand."""

    def refuse(_package: str, **_: object) -> None:
        raise ProgramError("/usr/bin/sudo: sudo: a password is required")

    monkeypatch.setattr(rabbitmq_programs, "find", lambda: None)
    monkeypatch.setattr(packages, "can_install", lambda: True)
    monkeypatch.setattr(packages, "install", refuse)
    with pytest.raises(MissingServerError) as caught:
        rabbitmq_programs.find_or_install()
    for words in ("a password is required", "install rabbitmq-server", "HERALD_AMQP_URL"):
        assert words in str(caught.value)
