"""Installing a Debian package without letting it start its own daemon, now or at boot."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from herald_local.errors import ProgramError
from herald_local.programs import run
from herald_local.progress import report

# invoke-rc.d asks /usr/sbin/policy-rc.d before it starts a daemon; 101 means "not allowed". Ours is
# only there while the package is installed, and an existing one is left alone.
# Another installation that runs is waited for.
_INSTALL = """
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$1"; }
install "$1" || { apt-get update && install "$1"; }
"""

TIMEOUT_SECONDS = 900
UNITS = Path("/lib/systemd/system")


def can_install() -> bool:
    """Say whether packages can be installed here: apt-get, and root or sudo."""
    return shutil.which("apt-get") is not None and (os.geteuid() == 0 or _sudo() is not None)


def install(package: str, *, units: Sequence[str] = ()) -> None:
    """Install a Debian package.

    `units` are systemd's units that come with it: those that were not there before do not start
    at boot, for only private servers are run here.

    Raises:
        ProgramError: it can't be installed; the message holds the installer's last words.
    """
    report(f"installing {package} with apt-get (once)")
    new = [unit for unit in units if not (UNITS / unit).exists()]
    _as_root(["sh", "-c", _INSTALL, "install", package])
    for unit in new:
        if (UNITS / unit).exists() and shutil.which("systemctl"):
            _as_root(["systemctl", "--quiet", "disable", unit])
            report(f"{unit} is disabled: it does not start at boot")


def _as_root(command: Sequence[str]) -> None:
    if os.geteuid() != 0:
        sudo = _sudo()
        if sudo is None:
            raise ProgramError("neither root nor sudo is at hand")
        command = [*sudo, *command]
    run(command, timeout_seconds=TIMEOUT_SECONDS)


def _sudo() -> list[str] | None:
    path = shutil.which("sudo")
    if path is None:
        return None
    # sudo asks for a password on the terminal itself, not on stdin; without one it must not wait
    return [path] if sys.stderr.isatty() else [path, "--non-interactive"]
