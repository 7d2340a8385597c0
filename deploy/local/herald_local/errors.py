"""What can go wrong while a Herald is brought up: each error says what to do about it."""

from __future__ import annotations


class LocalError(Exception):
    """Herald could not be run here; the message is for the person at the terminal."""


class ProgramError(LocalError):
    """A program was missing, failed or took too long."""


class MissingServerError(LocalError):
    """A server is not installed here: `missing` says so, and `instead` what to name one in."""

    def __init__(self, missing: str, *, kind: str, instead: str) -> None:
        super().__init__(f"{missing}, or name a {kind} in {instead}")
        self.missing = missing
        self.kind = kind


class MissingProgramsError(LocalError):
    """Programs that only some checks need are not installed here; the message says which."""


class NotReadyError(LocalError):
    """Something that was started did not become ready."""
