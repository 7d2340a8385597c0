"""Prometheus and its tools are found by either of their names, or said to be missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald_local import prometheus_programs
from herald_local.errors import MissingProgramsError


def _programs(directory: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        program = directory / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory))


def test_alertmanager_is_found_by_its_projects_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian calls the program prometheus-alertmanager; others do not."""
    _programs(tmp_path, monkeypatch, "prometheus", "promtool", "alertmanager", "amtool")
    assert prometheus_programs.find_or_install().alertmanager == tmp_path / "alertmanager"


def test_what_is_missing_and_can_not_be_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without apt-get the error says which package to install."""
    _programs(tmp_path, monkeypatch, "prometheus", "promtool")
    with pytest.raises(MissingProgramsError, match="prometheus-alertmanager is missing"):
        prometheus_programs.find_or_install()
