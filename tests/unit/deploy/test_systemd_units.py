"""The systemd units and the code mean the same services, variables and commands."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from herald.service.serving import GRACEFUL_SHUTDOWN_SECONDS
from herald.service.settings import read_settings

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "systemd"
UNITS = FOLDER / "units"
SERVICES = sorted(
    path.parent.name
    for path in ROOT.glob("services/*/pyproject.toml")
    if path.parent.name != "sandbox"
)
LISTENERS = 2


def _setting(unit: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)


def _environment(instance: str) -> dict[str, str]:
    """Return what the examples of environment files give a service."""
    lines = [
        line
        for file in ("herald", instance)
        for line in (FOLDER / "environment" / f"{file}.env").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("service", SERVICES)
def test_the_template_runs_every_service(service: str) -> None:
    """The instance is the name of the service, its folder and its command."""
    (command,) = _setting("herald@.service", "ExecStart")
    program = command.replace("%i", service).rpartition("/")[2]
    assert entry_points(group="console_scripts", name=program)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_takes_the_example_of_its_settings(service: str) -> None:
    """Its passwords are in files; each service has its own ports by default."""
    settings = read_settings(
        operations_port=8000,
        public_port=8001 if service == "ingress" else None,
        database=service != "ingress",
        environment=_environment(service),
    )
    assert settings.operations.host == "127.0.0.1"
    assert f"herald-{service.removeprefix('channel-')}@" in settings.amqp_url


def test_no_secret_stands_in_the_environment() -> None:
    """The examples name users and no passwords."""
    for file in (FOLDER / "environment").iterdir():
        assert not re.search(r"://[^/@\s]*:[^/@\s]*@", file.read_text()), file


def test_a_service_may_finish_what_it_holds() -> None:
    """Each of its listeners may take its time, one after the other."""
    (seconds,) = _setting("herald@.service", "TimeoutStopSec")
    assert int(seconds) > LISTENERS * GRACEFUL_SHUTDOWN_SECONDS


def test_every_unit_is_hardened() -> None:
    """One file, as a drop-in of the template and of the jobs."""
    for folder in ("herald@.service.d", "herald-.service.d"):
        drop_in = UNITS / folder / "hardening.conf"
        assert drop_in.is_symlink()
        assert drop_in.resolve() == FOLDER / "hardening.conf"
