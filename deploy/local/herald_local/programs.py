"""Running other programs to their end, with their words in the error when they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from herald_local.errors import ProgramError

TAIL_CHARACTERS = 3000


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    timeout_seconds: float = 120,
) -> str:
    """Run a program without input and return what it wrote on both streams.

    Raises:
        ProgramError: it is missing, failed, or ran longer than `timeout_seconds`.
    """
    try:
        finished = subprocess.run(  # noqa: S603  the arguments are ours, no shell reads them
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except OSError as error:
        raise ProgramError(f"{arguments[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{arguments[0]} ran longer than {timeout_seconds:g} s") from None
    if finished.returncode != 0:
        words = finished.stdout[-TAIL_CHARACTERS:].strip()
        raise ProgramError(f"{arguments[0]} failed ({finished.returncode})\n{words}")
    return finished.stdout


def succeeds(arguments: Sequence[str]) -> bool:
    """Say whether a program runs here and ends well."""
    try:
        run(arguments, timeout_seconds=10)
    except ProgramError:
        return False
    return True
