"""Where real proxies are, installing them when they are missing: for tests."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from herald_local import packages
from herald_local.errors import MissingProgramsError, ProgramError

# Debian's packages, by their programs; neither brings a daemon
PACKAGES = {"tinyproxy": "tinyproxy-bin", "microsocks": "microsocks"}


@dataclass(frozen=True, slots=True)
class ProxyPrograms:
    """An HTTP proxy and a SOCKS5 proxy."""

    tinyproxy: Path
    microsocks: Path


def find_or_install() -> ProxyPrograms:
    """Return the programs on this machine.

    Raises:
        MissingProgramsError: one is missing and can't be installed.
    """
    return ProxyPrograms(**{program: _find_or_install(program) for program in PACKAGES})


def _find_or_install(program: str) -> Path:
    package = PACKAGES[program]
    if shutil.which(program) is None:
        if not packages.can_install():
            raise MissingProgramsError(f"{package} is missing: install it")
        try:
            packages.install(package)
        except ProgramError as error:
            raise MissingProgramsError(
                f"{package} is missing and can't be installed ({error})"
            ) from None
    found = shutil.which(program)
    if found is None:
        raise MissingProgramsError(f"{package} brings no {program}")
    return Path(found)
