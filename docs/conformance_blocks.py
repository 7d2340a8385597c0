"""The blocks of pages that are made from what is known of each of Herald's own providers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from herald.conformance.checks import Check, why_not
from herald.conformance.finding import subjects
from herald.conformance.running import CHECKS
from herald.conformance.tables import Row, rows
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.registry import NAMES
from herald.providers.subject import Subject
from tables import table

_MOST_NAMES = 8
OWN = tuple(subjects(NAMES))


def checks() -> str:
    """Return every check, and whom it does not apply to."""
    found = []
    for check in CHECKS:
        without = [f"`{each.name}`" for each in OWN if _reason(each, check) is not None]
        found.append([f"`{check.name}`", check.about, ", ".join(without)])
    return table(("check", "what is expected", "does not apply to"), found)


def conformance() -> str:
    """Return what does not apply to each subject, and why; all else passes."""
    return table(("", "channel", "passes all checks but"), [_line(each) for each in OWN])


def status_words() -> str:
    """Return, for each of Herald's statuses, the words that become it."""
    found = list(_all_rows(Status))
    lines = []
    for status in Status:
        words = [(whose, row) for whose, row in found if row.becomes is status]
        if words:
            lines.append([f"`{status}`", _by_provider(words)])
    return table(("Herald's status", "words of providers"), lines)


def dictionary(words: str) -> str:
    """Return what each word or code of each provider becomes; `words`: `Status`, `FailureClass`."""
    found = list(_all_rows(Status if words == "Status" else FailureClass))
    tables_of: dict[str, set[str]] = {}
    for whose, row in found:
        tables_of.setdefault(whose, set()).add(row.table)
    lines = [
        [
            f"`{whose}`",
            f"`{row.table}`" if len(tables_of[whose]) > 1 else "",
            " ".join(f"`{part}`" for part in row.key),
            f"`{row.becomes}`",
            row.note,
        ]
        for whose, row in found
    ]
    return table(("provider", "of its", "word or code", "becomes", "note"), lines)


def _line(subject: Subject) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for check in CHECKS:
        reason = _reason(subject, check)
        if reason is not None:
            reasons.setdefault(reason, []).append(f"`{check.name}`")
    said = [f"{_named(names)}: {reason}" for reason, names in reasons.items()]
    return [f"`{subject.name}`", f"`{subject.channel}`", "<br>".join(said) or "none"]


def _named(names: list[str]) -> str:
    """Name a few checks, or count many: the second table has them all."""
    return ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} checks, see below"


def _reason(subject: Subject, check: Check) -> str | None:
    return why_not(subject, check.needs) or subject.exempt.get(check.name)


def _all_rows(words: type[Status | FailureClass]) -> Iterator[tuple[str, Row]]:
    """Read the tables of each provider once, and those of each profile."""
    done: set[str] = set()
    for subject in OWN:
        whose = subject.name if subject.tables is not None else subject.provider
        if whose not in done:
            done.add(whose)
            yield from ((whose, row) for row in rows(subject) if isinstance(row.becomes, words))


def _by_provider(found: list[tuple[str, Row]]) -> str:
    lines = []
    for whose, its in groupby(found, key=lambda one: one[0]):
        keys = dict.fromkeys(" ".join(row.key) for _, row in its)
        lines.append(f"{whose}: {', '.join(f'`{key}`' for key in keys)}")
    return "<br>".join(lines)
