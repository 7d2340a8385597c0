"""Where Prometheus and Alertmanager are, installing them when they are missing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from herald_local import packages
from herald_local.errors import MissingProgramsError, ProgramError

# Debian's packages, their programs by the names Debian gives them, and their systemd units
PACKAGES = {
    "prometheus": (("prometheus", "promtool"), ("prometheus.service",)),
    "prometheus-alertmanager": (
        ("prometheus-alertmanager", "amtool"),
        ("prometheus-alertmanager.service",),
    ),
}
# others call the program as its project does
ALSO_KNOWN_AS = {"prometheus-alertmanager": "alertmanager"}


@dataclass(frozen=True, slots=True)
class PrometheusPrograms:
    """The two servers, and the tools that check their files."""

    prometheus: Path
    promtool: Path
    alertmanager: Path
    amtool: Path


def find_or_install() -> PrometheusPrograms:
    """Return the four programs on this machine.

    Raises:
        MissingProgramsError: some are missing and can't be installed.
    """
    for package, (names, units) in PACKAGES.items():
        if not all(map(_find, names)):
            _install(package, units)
    found = find()
    if found is None:
        raise MissingProgramsError(f"install {' and '.join(PACKAGES)}")
    return found


def find() -> PrometheusPrograms | None:
    """Return the four programs, or None when one is missing."""
    paths = [_find(name) for names, _units in PACKAGES.values() for name in names]
    prometheus, promtool, alertmanager, amtool = paths
    if prometheus and promtool and alertmanager and amtool:
        return PrometheusPrograms(prometheus, promtool, alertmanager, amtool)
    return None


def _find(name: str) -> Path | None:
    path = shutil.which(name) or shutil.which(ALSO_KNOWN_AS.get(name, name))
    return Path(path) if path else None


def _install(package: str, units: tuple[str, ...]) -> None:
    if not packages.can_install():
        raise MissingProgramsError(f"{package} is missing: install it")
    try:
        packages.install(package, units=units)
    except ProgramError as error:
        raise MissingProgramsError(
            f"{package} is missing and can't be installed ({error})"
        ) from None
