"""A newer Debian in a folder, for a server that this machine's Debian has not got.

Packages of another release would bring another C library onto the machine; in a folder they stay
among themselves. What runs in it has the machine's network and processes, and its own files.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from herald_local import packages
from herald_local.errors import LocalError
from herald_local.programs import run
from herald_local.progress import report

BUILDER = "mmdebstrap"
BUILD_SECONDS = 900
# The mounts are in a namespace of the program's own and vanish with it. `$1` is the folder, `$2` a
# folder of the machine that the program finds under the same path.
_ENTER = """
set -e
root=$1 shared=$2
shift 2
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind /sys "$root/sys"
mkdir -p "$root$shared"
mount --bind "$shared" "$root$shared"
exec chroot "$root" env LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""


def entering(root: Path, shared: Path) -> tuple[str, ...]:
    """Return what stands before a command that runs in `root`; it takes the shell's place."""
    return ("unshare", "--mount", "sh", "-c", _ENTER, "enter", str(root), str(shared))


def make(root: Path, release: str, package: str) -> None:
    """Put a package of another release, with what it needs, into the folder `root`, once.

    Raises:
        LocalError: this is not root, or the packages can't be had.
    """
    if os.geteuid() != 0:
        raise LocalError(f"{package} of {release} runs in a folder of its own: that takes root")
    if (root / "made").exists():
        return
    if shutil.which(BUILDER) is None:
        packages.install(BUILDER)
    report(f"installing {package} of Debian {release} into {root} (once)")
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    command = [
        BUILDER, "--quiet", "--variant=minbase", "--mode=root", "--format=directory",
        f"--include={package}", '--aptopt=APT::Install-Recommends "false"',
        release, str(root), _mirror(),
    ]  # fmt: skip
    run(command, timeout_seconds=BUILD_SECONDS)
    hosts = root / "etc/hosts"
    if "localhost" not in (hosts.read_text() if hosts.exists() else ""):
        with hosts.open("a") as file:  # without a name for itself an Erlang node hangs
            file.write("127.0.0.1 localhost\n")
    (root / "made").touch()


def _mirror() -> str:
    """Return where this machine gets its own packages from."""
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"])
    mirrors = [line for line in listed.splitlines() if line and "security" not in line]
    if not mirrors:
        raise LocalError("apt-get names no archive to take packages from")
    return mirrors[0]
