"""Running other programs to their end, with their output in the error when they fail."""

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
    known_as: str | None = None,
) -> str:
    """Run a program without input and return what it wrote on both streams.

    `known_as`: what the person at the terminal calls it, if that is not its file.

    Raises:
        ProgramError: it is missing, failed, or ran longer than `timeout_seconds`.
    """
    name = known_as or arguments[0]
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
        raise ProgramError(f"{name}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{name} ran longer than {timeout_seconds:g} s") from None
    if finished.returncode != 0:
        words = finished.stdout[-TAIL_CHARACTERS:].strip()
        raise ProgramError(
            f"{name}: {words}" if words else f"{name} failed ({finished.returncode})"
        )
    return finished.stdout


def succeeds(arguments: Sequence[str]) -> bool:
    """Say whether a program runs here and ends well."""
    try:
        run(arguments, timeout_seconds=10)
    except ProgramError:
        return False
    return True
