"""What the image of a service is made of."""

from __future__ import annotations

import subprocess
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))


def _chosen(service: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["deploy/image/choose-source", service, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_its_service_alone(service: str, tmp_path: Path) -> None:
    """Its own project, and the shared one where it stands on that."""
    assert _chosen(service, tmp_path).returncode == 0
    expected = {service} if service == "sandbox" else {service, "shared"}
    assert {path.name for path in (tmp_path / "source").iterdir()} == expected
    pins = (ROOT / "services" / service / "requirements.txt").read_text()
    assert (tmp_path / "requirements.txt").read_text() == pins
    assert (tmp_path / "command").read_text() == f"herald-{service}\n"


def test_the_image_for_jobs_holds_the_command_alone(tmp_path: Path) -> None:
    """No service is in it."""
    assert _chosen("tools", tmp_path).returncode == 0
    assert [path.name for path in (tmp_path / "source").iterdir()] == ["shared"]
    assert (tmp_path / "command").read_text() == "herald\n"


@pytest.mark.parametrize("name", ["", "nobody", "../shared"])
def test_a_name_that_is_no_service_ends_the_build(name: str, tmp_path: Path) -> None:
    """It says which there are."""
    done = _chosen(name, tmp_path / "none")
    assert done.returncode == 1
    assert f"SERVICE='{name}'" in done.stderr
    assert all(service in done.stderr for service in [*SERVICES, "tools"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_command(service: str) -> None:
    """It is what its image and its systemd unit run."""
    (command,) = entry_points(group="console_scripts", name=f"herald-{service}")
    assert callable(command.load())
