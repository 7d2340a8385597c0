"""Programs that die with the runner, however it ends."""

from __future__ import annotations

import shutil
from collections.abc import Sequence


def dying_with_parent(arguments: Sequence[str], signal_name: str = "TERM") -> list[str]:
    """Wrap a command so that the kernel sends it a signal when its parent dies.

    This covers the process itself, not its children, and is lost when a program changes its
    user: it comes last, right before the program. Where `setpriv` (util-linux) is
    missing the command is returned as it is.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(arguments)
    return [setpriv, "--pdeathsig", signal_name, "--", *arguments]
