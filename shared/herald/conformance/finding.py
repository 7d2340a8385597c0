"""Finds the subjects that checks are run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from herald.providers.registry import ACCOUNTS, conformance_module
from herald.providers.subject import Subject


def subjects(providers: Iterable[str] = ACCOUNTS) -> Iterator[Subject]:
    """Find what the folders of providers give to be tried."""
    for name in providers:
        module = conformance_module(name)
        yield from () if module is None else module.SUBJECTS


def without_subjects() -> list[str]:
    """Name the providers whose folder gives none."""
    return [name for name in ACCOUNTS if not list(subjects([name]))]
