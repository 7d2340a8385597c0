"""Why a content can't be said."""

from __future__ import annotations

from dataclasses import dataclass

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass


@dataclass(frozen=True, slots=True)
class Unsayable:
    """Why a content can't be said, and which part of it is at fault; none: all of it."""

    part: str | None
    reason: str
    code: str  # of a worker's failure

    @property
    def failure(self) -> Failure:
        """How a worker refuses it."""
        return Failure.of(FailureClass.CONTENT, self.code, self.reason)
