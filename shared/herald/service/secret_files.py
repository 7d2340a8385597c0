"""Files that hold secrets: who else may read them is looked at before they are read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Others' rights, and the group's to write. The group may read: Kubernetes gives a pod's mounts to
# `fsGroup`.
_TOO_OPEN = stat.S_IRWXO | stat.S_IWGRP


class SecretFileError(Exception):
    """A file of secrets can't be used; the text names the file and never holds what is in it."""


def read_secret_file(path: Path, *, allow_open: bool = False) -> bytes:
    """Return what a file of secrets holds.

    `allow_open`: take it though everybody on the machine may read it, or its group change it.

    Raises:
        SecretFileError: it can't be read, or is open to others.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & _TOO_OPEN and not allow_open:
                raise SecretFileError(
                    f"{path}: others may use it (mode {mode:04o}): chmod 600 {path}"
                )
            return file.read()
    except OSError as error:
        raise SecretFileError(f"{error.strerror}: {path}") from None
