"""A dashboard that was changed by hand is found by the check."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.panel_queries import DASHBOARDS

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "deploy" / "grafana"


@pytest.fixture(scope="module")
def python() -> str:
    """Give the Python that has Grafana's SDK."""
    return subprocess.run(
        [GRAFANA / "environment"], capture_output=True, text=True, check=True
    ).stdout.strip()


def _check(python: str, folder: Path) -> tuple[int, str]:
    finished = subprocess.run(
        [python, "-m", "herald_dashboards", "--to", str(folder)],
        env=os.environ | {"PYTHONPATH": str(GRAFANA)},
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.returncode, finished.stdout


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Give a copy of the dashboards."""
    return Path(shutil.copytree(DASHBOARDS, tmp_path / "dashboards"))


def test_dashboards_of_the_code_pass(python: str, copied: Path) -> None:
    """What is committed is what the code writes."""
    assert _check(python, copied) == (0, "")


def test_changed_query_is_found(python: str, copied: Path) -> None:
    """A query that the code does not write is shown with its file."""
    path = copied / "herald-overview.json"
    path.write_text(path.read_text().replace("herald_messages_open", "herald_messages_opened"))
    status, said = _check(python, copied)
    assert status == 1
    assert "herald-overview.json" in said
    assert "herald_messages_opened" in said


def test_field_that_grafana_has_not_is_found(python: str, copied: Path) -> None:
    """A field of a panel that Grafana's model does not know is named."""
    path = copied / "herald-router.json"
    dashboard = json.loads(path.read_text())
    dashboard["panels"][1]["titel"] = dashboard["panels"][1].pop("title")
    path.write_text(json.dumps(dashboard, indent=2))
    status, said = _check(python, copied)
    assert status == 1
    assert "panels[1].titel is no field of Grafana's" in said


def test_missing_and_left_over_files_are_found(python: str, copied: Path) -> None:
    """A dashboard that is not there, and one that no code writes."""
    (copied / "herald-slos.json").rename(copied / "herald-old.json")
    status, said = _check(python, copied)
    assert status == 1
    assert "herald-slos.json: missing" in said
    assert "herald-old.json: no dashboard of the code" in said
