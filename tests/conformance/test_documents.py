"""What is said of providers: their words are explained, and their files stay small."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from herald.conformance.finding import subjects, without_subjects
from herald.conformance.source_checks import LONGEST_FILE
from herald.conformance.tables import files, rows
from herald.contracts.vocabulary import Status
from herald.providers.registry import NAMES
from herald.providers.subject import Subject

ROOT = Path(__file__).parents[2]
MEDIAN_LINES = 120


@pytest.mark.parametrize("subject", list(subjects(NAMES)), ids=lambda subject: subject.name)
def test_what_a_table_says_is_explained(subject: Subject) -> None:
    """Every status and class that a word or a code becomes has a row in docs/states.md.

    But `other`, which has no effect there.
    """
    page = (ROOT / "docs/states.md").read_text()
    found = [row for row in rows(subject) if row.becomes is not Status.OTHER]
    assert [row for row in found if f"| `{row.becomes}` |" not in page] == []


def test_files_of_providers_are_small() -> None:
    """Half of them have under 120 lines, and none over 250."""
    lines = {
        path: len(path.read_text().splitlines())
        for name in NAMES
        for path in files(name)
        if path.stem != "__init__"
    }
    assert median(lines.values()) < MEDIAN_LINES
    assert {path: count for path, count in lines.items() if count > LONGEST_FILE} == {}


def test_every_provider_is_tried() -> None:
    """No folder goes without a subject."""
    assert without_subjects() == []
