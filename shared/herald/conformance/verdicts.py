"""What a check says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST = 200  # of what is printed in a line


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


class NotMetError(Exception):
    """A provider does not do what a check expects."""

    def __init__(self, expected: str, seen: str, look: str) -> None:
        super().__init__(f"expected {expected}; seen: {seen}; look at {look}")
        self.expected = _cut(expected)
        self.seen = _cut(seen)
        self.look = look


def require(met: bool, expected: str, seen: object, look: str) -> None:
    """Expect something.

    Raises:
        NotMetError: it is not so.
    """
    if not met:
        raise NotMetError(expected, str(seen), look)


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one check said of one subject."""

    subject: str
    check: str
    about: str  # what the check expects, in one sentence
    verdict: Verdict
    reason: str = ""  # why it is not applicable
    expected: str = ""
    seen: str = ""
    look: str = ""
