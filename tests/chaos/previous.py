"""The oldest version that may run beside the present one, taken out of the repository's history."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A deployment rolls from this version to the present one, both side by side on the new schema. It
# is the oldest one that this is promised for: the newest release (its tag) once there are releases.
# Move it on when a change can't serve it any more, and say so in CHANGELOG.md: whoever deploys
# from an older version has to go through this one first.
PREVIOUS = "1d8e218"

PACKAGES = (
    "shared",
    "services/ingress",
    "services/router",
    "services/channel-whatsapp",
    "services/channel-email",
    "services/channel-sms",
)
TEMPLATES = Path("deploy/local/herald_local/templates")


class NoHistoryError(Exception):
    """The version can't be had here; the message says why."""


def check_out(folder: Path, revision: str = PREVIOUS) -> None:
    """Put the files of a version below `folder`, which is made.

    Raises:
        NoHistoryError: there is no repository here, or it does not go back so far.
    """
    folder.mkdir(parents=True)
    archive = folder / "version.tar"
    command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), revision]
    try:
        subprocess.run([*command, *PACKAGES, str(TEMPLATES)], check=True, capture_output=True)
    except FileNotFoundError:
        raise NoHistoryError("there is no git here to take the previous version with") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise NoHistoryError(f"version {revision} is not in this clone: {said}") from None
    shutil.unpack_archive(archive, folder)  # our own: Debian 12's Python knows no filter for it
    archive.unlink()


def python_path(folder: Path) -> str:
    """Return the PYTHONPATH under which a version's packages come before the installed ones."""
    return os.pathsep.join(str(folder / package) for package in PACKAGES)


def assert_loaded_from(folder: Path) -> None:
    """Check that a program started under `python_path` runs that version and no other."""
    script = "import herald, router; print(herald.__file__, router.__file__)"
    environment = os.environ | {"PYTHONPATH": python_path(folder)}
    printed = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    )
    assert all(Path(file).is_relative_to(folder) for file in printed.stdout.split()), printed.stdout
