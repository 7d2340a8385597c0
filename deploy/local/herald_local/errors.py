"""What can go wrong while a Herald is brought up: each error says what to do about it."""

from __future__ import annotations


class LocalError(Exception):
    """Herald could not be run here; the message is for the person at the terminal."""


class ProgramError(LocalError):
    """A program was missing, failed or took too long."""


class NotReadyError(LocalError):
    """Something that was started did not become ready."""
