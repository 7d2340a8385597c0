"""Finds the subjects that checks are run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from herald.providers.registry import ACCOUNTS, PROFILED, conformance_module
from herald.providers.subject import Subject


def subjects(providers: Iterable[str] = ACCOUNTS) -> Iterator[Subject]:
    """Find what the folders of providers give to be tried."""
    for name in providers:
        module = conformance_module(name)
        yield from () if module is None else module.SUBJECTS


def subject_of_profile(path: Path) -> Subject:
    """Return the subject of a profile in a file, by the file beside it.

    Raises:
        ValueError: they can't be used; the text names the file, and the line where it can.
    """
    found: Subject = conformance_module(PROFILED).subject_of(path)  # type: ignore[union-attr]
    return found


def without_subjects() -> list[str]:
    """Name the providers whose folder gives none."""
    return [name for name in ACCOUNTS if not list(subjects([name]))]
